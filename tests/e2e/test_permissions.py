"""The deployed function may do what it needs and nothing else; services use keys as docs/security.md says."""

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


def listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_given_the_deployed_role_when_read_sets_come_change_and_go_then_each_permission_is_used_and_no_other_needed(
    up: Callable[..., Any], sandbox: Sandbox
) -> None:
    stack = up()
    for queue in ("queue", "undeliveredQueue"):
        check_who_may_send(sandbox, stack.outputs[f"{queue}Arn"], stack.outputs[f"{queue}Url"])
    store_id = sandbox.omics.create_store("cohort-a")
    # HealthOmics does not know yet of the first read set when its event comes.
    sandbox.omics.faults.add("GetReadSetMetadata", "ResourceNotFoundException", times=1)
    reference = sandbox.omics.create_reference("GRCh38")
    read_set_id = sandbox.omics.create_read_set(store_id, name="NA12878", reference_arn=reference)
    sandbox.drain()
    row = stack.rows()[read_set_id]
    assert (row["set_status"], row["set_reference_name"]) == ("ACTIVE", "GRCh38")
    sandbox.omics.set_status(store_id, read_set_id, "ARCHIVED")
    sandbox.omics.set_status(store_id, read_set_id, "DELETED")
    sandbox.omics.emit_events = False
    missed = sandbox.omics.create_read_set(store_id, name="NA12879")
    sandbox.drain()
    stack.reconcile()
    assert set(stack.rows()) == {missed}

    role = sandbox.client("lambda").get_function(FunctionName=stack.outputs["functionName"])["Configuration"]["Role"]
    calls = sandbox.calls.of(role)
    assert [call for call in calls if call.refused] == []
    # Each action that is allowed on a resource was done to such a resource, and no other was done at all.
    used = {(call.action, resource) for call in calls for resource in call.resources}
    allowed = [
        (action, pattern)
        for statement in statements(sandbox, role)
        for action in listed(statement["Action"])
        for pattern in listed(statement["Resource"])
    ]
    assert [each for each in allowed if not any(covers(each, call) for call in used)] == []
    assert [call for call in used if not any(covers(each, call) for each in allowed)] == []


def statements(sandbox: Sandbox, role: str) -> list[Any]:
    iam, name = sandbox.client("iam"), role.rpartition("/")[2]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]


def covers(allowed: tuple[str, str], call: tuple[str, str]) -> bool:
    action, pattern = allowed
    statement = {"Effect": "Allow", "Action": action, "Resource": pattern}
    return allows([json.dumps({"Statement": [statement]})], call[0], resource=call[1])


def check_who_may_send(sandbox: Sandbox, arn: str, url: str) -> None:
    """Check that a queue takes messages from the rules of its stack alone, and never over plain HTTP."""
    policy = sandbox.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    rules = [rule["Arn"] for rule in sandbox.client("events").list_rules()["Rules"]]
    assert len(rules) == 3

    def may_send(service: str, **context: str) -> bool:
        keys = {f"aws:{name}": value for name, value in context.items()}
        return allows([policy], "sqs:SendMessage", resource=arn, service=service, context=keys)

    events = "events.amazonaws.com"
    assert all(may_send(events, sourcearn=rule, securetransport="true") for rule in rules)
    assert not any(may_send(events, sourcearn=rule, securetransport="false") for rule in rules)
    assert not may_send(events, sourcearn=f"{rules[0]}-of-somebody-else", securetransport="true")
    assert not may_send(events, sourcearn=rules[0].replace("123456789012", "999999999999"), securetransport="true")
    assert not may_send(events, securetransport="true")
    assert not may_send("sns.amazonaws.com", sourcearn=rules[0], securetransport="true")


def policy(*services: dict[str, Any]) -> str:
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    account = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
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


def test_the_documented_statement_lets_alarms_use_the_key_of_their_topic() -> None:
    """By the policy alone: alarms of the sandbox publish nothing."""
    *others, for_alarms = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in DOCUMENTED)
    service = "cloudwatch.amazonaws.com"
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert allows([for_alarms], action, service=service)
        assert not allows(others, action, service=service)
