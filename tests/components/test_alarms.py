"""The alarms, whom they tell, and the dashboard."""

import operator
from typing import Any

import pytest
from omics_meta.commands.cost.footprint import ALARMS

from tests.components.conftest import KEY_ARN, deployed

NAME = "healthomics-metadata-sync"
TOPIC_ARN = f"arn:aws:sns:us-west-2:123456789012:{NAME}-alarm-topic-1234567"
THEIR_TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"
FUNCTION = f"{NAME}-function-1234567"
WATCHED = ("namespace", "metricName", "dimensions", "statistic", "threshold", "evaluationPeriods", "treatMissingData")
"""What an alarm compares, and with what."""


def alarms(deployment: Any) -> dict[str, dict[str, Any]]:
    """The inputs of the alarms, by what is in their names between the component's and `-alarm`."""
    return {
        each.name.removeprefix(f"{NAME}-").removesuffix("-alarm"): dict(each.inputs)
        for each in deployment.resources
        if each.type.endswith(":MetricAlarm")
    }


def test_each_alarm_watches_what_it_says():
    found = alarms(deployed())

    visible, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    of_function, own = {"FunctionName": FUNCTION}, {"service": NAME, "function_name": FUNCTION}
    space, quiet = "HealthOmicsMetadataSync", "notBreaching"
    assert len(found) == ALARMS, "the bill of `omics-meta cost` is of another number"
    assert {name: tuple(alarm[each] for each in WATCHED) for name, alarm in found.items()} == {
        "dead-letters": ("AWS/SQS", visible, {"QueueName": "healthomics_set_queue_dlq.fifo"}, "Maximum", 0, 1, quiet),
        "undelivered": ("AWS/SQS", visible, {"QueueName": "healthomics_set_undelivered"}, "Maximum", 0, 1, quiet),
        "oldest-message": ("AWS/SQS", age, {"QueueName": "healthomics_set_queue.fifo"}, "Maximum", 3600, 1, quiet),
        "errors": ("AWS/Lambda", "Errors", of_function, "Sum", 0, 1, quiet),
        "throttles": ("AWS/Lambda", "Throttles", of_function, "Sum", 0, 3, quiet),
        "drift": (space, "ReconciliationDrift", own, "Maximum", 0, 1, "ignore"),
        "reconciliation": (space, "Reconciliations", own, "SampleCount", 1, 48, "missing"),
    }
    for name, alarm in found.items():
        told = ("LessThanThreshold", 3600) if name == "reconciliation" else ("GreaterThanThreshold", 300)
        assert (alarm["comparisonOperator"], alarm["period"]) == told
        assert alarm["alarmDescription"]
        # THEN without a topic, they are to be looked at only
        assert (alarm["alarmActions"], alarm["okActions"]) == ([], [])


def test_an_existing_queue_s_dead_letters_are_its_owner_s():
    found = alarms(deployed({"SQSQueueName": "their-queue"}))

    assert found.keys() == {"undelivered", "oldest-message", "errors", "throttles", "drift", "reconciliation"}
    assert found["oldest-message"]["dimensions"] == {"QueueName": "their-queue.fifo"}


def test_alarms_follow_the_settings():
    assert alarms(deployed({"oldestMessageMinutes": "20"}))["oldest-message"]["threshold"] == 1200
    off = alarms(deployed({"reconcileSchedule": "off"}))
    assert not {"drift", "reconciliation"} & off.keys(), "nothing looks for it"
    assert "reconciliation" not in alarms(deployed({"reconcileSchedule": "cron(0 3 ? * SUN *)"})), "no alarm can"
    without = deployed({"alarms": "false", "dashboard": "true"})
    assert alarms(without) == {}
    assert not [type_ for type_, _ in without.kinds() if ":sns/" in type_]


Values = list[float] | None
"""Of a metric in one period; None where there are none."""

HOURS = [None] * 47


