"""Batches: sequences of work side by side, cut at a deadline."""

import threading
from collections.abc import Callable
from typing import Any

from readset_sync.batch import side_by_side

HANG = 60.0
"""Seconds that no test waits for, unless something hangs."""


def always(_: Any) -> bool:
    return True


def far(clock: Callable[[], float]) -> float:
    return clock() + HANG


def test_sequences_go_on_side_by_side():
    # GIVEN two sequences, each of which can end only if the other has begun
    both = threading.Barrier(2)

    def meet() -> str:
        both.wait(HANG)
        return "met"

    # THEN both end
    assert list(side_by_side([[meet], [meet]], goes_on=always, deadline=HANG, clock=lambda: 0)) == ["met", "met"]


def test_what_follows_a_result_that_stops_its_sequence_is_not_begun():
    begun: list[str] = []

    def work(name: str) -> Callable[[], str]:
        return lambda: begun.append(name) or name

    ended = side_by_side(
        [[work("a1"), work("a2")], [work("b1"), work("b2")]],
        goes_on=lambda name: name != "a1",
        deadline=HANG,
        clock=lambda: 0,
    )

    assert sorted(ended) == ["a1", "b1", "b2"]
    assert sorted(begun) == ["a1", "b1", "b2"]


def test_at_the_deadline_what_hangs_is_left_and_nothing_else_is_begun():
    # GIVEN work that hangs, with more behind it, beside work that ends
    release = threading.Event()
    begun: list[str] = []
    now = [0.0]

    def hang() -> str:
        release.wait(HANG)
        return "late"

    def end() -> str:
        now[0] = 10.0  # and with that the deadline has come
        return "ended"

    # WHEN the deadline comes
    ended = list(
        side_by_side(
            [[hang, lambda: begun.append("behind") or "behind"], [end]],
            goes_on=always,
            deadline=10.0,
            clock=lambda: now[0],
        )
    )
    release.set()

    # THEN only what ended is told
    assert ended in ([], ["ended"])
    assert begun == []


def test_work_that_raises_ends_its_sequence_alone():
    def fail() -> str:
        raise ValueError("a fault of ours")

    assert list(side_by_side([[fail], [lambda: "fine"]], goes_on=always, deadline=HANG, clock=lambda: 0)) == ["fine"]
