"""The life of a resource of every type, in AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.resource_type import ResourceType

Implementations = Callable[[str], ResourceType]

STATEMENT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
OTHER_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "Deny"}]})
TRUST = POLICY.replace('"Resource": "*"', '"Principal": {"Service": "lambda.amazonaws.com"}').replace(
    "sqs:SendMessage", "sts:AssumeRole"
)
PLAIN_TABLE: dict[str, Any] = {
    "attributes": [{"name": "set_arn", "type": "S"}],
    "billingMode": "PAY_PER_REQUEST",
    "hashKey": "set_arn",
}


@dataclass(frozen=True)
class Life:
    """Inputs of a resource, changes that can be made in place, and one that replaces it.

    A text in angle brackets stands for something of the fixture `existing`.
    """

    token: str
    inputs: dict[str, Any]
    updates: dict[str, Any]
    replacement: dict[str, Any]


LIVES = [
    Life(
        "aws:dynamodb/table:Table",
        {
            **PLAIN_TABLE,
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": "<key>"},
            "tags": {"a": "1", "b": "2"},
        },
        {
            "billingMode": "PROVISIONED",
            "deletionProtectionEnabled": True,
            "pointInTimeRecovery": {"enabled": False},
            "readCapacity": 2,
            "streamEnabled": True,
            "streamViewType": "NEW_IMAGE",
            "tags": {"b": "3", "c": "4"},
            "writeCapacity": 1,
        },
        {"name": "another"},
    ),
    Life(
        "aws:dynamodb/table:Table",
        {
            **PLAIN_TABLE,
            "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "subject", "sample")],
            "globalSecondaryIndexes": [
                {"hashKey": "subject", "name": "by-subject", "projectionType": "KEYS_ONLY"},
                {"hashKey": "sample", "name": "by-sample", "projectionType": "ALL", "rangeKey": "subject"},
            ],
        },
        {
            "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "subject", "store")],
            "globalSecondaryIndexes": [
                {"hashKey": "subject", "name": "by-subject", "projectionType": "KEYS_ONLY"},
                {"hashKey": "store", "name": "by-store", "projectionType": "KEYS_ONLY"},
            ],
        },
        {"name": "another"},
    ),
    Life(
        "aws:sqs/queue:Queue",
        {"fifoQueue": True, "contentBasedDeduplication": True, "tags": {"a": "1", "b": "2"}},
        {
            "contentBasedDeduplication": False,
            "kmsMasterKeyId": "alias/a-key",
            "messageRetentionSeconds": 86_400,
            "redrivePolicy": '{"deadLetterTargetArn": "<queue_arn>", "maxReceiveCount": 5}',
            "tags": {"b": "3"},
            "visibilityTimeoutSeconds": 360,
        },
        {"name": "another.fifo"},
    ),
    Life(
        "aws:sqs/queuePolicy:QueuePolicy",
        {"queueUrl": "<queue_url>", "policy": POLICY},
        {"policy": OTHER_POLICY},
        {"queueUrl": "http://127.0.0.1/another"},
    ),
    Life(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        {"queueUrl": "<queue_url>", "redriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
        {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
        {"queueUrl": "http://127.0.0.1/another"},
    ),
    Life(
        "aws:iam/role:Role",
        {"assumeRolePolicy": TRUST, "description": "before", "tags": {"a": "1"}},
        {
            "assumeRolePolicy": TRUST.replace("lambda.amazonaws.com", "scheduler.amazonaws.com"),
            "description": "after",
            "tags": {"b": "2"},
        },
        {"name": "another"},
    ),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "a-role", "policy": POLICY},
        {"policy": OTHER_POLICY},
        {"role": "another"},
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 7, "tags": {"a": "1"}},
        {"retentionInDays": 30, "kmsKeyId": "<key>", "tags": {"b": "2"}},
        {"name": "/another"},
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        {"kmsKeyId": "<key>", "namePrefix": "/aws/lambda/x-"},
        {"kmsKeyId": "<other_key>"},
        {"namePrefix": "/other-"},
    ),
    Life(
        "aws:lambda/function:Function",
        {
            "architectures": ["arm64"],
            "code": "<code>",
            "environment": {"variables": {"TABLE": "before"}},
            "handler": "handler.handle",
            "role": "<role_arn>",
            "runtime": "python3.13",
            "tags": {"a": "1"},
        },
        {
            "code": "<other_code>",
            "description": "after",
            "environment": {"variables": {"TABLE": "after"}},
            "memorySize": 512,
            "reservedConcurrentExecutions": 3,
            "tags": {"b": "2"},
            "timeout": 60,
        },
        {"name": "another"},
    ),
    Life(
        "aws:lambda/functionRecursionConfig:FunctionRecursionConfig",
        {"functionName": "f", "recursiveLoop": "Allow"},
        {"recursiveLoop": "Terminate"},
        {"functionName": "another"},
    ),
    Life(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {
            "eventSourceArn": "<queue_arn>",
            "functionName": "f",
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
        },
        {"batchSize": 5, "enabled": False, "tags": {"a": "1"}},
        {"eventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:another"},
    ),
    Life(
        "aws:cloudwatch/eventRule:EventRule",
        {"eventPattern": '{"source": ["aws.omics"]}', "tags": {"a": "1"}},
        {"description": "after", "eventPattern": '{"source": ["aws.s3"]}', "tags": {"b": "2"}},
        {"name": "another"},
    ),
    Life(
        "aws:cloudwatch/eventTarget:EventTarget",
        {
            "arn": "<queue_arn>",
            "deadLetterConfig": {"arn": "<plain_arn>"},
            "rule": "a-rule",
            "sqsTarget": {"messageGroupId": "$.detail.id"},
        },
        {
            "retryPolicy": {"maximumEventAgeInSeconds": 3_600, "maximumRetryAttempts": 5},
            "sqsTarget": {"messageGroupId": "one"},
        },
        {"rule": "another"},
    ),
    Life(
        "aws:scheduler/schedule:Schedule",
        {
            "flexibleTimeWindow": {"mode": "OFF"},
            "scheduleExpression": "rate(6 hours)",
            "target": {
                "arn": "<queue_arn>",
                "deadLetterConfig": {"arn": "<plain_arn>"},
                "input": '{"task": "reconcile"}',
                "roleArn": "<role_arn>",
                "sqsParameters": {"messageGroupId": "one"},
            },
        },
        {
            "description": "after",
            "flexibleTimeWindow": {"maximumWindowInMinutes": 15, "mode": "FLEXIBLE"},
            "scheduleExpression": "cron(0 4 * * ? *)",
            "state": "DISABLED",
            "target": {
                "arn": "<queue_arn>",
                "input": '{"task": "verify"}',
                "retryPolicy": {"maximumEventAgeInSeconds": 3_600, "maximumRetryAttempts": 5},
                "roleArn": "<role_arn>",
                "sqsParameters": {"messageGroupId": "nightly"},
            },
        },
        {"groupName": "another"},
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "alarmActions": ["<topic_arn>"],
            "comparisonOperator": "GreaterThanThreshold",
            "dimensions": {"QueueName": "plain"},
            "evaluationPeriods": 1,
            "metricName": "ApproximateNumberOfMessagesVisible",
            "namespace": "AWS/SQS",
            "period": 300,
            "statistic": "Maximum",
            "tags": {"a": "1"},
            "threshold": 0,
            "treatMissingData": "notBreaching",
        },
        {
            "alarmActions": [],
            "alarmDescription": "after",
            "dimensions": {"QueueName": "source.fifo"},
            "evaluationPeriods": 3,
            "okActions": ["<topic_arn>"],
            "tags": {"b": "2"},
            "threshold": 2.5,
            "treatMissingData": "ignore",
        },
        {"name": "another"},
    ),
    Life(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardBody": '{"widgets": []}', "dashboardName": "a-dashboard"},
        {"dashboardBody": '{"widgets": [{"type": "text", "properties": {"markdown": "after"}}]}'},
        {"dashboardName": "another"},
    ),
    Life(
        "aws:sns/topic:Topic",
        {"tags": {"a": "1"}},
        {"kmsMasterKeyId": "alias/a-key", "tags": {"b": "2"}},
        {"name": "another"},
    ),
    Life(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": "<topic_arn>", "policy": POLICY},
        {"policy": OTHER_POLICY},
        {"arn": "arn:aws:sns:eu-west-1:123456789012:another"},
    ),
    Life(
        "aws:sns/topicSubscription:TopicSubscription",
        {"endpoint": "on-call@example.org", "protocol": "email", "topic": "<topic_arn>"},
        {},
        {"endpoint": "somebody-else@example.org"},
    ),
]


def resolve(value: Any, existing: dict[str, Any]) -> Any:
    """Put what exists in the place of its names in angle brackets."""
    if isinstance(value, dict):
        return {name: resolve(item, existing) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType] # any
    if isinstance(value, list):
        return [resolve(item, existing) for item in value]  # pyright: ignore[reportUnknownVariableType] # any
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return existing[value[1:-1]]
    return value.replace("<queue_arn>", existing["queue_arn"]) if isinstance(value, str) else value


def checked(implementation: ResourceType, inputs: dict[str, Any]) -> dict[str, Any]:
    result = implementation.check("thing", {}, inputs)
    assert result.failures == []
    return result.inputs


def test_given_the_catalogue_then_every_type_has_a_life_here() -> None:
    assert {life.token for life in LIVES} == RESOURCE_TYPES.keys()


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token)
def test_given_a_type_when_a_resource_lives_then_aws_has_what_the_program_says(
    life: Life, implementation: Implementations, existing: dict[str, Any]
) -> None:
    it = implementation(life.token)
    inputs = checked(it, resolve(life.inputs, existing))

    resource_id, state = it.create(inputs)
    assert state.keys() <= it.state_names(), "a state has no properties but the declared ones"
    for name in inputs.keys() - {"__defaults"}:
        assert it.shape(name).same(inputs[name], state[name]), name
    assert it.read(resource_id, state) == state
    assert it.diff(inputs, state, inputs).changed == frozenset()

    # The id of a target does not say where its rule's name ends. Nor can the code of a function and a prefix be had
    # back.
    if not life.token.endswith(":EventTarget"):
        found = it.read(resource_id, {})
        assert found is not None
        imported = it.inputs_of(found, {})
        for name in inputs.keys() - {"__defaults", "code", "namePrefix"}:
            assert it.shape(name).same(inputs[name], imported.get(name)), name

    wanted = {**inputs, **resolve(life.updates, existing)}
    difference = it.diff(inputs, state, wanted)
    assert difference.changed == life.updates.keys()
    assert difference.replacing == frozenset()
    updated = it.update(resource_id, state, wanted, difference.changed)
    assert it.diff(wanted, updated, wanted).changed == frozenset()
    assert it.read(resource_id, updated) == updated
    back = it.update(resource_id, updated, inputs, it.diff(wanted, updated, inputs).changed)
    assert back.keys() <= it.state_names()
    assert it.diff(inputs, back, inputs).changed == frozenset()

    replaced = it.diff(inputs, state, {**inputs, **resolve(life.replacement, existing)})
    assert replaced.replacing == life.replacement.keys()

    it.delete(resource_id, back)
    # A function's recursion configuration cannot go: it gets its default.
    left = {**back, "recursiveLoop": "Terminate"} if "Recursion" in life.token else None
    assert it.read(resource_id, back) == left
    it.delete(resource_id, back)


@pytest.mark.parametrize(
    ("token", "inputs", "other", "message"),
    [
        ("dynamodb/table:Table", PLAIN_TABLE, {}, "AWS DynamoDB Table (taken): .* ResourceInUseException"),
        ("iam/role:Role", {"assumeRolePolicy": TRUST}, {}, "IAM Role (taken): .* EntityAlreadyExists"),
        ("cloudwatch/logGroup:LogGroup", {}, {}, "CloudWatch Logs Log Group (taken): .* ResourceAlreadyExists"),
        ("sqs/queue:Queue", {}, {"visibilityTimeoutSeconds": 5}, "SQS Queue (taken): .*QueueAlreadyExists"),
    ],
)
def test_given_a_name_that_is_taken_when_created_then_the_message_names_it(
    token: str, inputs: dict[str, Any], other: dict[str, Any], message: str, implementation: Implementations
) -> None:
    it = implementation(f"aws:{token}")
    named = checked(it, {**inputs, "name": "taken"})
    it.create(named)

    with pytest.raises(ProviderError, match=f"creating {message}".replace("(", r"\(").replace(")", r"\)")):
        it.create(checked(it, {**named, **other}))


def test_given_a_key_that_the_service_may_not_use_when_a_log_group_is_created_then_the_message_names_it(
    implementation: Implementations, existing: dict[str, Any]
) -> None:
    with pytest.raises(ProviderError, match=r"creating CloudWatch Logs Log Group \(g\): .*not allowed .*log-group:g'"):
        implementation("aws:cloudwatch/logGroup:LogGroup").create({"name": "g", "kmsKeyId": existing["key_of_others"]})


def test_given_a_role_or_a_rule_in_use_when_deleted_then_aws_refuses(implementation: Implementations, aws: Aws) -> None:
    role, rule = implementation("aws:iam/role:Role"), implementation("aws:cloudwatch/eventRule:EventRule")
    role_name, role_state = role.create(checked(role, {"assumeRolePolicy": TRUST}))
    aws.client("iam").put_role_policy(RoleName=role_name, PolicyName="of-others", PolicyDocument=POLICY)
    rule_name, rule_state = rule.create(checked(rule, {"eventPattern": "{}"}))
    target = {"Id": "t", "Arn": "arn:aws:sqs:eu-west-1:123456789012:plain"}
    aws.client("events").put_targets(Rule=rule_name, Targets=[target])

    with pytest.raises(ProviderError, match="DeleteConflict"):
        role.delete(role_name, role_state)
    with pytest.raises(ProviderError, match=r"deleting EventBridge Rule .* targets"):
        rule.delete(rule_name, rule_state)


def test_given_an_id_without_a_group_when_a_schedule_is_imported_then_the_message_tells_the_form(
    implementation: Implementations,
) -> None:
    with pytest.raises(ProviderError, match=r"unexpected format of ID \(nightly\), expected <GroupName>/<Name>"):
        implementation("aws:scheduler/schedule:Schedule").read("nightly", {})
