"""Histories that are played whole, at every call that they can be interrupted at: races that chance seldom meets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from hypothesis import find, settings
from hypothesis import strategies as st

from tests.consistency.machine import Ending, Machine
from tests.consistency.world import FAULTS


@dataclass(frozen=True)
class Scenario:
    """One read set, one event of the machine, and an ending."""

    name: str
    happens: Callable[[Machine], None]
    ending: Ending

    def play(self) -> None:
        """Play it.

        Raises:
            AssertionError: A row is wrong meanwhile, or the table in the end.
        """
        machine = Machine()
        try:
            machine.begin(["ACTIVE"], self.ending, calls=0, refused_listing=0)
            self.happens(machine)
        finally:
            machine.teardown()


class _Simplest:
    """Draws the simplest of all values, such as the first read set."""

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return find(strategy, lambda _: True, settings=settings(database=None))


def _scenarios() -> Iterator[Scenario]:
    drawn: Any = _Simplest()
    for calls, ending in product(range(1, 41), (Ending.BACKFILL, Ending.RECONCILIATION)):
        newcomer = partial(Machine.race_of_a_backfill_and_a_newcomer, calls=calls)
        yield Scenario(f"a newcomer after {calls} calls, then {ending.value}", newcomer, ending)
    for calls in range(1, 13):
        first_event = partial(Machine.race_of_a_listing_and_a_first_event, calls=calls)
        yield Scenario(f"a first event after {calls} calls of a backfill", first_event, Ending.BACKFILL)
    for calls in range(2, 7):
        renaming = partial(Machine.race_of_a_renaming_and_an_event, data=drawn, calls=calls)
        yield Scenario(f"a renaming after {calls} calls", renaming, Ending.RECONCILIATION)
    for ending in Ending:
        deletion = partial(Machine.deletion_that_nobody_hears_of, data=drawn)
        yield Scenario(f"a deletion that nobody hears of, then {ending.value}", deletion, ending)
    for calls, fate in product(range(6), FAULTS):
        fault = partial(Machine.fault_in_a_refresh, data=drawn, calls=calls, fate=fate)
        yield Scenario(f"a refresh of which call {calls + 1} {fate.value}", fault, Ending.BACKFILL)


SCENARIOS = tuple(_scenarios())
