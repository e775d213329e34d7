"""KMS keys of the user's own, with the statements that docs/security.md asks for, and without them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox
from omics_sandbox.policy import allows

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text(encoding="utf-8")
DOCUMENTED: list[dict[str, Any]] = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0, enforce_iam=True) as running:
        yield running


def policy(*services: dict[str, Any]) -> str:
    account = {
        "Sid": "AllowAccount",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [account, *services]})


def test_with_the_documented_statements_one_key_serves_table_queues_logs_and_topic(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN a key without the statement for EventBridge
    _, *others = DOCUMENTED
    assert len(others) == 2
    kms = sandbox.client("kms")
    key = kms.create_key(Policy=policy(*others))["KeyMetadata"]["Arn"]
    topic = {"alarmEmail": "on-call@example.org", "alarmEncryption": key}
    stack = up(tableEncryption=key, queueEncryption=key, logEncryption=key, **topic)
    store = sandbox.omics.create_store("cohort")

    # THEN events are lost, and a reconciliation makes up for them
    lost = sandbox.omics.create_read_set(store, name="lost")
    sandbox.drain()
    assert stack.rows() == {}
    assert sandbox.events.dropped[stack.outputs["ruleName"]] == 1
    stack.reconcile()
    assert set(stack.rows()) == {lost}

    # WHEN it has that statement too, THEN they arrive
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(*DOCUMENTED))
    read_set = sandbox.omics.create_read_set(store, name="set")
    sandbox.drain()
    assert set(stack.rows()) == {lost, read_set}

    # AND everything has the key
    sqs, names = sandbox.client("sqs"), ("queueUrl", "deadLetterQueueUrl", "undeliveredQueueUrl")
    for url in (stack.outputs[name] for name in names):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])["Attributes"]
        assert attributes == {"KmsMasterKeyId": key}
    [group] = sandbox.client("logs").describe_log_groups()["logGroups"]
    assert group["kmsKeyId"] == key
    table = sandbox.client("dynamodb").describe_table(TableName=stack.outputs["tableName"])["Table"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key
    sns = sandbox.client("sns")
    [created] = sns.list_topics()["Topics"]
    assert sns.get_topic_attributes(TopicArn=created["TopicArn"])["Attributes"]["KmsMasterKeyId"] == key


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_the_documented_statement_lets_alarms_use_the_key_of_their_topic(action: str) -> None:
    """By the policy alone: alarms of the sandbox publish nothing."""
    *others, for_alarms = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in DOCUMENTED)
    service = "cloudwatch.amazonaws.com"

    assert allows([for_alarms], action, service=service)
    assert not allows(others, action, service=service)
