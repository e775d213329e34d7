"""Batches: sequences of work side by side, cut at a deadline."""

import threading

from readset_sync.batch import side_by_side

HANG = 60.0
"""Seconds that no test waits for, unless something hangs."""


def test_sequences_go_on_side_by_side_and_end_alone():
    # GIVEN two sequences, each of which can go on only if the other has begun
    both = threading.Barrier(2)

    def meet() -> str:
        both.wait(HANG)
        return "met"

    def fail() -> str:
        raise ValueError("a fault of ours")

    # THEN work that raises ends its own alone
    sequences = [[meet, fail, lambda: "behind"], [meet, lambda: "fine"]]
    ended = list(side_by_side(sequences, goes_on=lambda _: True, deadline=HANG, clock=lambda: 0))
    assert sorted(ended) == ["fine", "met", "met"]


def test_at_the_deadline_what_hangs_is_left_and_nothing_else_is_begun():
    # GIVEN work that hangs, with more behind it, beside work that ends
    release, begun, now = threading.Event(), list[str](), [0.0]
    others = set(threading.enumerate())

    def hang() -> str:
        release.wait(HANG)
        return "late"

    def end() -> str:
        now[0] = 10.0  # and with that the deadline has come
        return "ended"

    # WHEN the deadline comes
    sequences = [[hang, lambda: begun.append("behind") or "behind"], [end]]
    ended = list(side_by_side(sequences, goes_on=lambda _: True, deadline=10.0, clock=lambda: now[0]))
    release.set()

    # THEN only what ended is told
    assert ended in ([], ["ended"])
    for thread in set(threading.enumerate()) - others:
        thread.join(HANG)
    assert begun == []
