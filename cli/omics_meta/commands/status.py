"""`omics-meta status`."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError
from readset_sync.aws.clients import dynamodb_client
from readset_sync.aws.table import Table
from readset_sync.constants import FILL_A_MINUTE, KEY
from readset_sync.model.errors import SyncError, TableError
from readset_sync.model.record import LISTED, SYNC_STATE, SYNCED_AT
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.reconciliation import Count

from omics_meta.pipeline.alarms import Alarm, alarms, check_alarms
from omics_meta.pipeline.check import Check, refused
from omics_meta.pipeline.checks import check_pipeline, run_checker
from omics_meta.pipeline.depth import depth
from omics_meta.pipeline.metrics import Lag, lag
from omics_meta.pipeline.queue import oldest_message_seconds
from omics_meta.pipeline.reconciliation import (
    Reconciliation,
    check_reconciliation,
    drift_since,
    first_fill,
    last_reconciliation,
)
from omics_meta.pipeline.rule import tag_events
from omics_meta.pipeline.schedule import OFF
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import connect_stack
from omics_meta.selection.target import QueueKind, Selection
from omics_meta.terminal.exits import ExitCode
from omics_meta.terminal.output import ids, print_checks, print_counts, print_json, print_line
from omics_meta.terminal.progress import reporting

_T = TypeVar("_T")

_STATUS: Final = "set_status"


@dataclass(slots=True)
class _Rows:
    """The rows of the table by status, store by store, the oldest time of a refresh, and how many are listed only."""

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    oldest: str | None = None
    listed: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(counts.total() for counts in self.counts.values())

    def by_store(self) -> list[tuple[str, Counter[str]]]:
        """The counts, in the order of the stores' ids."""
        return sorted(self.counts.items())


@dataclass(frozen=True, slots=True)
class _Status:
    """What is on the screen; None for what AWS does not tell, which a check that failed then explains."""

    rows: _Rows | None
    lag: Lag | None
    queue: tuple[int, int] | None
    oldest_message_seconds: float | None
    dead_letters: dict[QueueKind, int] | None
    reconciliation: Reconciliation | None
    drift: int | None
    filling: datetime | None
    schedule: str | None
    tag_events: str | None
    max_row_age_days: int | None
    alarms: list[Alarm] | None
    checks: list[Check]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.passed for check in self.checks)


def run(selection: Selection, *, as_json: bool) -> ExitCode:
    """Say how a stack's table and pipeline are doing."""
    stack = connect_stack(selection)
    status = _look(stack)
    if as_json:
        print_json(_document(stack, status))
    else:
        _print(stack, status)
    return ExitCode.DONE if status.healthy else ExitCode.FOUND_WRONG


def _rows(stack: Stack) -> _Rows:
    rows, table = _Rows(), Table(dynamodb_client(stack.session), stack.output("tableName"))
    with reporting() as reporter:
        reporter.begin(f"table {table.name}")
        for row in table.rows(KEY, _STATUS, SYNCED_AT, SYNC_STATE):
            reporter.advance()
            store_id, _ = ids(row[KEY])
            rows.counts.setdefault(store_id, Counter())[row.get(_STATUS, "none")] += 1
            rows.listed += row.get(SYNC_STATE) == LISTED
            if synced_at := row.get(SYNCED_AT):
                rows.oldest = min(rows.oldest or synced_at, synced_at)
    return rows


def _look(stack: Stack) -> _Status:
    checks: list[Check] = []

    def ask(question: Callable[[Stack], _T | None]) -> _T | None:
        try:
            return question(stack)
        except TableError:
            raise  # these are not the account and region of the stack, or it is gone
        except (ClientError, SyncError) as error:
            checks.append(refused(question.__name__.strip("_").removesuffix("_seconds").replace("_", " "), error))
            return None

    def drift(stack: Stack) -> int | None:
        return drift_since(stack, last.started) if last else None

    rows = ask(_rows)
    checks += check_pipeline(stack)
    schedule, last, found = ask(_schedule), ask(last_reconciliation), ask(alarms)
    filling = ask(first_fill)
    checks += check_alarms(stack, found or ())
    if schedule and schedule != OFF:
        checks += run_checker(
            "last reconciliation", partial(check_reconciliation, schedule=schedule, last=last, filling=filling), stack
        )
    return _Status(
        rows=rows,
        lag=ask(lag),
        queue=ask(_queue),
        oldest_message_seconds=ask(oldest_message_seconds),
        dead_letters=ask(_dead_letters),
        reconciliation=last,
        drift=ask(drift),
        filling=filling,
        schedule=schedule,
        tag_events=ask(tag_events),
        max_row_age_days=ask(_max_row_age_days) if schedule else None,
        alarms=found,
        checks=list(dict.fromkeys(checks)),  # what AWS refused is said once, whoever asked
    )


def _queue(stack: Stack) -> tuple[int, int]:
    return depth(stack.client("sqs"), stack.output("queueUrl"))


def _dead_letters(stack: Stack) -> dict[QueueKind, int]:
    return {kind: sum(depth(stack.client("sqs"), url)) for kind, url in stack.dead_letters("Url").items()}


