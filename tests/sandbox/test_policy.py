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
    # All in one document, or each in its own: they count together.
    one, several = [json.dumps({"Statement": statements})], [json.dumps({"Statement": each}) for each in statements]
    service = "events.amazonaws.com"
    for documents in (one, several):
        assert allows(documents, "sqs:SendMessage", resource=QUEUE, service=service, context=context) is expected


def test_given_a_trust_policy_when_a_service_assumes_the_role_then_only_the_service_it_names_may() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Statement": trust})
    assert allows([document], "sts:AssumeRole", service="scheduler.amazonaws.com")
    assert not allows([document], "sts:AssumeRole", service="lambda.amazonaws.com")
