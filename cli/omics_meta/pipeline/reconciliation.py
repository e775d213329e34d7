"""Finds out from the function's log how the last reconciliation went."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from readset_sync.constants import DRIFT_METRIC, longest_pause
from readset_sync.messages.reconciliation_step import Phase
from readset_sync.model.timestamp import parse_timestamp
from readset_sync.model.trust import NOT_ASKED

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.cloudwatch import lines, own_sum
from omics_meta.pipeline.stack import Stack

_MESSAGE: Final = "reconciliation finished"
"""What the function logs at the end of one (`readset_sync.consumer`)."""

_GOES_ON: Final = "reconciliation goes on"
"""What it logs at the end of each step before that."""

_FILLING: Final = timedelta(minutes=15)
"""In which a first fill has taken a step, even if AWS throttles."""

_SPANS: Final = tuple(timedelta(hours=2**number) for number in range(9))
"""How far to look back, span after span: the newest is wanted, and CloudWatch Logs begins with the oldest of a span."""

_DAYS: Final = sum(_SPANS, timedelta()).days


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A reconciliation that came to its end: when, its rows by kind, and how far tags in bulk were told and trusted."""

    finished: datetime
    started: datetime
    found: Mapping[str, int]
    tags_in_bulk: str
    tags_told: Mapping[str, int]


def last_reconciliation(stack: Stack) -> Reconciliation | None:
    """Return the last reconciliation that finished in the last ten days; None if there was none."""
    end = datetime.now(UTC)
    for span in _SPANS:
        begin = end - span
        finished = list(_finished(stack, begin, end))
        if finished:
            return max(finished, key=lambda each: each.finished)
        end = begin
    return None


def first_fill(stack: Stack) -> datetime | None:
    """Return since when the first fill of the table has been under way; None if none is."""
    now = datetime.now(UTC)
    steps = [line for line in lines(stack, _GOES_ON, now - _FILLING, now) if line.get("phase") == Phase.FILL]
    return parse_timestamp(steps[-1]["started"]) if steps else None


def drift_since(stack: Stack, moment: datetime) -> int:
    """Return how many rows were changed since a moment because reconciliations had found them wrong.

    Only what no event had announced, which is known once the rows have been refreshed.
    """
    # CloudWatch knows of whole minutes.
    since = datetime.now(UTC) - moment + timedelta(minutes=1)
    return own_sum(stack, DRIFT_METRIC, since=since, period=timedelta(hours=1))


def check_reconciliation(
    stack: Stack, schedule: str, last: Reconciliation | None, filling: datetime | None
) -> Iterator[Check]:
    """Check that reconciliations come to their end as often as their schedule says."""
    name = stack.output("logGroupName")
    # Each has until the next one is to end.
    allowed = 2 * timedelta(hours=longest_pause(schedule))
    since = last.finished if last else _log_since(stack, name)
    age = datetime.now(UTC) - since
    yield Check(
        "last reconciliation",
        passed=filling is not None or age <= allowed,
        found=f"{'' if last else f'none in {name} since '}{since:%Y-%m-%dT%H:%M:%SZ}"
        f"; by the schedule, one ends every {allowed / timedelta(hours=1):.0f} hours at least",
        remedy="wait, if the stack is new; otherwise look for its message with `omics-meta dlq show`",
        warning=last is None and age > allowed / 2,
    )


def _log_since(stack: Stack, name: str) -> datetime:
    """Since when the log would show a reconciliation."""
    now = datetime.now(UTC)
    for group in stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group.get("logGroupName") == name:
            created = datetime.fromtimestamp(group.get("creationTime", 0) / 1000, UTC)
            return max(created, now - timedelta(days=min(group.get("retentionInDays", _DAYS), _DAYS)))
    return now


def _finished(stack: Stack, begin: datetime, end: datetime) -> Iterator[Reconciliation]:
    for line in lines(stack, _MESSAGE, begin, end):
        if line.get("message") == _MESSAGE:
            finished = datetime.fromtimestamp(line["timestamp"] / 1000, UTC)
            # Earlier versions did not say.
            started = parse_timestamp(line["started"]) if "started" in line else finished
            tags, told = line.get("tags_in_bulk", NOT_ASKED), line.get("tags_told", {"told": 0, "of": 0})
            yield Reconciliation(finished, started, line.get("found", {}), tags, told)
