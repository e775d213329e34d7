"""A backfill that is overtaken by the deletion of a read set and by its event, at every pair of its calls."""

import itertools
from collections.abc import Callable

import pytest

from tests.consistency.scenarios import READ_SET
from tests.consistency.world import (
    Fate,
    Work,
    World,
    apply,
    backfill,
    backfill_in_one_pass,
    backfill_in_two_passes,
    backfill_without_tags,
)

MOST_CALLS = 12
"""More than a backfill of one read set makes."""

Job = Callable[[Work], None]


def ghosts(job: Job) -> list[tuple[int, int]]:
    """After how many calls the read set must go, and its event be applied, for a row to be left in the end."""
    return [
        (gone, applied)
        for gone, applied in itertools.combinations_with_replacement(range(MOST_CALLS), 2)
        if is_ghost_left(job, gone, applied)
    ]


def is_ghost_left(job: Job, gone: int, applied: int) -> bool:
    world = World()
    world.create("ACTIVE")
    work = Work(world, job)
    advance(work, gone)
    world.delete(READ_SET)
    advance(work, applied - gone)
    Work(world, apply(world.events[-1])).end()
    work.end()
    return bool(world.rows())


def advance(work: Work, calls: int) -> None:
    for _ in range(calls):
        if not work.finished:
            work.step(Fate.PASSES)


@pytest.mark.parametrize("job", [backfill, backfill_in_two_passes, backfill_without_tags])
def test_a_row_that_is_there_before_its_read_set_is_read_leaves_no_ghost(job: Job) -> None:
    assert ghosts(job) == []


def test_one_pass_without_pruning_has_the_documented_gap() -> None:
    found = ghosts(backfill_in_one_pass)

    # Once the read set has been read, its row is on its way, whatever comes of it: five calls were made until then.
    assert found
    assert min(gone for gone, _ in found) > 3


def test_a_listed_row_whose_backfill_died_is_completed_or_deleted_by_its_event() -> None:
    world = World()
    world.create("ACTIVE")
    work = Work(world, backfill)
    while not world.rows():
        work.step(Fate.PASSES)
    work.end(Fate.CRASHES)
    assert [row["sync_state"] for row in world.rows().values()] == ["listed"]

    Work(world, apply(world.events[-1])).end()
    assert ["sync_state" in row for row in world.rows().values()] == [False]
    world.delete(READ_SET)
    Work(world, apply(world.events[-1])).end()
    assert world.rows() == {}
