"""What is refused before anything is touched, and how resources get their names."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox.provider.catalogue import RESOURCE_TYPES, resource_type
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import UNKNOWN

Implementations = Callable[[str], ResourceType]

TABLE, QUEUE, ROLE = "aws:dynamodb/table:Table", "aws:sqs/queue:Queue", "aws:iam/role:Role"
LOGS, FUNCTION = "aws:cloudwatch/logGroup:LogGroup", "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
POLICY, SCHEDULE = "aws:sqs/queuePolicy:QueuePolicy", "aws:scheduler/schedule:Schedule"
ARN = "arn:aws:sqs:eu-west-1:123456789012:q"
KEY = {"hashKey": "k", "attributes": [{"name": "k", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}


def failures(it: ResourceType, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    return [(failure.property_name, failure.reason) for failure in it.check("thing", {}, inputs).failures]


@pytest.mark.parametrize(
    ("token", "inputs", "at", "message"),
    [
        pytest.param(QUEUE, {"colour": "red"}, "colour", "has no property 'colour'", id="unknown property"),
        pytest.param(POLICY, {"policy": "{}"}, "queueUrl", "Missing required property", id="missing property"),
        pytest.param(QUEUE, {"name": "no spaces"}, "name", "invalid name 'no spaces'", id="queue name"),
        pytest.param(QUEUE, {"name": "q" * 81}, "name", "81 characters long, at most 80", id="long name"),
        pytest.param(QUEUE, {"name": "q", "fifoQueue": True}, "name", "ends in .fifo", id="FIFO without suffix"),
        pytest.param(QUEUE, {"name": "q.fifo"}, "name", "only a FIFO queue", id="suffix without FIFO"),
        pytest.param(
            QUEUE,
            {"contentBasedDeduplication": True},
            "contentBasedDeduplication",
            "can only be set for FIFO queue",
            id="deduplication without FIFO",
        ),
        pytest.param(QUEUE, {"deduplicationScope": "queue"}, "deduplicationScope", "only be set for FIFO", id="scope"),
        pytest.param(
            QUEUE, {"visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds", "at most 43200", id="range"
        ),
        pytest.param(QUEUE, {"visibilityTimeoutSeconds": "30"}, "visibilityTimeoutSeconds", "whole number", id="type"),
        pytest.param(QUEUE, {"redrivePolicy": "nonsense"}, "redrivePolicy", "invalid JSON", id="JSON"),
        pytest.param(QUEUE, {"redrivePolicy": "[]"}, "redrivePolicy", "object is expected", id="JSON object"),
        pytest.param(QUEUE, {"tags": {"a": 1}}, "tags", '"tags.a" to be a string', id="tag"),
        pytest.param(QUEUE, {"name": "q", "namePrefix": "q"}, "namePrefix", "conflicts with name", id="prefix"),
        pytest.param(
            QUEUE,
            {"sqsManagedSseEnabled": True, "kmsMasterKeyId": "alias/k"},
            "sqsManagedSseEnabled",
            "conflicts with kmsMasterKeyId",
            id="two encryptions",
        ),
        pytest.param(
            QUEUE,
            {"sqsManagedSseEnabled": False, "kmsMasterKeyId": "alias/k"},
            "sqsManagedSseEnabled",
            "conflicts with kmsMasterKeyId",
            id="one encryption, and the other switched off",
        ),
        pytest.param(POLICY, {"queueUrl": "u", "policy": "{}"}, "policy", "no Statement", id="empty policy"),
        pytest.param(
            POLICY,
            {"queueUrl": "u", "policy": json.dumps({"Statement": {"Effect": "allow", "Action": "*"}})},
            "policy",
            "without Effect Allow or Deny",
            id="policy effect",
        ),
        pytest.param(
            POLICY,
            {"queueUrl": "u", "policy": json.dumps({"Statement": [{"Effect": "Allow"}]})},
            "policy",
            "without Action",
            id="policy action",
        ),
        pytest.param(ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "invalid JSON", id="role policy"),
        pytest.param(TABLE, {**KEY, "name": "ab"}, "name", "3 to 255", id="table name"),
        pytest.param(TABLE, {**KEY, "billingMode": "FREE"}, "billingMode", "to be one of", id="choice"),
        pytest.param(
            TABLE,
            {**KEY, "attributes": [*KEY["attributes"], {"name": "x", "type": "S"}]},
            "attributes",
            "Unused attributes: ['x']",
            id="unused attribute",
        ),
        pytest.param(TABLE, {**KEY, "rangeKey": "r"}, "attributes", "Unmatched indexes: ['r']", id="undefined key"),
        pytest.param(
            TABLE, {**KEY, "billingMode": "PROVISIONED"}, "readCapacity", "must be greater than 0", id="no capacity"
        ),
        pytest.param(TABLE, {**KEY, "writeCapacity": 1}, "writeCapacity", "PAY_PER_REQUEST", id="needless capacity"),
        pytest.param(TABLE, {**KEY, "pointInTimeRecovery": {}}, "pointInTimeRecovery", "missing required", id="nested"),
        pytest.param(
            FUNCTION, {"environment": {"when": "now"}}, "environment", '"environment.when" is not', id="unknown nested"
        ),
        pytest.param(TABLE, {**KEY, "attributes": "k"}, "attributes", "to be a list", id="list"),
        pytest.param(LOGS, {"retentionInDays": 2}, "retentionInDays", "to be one of", id="retention"),
        pytest.param(FUNCTION, {"code": "zip"}, "code", "to be an archive", id="archive"),
        pytest.param(FUNCTION, {"role": "a-role"}, "role", "is an invalid ARN", id="ARN"),
        pytest.param(QUEUE, {"fifoQueue": "yes"}, "fifoQueue", "to be a boolean", id="boolean"),
        pytest.param(
            MAPPING,
            {"eventSourceArn": f"{ARN}.fifo", "functionName": "f", "batchSize": 11},
            "batchSize",
            "must not be greater than 10",
            id="FIFO batch",
        ),
        pytest.param(
            MAPPING,
            {"eventSourceArn": f"{ARN}.fifo", "functionName": "f", "maximumBatchingWindowInSeconds": 1},
            "maximumBatchingWindowInSeconds",
            "not supported for FIFO",
            id="FIFO window",
        ),
        pytest.param(RULE, {}, "eventPattern", "must be specified", id="rule without event"),
        pytest.param(RULE, {"scheduleExpression": "hourly"}, "scheduleExpression", "rate(...)", id="schedule"),
        pytest.param(
            TARGET,
            {"arn": ARN, "rule": "r", "input": "{}", "inputPath": "$"},
            "inputPath",
            "conflicts with input",
            id="two inputs",
        ),
        pytest.param(SCHEDULE, {"target": {"arn": ARN}}, "target", '"target.roleArn"', id="schedule without role"),
        pytest.param(SCHEDULE, {"scheduleExpression": "6 hours"}, "scheduleExpression", "rate(...)", id="expression"),
        pytest.param(
            SCHEDULE,
            {"target": {"arn": ARN, "roleArn": ARN, "deadLetterConfig": {"arn": "undelivered"}}},
            "target",
            "is an invalid ARN",
            id="dead-letter queue",
        ),
        pytest.param(SCHEDULE, {"flexibleTimeWindow": {}}, "flexibleTimeWindow", "missing required", id="window"),
        pytest.param(SCHEDULE, {"state": "ON"}, "state", "to be one of", id="state"),
    ],
)
def test_given_wrong_inputs_when_checked_then_the_message_names_property_and_reason(
    token: str, inputs: dict[str, Any], at: str, message: str, implementation: Implementations
) -> None:
    found = failures(implementation(token), inputs)

    assert any(name == at and message in reason for name, reason in found), found


def test_given_a_type_that_is_not_known_then_the_message_lists_those_that_are() -> None:
    with pytest.raises(ProviderError, match=r"no resource type aws:s3/bucket:Bucket; it knows .*Table"):
        resource_type("aws:s3/bucket:Bucket")


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_given_values_that_are_not_known_yet_when_checked_then_they_pass(
    token: str, implementation: Implementations
) -> None:
    it = implementation(token)

    unknown = dict.fromkeys((name for name, declared in it.properties.items() if declared.required), UNKNOWN)
    if token == RULE:
        unknown["eventPattern"] = UNKNOWN
    if token == TABLE:
        unknown |= {"attributes": UNKNOWN, "billingMode": "PAY_PER_REQUEST"}

    assert failures(it, unknown) == []


@pytest.mark.parametrize(
    ("inputs", "form"),
    [
        pytest.param({}, r"jobs-[0-9a-f]{7}", id="standard"),
        pytest.param({"fifoQueue": True}, r"jobs-[0-9a-f]{7}\.fifo", id="FIFO"),
    ],
)
def test_given_no_name_when_checked_then_one_is_made(
    inputs: dict[str, Any], form: str, implementation: Implementations
) -> None:
    it = implementation(QUEUE)

    made = it.check("jobs", {}, inputs)

    assert re.fullmatch(form, made.inputs["name"])
    assert it.check("jobs", {}, inputs).inputs["name"] != made.inputs["name"]
    again = it.check("jobs", {}, inputs, b"seed").inputs["name"]
    assert it.check("jobs", {}, inputs, b"seed").inputs["name"] == again, "one seed, one name"


def test_given_an_automatic_name_when_checked_again_then_it_stays_until_the_program_gives_one(
    implementation: Implementations,
) -> None:
    it = implementation(QUEUE)
    first = it.check("jobs", {}, {}).inputs

    assert it.check("jobs", first, {}).inputs["name"] == first["name"]
    named = it.check("jobs", first, {"name": "mine"}).inputs
    assert named["name"] == "mine"
    assert it.check("jobs", named, {}).inputs["name"] != "mine", "a name taken back is made anew"


def test_given_a_logical_name_that_leaves_no_room_when_checked_then_a_name_is_asked_for(
    implementation: Implementations,
) -> None:
    result = implementation(ROLE).check("r" * 60, {}, {"assumeRolePolicy": UNKNOWN})

    assert [failure.property_name for failure in result.failures] == ["name"]
    assert "please specify a custom name" in result.failures[0].reason


def test_given_a_name_prefix_when_created_then_the_name_starts_with_it(implementation: Implementations) -> None:
    it = implementation(LOGS)
    inputs = it.check("logs", {}, {"namePrefix": "/aws/lambda/x-"}).inputs

    resource_id, state = it.create(inputs)

    assert re.fullmatch(r"/aws/lambda/x-\d{18}[0-9a-f]{8}", resource_id)
    assert state["namePrefix"] == "/aws/lambda/x-"
    assert it.diff(inputs, state, inputs).changed == frozenset()
    assert it.diff(inputs, state, {"namePrefix": "/other-"}).replacing == {"namePrefix"}
