"""Policies allow what they allow on AWS."""

import json
from typing import Any

import pytest
from omics_sandbox.iam import role_allows, service_allowed
from omics_sandbox.services import Moto

QUEUE = "arn:aws:sqs:us-west-2:123456789012:q.fifo"
RULE = "arn:aws:events:us-west-2:123456789012:rule/r"
CONTEXT = {"aws:sourcearn": RULE, "aws:sourceaccount": "123456789012"}
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
    def allowed(policy: str | None) -> bool:
        return service_allowed(policy, "events.amazonaws.com", "sqs:SendMessage", QUEUE, CONTEXT)

    assert allowed(json.dumps({"Statement": statements})) is expected
    assert not allowed(None)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([{"Effect": "Allow", "Action": "sqs:Send*", "Resource": QUEUE}], True),
        ([{"Effect": "Allow", "Action": "sqs:Send*", "Resource": QUEUE + "2"}], False),
        ([{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": "*"}], False),
        (
            [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "*", "Resource": "*"}],
            False,
        ),
        ([], False),
    ],
)
def test_given_policies_of_a_role_when_it_acts_then_it_may_or_may_not(
    documents: list[dict[str, Any]], expected: bool
) -> None:
    moto = Moto("123456789012")
    moto.start()
    try:
        role = moto.iam("aws").create_role("r", "{}", "/path/", None, "", [], "3600")
        for number, statement in enumerate(documents):
            moto.iam("aws").put_role_policy(
                "r", f"policy-{number}", json.dumps({"Version": "2012-10-17", "Statement": statement})
            )
        assert role_allows(moto, role.arn, "sqs:SendMessage", QUEUE, {}) is expected
        assert not role_allows(moto, role.arn + "2", "sqs:SendMessage", QUEUE, {})
    finally:
        moto.close()
