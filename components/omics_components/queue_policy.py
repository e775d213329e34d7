"""Who may do what with a queue: the event rules may send to it."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from .iam import policy_document, refuse_plain_http
from .queue import Queue
from .rule import Rule


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
