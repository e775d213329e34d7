"""What is encrypted with a customer-managed key works only for services that the key's policy allows."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox

from tests.sandbox.conftest import policy

RULE = "arn:aws:events:us-west-2:123456789012:rule/rule"
EVENTS = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}
LOGS = {
    "Effect": "Allow",
    "Principal": {"Service": "logs.us-west-2.amazonaws.com"},
    "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    "Resource": "*",
}
GROUP = "arn:aws:logs:us-west-2:123456789012:log-group:g"


@pytest.fixture
def make_key(sandbox: Sandbox) -> Callable[..., str]:
    """Makes a key with the alias `alias/k` and a policy; returns its ARN."""
    kms = sandbox.client("kms")

    def make(*statements: dict[str, Any]) -> str:
        key = kms.create_key(Policy=policy(*statements))["KeyMetadata"]
        kms.create_alias(AliasName="alias/k", TargetKeyId=key["KeyId"])
        return key["Arn"]

    return make


CONDITIONED = {**EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": RULE}}}
KEYS: list[tuple[str, dict[str, Any], str]] = [
    ("alias/k", EVENTS, "delivered"),
    ("arn:aws:kms:us-west-2:123456789012:alias/k", CONDITIONED, "delivered"),
    ("<key>", CONDITIONED, "delivered"),
    ("<key>", {**EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": RULE + "2"}}}, "NO_PERMISSIONS"),
    ("<key>", {**EVENTS, "Action": "kms:Decrypt"}, "NO_PERMISSIONS"),
    ("<key>", {**EVENTS, "Action": "kms:GenerateDataKey"}, "NO_PERMISSIONS"),
    ("<disabled>", EVENTS, "NO_PERMISSIONS"),
    ("arn:aws:kms:us-west-2:123456789012:key/none", EVENTS, "NO_PERMISSIONS"),
    ("alias/aws/sqs", EVENTS, "NO_PERMISSIONS"),
]
"""A queue's key, what its policy says, and what becomes of an event."""


def test_given_a_queue_with_a_key_when_an_event_matches_then_it_arrives_if_the_key_lets_eventbridge_use_it(
    sandbox: Sandbox, make_key: Callable[..., str], make_queue: Callable[..., Any]
) -> None:
    events, kms = sandbox.client("events"), sandbox.client("kms")
    queue, dead = make_queue("q"), make_queue("dead")
    events.put_rule(Name="rule", EventPattern='{"source": ["mine"]}')
    events.put_targets(Rule="rule", Targets=[{"Id": "q", "Arn": queue.arn, "DeadLetterConfig": {"Arn": dead.arn}}])
    for each in (queue, dead):
        each.allow(RULE)
    key = make_key().rpartition("/")[2]
    for key_id, statement, expected in KEYS:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(statement))
        (kms.disable_key if key_id == "<disabled>" else kms.enable_key)(KeyId=key)
        with_key = f"arn:aws:kms:us-west-2:123456789012:key/{key}" if key_id.startswith("<") else key_id
        queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"KmsMasterKeyId": with_key})
        events.put_events(Entries=[{"Source": "mine", "DetailType": "t", "Detail": "{}"}])
        failed = [message["MessageAttributes"]["ERROR_CODE"]["StringValue"] for message in dead.receive()]
        assert failed + ["delivered"] * len(queue.receive()) == [expected], (key_id, statement)


def test_given_a_queue_when_its_encryption_changes_then_it_has_one_kind_at_a_time(
    make_queue: Callable[..., Any],
) -> None:
    with pytest.raises(ClientError, match="You can use one type of server-side encryption"):
        make_queue("both", KmsMasterKeyId="alias/k", SqsManagedSseEnabled="true")
    queue = make_queue("q", KmsMasterKeyId="alias/k", KmsDataKeyReusePeriodSeconds="600")

    def encryption() -> dict[str, str]:
        found = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
        return {name: value for name, value in found.items() if name.startswith(("Kms", "SqsManaged"))}

    with_key = {"KmsMasterKeyId": "alias/k", "KmsDataKeyReusePeriodSeconds": "600", "SqsManagedSseEnabled": "false"}
    assert encryption() == with_key
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"KmsMasterKeyId": ""})
    assert encryption() == {"SqsManagedSseEnabled": "false"}
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"SqsManagedSseEnabled": "true"})
    assert encryption() == {"SqsManagedSseEnabled": "true"}
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"KmsMasterKeyId": "alias/k"})
    assert encryption() == with_key


def test_given_a_key_when_a_log_group_is_to_have_it_then_it_does_if_the_key_lets_cloudwatch_logs_use_it(
    sandbox: Sandbox, make_key: Callable[..., str]
) -> None:
    logs = sandbox.client("logs")
    refusal = f"AccessDeniedException.*KMS key does not exist or is not allowed to be used with Arn '{GROUP}'"
    key = make_key({**LOGS, "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": GROUP[:-1] + "*"}}})
    logs.create_log_group(logGroupName="g", kmsKeyId=key)
    for wrong in (
        {"Principal": {"Service": "logs.eu-west-1.amazonaws.com"}},
        {"Action": "kms:Decrypt"},
        {"Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP + "2"}}},
    ):
        other = sandbox.client("kms").create_key(Policy=policy(LOGS | wrong))["KeyMetadata"]["Arn"]
        with pytest.raises(ClientError, match=refusal):
            logs.associate_kms_key(logGroupName="g", kmsKeyId=other)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        logs.create_log_group(logGroupName="h", kmsKeyId=other)
    [group] = logs.describe_log_groups()["logGroups"]
    assert group["kmsKeyId"] == key
    logs.disassociate_kms_key(logGroupName="g")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    logs.associate_kms_key(logGroupName="g", kmsKeyId=key)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.associate_kms_key(logGroupName="g2", kmsKeyId=key)
