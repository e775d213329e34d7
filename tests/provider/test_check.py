"""What is refused before anything is touched, and how resources get their names."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import UNKNOWN

Implementations = Callable[[str], ResourceType]

TABLE, QUEUE, ROLE = "aws:dynamodb/table:Table", "aws:sqs/queue:Queue", "aws:iam/role:Role"
LOGS, FUNCTION = "aws:cloudwatch/logGroup:LogGroup", "aws:lambda/function:Function"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
RULE = "aws:cloudwatch/eventRule:EventRule"
POLICY, SCHEDULE = "aws:sqs/queuePolicy:QueuePolicy", "aws:scheduler/schedule:Schedule"
ARN = "arn:aws:sqs:eu-west-1:123456789012:q"
KEY = {"hashKey": "k", "attributes": [{"name": "k", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}


def failures(it: ResourceType, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    return [(failure.property, failure.reason) for failure in it.check("thing", {}, inputs).failures]


FIFO_MAPPING = {"eventSourceArn": f"{ARN}.fifo", "functionName": "f", "batchSize": 11}
TWO_KEYS = {"kmsMasterKeyId": "alias/k"}
UNDELIVERED = {"arn": ARN, "roleArn": ARN, "deadLetterConfig": {"arn": "undelivered"}}


def policy(**statement: str) -> dict[str, Any]:
    return {"queueUrl": "u", "policy": json.dumps({"Statement": statement})}


@pytest.mark.parametrize(
    ("token", "inputs", "at", "message"),
    [
        (QUEUE, {"colour": "red"}, "colour", "has no property 'colour'"),
        (POLICY, {"policy": "{}"}, "queueUrl", "Missing required property"),
        (QUEUE, {"name": "no spaces"}, "name", "invalid name 'no spaces'"),
        (QUEUE, {"name": "q" * 81}, "name", "81 characters long, at most 80"),
        (QUEUE, {"name": "q", "fifoQueue": True}, "name", "ends in .fifo"),
        (QUEUE, {"name": "q.fifo"}, "name", "only a FIFO queue"),
        (QUEUE, {"contentBasedDeduplication": True}, "contentBasedDeduplication", "can only be set for FIFO queue"),
        (QUEUE, {"deduplicationScope": "queue"}, "deduplicationScope", "only be set for FIFO"),
        (QUEUE, {"visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds", "at most 43200"),
        (QUEUE, {"visibilityTimeoutSeconds": "30"}, "visibilityTimeoutSeconds", "whole number"),
        (QUEUE, {"fifoQueue": "yes"}, "fifoQueue", "to be a boolean"),
        (QUEUE, {"redrivePolicy": "nonsense"}, "redrivePolicy", "invalid JSON"),
        (QUEUE, {"redrivePolicy": "[]"}, "redrivePolicy", "object is expected"),
        (QUEUE, {"tags": {"a": 1}}, "tags", '"tags.a" to be a string'),
        (QUEUE, {**TWO_KEYS, "sqsManagedSseEnabled": True}, "sqsManagedSseEnabled", "conflicts with kmsMasterKeyId"),
        (QUEUE, {**TWO_KEYS, "sqsManagedSseEnabled": False}, "sqsManagedSseEnabled", "conflicts with kmsMasterKeyId"),
        (POLICY, {"queueUrl": "u", "policy": "{}"}, "policy", "no Statement"),
        (POLICY, policy(Effect="allow", Action="*"), "policy", "without Effect Allow or Deny"),
        (POLICY, policy(Effect="Allow"), "policy", "without Action"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "invalid JSON"),
        (TABLE, {**KEY, "name": "ab"}, "name", "{3,255}"),
        (TABLE, {**KEY, "billingMode": "FREE"}, "billingMode", "to be one of"),
        (
            TABLE,
            {**KEY, "attributes": [*KEY["attributes"], {"name": "x", "type": "S"}]},
            "attributes",
            "Unused attributes: ['x']",
        ),
        (TABLE, {**KEY, "hashKey": "h"}, "attributes", "Unmatched indexes: ['h']"),
        (TABLE, {**KEY, "billingMode": "PROVISIONED"}, "readCapacity", "must be greater than 0"),
        (TABLE, {**KEY, "writeCapacity": 1}, "writeCapacity", "PAY_PER_REQUEST"),
        (TABLE, {**KEY, "pointInTimeRecovery": {}}, "pointInTimeRecovery", "missing required"),
        (TABLE, {**KEY, "attributes": "k"}, "attributes", "to be a list"),
        (LOGS, {"retentionInDays": 2}, "retentionInDays", "to be one of"),
        (LOGS, {"name": "q", "namePrefix": "q"}, "namePrefix", "conflicts with name"),
        (FUNCTION, {"environment": {"when": "now"}}, "environment", '"environment.when" is not'),
        (FUNCTION, {"code": "zip"}, "code", "to be an archive"),
        (FUNCTION, {"role": "a-role"}, "role", "is an invalid ARN"),
        (FUNCTION, {"runtime": "python9"}, "runtime", "to be one of"),
        (MAPPING, FIFO_MAPPING, "batchSize", "must not be greater than 10"),
        (RULE, {}, "eventPattern", "must be specified"),
        (SCHEDULE, {"target": {"arn": ARN}}, "target", '"target.roleArn"'),
        (SCHEDULE, {"target": UNDELIVERED}, "target", "is an invalid ARN"),
        (SCHEDULE, {"scheduleExpression": "6 hours"}, "scheduleExpression", "rate(...)"),
        (SCHEDULE, {"flexibleTimeWindow": {}}, "flexibleTimeWindow", "missing required"),
        (SCHEDULE, {"state": "ON"}, "state", "to be one of"),
    ],
)
def test_given_wrong_inputs_when_checked_then_the_message_names_property_and_reason(
    token: str, inputs: dict[str, Any], at: str, message: str, implementation: Implementations
) -> None:
    found = failures(implementation(token), inputs)

    assert any(name == at and message in reason for name, reason in found), found


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
def test_given_no_name_when_checked_then_one_is_made_and_stays_until_the_program_gives_one(
    inputs: dict[str, Any], form: str, implementation: Implementations
) -> None:
    def named(before: dict[str, Any], inputs: dict[str, Any], seed: bytes = b"") -> dict[str, Any]:
        return implementation(QUEUE).check("jobs", before, inputs, seed).inputs

    made = named({}, inputs)
    assert re.fullmatch(form, made["name"])
    assert named({}, inputs)["name"] != made["name"]
    assert named({}, inputs, b"seed") == named({}, inputs, b"seed"), "one seed, one name"

    assert named(made, inputs)["name"] == made["name"]
    given = named(made, {"name": "mine"})
    assert given["name"] == "mine"
    assert named(given, inputs)["name"] != "mine", "a name taken back is made anew"


def test_given_a_logical_name_that_leaves_no_room_when_checked_then_a_name_is_asked_for(
    implementation: Implementations,
) -> None:
    result = implementation(ROLE).check("r" * 60, {}, {"assumeRolePolicy": UNKNOWN})

    assert [failure.property for failure in result.failures] == ["name"]
    assert "please specify a custom name" in result.failures[0].reason


def test_given_a_name_prefix_when_created_then_the_name_starts_with_it(implementation: Implementations) -> None:
    resource_id, _ = implementation(LOGS).create({"namePrefix": "/aws/lambda/x-"})

    assert re.fullmatch(r"/aws/lambda/x-\d{18}[0-9a-f]{8}", resource_id)
