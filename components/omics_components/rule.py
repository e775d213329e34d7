"""The EventBridge rules, their targets, and the queue policies that let them in: which events reach the queue."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from readset_sync.constants import API_CALL_EVENT, OMICS_SOURCE, READ_SET_EVENT, STORE_EVENT, TAG_EVENT, TAG_SOURCE

from .iam import policy_document, refuse_plain_http
from .queue import Queue
from .settings import Settings

# The longest and the most that EventBridge does; what fails still goes to the undelivered queue.
LONGEST_EVENT_AGE = 86_400
MOST_RETRIES = 185


@dataclass(frozen=True)
class Events:
    """One kind of events. `sid` names the statement of the queue's policy that lets them in."""

    prefix: str
    sid: str
    description: str
    pattern: Mapping[str, Any]
    message_group_id: str


READ_SETS = Events(
    "",
    "AllowReadSetEvents",
    "HealthOmics read sets whose status changed",
    {"source": [OMICS_SOURCE], "detail-type": [READ_SET_EVENT]},
    # The read set's id, because a group id has at most 100 characters and an ARN may have more.
    "$.detail.id",
)
STORES = Events(
    "store-",
    "AllowStoreEvents",
    "HealthOmics sequence stores that were changed or deleted",
    {"source": [OMICS_SOURCE], "detail-type": [STORE_EVENT]},
    "$.id",
)
TAGS = Events(
    "tag-",
    "AllowTagEvents",
    "HealthOmics read sets whose tags were changed",
    # What `detail` says of HealthOmics is not documented, but every such event names its resource's ARN. So the rule
    # asks for that alone, and the tags of stores, runs and workflows are sent to nobody.
    {"source": [TAG_SOURCE], "detail-type": [TAG_EVENT], "resources": [{"wildcard": "arn:*:omics:*/readSet/*"}]},
    "$.id",
)
TAG_CALLS = Events(
    "trail-",
    "AllowTrailEvents",
    "HealthOmics read sets whose tags were changed, as CloudTrail tells",
    {
        "source": [OMICS_SOURCE],
        "detail-type": [API_CALL_EVENT],
        "detail": {
            "eventSource": ["omics.amazonaws.com"],
            "eventName": ["TagResource", "UntagResource"],
            "errorCode": [{"exists": False}],
            # Services differ in whether CloudTrail shows an ARN of a path as it is or percent-encoded.
            "requestParameters": {"resourceArn": [{"wildcard": "*readSet*"}]},
        },
    },
    "$.id",
)


@dataclass(frozen=True)
class Rule:
    """A rule that was created for some events."""

    events: Events
    resource: aws.cloudwatch.EventRule


def create_rules(name: str, settings: Settings, parent: pulumi.Resource) -> list[Rule]:
    """Create the rules on the default bus, where HealthOmics puts its events; that of the read sets comes first."""
    return [Rule(events, _create_rule(name, events, settings, parent)) for events in _wanted(settings)]


def _wanted(settings: Settings) -> Iterator[Events]:
    yield READ_SETS
    if settings.store_events:
        yield STORES
    if settings.tag_events in {"tag", "both"}:
        yield TAGS
    if settings.tag_events in {"trail", "both"}:
        yield TAG_CALLS


def _create_rule(name: str, events: Events, settings: Settings, parent: pulumi.Resource) -> aws.cloudwatch.EventRule:
    return aws.cloudwatch.EventRule(
        f"{name}-{events.prefix}rule",
        description=events.description,
        event_pattern=json.dumps(events.pattern),
        tags=settings.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def create_target(
    name: str,
    rule: Rule,
    queue: Queue,
    undelivered: Queue,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> None:
    """Send whole events to the queue, with one message group per read set.

    There is no input path or transformer: an event's own id makes each message's content unique, so that
    content-based deduplication drops redeliveries only.
    """
    aws.cloudwatch.EventTarget(
        f"{name}-{rule.events.prefix}target",
        rule=rule.resource.name,
        arn=queue.arn,
        sqs_target={"message_group_id": rule.events.message_group_id},
        dead_letter_config={"arn": undelivered.arn},
        retry_policy={
            "maximum_event_age_in_seconds": LONGEST_EVENT_AGE,
            "maximum_retry_attempts": MOST_RETRIES,
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )


def set_policy(name: str, queue: Queue, rules: Sequence[Rule], parent: pulumi.Resource) -> aws.sqs.QueuePolicy:
    """Set the queue's policy: the rules may send, and nobody may do anything over plain HTTP."""
    statements = [*(_allow_rule(queue, rule) for rule in rules), refuse_plain_http("sqs:*", queue.arn)]
    return aws.sqs.QueuePolicy(
        f"{name}-policy",
        queue_url=queue.url,
        policy=policy_document(statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def report_needed_statements(queue: Queue, rules: Sequence[Rule], parent: pulumi.Resource) -> None:
    """Tell the owner of an existing queue which statements its policy needs."""

    def report(known: dict[str, Any]) -> None:
        for statement in known["statements"]:
            pulumi.log.warn(
                f"The policy of the existing queue {known['name']} is left as it is. Events arrive only if it has"
                f" this statement: {json.dumps(statement)}",
                resource=parent,
            )

    statements = [_allow_rule(queue, rule) for rule in rules]
    pulumi.Output.all(name=queue.name, statements=statements).apply(report)


def _allow_rule(queue: Queue, rule: Rule) -> dict[str, Any]:
    return {
        "Sid": rule.events.sid,
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule.resource.arn}},
    }
