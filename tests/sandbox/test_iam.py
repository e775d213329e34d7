"""A role may do what its policies allow."""

import json
from typing import Any

import pytest
from omics_sandbox.iam import role_allows
from omics_sandbox.services import Moto

QUEUE = "arn:aws:sqs:us-west-2:123456789012:q.fifo"


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