@pytest.mark.parametrize(
    ("name", "quiet", "ringing"),
    [
        ("dead-letters", [[0], [0, 0]], [[0], [0, 1]]),
        ("undelivered", [[0], None], [[0], [2]]),
        ("oldest-message", [[3500, 3600]], [[3601]]),
        ("errors", [[0, 0], None], [None, [0, 1]]),
        ("throttles", [[5], [5], None], [[1], [2], [3]]),
        # The last night found something, and this one begins; it finds something, and the day passes.
        ("drift", [[0], [2, 1], None, [0], None], [[0], [0, 2], None, None]),
        ("reconciliation", [[1], *HOURS], [[1], *HOURS, None]),
    ],
)
def test_each_alarm_rings_and_does_not(name: str, quiet: list[Values], ringing: list[Values]):
    alarm = alarms(deployed({"alarmEmail": "on-call@example.org"}))[name]

    # What a new alarm begins with, before there are any figures, is no change of its state, and tells nobody.
    assert played(alarm, [None]) != "ALARM"
    assert played(alarm, quiet) == "OK"
    told = played(alarm, ringing)

    assert told == ("INSUFFICIENT_DATA" if name == "reconciliation" else "ALARM")
    actions = {"ALARM": "alarmActions", "INSUFFICIENT_DATA": "insufficientDataActions"}
    assert alarm[actions[told]] == [TOPIC_ARN]


def played(alarm: dict[str, Any], periods: list[Values]) -> str:
    """The state that CloudWatch gives an alarm in the end, period by period from its creation.

    Source: CloudWatch user guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
    """
    statistic = {"Maximum": max, "Sum": sum, "SampleCount": len}[alarm["statistic"]]
    breaches = {"GreaterThanThreshold": operator.gt, "LessThanThreshold": operator.lt}[alarm["comparisonOperator"]]
    state, count = "INSUFFICIENT_DATA", int(alarm["evaluationPeriods"])
    for end in range(1, len(periods) + 1):
        window = periods[max(end - count, 0) : end]
        judged = [breaches(statistic(values), alarm["threshold"]) for values in window if values is not None]
        if alarm["treatMissingData"] == "notBreaching":
            judged += [False] * (count - len(judged))
        if judged:
            state = "ALARM" if all(judged) else "OK"
        elif alarm["treatMissingData"] == "missing":
            state = "INSUFFICIENT_DATA"
    return state


def test_an_address_gets_a_topic_that_alarms_alone_may_publish_to():
    deployment = deployed({"alarmEmail": "on-call@example.org"})

    topic = deployment.inputs("alarm-topic")
    policy = deployment.inputs("alarm-topic-policy")
    subscription = deployment.inputs("alarm-subscription")
    assert topic == {"tags": {}}
    assert subscription == {"topic": TOPIC_ARN, "protocol": "email", "endpoint": "on-call@example.org"}
    assert policy["arn"] == TOPIC_ARN
    assert policy["policy"]["Statement"] == [
        {
            "Sid": "AllowAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": TOPIC_ARN,
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-west-2:123456789012:alarm:*"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        },
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": TOPIC_ARN,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    for alarm in alarms(deployment).values():
        assert (alarm["alarmActions"], alarm["okActions"]) == ([TOPIC_ARN], [TOPIC_ARN])
    own_key = deployed({"alarmEmail": "on-call@example.org", "alarmEncryption": KEY_ARN})
    assert own_key.inputs("alarm-topic")["kmsMasterKeyId"] == KEY_ARN


def test_an_existing_topic_is_told_and_nothing_created():
    deployment = deployed({"alarmTopicArn": THEIR_TOPIC})

    assert {tuple(alarm["alarmActions"]) for alarm in alarms(deployment).values()} == {(THEIR_TOPIC,)}
    assert not [type_ for type_, _ in deployment.kinds() if ":sns/" in type_]


def test_the_dashboard_shows_the_queues_the_function_and_the_service():
    assert not [type_ for type_, _ in deployed().kinds() if type_.endswith(":Dashboard")]

    dashboard = deployed({"dashboard": "true"}).inputs("dashboard")

    assert dashboard["dashboardName"] == f"{FUNCTION}-us-west-2"
    widgets = dashboard["dashboardBody"]["widgets"]
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert {tuple(metric[2:]) for metric in metrics} == {
        ("QueueName", "healthomics_set_queue.fifo"),
        ("QueueName", "healthomics_set_queue_dlq.fifo"),
        ("QueueName", "healthomics_set_undelivered"),
        ("FunctionName", FUNCTION),
        ("service", NAME, "function_name", FUNCTION),
    }
    assert {widget["properties"]["region"] for widget in widgets} == {"us-west-2"}
    # THEN no widget covers another, or reaches beyond the 24 columns
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets)
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)
