"""Scripted histories: each race of `races` at every call that it can be interrupted at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, product

from tests.consistency import races
from tests.consistency.history import Ending, History
from tests.consistency.world import FAULTS, SINGLE_FAULTS, Bulk, Fate

READ_SET = "1000000001"
"""The first id that HealthOmics gives."""

MOST_CALLS = 12
"""More than a backfill of one read set makes."""


@dataclass(frozen=True)
class Scenario:
    """A store with one read set, with or without a row; what happens; and what makes everything right in the end."""

    name: str
    happens: Callable[[History], object]
    ending: Ending = Ending.BACKFILL
    has_row: bool = False
    calls_until_death: int = 0
    refused_listing: int = 0
    bulk: Bulk | None = None

    def play(self) -> None:
        """Play it.

        Raises:
            AssertionError: A row is wrong meanwhile, or the table in the end.
        """
        history = History()
        if self.bulk:
            history.world.tell_tags(self.bulk)
        history.world.create("ACTIVE")
        if self.has_row:
            history.apply_latest()
        self.happens(history)
        history.end(self.ending, calls_until_death=self.calls_until_death, refused_listing=self.refused_listing)


def _races() -> Iterator[Scenario]:
    for calls, ending in product(range(1, MOST_CALLS + 1), (Ending.BACKFILL, Ending.RECONCILIATION)):
        newcomer = partial(races.a_backfill_and_a_newcomer, calls=calls)
        yield Scenario(f"a newcomer after {calls} calls, then {ending.value}", newcomer, ending)
    for calls in range(1, MOST_CALLS + 1):
        first_event = partial(races.a_listing_and_a_first_event, calls=calls)
        yield Scenario(f"a first event after {calls} calls of a backfill", first_event)
    for calls, status in product(range(2, 7), ("ACTIVE", "ARCHIVED")):
        renaming = partial(races.a_renaming_and_an_event, read_set_id=READ_SET, calls=calls, status=status)
        yield Scenario(f"{status} after {calls} calls of a renaming", renaming, Ending.RECONCILIATION, has_row=True)


def _what_is_mended_in_the_end() -> Iterator[Scenario]:
    missed = partial(races.a_renaming_that_one_process_missed, read_set_id=READ_SET)
    yield Scenario("a renaming that one process missed", missed)
    for ending in Ending:
        deletion = partial(races.deletion_that_nobody_hears_of, read_set_id=READ_SET)
        yield Scenario(f"a deletion that nobody hears of, then {ending.value}", deletion, ending)
    for calls, ending in product(range(MOST_CALLS + 1), (Ending.RESUMED_BACKFILL, Ending.RECONCILIATION)):
        yield Scenario(
            f"nothing but {ending.value}, dead after {calls} calls", _nothing, ending, calls_until_death=calls
        )
    newcomers = races.nobody_hears_of_newcomers
    for ending in Ending:
        yield Scenario(f"newcomers that nobody hears of, then {ending.value}", newcomers, ending)
    for page in range(1, 4):
        name = f"newcomers that nobody hears of, and page {page} of the listing is refused"
        yield Scenario(name, newcomers, Ending.RECONCILIATION, refused_listing=page)


def _tags_in_bulk() -> Iterator[Scenario]:
    for bulk, ending in product(Bulk, Ending):
        newcomers = partial(races.nobody_hears_of_newcomers, status="ARCHIVED")
        yield Scenario(
            f"newcomers, and the API of tags {bulk.value}, then {ending.value}", newcomers, ending, bulk=bulk
        )
    for bulk, ending in product((Bulk.NORMAL, Bulk.LAGS), Ending):
        name = f"nobody hears of other tags, the API of tags {bulk.value}, then {ending.value}"
        other_tags = partial(races.nobody_hears_of_other_tags, read_set_id=READ_SET)
        yield Scenario(name, other_tags, ending, has_row=True, bulk=bulk)
    for status, of in product(("ACTIVE", "ARCHIVED"), (2, 4)):
        lagging = partial(races.tags_in_bulk_that_lag, status=status, of=of)
        yield Scenario(f"older tags are told in bulk of {of} of 4 {status} read sets", lagging, bulk=Bulk.LAGS)
    for has_rows, status, calls in product((False, True), ("ACTIVE", "ARCHIVED"), range(7, 21)):
        changed = partial(races.a_backfill_and_changed_tags, calls=calls, status=status, has_rows=has_rows)
        rows = "with" if has_rows else "without"
        name = f"other tags after {calls} calls of a backfill of {status} read sets {rows} rows"
        yield Scenario(name, changed, bulk=Bulk.NORMAL)
    for fate in FAULTS:
        # The calls before it are of the store, its listing and the rows.
        fault = partial(races.fault_in_a_backfill, calls=3, fate=fate)
        yield Scenario(f"the call for tags in bulk {fate.value}", fault, bulk=Bulk.NORMAL)


def _faults() -> Iterator[Scenario]:
    for calls, fate in product(range(6), SINGLE_FAULTS):
        fault = partial(races.fault_in_a_refresh, read_set_id=READ_SET, calls=calls, fate=fate)
        yield Scenario(f"call {calls + 1} of a refresh {fate.value}", fault)
    for calls in range(6):
        fault = partial(races.fault_in_a_refresh, read_set_id=READ_SET, calls=calls, fate=Fate.ABSENT)
        yield Scenario(f"call {calls + 1} of a refresh with a row {Fate.ABSENT.value}", fault, has_row=True)
    for calls, fate in product(range(MOST_CALLS), SINGLE_FAULTS):
        fault = partial(races.fault_in_a_backfill, calls=calls, fate=fate)
        yield Scenario(f"call {calls + 1} of a backfill {fate.value}", fault)


def _two_events() -> Iterator[Scenario]:
    for has_row, calls, seconds, status in product(
        (False, True), range(1, 6), (0, 1), ("ACTIVE", "ARCHIVED", "DELETED")
    ):
        race = partial(races.two_events, read_set_id=READ_SET, calls=calls, seconds=seconds, status=status)
        row = "with" if has_row else "without"
        name = f"{status} {seconds} s later, after {calls} calls of a refresh {row} a row"
        yield Scenario(name, race, has_row=has_row)


def _nothing(_: History) -> None:
    pass


SCENARIOS = {
    scenario.name: scenario
    for scenario in chain(_races(), _what_is_mended_in_the_end(), _tags_in_bulk(), _faults(), _two_events())
}
