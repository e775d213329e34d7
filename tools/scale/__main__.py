"""Prints how the product behaves at scale, as the tables of docs/scale.md: `python -m tools.scale`.

Drain times and delays are simulated (`simulation`) with a seed, so that they are the same each time; the rest follows
from the code's own limits and from `tools.cost`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

from omics_components.settings import Settings
from omics_meta.commands.cost.footprint import EVENTS, ROW_BYTES
from omics_meta.commands.cost.usage import GB, HOURS_A_MONTH, cost, money
from readset_sync.aws import table
from readset_sync.aws.source import PAGE_SIZE
from readset_sync.constants import DOCUMENTED_TPS, STEP_SECONDS
from readset_sync.stores import reconciliation as reconcile
from readset_sync.stores.ledger import ACCOUNTS

from tools.cost.__main__ import duration, markdown_table, usage_of_month
from tools.scale.simulation import Fleet, Kind, Message, Outcome, Reconciliation, simulate

# The limits of a step and of a page are the handler's own, and this is the only other place that needs them.
STEP_REFRESHES: Final = reconcile._REFRESHES  # pyright: ignore[reportPrivateUsage]
SCAN_PAGE: Final = table._SCAN_PAGE  # pyright: ignore[reportPrivateUsage]

SEED: Final = 6
DAY: Final = 86_400
DAYS_A_MONTH: Final = HOURS_A_MONTH / 24
MILLION: Final = 10**6

DEFAULT: Final = Fleet(DOCUMENTED_TPS, Settings().maximum_concurrency)
FLEETS: Final = (DEFAULT, Fleet(50, 2), Fleet(50, 16), Fleet(500, 160))
BURSTS: Final = (1_000, 10_000, 100_000)

AGED_A_DAY: Final = 2 * math.log(2) / Settings().max_row_age_days
"""Share of the rows that a day makes too old: each has an age of its own, between half of the greatest and that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """So many read sets, spread evenly over cells: stacks of their own, each in an account and region of its own."""

    read_sets: int
    cells: int
    fleet: Fleet

    @property
    def of_a_cell(self) -> int:
        """Read sets of one cell."""
        return self.read_sets // self.cells

    @property
    def backfill_seconds(self) -> float:
        """All cells backfill at the same time, each at its quota."""
        return self.of_a_cell / self.fleet.tps

    @property
    def listing_seconds(self) -> float:
        """A reconciliation lists with one execution at a time, which has its share of the quota."""
        return self.of_a_cell / PAGE_SIZE * self.fleet.interval

    @property
    def share_for_age(self) -> float:
        """Part of the quota that goes into rows which have become too old."""
        return self.of_a_cell * AGED_A_DAY / DAY / self.fleet.tps

    @property
    def ghost_rows(self) -> int:
        """Rows that are looked at for one row which no listing shows: those of its account in the ledger."""
        return math.ceil(self.of_a_cell / ACCOUNTS)

    @property
    def dollars(self) -> Decimal:
        """What a month costs in all cells: events and storage, and a reconciliation every night."""
        return sum(cost(usage_of_month(self.of_a_cell)).values(), Decimal(0)) * self.cells


PLANS: Final = (
    Plan(MILLION, 1, DEFAULT),
    Plan(MILLION, 1, Fleet(50, 16)),
    Plan(100 * MILLION, 1, DEFAULT),
    Plan(100 * MILLION, 1, Fleet(500, 160)),
    Plan(100 * MILLION, 10, Fleet(50, 16)),
    Plan(100 * MILLION, 100, DEFAULT),
    Plan(100 * MILLION, 100, Fleet(50, 16)),
)


def bursts() -> str:
    """Return the table of imports: as many ACTIVE events at once."""
    rows: list[list[str]] = []
    for fleet in FLEETS:
        ends = [simulate(fleet, [Message(0, Kind.REFRESH)] * size).ended for size in BURSTS]
        pace = BURSTS[-1] / ends[-1]
        rows.append([_name(fleet), f"{pace:.3g}", f"{pace / fleet.tps:.0%}", *map(duration, ends)])
    return markdown_table(
        [
            "`maxTps`, `maximumConcurrency`",
            "refreshes a second",
            "of the quota",
            *(f"{size:,} events" for size in BURSTS),
        ],
        rows,
    )


def delays() -> str:
    """Return the table of how long live events wait, with the default configuration."""
    rows: list[list[str]] = []
    for read_sets in (100_000, MILLION):
        live = list(_live(read_sets))
        nightly = Reconciliation(
            scans=math.ceil(read_sets / SCAN_PAGE),
            listings=math.ceil(read_sets / PAGE_SIZE),
            refreshes=round(read_sets * AGED_A_DAY),
            step_seconds=STEP_SECONDS,
            step_refreshes=STEP_REFRESHES,
        )
        step = Message(0, Kind.STEP, live=False)
        burst = [Message(0, Kind.REFRESH, live=False)] * 10_000
        rows.append(_waited(read_sets, "nothing else", simulate(DEFAULT, live), None))
        reconciled = simulate(DEFAULT, [step, *live], nightly)
        rows.append(_waited(read_sets, "the nightly reconciliation", reconciled, nightly.ended))
        imported = simulate(DEFAULT, [*burst, *live])
        rows.append(_waited(read_sets, "an import of 10,000 read sets", imported, 10_000 / DEFAULT.tps))
    return markdown_table(
        ["read sets", "beside the events of a day", "median delay", "99th percentile", "that takes"], rows
    )


def _waited(read_sets: int, beside: str, outcome: Outcome, ended: float | None) -> list[str]:
    took = "" if ended is None else duration(ended)
    return [f"{read_sets:,}", beside, _seconds(outcome.median), _seconds(outcome.p99), took]


def _live(read_sets: int) -> Iterator[Message]:
    """Events of a day, at the rate of change that `tools.cost` assumes, at random times."""
    random = Random(SEED)  # noqa: S311 - no secret
    rates = {
        Kind.REFRESH: sum(kind.share for kind in EVENTS if kind.reads),
        Kind.STATUS: sum(kind.share for kind in EVENTS if not kind.reads),
    }
    for kind, share in rates.items():
        for _ in range(round(read_sets * share / DAYS_A_MONTH)):
            yield Message(random.uniform(0, DAY), kind)


def plans() -> str:
    """Return the table of plans for a million and a hundred million read sets."""
    rows = [
        [
            f"{plan.read_sets:,}",
            str(plan.cells),
            _name(plan.fleet),
            duration(plan.backfill_seconds),
            duration(plan.listing_seconds),
            f"{plan.share_for_age:.0%}",
            f"{plan.ghost_rows:,}",
            f"{plan.of_a_cell * ROW_BYTES / GB:,.1f} GB",
            money(plan.dollars),
        ]
        for plan in PLANS
    ]
    head = ["read sets", "cells", "`maxTps`, `maximumConcurrency`", "backfill", "listing of a reconciliation"]
    return markdown_table([*head, "quota for old rows", "refreshes for a ghost", "table of a cell", "a month"], rows)


def _name(fleet: Fleet) -> str:
    return f"{fleet.tps:g}, {fleet.executions}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 60 else duration(seconds)


def main() -> None:
    """Print every table, under the heading that it has in docs/scale.md."""
    for title, text in (
        ("A burst", bursts()),
        ("Live events", delays()),
        ("Plans", plans()),
    ):
        print(f"## {title}\n\n{text}\n")


if __name__ == "__main__":
    main()
