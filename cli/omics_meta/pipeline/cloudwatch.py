"""Reads what CloudWatch knows: metrics, and the lines of the function's log."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, cast

from readset_sync.constants import LAG_METRIC, SHARED_GROUPS_METRIC

from omics_meta.pipeline.stack import Stack

Metric = tuple[str, str, Mapping[str, str]]
"""Namespace and name of a metric, and its dimensions."""

_DAY: Final = timedelta(days=1)

_PAGES: Final = 50
"""Of up to a megabyte of log each, which bounds how long a look takes."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How long the events of a day took to become rows: from the event's time to the row."""

    events: int
    average_seconds: float
    longest_seconds: float


def lag(stack: Stack) -> Lag | None:
    """Return the lag of the last day; None where no event has changed a row."""
    points = datapoints(stack, _own(stack, LAG_METRIC), "SampleCount", "Sum", "Maximum", since=_DAY, period=_DAY)
    if not points:
        return None
    events = sum(point["SampleCount"] for point in points)
    total, longest = sum(point["Sum"] for point in points), max(point["Maximum"] for point in points)
    return Lag(int(events), total / events / 1000, longest / 1000)


def shared_groups(stack: Stack) -> int:
    """Return how many messages of the last day came in a message group that read sets share."""
    return own_sum(stack, SHARED_GROUPS_METRIC, since=_DAY, period=_DAY)


def own_sum(stack: Stack, name: str, *, since: timedelta, period: timedelta) -> int:
    """Return the sum of a metric that the function sends itself."""
    return int(sum(point["Sum"] for point in datapoints(stack, _own(stack, name), "Sum", since=since, period=period)))


def datapoints(
    stack: Stack, metric: Metric, *statistics: str, since: timedelta, period: timedelta
) -> list[dict[str, Any]]:
    """Return the statistics of a metric, the oldest first, for every period until now that has any."""
    namespace, name, dimensions = metric
    now = datetime.now(UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": dimension, "Value": value} for dimension, value in dimensions.items()],
        StartTime=now - since,
        EndTime=now,
        Period=int(period.total_seconds()),
        Statistics=cast("Any", list(statistics)),
    )["Datapoints"]
    return sorted(cast("list[dict[str, Any]]", points), key=lambda point: point["Timestamp"])


def lines(stack: Stack, text: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Yield the lines of a span that hold a text, as objects whose `timestamp` is that of CloudWatch, in ms."""
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack.output("logGroupName"),
            filterPattern=f'"{text}"',
            startTime=_milliseconds(begin),
            endTime=_milliseconds(end),
        )
    )
    for page in islice(pages, _PAGES):
        for event in page["events"]:
            message = event.get("message", "")
            if message.startswith("{"):  # not one of Lambda's own
                yield json.loads(message) | {"timestamp": event.get("timestamp", 0)}


def _own(stack: Stack, name: str) -> Metric:
    """A metric that the function sends itself."""
    namespace, service = (
        stack.variables.get(f"POWERTOOLS_{variable}", "") for variable in ("METRICS_NAMESPACE", "SERVICE_NAME")
    )
    return namespace, name, {"service": service, "function_name": stack.output("functionName")}


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