def _schedule(stack: Stack) -> str | None:
    return stack.variables.get("RECONCILE_SCHEDULE")


def _max_row_age_days(stack: Stack) -> int | None:
    days = stack.variables.get("MAX_ROW_AGE_DAYS")
    return int(days) if days is not None else None


def _document(stack: Stack, status: _Status) -> dict[str, Any]:
    last, rows = status.reconciliation, status.rows
    waiting, in_flight = status.queue or (None, None)
    return {
        "command": "status",
        "healthy": status.healthy,
        "table": stack.output("tableName"),
        "region": stack.session.region_name,
        "rows": rows and rows.total,
        "oldest_refresh": rows and rows.oldest,
        "stores": rows and [{"store_id": each, "statuses": dict(counts)} for each, counts in rows.by_store()],
        "lag": asdict(status.lag) if status.lag else None,
        "queue": {"waiting": waiting, "in_flight": in_flight, "oldest_seconds": status.oldest_message_seconds},
        "dead_letters": status.dead_letters,
        "reconciliation": last
        and {
            "finished": format_timestamp(last.finished),
            "drift": status.drift,
            "found": dict(last.found),
            "tags_in_bulk": last.tags_in_bulk,
            "tags_told": last.tags_told,
        },
        "first_fill": _first_fill(status),
        "schedule": status.schedule,
        "tag_events": status.tag_events,
        "max_row_age_days": status.max_row_age_days,
        "alarms": status.alarms and [{"name": alarm.name, "state": alarm.state} for alarm in status.alarms],
        "pipeline": [check.document for check in status.checks],
    }


def _first_fill(status: _Status) -> dict[str, Any] | None:
    """How far a first fill is, and when it ends at the pace that it takes."""
    if status.filling is None or status.rows is None:
        return None
    end = datetime.now(UTC) + timedelta(minutes=status.rows.listed / FILL_A_MINUTE)
    return {
        "started": format_timestamp(status.filling),
        "complete": status.rows.total - status.rows.listed,
        "rows": status.rows.total,
        "expected_end": format_timestamp(end),
    }


def _print(stack: Stack, status: _Status) -> None:
    title = f"Rows of table {stack.output('tableName')} in {stack.session.region_name}"
    if rows := status.rows:
        print_counts(title, sorted({name for counts in rows.counts.values() for name in counts}), rows.by_store())
        print_line(f"rows: {rows.total}")
        print_line(f"oldest refresh of a row: {rows.oldest or 'none'}")
    else:
        print_line(f"{title}: unknown")
    if status.lag:
        print_line(
            f"from event to row: {status.lag.average_seconds:.1f} s on average, {status.lag.longest_seconds:.1f} s at"
            f" the most, of {status.lag.events} events in a day"
        )
    else:
        print_line("from event to row: CloudWatch knows of no event in a day")
    if status.queue:
        waiting, in_flight = status.queue
        oldest = status.oldest_message_seconds
        since = "" if oldest is None else f", the oldest for {oldest:.0f} s"
        print_line(f"queue: {waiting} waiting{since}, {in_flight} being worked on")
    else:
        print_line("queue: unknown")
    print_line(f"dead letters: {_counted(status.dead_letters)}")
    if last := status.reconciliation:
        found = _counted(dict(sorted(last.found.items())))
        wrong = "unknown" if status.drift is None else status.drift
        tags = f", {retagged} had other tags" if (retagged := last.found.get(Count.RETAGGED)) else ""
        print_line(f"last reconciliation: {format_timestamp(last.finished)}, {wrong} rows were wrong{tags} ({found})")
        told = "told of {told} of {of} read sets".format_map(last.tags_told)
        print_line(f"tags in bulk at that time: {last.tags_in_bulk} ({told})")
    else:
        print_line("last reconciliation: none in the log")
    if fill := _first_fill(status):
        print_line(
            f"first fill: since {fill['started']}, {fill['complete']} of {fill['rows']} rows are complete, all of them"
            f" by about {fill['expected_end']}"
        )
    print_line(f"schedule: {status.schedule or 'unknown'}")
    ways = ways_of_tags(status.tag_events, status.schedule, status.max_row_age_days)
    print_line(f"changed tags: {ways}")
    states = None if status.alarms is None else Counter(sorted(alarm.state for alarm in status.alarms))
    print_line(f"alarms: {_counted(states)}")
    print_checks(status.checks)


def ways_of_tags(events: str | None, schedule: str | None, days: int | None) -> str:
    """Return how soon changed tags are in their rows by these settings, the soonest first. None is not known."""
    ways: list[str] = []
    if events != "off":
        ways.append(f"within seconds by events (tagEvents: {events or 'unknown'}), which may get lost")
    if schedule != OFF:
        ways.append("by the next reconciliation, if it compares tags in bulk")
        if days != 0:
            ways.append(f"within {days or 'unknown'} days (maxRowAgeDays)")
    return "; else ".join(ways) or "by a backfill (tagEvents and reconcileSchedule are off)"


def _counted(counts: Mapping[str, int] | Mapping[QueueKind, int] | None) -> str:
    if counts is None:
        return "unknown"
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
