"""Prints what running the product costs, as the tables of docs/cost.md and README.md: `python -m tools.cost`.

The calculation is that of `omics-meta cost`, in `omics_meta.commands.cost`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import log
from typing import Final

from omics_components.settings import Settings
from omics_meta.commands.cost import footprint
from omics_meta.commands.cost.prices import PRICES
from omics_meta.commands.cost.recurrence import times_a_month
from omics_meta.commands.cost.usage import (
    Month,
    Usage,
    backfill,
    backfill_calls,
    backfill_seconds,
    cost,
    events_of,
    index_backfill,
    index_month,
    money,
    month,
    refreshes,
)
from omics_meta.selection.rates import DEFAULT_TPS
from readset_sync.aws.healthomics import PAGE_SIZE
from readset_sync.constants import BULK_MAX_AGE_DAYS, DOCUMENTED_TPS

MILLION: Final = 10**6
SIZES: Final = (1_000, 100_000, MILLION)


def month_by_default(read_sets: int) -> Month:
    """A month of so many read sets, with the component's default schedule."""
    return Month(read_sets, events_of(read_sets), times_a_month(footprint.RECONCILE_SCHEDULE))


def usage_of_month(read_sets: int) -> Usage:
    """Usage of such a month."""
    return month(month_by_default(read_sets))


def _total(usage: Usage) -> str:
    return money(sum(cost(usage).values(), Decimal(0)))


def duration(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]], *, align: str = "---:") -> str:
    """Write a Markdown table; `align` is for the columns after the first."""
    titles = list(head)
    lines = [titles, ["---"] + [align] * (len(titles) - 1), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _by_service(usage_of: Callable[[int], Usage]) -> str:
    columns = [cost(usage_of(size)) for size in SIZES]
    services = [service for service in columns[0] if any(service_costs[service] for service_costs in columns)]
    rows = [[service, *(money(column[service]) for column in columns)] for service in services]
    rows.append(["**Total**", *(f"**{money(sum(column.values(), Decimal(0)))}**" for column in columns)])
    return markdown_table(["service", *(f"{size:,} read sets" for size in SIZES)], rows)


def prices() -> str:
    """Return the table of prices."""
    rows = [
        [
            price.service,
            price.unit,
            f"${price.usd:f}",
            f"{price.per:,}",
            f"[{price.service} pricing]({price.page})",
            price.date,
        ]
        for price in PRICES.values()
    ]
    return markdown_table(
        ["service", "unit", "price", "for", "check it at", "read in a publication of"], rows, align="---"
    )


def amounts() -> str:
    """Return the table of what the code itself decides."""
    log_bytes = [kind.observed.log_bytes for kind in footprint.EVENTS]
    observed = [*(kind.observed for kind in footprint.EVENTS), footprint.REFRESH, footprint.STEP]
    metrics = set[str]().union(*(each.metrics for each in observed))
    rows = [
        ["bytes of a row", f"{footprint.ROW_BYTES:,}"],
        ["write request units to write, update or delete it", str(footprint.WRITES)],
        ["write request units of a listing pass, for each row", str(footprint.LISTED_WRITES)],
        ["read request units to read it, consistently", str(footprint.READS)],
        ["log bytes per event", f"{min(log_bytes):,} to {max(log_bytes):,}"],
        ["log bytes per refresh that a reconciliation asks for", f"{footprint.REFRESH.log_bytes:,}"],
        ["log bytes per step of a reconciliation", f"{footprint.STEP.log_bytes:,}"],
        ["custom metrics in a month as below", str(len(metrics))],
        ["alarms", str(footprint.ALARMS)],
        ["events per read set and month", f"{events_of(1):.2f}"],
        ["refreshes for their age per read set and month", f"{refreshes(month_by_default(1)):.2f}"],
    ]
    return markdown_table(["measured", "figure"], rows)


def indexes() -> str:
    """Return the table of what each index of a created table adds."""
    rows = [
        [name, str(size), _total(index_backfill(SIZES[-1])), _total(index_month(name, month_by_default(SIZES[-1])))]
        for name, size in footprint.INDEX_BYTES.items()
    ]
    largest = f"{SIZES[-1]:,} read sets"
    return markdown_table(
        ["index", "bytes of a row in it", f"first backfill of {largest}", f"month of {largest}"], rows
    )


def summary() -> str:
    """Return the table of totals, with calls and time of a backfill."""
    rows = [
        [
            f"HealthOmics calls of a backfill, tags {how}",
            *(f"{at_most}{backfill_calls(size, in_bulk=bool(at_most)):,}" for size in SIZES),
        ]
        for how, at_most in (("in bulk", "at most "), ("one by one", ""))
    ]
    rows.append(
        [f"Time of a backfill at {DEFAULT_TPS} calls a second", *(duration(backfill_seconds(size)) for size in SIZES)]
    )
    for name, usage_of in (("Cost of a backfill", backfill), ("Cost of a month", usage_of_month)):
        rows.append([name, *(_total(usage_of(size)) for size in SIZES)])
    return markdown_table(["", *(f"{size:,} read sets" for size in SIZES)], rows)


REFRESH_SECONDS: Final = 0.22
"""Two HealthOmics calls of 0.1 seconds, and 0.02 for the row: an assumption."""

AGED_A_DAY: Final = 2 * log(2)
"""Share of the rows that a day makes too old, times the greatest age in days: a row is refreshed at an age between half
of the greatest and that."""

BURST: Final = 10_000
DAY: Final = 86_400


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


def main() -> None:
    """Print every table, under the heading that it has: the first in README.md, the others in docs/cost.md."""
    for title, table in (
        ("What to expect", summary()),
        ("Prices", prices()),
        ("Measured", amounts()),
        ("A backfill", _by_service(backfill)),
        ("A month", _by_service(usage_of_month)),
        ("Indexes", indexes()),
        ("Scale", plans()),
    ):
        print(f"## {title}\n\n{table}\n")


if __name__ == "__main__":
    main()
