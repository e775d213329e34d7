"""How much of what AWS charges for is used. Pure.

What the code decides is in `footprint`; what it cannot tell is an assumption below.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from readset_sync.aws.healthomics import PAGE_SIZE
from readset_sync.constants import DOCUMENTED_TPS
from readset_sync.model.trust import MOST_COMPARED
from readset_sync.sync import Outcome

from omics_meta.commands.cost import footprint
from omics_meta.commands.cost.prices import PRICES
from omics_meta.commands.cost.recurrence import DAYS_A_MONTH
from omics_meta.selection.rates import DEFAULT_TPS

Usage = Counter[str]
"""Amounts of what AWS charges for, by the keys of PRICES."""

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

EXECUTIONS: Final = 2
"""Of the function at a time, which share the rate of HealthOmics calls: each waits twice as long for its turn."""

SECONDS_OF_SCAN_PAGE: Final = 0.2
ROWS_OF_SCAN_PAGE: Final = 500
SECONDS_OF_STEP: Final = 5
REFRESHES_OF_STEP: Final = 200
REFRESHES_OF_MESSAGE_REQUEST: Final = 10
"""A reconciliation asks for refreshes ten at a time, and the function gets and deletes them ten at a time."""

_AGES: Final = 100
"""So many rows stand for all, each with an age of its own at which it is refreshed."""


@dataclass(frozen=True, slots=True)
class Month:
    """What happens in a month."""

    read_sets: int
    events: float
    reconciliations: float


def events_of(read_sets: int) -> float:
    """Return how many events a month has by the shares of `footprint.EVENTS`."""
    return read_sets * sum(kind.share for kind in footprint.EVENTS)


def backfill_seconds(read_sets: int) -> float:
    """Return how long a backfill takes: each operation has its own rate, and two are called once per read set."""
    return read_sets / DEFAULT_TPS


def backfill_calls(read_sets: int, *, in_bulk: bool) -> int:
    """Return how many HealthOmics calls a backfill of active read sets makes at the most.

    These are the listing, and the metadata of each; and the tags of each, or of those with which tags told in bulk are
    compared.
    """
    of_tags = min(read_sets, MOST_COMPARED) if in_bulk else read_sets
    return math.ceil(read_sets / PAGE_SIZE) + read_sets + of_tags


def backfill(read_sets: int) -> Usage:
    """Usage of the first `omics-meta backfill`, in two passes. Reading a row that is not there costs a unit too.

    A later one writes no index, because the keys do not change.
    """
    hours = backfill_seconds(read_sets) / 3600
    usage: Usage = Counter()
    _add(usage, read=read_sets * 2 * footprint.READS)
    _add(usage, write=read_sets * (footprint.LISTED_WRITES + footprint.WRITES))
    _add(usage, key=math.ceil(hours * KEY_REQUESTS_AN_HOUR))
    for _ in footprint.INDEXES:
        usage += index_backfill(read_sets)
    return usage


def index_backfill(read_sets: int) -> Usage:
    """Usage that an index adds to the first backfill: the listing pass writes every row to it, the second pass none."""
    return Counter({"write": read_sets})


def month(what: Month) -> Usage:
    """Usage of one month: keeping the table, watching the pipeline, events, and reconciliations."""
    usage: Usage = Counter()
    stored = what.read_sets * (footprint.ROW_BYTES + ITEM_OVERHEAD_BYTES) / GB
    _add(usage, table=stored, recovery=stored, alarm=footprint.ALARMS)
    _add(usage, message=IDLE_POLLERS * POLLS_AN_HOUR * HOURS_A_MONTH)
    hours: dict[str, float] = {}
    _add_events(usage, what.events, hours)
    _add_reconciliations(usage, what, hours)
    _add(usage, log_kept=usage["log"] * footprint.LOG_RETENTION_DAYS * 24 / HOURS_A_MONTH)
    # A metric costs for the hours in which it was sent.
    _add(usage, metric=sum(min(each, HOURS_A_MONTH) for each in hours.values()) / HOURS_A_MONTH)
    usage["key"] = min(usage["key"], KEY_REQUESTS_AN_HOUR * HOURS_A_MONTH)
    for name in footprint.INDEXES:
        usage += index_month(name, what)
    return usage


def index_month(name: str, what: Month) -> Usage:
    """Usage that an index adds to a month. It is written when a row comes or goes, and twice when its key changes."""
    usage: Usage = Counter()
    _add(usage, table=what.read_sets * (footprint.INDEX_BYTES[name] + ITEM_OVERHEAD_BYTES) / GB)
    for kind, count in _counts(what.events):
        changes_key = kind.outcome == Outcome.UPDATED and name in footprint.INDEXES_BY_STATUS
        comes_or_goes = kind.outcome in {Outcome.CREATED, Outcome.DELETED}
        _add(usage, write=count * (2 * changes_key + comes_or_goes))
    return usage


def refreshes(what: Month) -> float:
    """Return how many rows reconciliations have refreshed in a month for their age alone.

    Each row has an age of its own for that, between half of the greatest and the greatest, and is refreshed by the
    first reconciliation that finds it older.
    """
    if not what.reconciliations:
        return 0
    interval = DAYS_A_MONTH / what.reconciliations
    ages = [footprint.MAX_ROW_AGE_DAYS * (0.5 + (number + 0.5) / (2 * _AGES)) for number in range(_AGES)]
    return what.read_sets * sum(DAYS_A_MONTH / (math.ceil(age / interval) * interval) for age in ages) / _AGES


def _counts(events: float) -> Iterator[tuple[footprint.Kind, float]]:
    """Yield how many of so many events are of each kind."""
    shares = events_of(1)
    for kind in footprint.EVENTS:
        yield kind, events * kind.share / shares


def _add_events(usage: Usage, events: float, hours: dict[str, float]) -> None:
    """Add what events use, and the hours in which they send metrics: one for each event at the most."""
    for kind, count in _counts(events):
        _add(usage, read=count * footprint.READS * kind.reads, write=count * footprint.WRITES * kind.writes)
        _add(usage, log=count * kind.observed.log_bytes / GB)
        _add_hours(hours, kind.observed.metrics, count)
    _add(usage, event=events, message=events * REQUESTS_OF_MESSAGE, key=events)
    _add_function(usage, events, events * SECONDS_OF_EVENT)


def _add_reconciliations(usage: Usage, what: Month, hours: dict[str, float]) -> None:
    """Add what reconciliations use, which find nothing to mend but rows that are due for their age."""
    runs, refreshed = what.reconciliations, refreshes(what)
    if not runs:
        return
    pages = what.read_sets / PAGE_SIZE
    a_call = EXECUTIONS / DOCUMENTED_TPS
    seconds = what.read_sets / ROWS_OF_SCAN_PAGE * SECONDS_OF_SCAN_PAGE + pages * a_call
    steps = runs * (1 + math.ceil(seconds / SECONDS_OF_STEP)) + refreshed / REFRESHES_OF_STEP
    requests = refreshed / REFRESHES_OF_MESSAGE_REQUEST
    compared = what.read_sets * (footprint.ROW_BYTES / 4096 + footprint.READS)
    _add(usage, read=runs * compared + refreshed * footprint.READS, write=refreshed * footprint.WRITES)
    _add(usage, schedule=runs, message=(runs + steps + requests) * REQUESTS_OF_MESSAGE)
    _add(usage, log=(steps * footprint.STEP.log_bytes + refreshed * footprint.REFRESH.log_bytes) / GB)
    _add_function(usage, runs + steps + requests, runs * seconds + refreshed * a_call)
    busy = runs * math.ceil((seconds + refreshed / runs / DOCUMENTED_TPS) / 3600)
    _add_hours(hours, footprint.STEP.metrics, busy)
    _add_hours(hours, footprint.REFRESH.metrics, busy if refreshed else 0)
    _add(usage, key=busy * KEY_REQUESTS_AN_HOUR)


def _add_function(usage: Usage, invocations: float, seconds: float) -> None:
    _add(usage, invocation=invocations, duration=seconds * footprint.MEMORY_MIB / 1024)


def _add_hours(hours: dict[str, float], metrics: Iterable[str], more: float) -> None:
    for metric in metrics:
        hours[metric] = hours.get(metric, 0) + more


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
