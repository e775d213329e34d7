"""Prints what running the product costs, as the tables of docs/cost.md and README.md: `python -m tools.cost`.

What AWS counts is taken from the code (`measured`), prices from public pages (`prices`); what neither can tell is an
assumption below.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, cast

from omics_components.settings import TABLE_INDEXES, Settings
from readset_sync.rates import DOCUMENTED_TPS
from readset_sync.source import PAGE_SIZE
from readset_sync.sync import Outcome

from tools.cost.measured import INDEX_BYTES, MONTH, READS, ROW_BYTES, WRITES, observe
from tools.cost.prices import PRICES

Usage = Counter[str]
"""Amounts of what AWS charges for, by the keys of PRICES."""

SIZES: Final = (1_000, 100_000, 1_000_000)
HOURS_A_MONTH: Final = 730
GB: Final = 2**30

SECONDS_OF_EVENT: Final = 1.0
"""Billed time of the function per event: one event an invocation, the wait for its turn at HealthOmics included."""

REQUESTS_OF_MESSAGE: Final = 3
"""SendMessage, ReceiveMessage and DeleteMessage: no two events share a request."""

IDLE_POLLERS: Final = 5
"""Lambda polls an idle queue with so many connections, each for 20 seconds at a time."""

POLLS_AN_HOUR: Final = 180
KEY_REQUESTS_AN_HOUR: Final = 12
"""DynamoDB asks KMS for the table's key again every 5 minutes, while the table is in use."""

ITEM_OVERHEAD_BYTES: Final = 100
"""What DynamoDB adds to an item's size when it charges for storage."""


def backfill_seconds(read_sets: int) -> float:
    """Return how long a backfill takes: each operation has its own rate, and two are called once per read set."""
    return read_sets / DOCUMENTED_TPS


def backfill_calls(read_sets: int) -> int:
    """Return how many HealthOmics calls a backfill makes: the listing, then metadata and tags of each read set."""
    return math.ceil(read_sets / PAGE_SIZE) + 2 * read_sets


def backfill(read_sets: int) -> Usage:
    """Usage of the first `omics-meta backfill`: reading a row that is not there costs a unit too.

    A later one costs the same, but for the indexes, whose keys do not change.
    """
    hours = backfill_seconds(read_sets) / 3600
    usage: Usage = Counter(
        {
            "read": read_sets * READS,
            "write": read_sets * WRITES,
            "key": math.ceil(hours * KEY_REQUESTS_AN_HOUR),
        }
    )
    for _ in Settings().index_names:
        usage += index_backfill(read_sets)
    return usage


def index_backfill(read_sets: int) -> Usage:
    """What an index adds to the first backfill: every row is written to it."""
    return Counter({"write": read_sets})


def index_month(name: str, read_sets: int) -> Usage:
    """What an index adds to a month. It is written when a row comes or goes, and twice when a key of it changes."""
    usage: Usage = Counter()
    _add(usage, table=read_sets * (INDEX_BYTES[name] + ITEM_OVERHEAD_BYTES) / GB)
    for kind in MONTH:
        changes_key = kind.outcome is Outcome.UPDATED and "set_status" in TABLE_INDEXES[name]
        comes_or_goes = kind.outcome in {Outcome.CREATED, Outcome.DELETED}
        _add(usage, write=read_sets * kind.share * (2 * changes_key + comes_or_goes))
    return usage


def month(read_sets: int) -> Usage:
    """Usage of one month of events, at the rate of change of MONTH, and of keeping the table."""
    settings = Settings()
    usage: Usage = Counter()
    stored = read_sets * (ROW_BYTES + ITEM_OVERHEAD_BYTES) / GB
    _add(usage, table=stored, recovery=stored)
    active_hours: dict[str, float] = {}
    events = 0.0
    for kind in MONTH:
        count = read_sets * kind.share
        events += count
        observed = observe(kind)
        _add(usage, read=count * READS * kind.reads, write=count * WRITES * kind.writes)
        _add(usage, log=count * observed.log_bytes / GB)
        for metric in observed.metrics:
            # A metric costs for the hours in which it was sent, so one event costs an hour at the most.
            active_hours[metric] = min(active_hours.get(metric, 0) + count, HOURS_A_MONTH)
    _add(usage, event=events, message=events * REQUESTS_OF_MESSAGE + IDLE_POLLERS * POLLS_AN_HOUR * HOURS_A_MONTH)
    seconds = events * SECONDS_OF_EVENT
    _add(usage, invocation=events, duration=seconds * settings.function_memory_size / 1024)
    _add(usage, log_kept=usage["log"] * settings.log_retention_days * 24 / HOURS_A_MONTH)
    _add(usage, metric=sum(active_hours.values()) / HOURS_A_MONTH)
    _add(usage, key=min(events, KEY_REQUESTS_AN_HOUR * HOURS_A_MONTH))
    for name in settings.index_names:
        usage += index_month(name, read_sets)
    return usage


