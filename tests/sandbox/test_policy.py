"""Policies allow what IAM would allow."""

import json
from typing import Any

import pytest
from omics_sandbox.policy import allows

QUEUE = "arn:aws:sqs:us-west-2:123456789012:q.fifo"
RULE = "arn:aws:events:us-west-2:123456789012:rule/r"
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([ALLOW], True),
        ([{**ALLOW, "Principal": "*"}], True),
        ([{**ALLOW, "Principal": {"AWS": "*"}}], True),
        ([{**ALLOW, "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{**ALLOW, "Principal": {"Service": "sns.amazonaws.com"}}], False),
        ([{**ALLOW, "Action": ["SQS:SendMessage"]}], True),
        ([{**ALLOW, "Action": "sqs:*"}], True),
        ([{**ALLOW, "Action": "sqs:ReceiveMessage"}], False),
        ([{**ALLOW, "Resource": "*"}], True),
        ([{**ALLOW, "Resource": QUEUE + "2"}], False),
        ([{**ALLOW, "Condition": {"ArnEquals": {"aws:SourceArn": RULE}}}], True),
        ([{**ALLOW, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:*:*:rule/*"}}}], True),
        ([{**ALLOW, "Condition": {"ArnEquals": {"aws:SourceArn": RULE + "2"}}}], False),
        ([{**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": ["1", "123456789012"]}}}], True),
        ([{**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}], False),
        ([{**ALLOW, "Condition": {"StringEquals": {"aws:SourceOrgID": "o"}}}], False),
        ([{**ALLOW, "Condition": {"StringEqualsIfExists": {"aws:SourceOrgID": "o"}}}], True),
        ([{**ALLOW, "Condition": {"Bool": {"aws:SourceArn": "true"}}}], False),
        ([ALLOW, {**ALLOW, "Effect": "Deny"}], False),
        ([], False),
    ],
)
def test_given_a_queue_policy_when_eventbridge_sends_then_it_may_or_may_not(
    statements: list[dict[str, Any]], expected: bool
) -> None:
    context = {"aws:sourcearn": RULE, "aws:sourceaccount": "123456789012"}
    document = json.dumps({"Statement": statements})
    service = "events.amazonaws.com"
    assert allows([document], "sqs:SendMessage", resource=QUEUE, service=service, context=context) is expected


def test_given_no_policy_at_all_when_a_service_sends_then_it_may_not() -> None:
    assert not allows([], "sqs:SendMessage", resource=QUEUE, service="events.amazonaws.com")


def test_given_a_trust_policy_when_a_service_assumes_the_role_then_only_the_service_it_names_may() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Statement": trust})
    assert allows([document], "sts:AssumeRole", service="scheduler.amazonaws.com")
    assert not allows([document], "sts:AssumeRole", service="lambda.amazonaws.com")


def test_given_the_policies_of_a_role_when_it_acts_then_they_count_together_and_a_deny_wins() -> None:
    permission = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}
    other = json.dumps({"Statement": [{**permission, "Action": "lambda:InvokeFunction"}]})
    allow = json.dumps({"Statement": [permission]})
    deny = json.dumps({"Statement": [{**permission, "Effect": "Deny", "Resource": "*"}]})
    assert allows([other, allow], "sqs:SendMessage", resource=QUEUE)
    assert not allows([other], "sqs:SendMessage", resource=QUEUE)
    assert not allows([allow, deny], "sqs:SendMessage", resource=QUEUE)
