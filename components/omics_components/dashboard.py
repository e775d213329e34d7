"""The dashboard: what goes in, what waits, what comes out, and what went wrong, on one page."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pulumi
import pulumi_aws as aws
from readset_sync.constants import DRIFT_METRIC, LAG_METRIC, MESSAGES_METRIC, RECONCILIATIONS_METRIC, REFRESH_METRIC

from .function import METRICS_NAMESPACE, own_dimensions
from .iam import Place
from .queue import Queue

_PERIOD = 300
_WIDTH, _HEIGHT = 8, 6
"""Of a widget, on a grid of 24 columns."""


def create_dashboard(
    name: str,
    queue: Queue,
    dead_letters: Queue | None,
    undelivered: Queue,
    function: aws.lambda_.Function,
    place: Place,
    parent: pulumi.Resource,
) -> None:
    """Create the dashboard.

    Source of the format: CloudWatch API reference, "Dashboard body structure and syntax".
    """
    failures = [each.name for each in (dead_letters, undelivered) if each]
    body = pulumi.Output.all(region=place.region, queue=queue.name, failures=failures, function=function.name).apply(
        lambda known: {"widgets": _widgets(**known)}
    )
    aws.cloudwatch.Dashboard(
        f"{name}-dashboard",
        # Dashboards of all regions share their names, and no two functions of a region do.
        dashboard_name=pulumi.Output.format("{0}-{1}", function.name, place.region),
        dashboard_body=pulumi.Output.json_dumps(body),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _widgets(region: str, queue: str, failures: Sequence[str], function: str) -> list[dict[str, Any]]:
    def of_queue(metric: str, name: str) -> list[str]:
        return ["AWS/SQS", metric, "QueueName", name]

    def of_function(metric: str) -> list[str]:
        return ["AWS/Lambda", metric, "FunctionName", function]

    def own(metric: str) -> list[str]:
        return [METRICS_NAMESPACE, metric, *chain.from_iterable(own_dimensions(function).items())]

    graphs: list[tuple[str, str, list[list[str]]]] = [
        ("Messages received", "Sum", [own(MESSAGES_METRIC)]),
        ("Messages waiting", "Maximum", [of_queue("ApproximateNumberOfMessagesVisible", queue)]),
        ("Age of the oldest message (s)", "Maximum", [of_queue("ApproximateAgeOfOldestMessage", queue)]),
        ("From the event to the row (ms)", "p90", [own(LAG_METRIC)]),
        ("Full refresh of a row (ms)", "p90", [own(REFRESH_METRIC)]),
        ("Dead letters", "Maximum", [of_queue("ApproximateNumberOfMessagesVisible", each) for each in failures]),
        ("Errors and throttles of the function", "Sum", [of_function("Errors"), of_function("Throttles")]),
        ("Reconciliations", "Sum", [own(RECONCILIATIONS_METRIC)]),
        ("Rows found wrong by reconciliations", "Sum", [own(DRIFT_METRIC)]),
    ]
    columns = 24 // _WIDTH
    return [
        {
            "type": "metric",
            "x": number % columns * _WIDTH,
            "y": number // columns * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {
                "title": title,
                "metrics": metrics,
                "stat": statistic,
                "period": _PERIOD,
                "region": region,
                "view": "timeSeries",
            },
        }
        for number, (title, statistic, metrics) in enumerate(graphs)
    ]
