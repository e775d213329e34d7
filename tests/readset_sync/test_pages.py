"""Working through a listing page by page."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from readset_sync.stores.pages import PagesInProgress, map_pages


def listing(*pages: list[int], log: list[str] | None = None) -> Iterator[list[int]]:
    for number, page in enumerate(pages):
        if log is not None:
            log.append(f"listed {number}")
        yield page


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("pages", [[], [[]], [[1]], [[1, 2], [3]], [[1, 2], [], [3, 4], [5]]])
def test_outcomes_come_page_by_page_in_order(threads: int, pages: list[list[int]]) -> None:
    counted: list[None] = []

    with ThreadPoolExecutor(threads) as executor:
        outcomes = list(map_pages(executor, lambda item: item * 2, listing(*pages), lambda: counted.append(None)))

    assert outcomes == [[item * 2 for item in page] for page in pages]
    assert len(counted) == sum(map(len, pages))


def test_the_next_page_begins_while_an_item_of_this_one_is_in_hand() -> None:
    other_page_begun = threading.Event()

    def work(item: int) -> bool:
        return other_page_begun.wait(60) if item == 1 else not other_page_begun.set()

    with ThreadPoolExecutor(2) as executor:
        assert list(map_pages(executor, work, listing([1], [2]), lambda: None)) == [[True], [True]]


def test_no_more_than_three_pages_are_listed_before_the_first_is_done() -> None:
    log: list[str] = []

    with ThreadPoolExecutor(1) as executor:
        outcomes = map_pages(executor, lambda item: item, listing([1], [2], [3], [4], log=log), lambda: None)
        next(outcomes)
        executor.submit(lambda: None).result()

    assert log == ["listed 0", "listed 1", "listed 2"]


def test_given_a_listing_or_a_page_that_fails_then_what_was_before_it_is_done_first() -> None:
    def broken(*given: Any) -> Iterator[Any]:
        yield from given
        raise OSError("no more")

    for pages in (broken([1], [2]), iter([iter([1]), iter([2]), broken()])):
        with ThreadPoolExecutor(2) as executor:
            outcomes = map_pages(executor, lambda item: item, pages, lambda: None)
            assert [next(outcomes), next(outcomes)] == [[1], [2]]
            with pytest.raises(OSError, match="no more"):
                next(outcomes)


def test_given_an_item_that_fails_then_nothing_else_is_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 1:
            raise OSError("item 1")
        assert failed.wait(60)

    failed = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(OSError, match="item 1"):
            list(map_pages(executor, work, listing([1, 2, 3, 4]), lambda: None))
        failed.set()

    assert set(begun) <= {1, 2}


def test_only_pages_that_are_done_are_taken_without_waiting() -> None:
    may_end = threading.Event()

    def work(item: int) -> bool:
        return item == 1 or may_end.wait(60)

    with ThreadPoolExecutor(1) as executor:
        pages = PagesInProgress(executor, work)
        pages.begin([1])
        executor.submit(lambda: None).result()
        pages.begin([2, 1])

        assert list(pages.finished(lambda: None)) == [[True]]
        assert len(pages) == 1
        may_end.set()
        assert list(pages.wait(lambda: None)) == [[True, True]]


def test_what_an_item_raised_is_raised_before_the_rest_of_its_page_is_done() -> None:
    others_began, may_end = threading.Event(), threading.Event()

    def work(item: int) -> bool:
        if item == 1:
            raise OSError("item 1")
        others_began.set()
        return may_end.wait(60)

    with ThreadPoolExecutor(1) as executor:
        pages = PagesInProgress(executor, work)
        pages.begin([1, 2])
        assert others_began.wait(60)

        with pytest.raises(OSError, match="item 1"):
            list(pages.finished(lambda: None))
        may_end.set()


def test_the_next_page_is_listed_while_this_one_is_made_ready() -> None:
    next_listed = threading.Event()

    def pages() -> Iterator[Iterator[bool]]:
        yield (next_listed.wait(60) for _ in range(1))
        next_listed.set()

    with ThreadPoolExecutor(1) as executor:
        assert list(map_pages(executor, lambda item: item, pages(), lambda: None)) == [[True]]
