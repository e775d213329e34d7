"""Random interleavings of source changes, events, backfills and faults, and what must hold throughout."""

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from readset_sync.messages.message import RefreshRequest
from readset_sync.messages.reconciliation_step import Phase
from readset_sync.model.record import STATE

from tests.consistency.world import (
    FAULTS,
    Fate,
    Work,
    World,
    answer,
    apply,
    backfill,
    backfill_in_one_pass,
    backfill_in_two_passes,
    backfill_since,
    backfill_without_tags,
    clear_table,
    reconcile,
)

_MOST_READ_SETS = 6
_MOST_AT_WORK = 3


class Ending(Enum):
    """What makes everything right in the end."""

    BACKFILL = "backfill"
    RESUMED_BACKFILL = "a backfill that dies, and another that leaves what it has done"
    RECONCILIATION = "a backfill that dies, and a reconciliation"


class Machine(RuleBasedStateMachine):
    """HealthOmics changes, events come late, twice, out of order or never, processes stall, fail and die.

    After every single call the rows are checked. At the end, one backfill or one reconciliation that runs in peace
    makes the table equal to the source, and no event or message changes that, however often it is replayed.
    """

    dynamodb: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.dynamodb)
        clear_table(self.dynamodb)
        self.at_work: list[Work] = []
        self.shown: dict[str, tuple[int, str, int, bool]] = {}
        self.ending = Ending.BACKFILL
        self.calls_until_death = 0
        self.refused_listing = 0

    @initialize(
        statuses=st.lists(st.sampled_from(["ACTIVE", "ARCHIVED"]), min_size=1, max_size=2),
        ending=st.sampled_from(Ending),
        calls=st.integers(0, 30),
        refused_listing=st.integers(0, 3),
    )
    def begin(self, statuses: list[str], ending: Ending, calls: int, refused_listing: int) -> None:
        self.ending = ending
        self.calls_until_death = calls
        self.refused_listing = refused_listing
        for status in statuses:
            self.world.create(status)

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        self.world.now += seconds

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule()
    def create(self) -> None:
        self.world.create("ACTIVE")

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), status=st.sampled_from(["ARCHIVED", "ACTIVATING", "ACTIVE", "DELETING"]))
    def change_status(self, data: st.DataObject, status: str) -> None:
        self.world.set_status(self._any_read_set(data), status)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data())
    def tag(self, data: st.DataObject) -> None:
        self.world.tag(self._any_read_set(data))

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.world.delete(self._any_read_set(data))

    @rule()
    def rename_the_store(self) -> None:
        self.world.rename_store()

    @precondition(lambda self: self.world.events and len(self.at_work) < _MOST_AT_WORK)
    @rule(data=st.data(), memory=st.integers(0, 1))
    def deliver(self, data: st.DataObject, memory: int) -> None:
        """Any event may come at any time, and again."""
        self._start(Work(self.world, apply(data.draw(st.sampled_from(self.world.events))), memory))

    @precondition(lambda self: self.world.events and len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def deliver_latest(self, memory: int) -> None:
        self._start(Work(self.world, apply(self.world.events[-1]), memory))

    @precondition(lambda self: len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def begin_reconciliation(self, memory: int) -> None:
        self._start(Work(self.world, reconcile, memory))

    @precondition(lambda self: self.world.messages and len(self.at_work) < _MOST_AT_WORK)
    @rule(data=st.data(), memory=st.integers(0, 1))
    def deliver_message(self, data: st.DataObject, memory: int) -> None:
        """What a reconciliation has sent may come at any time, and again."""
        self._start(Work(self.world, answer(data.draw(st.sampled_from(self.world.messages))), memory))

    @precondition(lambda self: self.world.messages and len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def deliver_latest_message(self, memory: int) -> None:
        self._start(Work(self.world, answer(self.world.messages[-1]), memory))

    @precondition(lambda self: len(self.at_work) < _MOST_AT_WORK)
    @rule(job=st.sampled_from([backfill, backfill_in_one_pass, backfill_in_two_passes]))
    def begin_backfill(self, job: Callable[[Work], None]) -> None:
        self._start(Work(self.world, job))

    @precondition(lambda self: self.ending is not Ending.RECONCILIATION and len(self.at_work) < _MOST_AT_WORK)
    @rule()
    def begin_backfill_without_tags(self) -> None:
        """Leaves tags as old as they are, which no listing shows to a reconciliation."""
        self._start(Work(self.world, backfill_without_tags))

    @precondition(lambda self: self.at_work)
    @rule(data=st.data(), calls=st.integers(1, 4))
    def go_on(self, data: st.DataObject, calls: int) -> None:
        self._advance(data.draw(st.sampled_from(self.at_work)), calls)

    @precondition(lambda self: self.at_work)
    @rule(data=st.data(), fate=st.sampled_from(FAULTS))
    def go_wrong(self, data: st.DataObject, fate: Fate) -> None:
        self._step(data.draw(st.sampled_from(self.at_work)), fate)

    @precondition(lambda self: self.at_work)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self._finish(data.draw(st.sampled_from(self.at_work)))

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), calls=st.integers(1, 5), status=st.sampled_from(["ARCHIVED", "ACTIVE", "DELETED"]))
    def race_of_two_events(self, data: st.DataObject, calls: int, status: str) -> None:
        """A refresh comes so far; its read set changes and the event of that is applied; then the refresh goes on."""
        read_set_id = self._any_read_set(data)
        self.world.set_status(read_set_id, "ACTIVE")
        slow = Work(self.world, apply(self.world.events[-1]))
        self._advance(slow, calls)
        self.world.now += data.draw(st.integers(0, 2))
        if status == "DELETED":
            self.world.delete(read_set_id)
        else:
            self.world.set_status(read_set_id, status)
        self._finish(Work(self.world, apply(self.world.events[-1])))
        self._finish(slow)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), calls=st.integers(0, 5), fate=st.sampled_from(FAULTS))
    def fault_in_a_refresh(self, data: st.DataObject, calls: int, fate: Fate) -> None:
        self.world.set_status(self._any_read_set(data), "ACTIVE")
        work = Work(self.world, apply(self.world.events[-1]))
        self._advance(work, calls)
        if not work.finished:
            self._step(work, fate)
        self._finish(work)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data())
    def deletion_that_nobody_hears_of(self, data: st.DataObject) -> None:
        """A row is there; its read set is deleted, and the event of that is lost for now."""
        read_set_id = self._any_read_set(data)
        self.world.set_status(read_set_id, "ACTIVE")
        self._finish(Work(self.world, apply(self.world.events[-1])))
        self.world.delete(read_set_id)

    @rule(calls=st.integers(3, 12), fate=st.sampled_from(FAULTS))
    def fault_in_a_backfill(self, calls: int, fate: Fate) -> None:
        work = Work(self.world, backfill)
        self._advance(work, calls)
        if not work.finished:
            self._step(work, fate)
        self._finish(work)

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule(calls=st.integers(1, 40))
    def race_of_a_backfill_and_a_newcomer(self, calls: int) -> None:
        """A backfill comes so far; a read set is created and gets its row; then the backfill goes on."""
        slow = Work(self.world, backfill)
        self._advance(slow, calls)
        self.world.create("ACTIVE")
        self._finish(Work(self.world, apply(self.world.events[-1])))
        self._finish(slow)

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule(calls=st.integers(1, 12))
    def race_of_a_listing_and_a_first_event(self, calls: int) -> None:
        """A backfill sees a read set without a row, and comes so far; the event makes the row; then it goes on."""
        self.world.create("ACTIVE")
        slow = Work(self.world, backfill)
        self._advance(slow, calls)
        self._finish(Work(self.world, apply(self.world.events[-1])))
        self._finish(slow)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), calls=st.integers(2, 6))
    def race_of_a_renaming_and_an_event(self, data: st.DataObject, calls: int) -> None:
        """A reconciliation renames a store in its rows, and comes so far; an event is applied; then it goes on."""
        self.world.now += 1
        self.world.rename_store()
        sent = len(self.world.messages)
        self._finish(Work(self.world, reconcile))
        while sent < len(self.world.messages) and _phase(self.world.messages[sent]) == Phase.ROWS:
            self._finish(Work(self.world, answer(self.world.messages[sent])))
            sent += 1
        slow = Work(self.world, answer(self.world.messages[sent]))
        self._advance(slow, calls)
        self.world.set_status(self._any_read_set(data), data.draw(st.sampled_from(["ACTIVE", "ARCHIVED"])))
        self._finish(Work(self.world, apply(self.world.events[-1]), 1))
        self._finish(slow)

    @invariant()
    def no_row_is_worse_than_before(self) -> None:
        """Rows are whole, tell no status that was not so, do not go back in time, and do not get lost.

        A row that is deleted, because its read set is gone, may come back for a while by a backfill that has read the
        read set before. That is a ghost, and no step back.
        """
        rows = self._checked_rows()
        lost = self.shown.keys() & self.world.read_sets.keys() - rows.keys()
        assert not lost, f"rows of read sets that exist got lost: {lost}"
        for gone in self.shown.keys() - rows.keys():
            del self.shown[gone]
        for read_set_id, row in rows.items():
            self.world.check_status(read_set_id, row["set_status"], row["status_at"])
            version = int(row["set_name"].removeprefix("v"))
            store = int(row["store"]["store_name"].removeprefix("s"))
            before = self.shown.get(read_set_id, (0, "", 0, False))
            assert version >= before[0], f"read set {read_set_id} went back from version {before[0]} to {version}"
            assert row["status_at"] >= before[1], f"read set {read_set_id} went back from {before[1]}"
            assert store >= before[2], f"read set {read_set_id} went back to store s{store} from s{before[2]}"
            whole = STATE not in row
            assert whole or not before[3], f"the whole row of read set {read_set_id} is {row[STATE]} now"
            self.shown[read_set_id] = (version, row["status_at"], store, whole)

    def teardown(self) -> None:
        try:
            for work in self.at_work:
                work.end()
            self.no_row_is_worse_than_before()
            self.world.now += 10
            self._make_all_right()
            self._expect_source()
            for event in self.world.events:
                Work(self.world, apply(event)).end()
            for message in list(self.world.messages):
                Work(self.world, answer(message)).end()
            self._expect_source()
        finally:
            for work in self.at_work:
                work.end(Fate.CRASHES)

    def _make_all_right(self) -> None:
        began = self.world.moment()
        if self.ending is not Ending.BACKFILL:
            dying = Work(self.world, backfill, self._new_memory())
            self._advance(dying, self.calls_until_death)
            dying.end(Fate.CRASHES)
            self.world.now += 1
        match self.ending:
            case Ending.BACKFILL:
                Work(self.world, backfill, self._new_memory()).end()
            case Ending.RESUMED_BACKFILL:
                Work(self.world, backfill_since(began), self._new_memory()).end()
            case Ending.RECONCILIATION:
                self._reconcile()

    def _new_memory(self) -> int:
        """The memory of a process that has just begun."""
        self.world.memories.append({})
        return len(self.world.memories) - 1

    def _reconcile(self) -> None:
        """Run a reconciliation to its end, by processes that have been there before; one page is refused once."""
        done = len(self.world.messages)
        self.world.refused_listing = self.refused_listing
        Work(self.world, reconcile).end()
        while done < len(self.world.messages):
            Work(self.world, answer(self.world.messages[done]), done % 2).end()
            done += 1

    def _expect_source(self) -> None:
        store = f"s{self.world.store_version}"
        incomplete = [row for row in self._checked_rows().values() if STATE in row]
        assert not incomplete, f"rows that are not complete: {incomplete}"
        rows = {
            each: (row["set_name"], row["set_status"], row["tags"], row["store"]["store_name"])
            for each, row in self._checked_rows().items()
        }
        assert rows == {
            each: (f"v{read_set.version}", read_set.status, [{name: tag} for name, tag in read_set.tags.items()], store)
            for each, read_set in self.world.read_sets.items()
        }

    def _checked_rows(self) -> dict[str, dict[str, Any]]:
        rows = self.world.rows()
        for row in rows.values():
            known = {"set_id", "set_name", "set_status", "store"} | ({"tags"} if STATE not in row else set[str]())
            assert known <= set(row), f"a partial row: {row}"
        return {row["set_id"]: row for row in rows.values()}

    def _any_read_set(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.world.read_sets)))

    def _start(self, work: Work) -> None:
        if not work.finished:
            self.at_work.append(work)

    def _advance(self, work: Work, calls: int) -> None:
        for _ in range(calls):
            if not work.finished:
                self._step(work, Fate.PASSES)

    def _finish(self, work: Work) -> None:
        while not work.finished:
            self._step(work, Fate.PASSES)

    def _step(self, work: Work, fate: Fate) -> None:
        work.step(fate)
        self.no_row_is_worse_than_before()
        if work.finished and work in self.at_work:
            self.at_work.remove(work)


def _phase(message: RefreshRequest | dict[str, Any]) -> Any:
    """What a step is about to do; None for a request."""
    return None if isinstance(message, RefreshRequest) else message["phase"]
