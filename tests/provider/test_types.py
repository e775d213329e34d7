"""The life of a resource of every type, in AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from omics_sandbox.provider.errors import IncompleteCreationError, ProviderError
from omics_sandbox.provider.resource_type import ResourceType

Implementations = Callable[[str], ResourceType]

STATEMENT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
OTHER_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "Deny"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


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
            "attributes": [{"name": "set_arn", "type": "S"}],
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "set_arn",
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True},
            "tags": {"a": "1", "b": "2"},
        },
        {
            "billingMode": "PROVISIONED",
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
            "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "subject", "sample")],
            "billingMode": "PAY_PER_REQUEST",
            "globalSecondaryIndexes": [
                {"hashKey": "subject", "name": "by-subject", "projectionType": "KEYS_ONLY"},
                {"hashKey": "sample", "name": "by-sample", "projectionType": "ALL", "rangeKey": "subject"},
            ],
            "hashKey": "set_arn",
        },
        {
            "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "subject", "store")],
            "globalSecondaryIndexes": [
                {"hashKey": "subject", "name": "by-subject", "projectionType": "KEYS_ONLY"},
                {
                    "hashKey": "store",
                    "name": "by-store",
                    "nonKeyAttributes": ["sample"],
                    "projectionType": "INCLUDE",
                },
            ],
        },
        {"name": "another"},
    ),
    Life(
        "aws:sqs/queue:Queue",
        {"fifoQueue": True, "contentBasedDeduplication": True, "tags": {"a": "1", "b": "2"}},
        {
            "contentBasedDeduplication": False,
            "kmsDataKeyReusePeriodSeconds": 600,
            "kmsMasterKeyId": "alias/a-key",
            "messageRetentionSeconds": 86_400,
            "redrivePolicy": json.dumps({"deadLetterTargetArn": "<queue_arn>", "maxReceiveCount": 5}),
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
        "aws:iam/role:Role",
        {"assumeRolePolicy": TRUST, "description": "before", "tags": {"a": "1"}},
        {
            "assumeRolePolicy": TRUST.replace("lambda.amazonaws.com", "scheduler.amazonaws.com"),
            "description": "after",
            "tags": {"b": "2"},
        },
        {"path": "/service/"},
    ),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "<role>", "policy": POLICY},
        {"policy": OTHER_POLICY},
        {"role": "another"},
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 7, "tags": {"a": "1"}},
        {"retentionInDays": 30, "tags": {"b": "2"}},
        {"name": "/another"},
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
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {
            "eventSourceArn": "<queue_arn>",
            "functionName": "a-function",
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
        },
        {"batchSize": 5, "enabled": False},
        {"eventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:another"},
    ),
    Life(
        "aws:cloudwatch/eventRule:EventRule",
        {"eventPattern": json.dumps({"source": ["aws.omics"]}), "tags": {"a": "1"}},
        {
            "description": "after",
            "eventPattern": json.dumps({"source": ["aws.s3"]}),
            "state": "DISABLED",
            "tags": {"b": "2"},
        },
        {"name": "another"},
    ),
    Life(
        "aws:cloudwatch/eventTarget:EventTarget",
        {
            "arn": "<queue_arn>",
            "deadLetterConfig": {"arn": "<plain_arn>"},
            "rule": "<rule>",
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
                "arn": "<function>",
                "deadLetterConfig": {"arn": "<plain_arn>"},
                "input": '{"task": "reconcile"}',
                "roleArn": "<role_arn>",
            },
        },
        {
            "description": "after",
            "flexibleTimeWindow": {"maximumWindowInMinutes": 15, "mode": "FLEXIBLE"},
            "scheduleExpression": "cron(0 4 * * ? *)",
            "scheduleExpressionTimezone": "Europe/Berlin",
            "state": "DISABLED",
            "target": {
                "arn": "<queue_arn>",
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


@pytest.fixture
def with_function(aws: Aws, existing: dict[str, Any], implementation: Implementations) -> None:
    function = implementation("aws:lambda/function:Function")
    inputs = {
        "code": existing["code"],
        "handler": "handler.handle",
        "name": "a-function",
        "role": existing["role_arn"],
        "runtime": "python3.13",
    }
    function.create(checked(function, inputs))


def test_given_the_catalogue_then_every_type_has_a_life_here() -> None:
    # moto never tells a redrive allow policy back: its test is further down. It knows no recursion configuration: see
    # test_recursion.py.
    assert {life.token for life in LIVES} == RESOURCE_TYPES.keys() - {
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        "aws:lambda/functionRecursionConfig:FunctionRecursionConfig",
    }


@pytest.mark.usefixtures("with_function")
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token)
def test_given_a_type_when_a_resource_lives_then_aws_has_what_the_program_says(
    life: Life, implementation: Implementations, existing: dict[str, Any]
) -> None:
    it = implementation(life.token)
    inputs = checked(it, resolve(life.inputs, existing))

    resource_id, state = it.create(inputs)
    assert state.keys() <= it.properties.keys() | it.outputs, "a state has no properties but the declared ones"
    for name, value in inputs.items():
        if name != "__defaults":
            assert it.properties[name].shape.same(value, state[name]), name
    assert it.read(resource_id, state) == state
    assert it.diff(inputs, state, inputs).changed == frozenset()

    wanted = {**inputs, **resolve(life.updates, existing)}
    difference = it.diff(inputs, state, wanted)
    assert difference.changed == life.updates.keys()
    assert difference.replacing == frozenset()
    updated = it.update(resource_id, state, wanted, difference.changed)
    assert it.diff(wanted, updated, wanted).changed == frozenset()
    assert it.read(resource_id, updated) == updated

    back = it.diff(wanted, updated, inputs)
    assert it.update(resource_id, updated, inputs, back.changed).keys() <= it.properties.keys() | it.outputs

    replaced = it.diff(inputs, state, {**inputs, **resolve(life.replacement, existing)})
    assert replaced.replacing == life.replacement.keys()

    it.delete(resource_id, state)
    assert it.read(resource_id, state) is None
    it.delete(resource_id, state)


@pytest.mark.usefixtures("with_function")
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.token)
def test_given_an_existing_resource_when_imported_then_its_inputs_are_those_of_the_program(
    life: Life, implementation: Implementations, existing: dict[str, Any]
) -> None:
    it = implementation(life.token)
    inputs = checked(it, resolve(life.inputs, existing))
    resource_id, created = it.create(inputs)
    if life.token.endswith(":EventTarget"):
        resource_id = f"{created['rule']}/{created['targetId']}"

    state = it.read(resource_id, {})

    assert state is not None
    imported = it.inputs_of(state, {})
    # The code of a function cannot be had back, and moto forgets the form of some settings.
    for name in inputs.keys() - {"__defaults", "code"}:
        assert it.properties[name].shape.same(inputs[name], imported.get(name)), name


def test_given_a_redrive_allow_policy_when_set_and_deleted_then_the_queue_has_it_and_has_it_not(
    implementation: Implementations, existing: dict[str, Any], aws: Aws
) -> None:
    it = implementation("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
    allow = {"queueUrl": existing["queue_url"], "redriveAllowPolicy": '{"redrivePermission": "denyAll"}'}

    resource_id, state = it.create(checked(it, allow))

    assert resource_id == existing["queue_url"]
    assert it.diff(allow, state, {**allow, "redriveAllowPolicy": '{"redrivePermission":"denyAll"}'}).changed == set()
    other = {**allow, "redriveAllowPolicy": '{"redrivePermission": "allowAll"}'}
    assert it.diff(allow, state, other).changed == {"redriveAllowPolicy"}
    it.delete(resource_id, state)
    aws.client("sqs").delete_queue(QueueUrl=existing["queue_url"])
    assert it.read(resource_id, state) is None
    it.delete(resource_id, state)


@pytest.mark.parametrize(
    ("token", "inputs", "message"),
    [
        pytest.param(
            "aws:dynamodb/table:Table",
            {"attributes": [{"name": "k", "type": "S"}], "billingMode": "PAY_PER_REQUEST", "hashKey": "k"},
            "creating AWS DynamoDB Table (taken): .* ResourceInUseException",
            id="table",
        ),
        pytest.param(
            "aws:iam/role:Role",
            {"assumeRolePolicy": TRUST},
            "creating IAM Role (taken): .* EntityAlreadyExists",
            id="role",
        ),
        pytest.param(
            "aws:cloudwatch/logGroup:LogGroup",
            {},
            "creating CloudWatch Logs Log Group (taken): .* ResourceAlreadyExistsException",
            id="log group",
        ),
    ],
)
def test_given_a_name_that_is_taken_when_created_then_the_message_names_it(
    token: str, inputs: dict[str, Any], message: str, implementation: Implementations
) -> None:
    it = implementation(token)
    named = checked(it, {**inputs, "name": "taken"})
    it.create(named)

    with pytest.raises(ProviderError, match=message.replace("(", r"\(").replace(")", r"\)")):
        it.create(named)


def test_given_a_queue_name_taken_with_other_attributes_when_created_then_the_message_names_it(
    implementation: Implementations,
) -> None:
    it = implementation("aws:sqs/queue:Queue")
    it.create(checked(it, {"name": "taken"}))

    with pytest.raises(ProviderError, match=r"creating SQS Queue \(taken\): .*QueueAlreadyExists"):
        it.create(checked(it, {"name": "taken", "visibilityTimeoutSeconds": 5}))


def test_given_a_protected_table_when_deleted_then_aws_refuses(implementation: Implementations) -> None:
    it = implementation("aws:dynamodb/table:Table")
    inputs = {
        "attributes": [{"name": "k", "type": "S"}],
        "billingMode": "PAY_PER_REQUEST",
        "deletionProtectionEnabled": True,
        "hashKey": "k",
    }
    resource_id, state = it.create(checked(it, inputs))

    with pytest.raises(ProviderError, match="DeletionProtectionEnabled"):
        it.delete(resource_id, state)

    unprotected = {**inputs, "name": resource_id, "deletionProtectionEnabled": False}
    it.update(resource_id, state, unprotected, frozenset({"deletionProtectionEnabled"}))
    it.delete(resource_id, state)
    assert it.read(resource_id, state) is None


def test_given_a_later_step_that_fails_when_created_then_the_resource_is_not_forgotten(
    implementation: Implementations,
) -> None:
    it = implementation("aws:iam/role:Role")
    missing = "arn:aws:iam::123456789012:policy/missing"

    with pytest.raises(IncompleteCreationError, match="NoSuchEntity") as raised:
        it.create(checked(it, {"assumeRolePolicy": TRUST, "managedPolicyArns": [missing], "name": "half"}))

    assert raised.value.resource_id == "half"
    it.delete("half", {})
    assert it.read("half", {}) is None


def test_given_a_role_with_a_policy_of_others_when_deleted_then_aws_refuses(
    implementation: Implementations, aws: Aws
) -> None:
    it = implementation("aws:iam/role:Role")
    resource_id, state = it.create(checked(it, {"assumeRolePolicy": TRUST}))
    aws.client("iam").put_role_policy(RoleName=resource_id, PolicyName="of-others", PolicyDocument=POLICY)

    with pytest.raises(ProviderError, match="DeleteConflict"):
        it.delete(resource_id, state)


def test_given_a_rule_with_targets_when_deleted_then_aws_refuses(
    implementation: Implementations, aws: Aws, existing: dict[str, Any]
) -> None:
    it = implementation("aws:cloudwatch/eventRule:EventRule")
    resource_id, state = it.create(checked(it, {"scheduleExpression": "rate(1 hour)"}))
    target = {"Id": "t", "Arn": existing["plain_arn"]}
    aws.client("events").put_targets(Rule=resource_id, Targets=[target])

    with pytest.raises(ProviderError, match=r"deleting EventBridge Rule .* targets"):
        it.delete(resource_id, state)


def test_given_an_id_without_a_group_when_a_schedule_is_imported_then_the_message_tells_the_form(
    implementation: Implementations,
) -> None:
    with pytest.raises(ProviderError, match=r"unexpected format of ID \(nightly\), expected <schedule group>/"):
        implementation("aws:scheduler/schedule:Schedule").read("nightly", {})


def test_given_a_region_of_its_own_when_created_then_the_resource_is_there(
    implementation: Implementations, aws: Aws
) -> None:
    it = implementation("aws:sqs/queue:Queue")

    resource_id, state = it.create(checked(it, {"name": "far", "region": "us-east-2"}))

    assert state["region"] == "us-east-2"
    assert state["arn"] == "arn:aws:sqs:us-east-2:123456789012:far"
    assert "QueueUrls" not in aws.client("sqs").list_queues()
    assert it.diff({"name": "far"}, state, {"name": "far", "region": "eu-west-1"}).replacing == {"region"}
    it.delete(resource_id, state)
    assert it.read(resource_id, state) is None