def _add(usage: Usage, **amounts: float) -> None:
    # A Counter adds fractions as well as it adds integers.
    usage.update(cast("dict[str, int]", amounts))


def cost(usage: Usage) -> dict[str, Decimal]:
    """Return US dollars by service."""
    dollars: dict[str, Decimal] = {price.service: Decimal(0) for price in PRICES.values()}
    for unit, amount in usage.items():
        price = PRICES[unit]
        dollars[price.service] += Decimal(amount) * price.usd / price.per
    return dollars


def money(dollars: Decimal) -> str:
    """Write an amount: cents, and not zero for what is not."""
    if 0 < dollars < Decimal("0.005"):
        return "< $0.01"
    return f"${dollars:,.2f}"


def _total(usage: Usage) -> str:
    return money(sum(cost(usage).values(), Decimal(0)))


def duration(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], *, align: str = "---:") -> str:
    """Write a Markdown table; `align` is for the columns after the first."""
    titles = list(head)
    lines = [titles, ["---"] + [align] * (len(titles) - 1), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _by_service(usage_of: Callable[[int], Usage]) -> str:
    columns = [cost(usage_of(size)) for size in SIZES]
    services = [service for service in columns[0] if any(service_costs[service] for service_costs in columns)]
    rows = [[service, *(money(column[service]) for column in columns)] for service in services]
    rows.append(["**Total**", *(f"**{money(sum(column.values(), Decimal(0)))}**" for column in columns)])
    return _table(["service", *(f"{size:,} read sets" for size in SIZES)], rows)


def prices() -> str:
    """Return the table of prices."""
    rows = [[price.service, price.unit, f"${price.usd:f}", f"{price.per:,}", price.source] for price in PRICES.values()]
    return _table(["service", "unit", "price", "for", "read at"], rows, align="---")


def amounts() -> str:
    """Return the table of what the code itself decides."""
    observed = [observe(kind) for kind in MONTH]
    log_bytes = [each.log_bytes for each in observed]
    metrics = set[str]().union(*(each.metrics for each in observed))
    rows = [
        ["bytes of a row", f"{ROW_BYTES:,}"],
        ["write request units to write, update or delete it", str(WRITES)],
        ["read request units to read it, consistently", str(READS)],
        ["log bytes per event", f"{min(log_bytes):,} to {max(log_bytes):,}"],
        ["custom metrics in a month as below", str(len(metrics))],
        ["events per read set and month", f"{sum(kind.share for kind in MONTH):.2f}"],
    ]
    return _table(["measured", "figure"], rows)


def indexes() -> str:
    """Return the table of what each index of a created table adds."""
    rows = [
        [name, str(size), *map(_total, (index_backfill(SIZES[-1]), index_month(name, SIZES[-1])))]
        for name, size in INDEX_BYTES.items()
    ]
    largest = f"{SIZES[-1]:,} read sets"
    return _table(["index", "bytes of a row in it", f"first backfill of {largest}", f"month of {largest}"], rows)


def summary() -> str:
    """Return the table of totals, with calls and time of a backfill."""
    rows = [
        ["HealthOmics calls of a backfill", *(f"{backfill_calls(size):,}" for size in SIZES)],
        ["Time of a backfill at 5 calls a second", *(duration(backfill_seconds(size)) for size in SIZES)],
    ]
    for name, usage_of in (("Cost of a backfill", backfill), ("Cost of a month of events and storage", month)):
        rows.append([name, *(_total(usage_of(size)) for size in SIZES)])
    return _table(["", *(f"{size:,} read sets" for size in SIZES)], rows)


def main() -> None:
    """Print every table, under the heading that it has in docs/cost.md."""
    for title, table in (
        ("Summary", summary()),
        ("Prices", prices()),
        ("Amounts", amounts()),
        ("A backfill", _by_service(backfill)),
        ("A month", _by_service(month)),
        ("Indexes", indexes()),
    ):
        print(f"## {title}\n\n{table}\n")


if __name__ == "__main__":
    main()
