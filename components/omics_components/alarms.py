"""The alarms, and whom they tell: a topic with one subscriber, an existing topic, or nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from readset_sync.constants import DRIFT_METRIC, RECONCILIATIONS_METRIC, longest_pause

from .function import METRICS_NAMESPACE, own_dimensions
from .iam import Place, Statement, policy_document, refuse_plain_http
from .queue import Queue
from .settings import NEVER, Settings, key_arn

_SECONDS_A_MINUTE = 60
_PERIOD = 5 * _SECONDS_A_MINUTE

_LONGEST_LOOK = 7 * 24
"""For so many hours an alarm can look back (CloudWatch API reference, "PutMetricAlarm")."""


@dataclass(frozen=True)
class Alarm:
    """A number that is too high, for so many periods in a row.

    The suffix of its name is the title of its section in `docs/operations.md`.
    """

    suffix: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    threshold: int = 0
    periods: int = 1
    missing: str = "notBreaching"
    comparison: str = "GreaterThanThreshold"
    period: int = _PERIOD


def create_alarms(
    name: str,
    settings: Settings,
    queue: Queue,
    dead_letters: Queue | None,
    undelivered: Queue,
    function: aws.lambda_.Function,
    place: Place,
    parent: pulumi.Resource,
) -> None:
    """Create the alarms. An existing queue's dead letters are its owner's, so that there is none for them."""
    topics = _topics(name, settings, place, parent)
    for alarm in _alarms(settings, queue, dead_letters, undelivered, function):
        aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm.suffix}-alarm",
            alarm_description=alarm.description,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=alarm.dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            treat_missing_data=alarm.missing,
            alarm_actions=topics,
            ok_actions=topics,
            insufficient_data_actions=topics if alarm.missing == "missing" else None,
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )


def _alarms(
    settings: Settings, queue: Queue, dead_letters: Queue | None, undelivered: Queue, function: aws.lambda_.Function
) -> Iterator[Alarm]:
    if dead_letters:
        yield _waiting("dead-letters", "Messages that the function kept failing on", dead_letters)
    yield _waiting("undelivered", "Events that EventBridge could not deliver to the queue", undelivered)
    yield Alarm(
        "oldest-message",
        f"A message has waited for more than {settings.oldest_message_minutes} minutes: the function does not keep up",
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"QueueName": queue.name},
        "Maximum",
        settings.oldest_message_minutes * _SECONDS_A_MINUTE,
    )
    of_function = {"FunctionName": function.name}
    yield Alarm("errors", "The function ended without an answer", "AWS/Lambda", "Errors", of_function, "Sum")
    yield Alarm(
        "throttles",
        "The function has not been allowed to run for a quarter of an hour",
        *("AWS/Lambda", "Throttles", of_function, "Sum"),
        periods=3,
    )
    if settings.reconcile_schedule != NEVER:
        yield Alarm(
            "drift",
            "Rows were missing or wrong, no event announced it, and a reconciliation mended them: events were lost",
            *(METRICS_NAMESPACE, DRIFT_METRIC, own_dimensions(function.name), "Maximum"),
            # A reconciliation begins with 0: what one found stands until the next.
            missing="ignore",
        )
        if (hours := 2 * longest_pause(settings.reconcile_schedule)) <= _LONGEST_LOOK:
            yield Alarm(
                "reconciliation",
                f"INSUFFICIENT_DATA: no reconciliation has come to its end for {hours} hours",
                *(METRICS_NAMESPACE, RECONCILIATIONS_METRIC, own_dimensions(function.name), "SampleCount"),
                threshold=1,
                comparison="LessThanThreshold",
                period=3600,
                periods=hours,
                # Not "breaching": a new stack would ring until its first reconciliation.
                missing="missing",
            )


def _waiting(suffix: str, description: str, queue: Queue) -> Alarm:
    metric = "ApproximateNumberOfMessagesVisible"
    return Alarm(suffix, description, "AWS/SQS", metric, {"QueueName": queue.name}, "Maximum")


def _topics(name: str, settings: Settings, place: Place, parent: pulumi.Resource) -> list[pulumi.Input[str]]:
    """The topics that alarms are published to: one, or none."""
    if settings.alarm_topic_arn is not None:
        return [settings.alarm_topic_arn]
    if settings.alarm_email is None:
        return []
    opts = pulumi.ResourceOptions(parent=parent)
    topic = aws.sns.Topic(
        f"{name}-alarm-topic", kms_master_key_id=key_arn(settings.alarm_encryption), tags=settings.tags, opts=opts
    )
    policy = aws.sns.TopicPolicy(
        f"{name}-alarm-topic-policy", arn=topic.arn, policy=policy_document(_statements(topic, place)), opts=opts
    )
    aws.sns.TopicSubscription(
        f"{name}-alarm-subscription",
        topic=topic.arn,
        protocol="email",
        endpoint=settings.alarm_email,
        # Nothing may be published that does not come from an alarm, not even the request to confirm.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[policy]),
    )
    return [topic.arn]


def _statements(topic: aws.sns.Topic, place: Place) -> list[Statement]:
    """Alarms of this account and region may publish, and nobody may over plain HTTP."""
    alarms = pulumi.Output.format("arn:{0}:cloudwatch:{1}:{2}:alarm:*", place.partition, place.region, place.account)
    return [
        {
            "Sid": "AllowAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": {
                "ArnLike": {"aws:SourceArn": alarms},
                "StringEquals": {"aws:SourceAccount": place.account},
            },
        },
        refuse_plain_http("sns:Publish", topic.arn),
    ]
