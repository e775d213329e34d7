"""Finds out from the function's log how the last reconciliation went."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from readset_sync.constants import DRIFT_METRIC
from readset_sync.model.timestamp import parse_timestamp

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.log import lines
from omics_meta.pipeline.metrics import own_sum
from omics_meta.pipeline.stack import Stack

_MESSAGE: Final = "reconciliation finished"
"""What the function logs at the end of one (`readset_sync.consumer`)."""

_SPANS: Final = tuple(timedelta(hours=2**number) for number in range(8))
"""How far to look back, span after span: the newest is wanted, and CloudWatch Logs begins with the oldest of a span."""

_DAYS: Final = sum(_SPANS, timedelta()).days


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A reconciliation that came to its end: when, and its rows by kind."""

    finished: datetime
    started: datetime
    found: Mapping[str, int]


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


def drift_since(stack: Stack, moment: datetime) -> int:
    """Return how many rows were changed since a moment because reconciliations had found them wrong.

    Only what no event had announced, which is known once the rows have been refreshed.
    """
    return own_sum(stack, DRIFT_METRIC, since=datetime.now(UTC) - moment, period=timedelta(hours=1))


def check_reconciliation(stack: Stack, last: Reconciliation | None) -> Check:
    """Check that reconciliations come to their end."""
    name = stack.output("logGroupName")
    return Check(
        "last reconciliation",
        passed=True,  # a stack may be younger than its schedule's interval, or keep its logs for a day
        found=f"{last.finished:%Y-%m-%dT%H:%M:%SZ}" if last else f"none in {_DAYS} days of {name}",
        remedy="wait, if the stack is new; otherwise look for its message with `omics-meta dlq show`",
        warning=last is None,
    )


def _finished(stack: Stack, begin: datetime, end: datetime) -> Iterator[Reconciliation]:
    for line in lines(stack, _MESSAGE, begin, end):
        if line.get("message") == _MESSAGE:
            finished = datetime.fromtimestamp(line["timestamp"] / 1000, UTC)
            # Earlier versions did not say.
            started = parse_timestamp(line["started"]) if "started" in line else finished
            yield Reconciliation(finished, started, line.get("found", {}))
