"""The EventBridge rule and its target."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .queue import Queue
from .settings import Settings

EVENT_PATTERN = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"]}
# The longest and the most that EventBridge does; what fails still goes to the undelivered queue.
LONGEST_EVENT_AGE = 86_400
MOST_RETRIES = 185


def create_rule(name: str, settings: Settings, parent: pulumi.Resource) -> aws.cloudwatch.EventRule:
    """Create the rule on the default bus, where HealthOmics puts its events."""
    return aws.cloudwatch.EventRule(
        f"{name}-rule",
        description="HealthOmics read sets whose status changed",
        event_pattern=json.dumps(EVENT_PATTERN),
        tags=settings.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def create_target(
    name: str,
    rule: aws.cloudwatch.EventRule,
    queue: Queue,
    undelivered: Queue,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> None:
    """Send whole events to the queue, with one message group per read set.

    There is no input path or transformer: an event's own id makes each message's content unique, so that
    content-based deduplication drops redeliveries only.

    Args:
        name: The component's name.
        rule: The rule whose target it is.
        queue: The FIFO queue.
        undelivered: The standard queue for what could not be delivered.
        parent: The component.
        depends_on: The queues' policies, without which nothing can be delivered.
    """
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        arn=queue.arn,
        # The read set's id, because a group id has at most 100 characters and an ARN may have more.
        sqs_target={"message_group_id": "$.detail.id"},
        dead_letter_config={"arn": undelivered.arn},
        retry_policy={
            "maximum_event_age_in_seconds": LONGEST_EVENT_AGE,
            "maximum_retry_attempts": MOST_RETRIES,
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )
