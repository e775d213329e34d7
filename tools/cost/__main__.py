"""Prints what running the product costs, as the tables of docs/cost.md and README.md: `python -m tools.cost`.

The calculation is that of `omics-meta cost`, in `omics_meta.commands.cost`.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

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

SIZES: Final = (1_000, 100_000, 1_000_000)


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


def main() -> None:
    """Print every table, under the heading that it has in docs/cost.md."""
    for title, table in (
        ("Summary", summary()),
        ("Prices", prices()),
        ("Measured", amounts()),
        ("A backfill", _by_service(backfill)),
        ("A month", _by_service(usage_of_month)),
        ("Indexes", indexes()),
    ):
        print(f"## {title}\n\n{table}\n")


if __name__ == "__main__":
    main()
