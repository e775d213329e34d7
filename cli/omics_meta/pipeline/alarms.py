"""Checks the alarms on the resources of a stack, whoever made them. No output names them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from readset_sync.constants import DRIFT_METRIC

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.stack import Stack

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricAlarmTypeDef

_LOGS: Final = "see what the function says: run `aws logs tail {logs} --since 1h`"
_REMEDIES: Final[Mapping[str, str]] = {
    "ApproximateNumberOfMessagesVisible": "look at them with `omics-meta dlq show`, remove the cause, then run "
    "`omics-meta dlq redrive`",
    "ApproximateAgeOfOldestMessage": "wait, if many read sets have just changed; otherwise " + _LOGS,
    "Errors": _LOGS,
    "Throttles": "raise the account's quota of concurrent executions, or reserve some: `functionReservedConcurrency`",
    DRIFT_METRIC: "the rows are right again; see with `omics-meta dlq list` and `omics-meta verify` whether "
    "events are still lost",
}
"""What to do about an alarm, by its metric."""


def alarms(stack: Stack) -> "list[MetricAlarmTypeDef]":
    """Return the alarms on a stack's queues, function and own metrics, by name."""
    urls = [*stack.dead_letters("Url").values(), stack.output("queueUrl")]
    watched = {("QueueName", url.rpartition("/")[2]) for url in urls}
    watched |= {(name, stack.output("functionName")) for name in ("FunctionName", "function_name")}
    pages = stack.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    found = [alarm for page in pages for alarm in page["MetricAlarms"] if _dimensions(alarm) & watched]
    return sorted(found, key=lambda alarm: alarm.get("AlarmName", ""))


def check_alarms(stack: Stack, found: "Iterable[MetricAlarmTypeDef]") -> Iterator[Check]:
    """Check that alarms are quiet."""
    for alarm in found:
        name, state, reason = (alarm.get(each, "") for each in ("AlarmName", "StateValue", "StateReason"))
        remedy = _REMEDIES.get(alarm.get("MetricName", ""), "see in CloudWatch what it watches")
        yield Check(
            "alarm",
            state != "ALARM",
            f"{name} is {state}: {reason}",
            remedy.format(logs=stack.output("logGroupName")),
        )


def _dimensions(alarm: "MetricAlarmTypeDef") -> set[tuple[str, str]]:
    return {(each["Name"], each["Value"]) for each in alarm.get("Dimensions", [])}
