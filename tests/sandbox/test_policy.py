"""Policies allow what IAM would allow."""

import json
from typing import Any

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.policy import allows, role_allows
from omics_sandbox.services import Moto

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


def test_given_a_trust_policy_when_a_service_assumes_the_role_then_only_the_service_it_names_may() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Statement": trust})
    assert allows([document], "sts:AssumeRole", service="scheduler.amazonaws.com")
    assert not allows([document], "sts:AssumeRole", service="lambda.amazonaws.com")


SEND = {"Effect": "Allow", "Action": "sqs:Send*", "Resource": QUEUE}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([SEND], True),
        ([{**SEND, "Action": "sqs:ReceiveMessage"}, SEND], True),
        ([{**SEND, "Action": "sqs:ReceiveMessage"}], False),
        ([{**SEND, "Resource": QUEUE + "2"}], False),
        ([SEND, {**SEND, "Effect": "Deny", "Resource": "*"}], False),
        ([], False),
    ],
)
def test_given_policies_of_a_role_when_it_acts_then_they_count_together_and_a_deny_wins(
    sandbox: Sandbox, statements: list[dict[str, Any]], expected: bool
) -> None:
    iam, moto = sandbox.client("iam"), Moto(sandbox.account)
    role = iam.create_role(RoleName="r", Path="/path/", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for number, statement in enumerate(statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_role_policy(RoleName="r", PolicyName=f"policy-{number}", PolicyDocument=document)
    assert role_allows(moto, role, "sqs:SendMessage", QUEUE, {}) is expected
    assert not role_allows(moto, role + "2", "sqs:SendMessage", QUEUE, {})
