"""Prints what to expect of larger accounts, as the table under "Scale" in docs/cost.md: `python -m tools.scale`."""

from dataclasses import dataclass
from decimal import Decimal
from math import log
from typing import Final

from omics_components.settings import Settings
from omics_meta.commands.cost.usage import cost, money
from readset_sync.aws.healthomics import PAGE_SIZE
from readset_sync.constants import BULK_MAX_AGE_DAYS, DOCUMENTED_TPS

from tools.cost.__main__ import duration, markdown_table, usage_of_month

REFRESH_SECONDS: Final = 0.22
"""Two HealthOmics calls of 0.1 seconds, and 0.02 for the row: an assumption."""

AGED_A_DAY: Final = 2 * log(2)
"""Share of the rows that a day makes too old, times the greatest age in days: a row is refreshed at an age between half
of the greatest and that."""

BURST: Final = 10_000
DAY: Final = 86_400
MILLION: Final = 10**6


@dataclass(frozen=True, slots=True)
class Plan:
    """So many read sets, spread evenly over cells: stacks of their own, each in an account and region of its own.

    `tps` and `executions` are `maxTps` and `maximumConcurrency` of each cell.
    """

    read_sets: int
    cells: int
    tps: float
    executions: int

    @property
    def of_a_cell(self) -> int:
        """Read sets of one cell."""
        return self.read_sets // self.cells

    @property
    def refreshes_a_second(self) -> float:
        """What the function of one cell does at the most."""
        return min(self.tps, self.executions / REFRESH_SECONDS)

    @property
    def listing_seconds(self) -> float:
        """A reconciliation lists in one execution at a time, which has its share of the quota."""
        return self.of_a_cell / PAGE_SIZE * self.executions / self.tps

    @property
    def shares_for_age(self) -> str:
        """Parts of the quota that go into rows which have become too old: tags compared in bulk, or not."""
        rows_a_day = self.of_a_cell * AGED_A_DAY
        ages = (BULK_MAX_AGE_DAYS, Settings().max_row_age_days)
        return ", ".join(f"{rows_a_day / age / DAY / self.tps:.0%}" for age in ages)

    @property
    def dollars(self) -> Decimal:
        """What a month costs in all cells: events and storage, and a reconciliation every night."""
        return sum(cost(usage_of_month(self.of_a_cell)).values(), Decimal(0)) * self.cells

    def cells_of_table(self) -> list[str]:
        """The plan as a row of the table."""
        return [
            f"{self.read_sets:,}",
            str(self.cells),
            f"{self.tps:g}, {self.executions}",
            duration(self.of_a_cell / self.tps),
            duration(BURST / self.refreshes_a_second),
            duration(self.listing_seconds),
            self.shares_for_age,
            money(self.dollars),
        ]


DEFAULT: Final = (DOCUMENTED_TPS, Settings().maximum_concurrency)
PLANS: Final = (
    Plan(MILLION, 1, *DEFAULT),
    Plan(MILLION, 1, 50, 2),
    Plan(MILLION, 1, 50, 16),
    Plan(100 * MILLION, 1, *DEFAULT),
    Plan(100 * MILLION, 1, 500, 160),
    Plan(100 * MILLION, 10, 50, 16),
    Plan(100 * MILLION, 100, *DEFAULT),
)


def plans() -> str:
    """Return the table of plans."""
    head = ["read sets", "cells", "`maxTps`, `maximumConcurrency`", "first backfill", f"{BURST:,} events at once"]
    head += ["listing of a reconciliation", "quota for old rows: 90 days, 7 days", "a month"]
    return markdown_table(head, [plan.cells_of_table() for plan in PLANS])


if __name__ == "__main__":
    print(plans())
