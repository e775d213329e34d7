"""Works through a listing page by page, without ever waiting for it."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

_Item = TypeVar("_Item")
_Outcome = TypeVar("_Outcome")


def map_pages(
    executor: Executor,
    function: Callable[[_Item], _Outcome],
    pages: Iterator[list[_Item]],
    on_outcome: Callable[[], None],
) -> Iterator[list[_Outcome]]:
    """Apply a function to each item of each page; yield the outcomes page by page, in order.

    While one page is in hand the next has begun already, and the one after it is being listed, so that neither a slow
    item nor a slow listing leaves threads without work. There are never more than these three pages in memory.

    Args:
        executor: Runs the function and the listing.
        function: What to do with an item.
        pages: The listing. Its `next` is called in the executor's threads, one call at a time.
        on_outcome: Called in the calling thread after each item.

    Raises:
        Exception: What the function raised; or what listing raised, after all pages before it are done.
    """
    begun: deque[list[Future[_Outcome]]] = deque()
    listed = executor.submit(next, pages, None)
    try:
        while listed.exception() is None and (page := listed.result()) is not None:
            # Before the items of this page, which it would have to wait for in the executor's queue.
            listed = executor.submit(next, pages, None)
            begun.append([executor.submit(function, item) for item in page])
            if len(begun) > 1:
                yield _outcomes(begun[0], on_outcome)
                begun.popleft()
        while begun:
            yield _outcomes(begun[0], on_outcome)
            begun.popleft()
        listed.result()
    finally:
        for future in (listed, *(future for page in begun for future in page)):
            future.cancel()


def _outcomes(futures: list[Future[_Outcome]], on_outcome: Callable[[], None]) -> list[_Outcome]:
    outcomes: list[_Outcome] = []
    for future in futures:
        outcomes.append(future.result())
        on_outcome()
    return outcomes
