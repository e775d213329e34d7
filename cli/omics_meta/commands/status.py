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

from omics_meta.pipeline.alarms import alarms, check_alarms
from omics_meta.pipeline.check import Check, refused, run_checker
from omics_meta.pipeline.checks import check_pipeline, print_checks
from omics_meta.pipeline.cloudwatch import lag
from omics_meta.pipeline.queue import depth, oldest_message_seconds
from omics_meta.pipeline.reconciliation import (
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
from omics_meta.terminal.output import ids, print_counts, print_json, print_line
from omics_meta.terminal.progress import reporting

_T = TypeVar("_T")

_STATUS: Final = "set_status"


@dataclass(slots=True)
class _Rows:
    """The rows of the table by store and status, the oldest time of a refresh, and how many are listed only."""

    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    oldest: str | None = None
    listed: int = 0


def run(selection: Selection, *, as_json: bool) -> ExitCode:
    """Say how a stack's table and pipeline are doing."""
    stack = connect_stack(selection)
    checks: list[Check] = []
    document = _look(stack, checks)
    checks = list(dict.fromkeys(checks))  # what AWS refused is said once, whoever asked
    document["healthy"] = all(check.passed for check in checks)
    if as_json:
        print_json(document | {"pipeline": [check.document for check in checks]})
    else:
        _print(document)
        print_checks(checks)
    return ExitCode.DONE if document["healthy"] else ExitCode.FOUND_WRONG


def _look(stack: Stack, checks: list[Check]) -> dict[str, Any]:
    """Return what is on the screen; None for what AWS does not tell, which a check that failed then explains."""

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
    stores = None if rows is None else sorted(rows.counts.items())
    total = None if stores is None else sum(counts.total() for _, counts in stores)
    average = ask(lag)
    waiting, in_flight = ask(_queue) or (None, None)
    return {
        "command": "status",
        "healthy": None,
        "table": stack.output("tableName"),
        "region": stack.session.region_name,
        "rows": total,
        "oldest_refresh": rows and rows.oldest,
        "stores": stores and [{"store_id": each, "statuses": dict(counts)} for each, counts in stores],
        "lag": average and asdict(average),
        "queue": {"waiting": waiting, "in_flight": in_flight, "oldest_seconds": ask(oldest_message_seconds)},
        "dead_letters": ask(_dead_letters),
        "reconciliation": last
        and {
            "finished": format_timestamp(last.finished),
            "drift": ask(drift),
            "found": dict(last.found),
            "tags_in_bulk": last.tags_in_bulk,
            "tags_told": last.tags_told,
        },
        "first_fill": rows and filling and _first_fill(filling, total or 0, rows.listed),
        "schedule": schedule,
        "tag_events": ask(tag_events),
        "max_row_age_days": ask(_max_row_age_days) if schedule else None,
        "alarms": found and [{"name": alarm.get("AlarmName"), "state": alarm.get("StateValue")} for alarm in found],
    }


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


def _queue(stack: Stack) -> tuple[int, int]:
    return depth(stack.client("sqs"), stack.output("queueUrl"))


def _dead_letters(stack: Stack) -> dict[QueueKind, int]:
    return {kind: sum(depth(stack.client("sqs"), url)) for kind, url in stack.dead_letters("Url").items()}


def _schedule(stack: Stack) -> str | None:
    return stack.variables.get("RECONCILE_SCHEDULE")


def _max_row_age_days(stack: Stack) -> int | None:
    days = stack.variables.get("MAX_ROW_AGE_DAYS")
    return int(days) if days is not None else None


def _first_fill(started: datetime, rows: int, listed: int) -> dict[str, Any]:
    """How far a first fill is, and when it ends at the pace that it takes."""
    return {
        "started": format_timestamp(started),
        "complete": rows - listed,
        "rows": rows,
        "expected_end": format_timestamp(datetime.now(UTC) + timedelta(minutes=listed / FILL_A_MINUTE)),
    }


def _print(status: Mapping[str, Any]) -> None:
    title = f"Rows of table {status['table']} in {status['region']}"
    if status["stores"] is None:
        print_line(f"{title}: unknown")
    else:
        rows = [(each["store_id"], Counter[str](each["statuses"])) for each in status["stores"]]
        print_counts(title, sorted({name for _, counts in rows for name in counts}), rows)
        print_line(f"rows: {status['rows']}")
        print_line(f"oldest refresh of a row: {status['oldest_refresh'] or 'none'}")
    print_line(
        "from event to row: {average_seconds:.1f} s on average, {longest_seconds:.1f} s at the most, of {events} events"
        " in a day".format_map(status["lag"])
        if status["lag"]
        else "from event to row: CloudWatch knows of no event in a day"
    )
    queue = status["queue"]
    since = "" if queue["oldest_seconds"] is None else f", the oldest for {queue['oldest_seconds']:.0f} s"
    depth_of_queue = f"{queue['waiting']} waiting{since}, {queue['in_flight']} being worked on"
    print_line(f"queue: {'unknown' if queue['waiting'] is None else depth_of_queue}")
    print_line(f"dead letters: {_counted(status['dead_letters'])}")
    if last := status["reconciliation"]:
        found = _counted(dict(sorted(last["found"].items())))
        wrong = "unknown" if last["drift"] is None else last["drift"]
        tags = f", {retagged} had other tags" if (retagged := last["found"].get(Count.RETAGGED)) else ""
        print_line(f"last reconciliation: {last['finished']}, {wrong} rows were wrong{tags} ({found})")
        told = "told of {told} of {of} read sets".format_map(last["tags_told"])
        print_line(f"tags in bulk at that time: {last['tags_in_bulk']} ({told})")
    else:
        print_line("last reconciliation: none in the log")
    if status["first_fill"]:
        print_line(
            "first fill: since {started}, {complete} of {rows} rows are complete, all of them by about {expected_end}"
            "".format_map(status["first_fill"])
        )
    print_line(f"schedule: {status['schedule'] or 'unknown'}")
    ways = ways_of_tags(status["tag_events"], status["schedule"], status["max_row_age_days"])
    print_line(f"changed tags: {ways}")
    states = None if status["alarms"] is None else Counter(sorted(alarm["state"] for alarm in status["alarms"]))
    print_line(f"alarms: {_counted(states)}")


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


def _counted(counts: Mapping[str, int] | None) -> str:
    if counts is None:
        return "unknown"
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
