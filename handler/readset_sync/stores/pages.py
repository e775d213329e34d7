"""Works through a listing page by page, without ever waiting for it.

`on_outcome` is called in the calling thread after each item.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from typing import Generic, TypeVar

_Item = TypeVar("_Item")
_Outcome = TypeVar("_Outcome")


class PagesInProgress(Generic[_Item, _Outcome]):
    """Pages in hand: a function is applied to each of their items, in an executor's threads.

    What it raises is raised by whoever asks for the outcomes of the page.
    """

    def __init__(self, executor: Executor, function: Callable[[_Item], _Outcome]) -> None:
        self._executor = executor
        self._function = function
        self._begun: deque[list[Future[_Outcome]]] = deque()

    def __len__(self) -> int:
        return len(self._begun)

    def begin(self, page: Iterable[_Item]) -> None:
        """Begin with the items of another page."""
        self._begun.append([self._executor.submit(self._function, item) for item in page])

    def finished(self, on_outcome: Callable[[], None]) -> Iterator[list[_Outcome]]:
        """Yield the outcomes of those pages that are done, in order, and wait for none."""
        while self._begun:
            done = [future for future in self._begun[0] if future.done()]
            for future in done:
                # What one of them raised is no reason to wait for the others.
                future.result()
            if len(done) < len(self._begun[0]):
                return
            yield self._first(on_outcome)

    def wait(self, on_outcome: Callable[[], None], *, leaving: int = 0) -> Iterator[list[_Outcome]]:
        """Yield outcomes page by page, in order, until no more than so many pages are left."""
        while len(self._begun) > leaving:
            yield self._first(on_outcome)

    def close(self) -> None:
        """Begin with no other item."""
        for future in (future for page in self._begun for future in page):
            future.cancel()

    def _first(self, on_outcome: Callable[[], None]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        for future in self._begun[0]:
            outcomes.append(future.result())
            on_outcome()
        self._begun.popleft()
        return outcomes


def map_pages(
    executor: Executor,
    function: Callable[[_Item], _Outcome],
    pages: Iterator[Iterable[_Item]],
    on_outcome: Callable[[], None],
) -> Iterator[list[_Outcome]]:
    """Apply a function to each item of each page; yield the outcomes page by page, in order.

    While one page is in hand the next has begun already, and the one after it is being listed, so that neither a slow
    item nor a slow listing leaves threads without work. There are never more than these three pages in memory. What a
    page does when it is iterated over, it does in the calling thread, beside the listing.

    Raises:
        Exception: What the function raised; or what listing or a page raised, after all pages before it are done.
    """
    with closing(PagesInProgress(executor, function)) as in_hand:
        listed = executor.submit(next, pages, None)
        try:
            while listed.exception() is None and (page := listed.result()) is not None:
                # Before the items of this page, which it would have to wait for in the executor's queue.
                listed = executor.submit(next, pages, None)
                try:
                    in_hand.begin(page)
                except Exception:
                    yield from in_hand.wait(on_outcome)
                    raise
                yield from in_hand.wait(on_outcome, leaving=1)
            yield from in_hand.wait(on_outcome)
            listed.result()
        finally:
            listed.cancel()
