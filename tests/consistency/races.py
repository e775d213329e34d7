"""Short histories in which something goes wrong at a call of choice."""

from typing import Any

from readset_sync.messages.queue_message import RefreshRequest
from readset_sync.messages.reconciliation_step import Phase

from tests.consistency.history import History
from tests.consistency.world import LAG, Fate, Work, answer, apply, backfill, backfill_in_two_passes, reconcile, refresh


def two_events(history: History, read_set_id: str, *, calls: int, seconds: int, status: str) -> None:
    """A refresh comes so far; its read set changes and the event of that is applied; then the refresh goes on."""
    history.world.set_status(read_set_id, "ACTIVE")
    slow = Work(history.world, apply(history.world.events[-1]))
    history.advance(slow, calls)
    history.world.now += seconds
    if status == "DELETED":
        history.world.delete(read_set_id)
    else:
        history.world.set_status(read_set_id, status)
    history.apply_latest()
    history.finish(slow)


def fault_in_a_refresh(history: History, read_set_id: str, *, calls: int, fate: Fate) -> None:
    """A refresh comes so far, and its next call goes wrong."""
    history.world.set_status(read_set_id, "ACTIVE")
    work = Work(history.world, apply(history.world.events[-1]))
    history.advance(work, calls)
    if not work.finished:
        history.step(work, fate)
    history.finish(work)


def fault_in_a_backfill(history: History, *, calls: int, fate: Fate) -> None:
    """A backfill comes so far, and its next call goes wrong."""
    work = Work(history.world, backfill)
    history.advance(work, calls)
    if not work.finished:
        history.step(work, fate)
    history.finish(work)


def deletion_that_nobody_hears_of(history: History, read_set_id: str) -> None:
    """A row is there; its read set is deleted, and the event of that is lost for now."""
    history.world.set_status(read_set_id, "ACTIVE")
    history.apply_latest()
    history.world.delete(read_set_id)


def a_backfill_and_a_newcomer(history: History, *, calls: int) -> None:
    """A backfill comes so far; a read set is created and gets its row; then the backfill goes on."""
    slow = Work(history.world, backfill)
    history.advance(slow, calls)
    history.world.create("ACTIVE")
    history.apply_latest()
    history.finish(slow)


def a_listing_and_a_first_event(history: History, *, calls: int) -> None:
    """A backfill sees a read set without a row, and comes so far; the event makes the row; then it goes on."""
    history.world.create("ACTIVE")
    slow = Work(history.world, backfill)
    history.advance(slow, calls)
    history.apply_latest()
    history.finish(slow)


def a_renaming_and_an_event(history: History, read_set_id: str, *, calls: int, status: str) -> None:
    """A reconciliation renames a store in its rows, and comes so far; an event is applied; then it goes on."""
    world = history.world
    world.now += 1
    world.rename_store()
    sent = len(world.messages)
    history.run(reconcile)
    while sent < len(world.messages) and _phase(world.messages[sent]) == Phase.ROWS:
        history.run(answer(world.messages[sent]))
        sent += 1
    slow = Work(world, answer(world.messages[sent]))
    history.advance(slow, calls)
    world.set_status(read_set_id, status)
    history.apply_latest(memory=1)
    history.finish(slow)


def a_renaming_that_one_process_missed(history: History, read_set_id: str) -> None:
    """A process remembers the store; another one writes its new name into a row; the first one refreshes that row."""
    history.apply_latest()
    history.world.now += 1
    history.world.rename_store()
    for memory in (1, 0):
        history.world.set_status(read_set_id, "ACTIVE")
        history.apply_latest(memory)


def nobody_hears_of_newcomers(history: History, *, status: str = "ACTIVE") -> None:
    """Read sets are created, two pages of them, and no event comes."""
    for _ in range(4):
        history.world.create(status)


def nobody_hears_of_other_tags(history: History, read_set_id: str) -> None:
    """The tags of a read set change, and nothing that a listing would show."""
    history.world.now += 1
    history.world.retag(read_set_id)


def tags_in_bulk_that_lag(history: History, *, status: str, of: int) -> None:
    """There are four read sets, of so many of which older tags are told; a backfill is not misled."""
    world = history.world
    for _ in range(3):
        world.create(status)
    world.now += LAG
    for read_set_id in sorted(world.read_sets)[-of:]:
        world.tag(read_set_id)
    history.run(backfill_in_two_passes)
    history.expect_source()


def a_backfill_and_changed_tags(history: History, *, calls: int, status: str, has_rows: bool) -> None:
    """A backfill comes so far; tags that it takes change, and their row is refreshed at once; then it goes on."""
    world = history.world
    for _ in range(2):
        world.create(status)
    if has_rows:
        history.run(backfill_in_two_passes)
    slow = Work(world, backfill_in_two_passes)
    history.advance(slow, calls)
    last = max(world.read_sets)
    world.tag(last)
    history.run(refresh(last))
    history.finish(slow)
    history.expect_source()


def _phase(message: RefreshRequest | dict[str, Any]) -> Any:
    """What a step is about to do; None for a request."""
    return None if isinstance(message, RefreshRequest) else message["phase"]
