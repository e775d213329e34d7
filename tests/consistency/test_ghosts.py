"""A backfill that is overtaken by the deletion of a read set and by its event, at every pair of its calls."""

import itertools
from collections.abc import Callable

import pytest

from tests.consistency.history import Ending, History
from tests.consistency.scenarios import MOST_CALLS, READ_SET
from tests.consistency.world import (
    Bulk,
    Fate,
    Work,
    World,
    apply,
    backfill,
    backfill_in_one_pass,
    backfill_in_two_passes,
    backfill_without_tags,
)

Job = Callable[[Work], None]


def ghosts(job: Job, new_world: Callable[[], World]) -> list[tuple[int, int]]:
    """After how many calls the read set must go, and its event be applied, for a row to be left in the end."""
    return [
        (gone, applied)
        for gone, applied in itertools.combinations_with_replacement(range(MOST_CALLS), 2)
        if play(new_world(), job, gone, applied).rows()
    ]


def play(world: World, job: Job, gone: int, applied: int) -> World:
    work = Work(world, job)
    work.advance(gone)
    world.delete(READ_SET)
    work.advance(applied - gone)
    Work(world, apply(world.events[-1])).end()
    work.end()
    return world


def with_an_active_read_set() -> World:
    world = World()
    world.create("ACTIVE")
    return world


def with_an_archived_read_set() -> World:
    world = World()
    world.tell_tags(Bulk.NORMAL)
    world.create("ARCHIVED")
    return world


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tags in bulk are taken without a comparison, so that one read set makes a world."""
    monkeypatch.setattr("readset_sync.model.trust._FIRST", 0)
    monkeypatch.setattr("readset_sync.model.trust.MOST_COMPARED", 0)


@pytest.mark.parametrize("job", [backfill, backfill_in_two_passes, backfill_without_tags])
def test_a_row_that_is_there_before_its_read_set_is_read_leaves_no_ghost(job: Job) -> None:
    assert ghosts(job, with_an_active_read_set) == []


def test_one_pass_without_pruning_has_the_documented_gap() -> None:
    found = ghosts(backfill_in_one_pass, with_an_active_read_set)

    # Once the read set has been read, its row is on its way, whatever comes of it: five calls were made until then.
    assert found
    assert min(gone for gone, _ in found) > 3


@pytest.mark.usefixtures("trusting")
def test_a_row_that_was_completed_without_a_call_goes_when_the_deletion_is_applied_once_more() -> None:
    found = ghosts(backfill_in_two_passes, with_an_archived_read_set)

    assert found
    for gone, applied in found:
        world = play(with_an_archived_read_set(), backfill_in_two_passes, gone, applied)
        world.now += 60
        [event] = world.again
        Work(world, apply(event)).end()
        assert not world.rows()
        assert len(world.again) == 1


@pytest.mark.usefixtures("trusting")
def test_a_row_that_came_and_went_meanwhile_has_the_documented_gap_which_a_reconciliation_closes() -> None:
    history = History()
    world = history.world
    world.tell_tags(Bulk.NORMAL)
    world.create("ARCHIVED")
    slow = Work(world, backfill_in_two_passes)
    # The store, its listing, the rows, and the tags: the next call writes the row.
    history.advance(slow, 4)
    history.apply_latest()
    world.delete(READ_SET)
    history.apply_latest()
    history.finish(slow)
    assert not world.again
    assert world.rows()

    history.end(Ending.RECONCILIATION)


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
