"""Random interleavings of source changes, events, backfills and faults."""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.consistency import races
from tests.consistency.history import Ending, History
from tests.consistency.world import (
    FAULTS,
    SINGLE_FAULTS,
    Bulk,
    Fate,
    Work,
    answer,
    apply,
    backfill,
    backfill_in_one_pass,
    backfill_in_two_passes,
    backfill_without_tags,
    reconcile,
)

_MOST_READ_SETS = 6
_MOST_AT_WORK = 3


def play_random_histories(number: int, random_seed: int, *phases: Phase) -> None:
    """Play so many random histories, the same ones for the same seed on every machine.

    Raises:
        AssertionError: What must hold in every history did not; its notes tell the shortest history that was found.
    """
    seed(random_seed)(Machine)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=number,
            stateful_step_count=40,
            deadline=None,
            phases=phases or (Phase.generate, Phase.shrink),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            database=None,
        ),
    )


class Machine(RuleBasedStateMachine):
    """HealthOmics changes, events come late, twice, out of order or never, processes stall, fail and die.

    After every single call the rows are checked. At the end, one backfill or one reconciliation that runs in peace
    makes the table equal to the source, and no event or message changes that, however often it is replayed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.world = self.history.world
        self.begun: list[Work] = []
        self.ending = Ending.BACKFILL
        self.calls_until_death = 0
        self.refused_listing = 0

    @property
    def at_work(self) -> list[Work]:
        """The processes that have not come to their end."""
        return [work for work in self.begun if not work.finished]

    @property
    def are_all_tags_compared(self) -> bool:
        """Whether what makes everything right sees tags that changed alone: a reconciliation asks for none singly."""
        return self.ending is not Ending.RECONCILIATION or self.world.bulk in {Bulk.NORMAL, Bulk.LAGS}

    @initialize(
        statuses=st.lists(st.sampled_from(["ACTIVE", "ARCHIVED"]), min_size=1, max_size=2),
        ending=st.sampled_from(Ending),
        calls=st.integers(0, 30),
        refused_listing=st.integers(0, 3),
        bulk=st.sampled_from([None, *Bulk]),
    )
    def begin(self, statuses: list[str], ending: Ending, calls: int, refused_listing: int, bulk: Bulk | None) -> None:
        self.ending = ending
        self.calls_until_death = calls
        self.refused_listing = refused_listing
        if bulk:
            self.world.tell_tags(bulk)
        for status in statuses:
            self.world.create(status)

    @rule(seconds=st.integers(1, 3))
    def time_passes(self, seconds: int) -> None:
        self.world.now += seconds

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule(status=st.sampled_from(["ACTIVE", "ARCHIVED"]))
    def create(self, status: str) -> None:
        self.world.create(status)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), status=st.sampled_from(["ARCHIVED", "ACTIVATING", "ACTIVE", "DELETING"]))
    def change_status(self, data: st.DataObject, status: str) -> None:
        self.world.set_status(self._any_read_set(data), status)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data())
    def tag(self, data: st.DataObject) -> None:
        self.world.tag(self._any_read_set(data))

    @precondition(lambda self: self.world.read_sets and self.are_all_tags_compared)
    @rule(data=st.data())
    def retag(self, data: st.DataObject) -> None:
        self.world.retag(self._any_read_set(data))

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
        self.begun.append(Work(self.world, apply(data.draw(st.sampled_from(self.world.events))), memory))

    @precondition(lambda self: self.world.events and len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def deliver_latest(self, memory: int) -> None:
        self.begun.append(Work(self.world, apply(self.world.events[-1]), memory))

    @precondition(lambda self: len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def begin_reconciliation(self, memory: int) -> None:
        self.begun.append(Work(self.world, reconcile, memory))

    @precondition(lambda self: self.world.messages and len(self.at_work) < _MOST_AT_WORK)
    @rule(data=st.data(), memory=st.integers(0, 1))
    def deliver_message(self, data: st.DataObject, memory: int) -> None:
        """What a reconciliation has sent may come at any time, and again."""
        self.begun.append(Work(self.world, answer(data.draw(st.sampled_from(self.world.messages))), memory))

    @precondition(lambda self: self.world.messages and len(self.at_work) < _MOST_AT_WORK)
    @rule(memory=st.integers(0, 1))
    def deliver_latest_message(self, memory: int) -> None:
        self.begun.append(Work(self.world, answer(self.world.messages[-1]), memory))

    @precondition(lambda self: len(self.at_work) < _MOST_AT_WORK)
    @rule(job=st.sampled_from([backfill, backfill_in_one_pass, backfill_in_two_passes]))
    def begin_backfill(self, job: Callable[[Work], None]) -> None:
        self.begun.append(Work(self.world, job))

    @precondition(lambda self: self.ending is not Ending.RECONCILIATION and len(self.at_work) < _MOST_AT_WORK)
    @rule()
    def begin_backfill_without_tags(self) -> None:
        """Leaves tags as old as they are, which no listing shows to a reconciliation."""
        self.begun.append(Work(self.world, backfill_without_tags))

    @precondition(lambda self: self.at_work)
    @rule(data=st.data(), calls=st.integers(1, 4))
    def go_on(self, data: st.DataObject, calls: int) -> None:
        self.history.advance(self._any_at_work(data), calls)

    @precondition(lambda self: self.at_work)
    @rule(data=st.data(), fate=st.sampled_from(FAULTS))
    def go_wrong(self, data: st.DataObject, fate: Fate) -> None:
        self.history.step(self._any_at_work(data), fate)

    @precondition(lambda self: self.at_work)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self.history.finish(self._any_at_work(data))

    @precondition(lambda self: self.world.read_sets)
    @rule(
        data=st.data(),
        calls=st.integers(1, 5),
        seconds=st.integers(0, 2),
        status=st.sampled_from(["ARCHIVED", "ACTIVE", "DELETED"]),
    )
    def race_of_two_events(self, data: st.DataObject, calls: int, seconds: int, status: str) -> None:
        races.two_events(self.history, self._any_read_set(data), calls=calls, seconds=seconds, status=status)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), calls=st.integers(0, 5), fate=st.sampled_from(SINGLE_FAULTS))
    def fault_in_a_refresh(self, data: st.DataObject, calls: int, fate: Fate) -> None:
        races.fault_in_a_refresh(self.history, self._any_read_set(data), calls=calls, fate=fate)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data())
    def deletion_that_nobody_hears_of(self, data: st.DataObject) -> None:
        races.deletion_that_nobody_hears_of(self.history, self._any_read_set(data))

    @rule(calls=st.integers(3, 12), fate=st.sampled_from(SINGLE_FAULTS))
    def fault_in_a_backfill(self, calls: int, fate: Fate) -> None:
        races.fault_in_a_backfill(self.history, calls=calls, fate=fate)

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule(calls=st.integers(1, 40))
    def race_of_a_backfill_and_a_newcomer(self, calls: int) -> None:
        races.a_backfill_and_a_newcomer(self.history, calls=calls)

    @precondition(lambda self: len(self.world.statuses) < _MOST_READ_SETS)
    @rule(calls=st.integers(1, 12))
    def race_of_a_listing_and_a_first_event(self, calls: int) -> None:
        races.a_listing_and_a_first_event(self.history, calls=calls)

    @precondition(lambda self: self.world.read_sets)
    @rule(data=st.data(), calls=st.integers(2, 6), status=st.sampled_from(["ACTIVE", "ARCHIVED"]))
    def race_of_a_renaming_and_an_event(self, data: st.DataObject, calls: int, status: str) -> None:
        races.a_renaming_and_an_event(self.history, self._any_read_set(data), calls=calls, status=status)

    def teardown(self) -> None:
        try:
            for work in self.at_work:
                self.history.finish(work)
            self.history.end(
                self.ending, calls_until_death=self.calls_until_death, refused_listing=self.refused_listing
            )
        finally:
            for work in self.at_work:
                work.end(Fate.CRASHES)

    def _any_read_set(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.world.read_sets)))

    def _any_at_work(self, data: st.DataObject) -> Work:
        return data.draw(st.sampled_from(self.at_work))
