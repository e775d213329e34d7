"""What the deployed pipeline does about read sets that fail, a service that is away, and one message group for all."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

from tests.e2e.conftest import EARLIER, ROOT, Stack

STATUSES = ("ARCHIVED", "ACTIVATING", "ACTIVE")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        yield running


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack whose messages may be received twice."""
    config = {"maxReceiveCount": 2, "maxTps": "1000", "storeEvents": False}
    deployment = deploy(ROOT, stack="dev", config=config, environment=sandbox.environment)
    return Stack(sandbox, deployment, tmp_path_factory.mktemp("outages"))


@pytest.fixture
def stack(deployed: Stack) -> Iterator[Stack]:
    """The same stack for each test, and nothing in it of the one before: rows, stores, messages, logs, or faults."""
    yield deployed
    omics = deployed.sandbox.omics
    omics.faults.clear()
    omics.emit_events, deployed.sandbox.events.literal_groups = True, False
    for store in list(omics.stores):
        for read_set in list(omics.store(store).read_sets):
            omics.set_status(store, read_set, "DELETED")
        omics.delete_store(store)
    deployed.sandbox.drain()
    for arn in (row["set_arn"] for row in deployed.rows().values()):
        key = {"set_arn": {"S": arn}}
        deployed.sandbox.client("dynamodb").delete_item(TableName=deployed.outputs["tableName"], Key=key)
    url = deployed.outputs["deadLetterQueueUrl"]
    while messages := dead_letters(deployed):
        for message in messages:
            deployed.sandbox.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    logs, group = deployed.sandbox.client("logs"), {"logGroupName": deployed.outputs["logGroupName"]}
    for stream in logs.describe_log_streams(**group)["logStreams"]:
        logs.delete_log_stream(**group, logStreamName=stream["logStreamName"])


def is_one_of(read_sets: set[str]) -> Callable[[Any], bool]:
    return lambda given: given.get("id") in read_sets


def dead_letters(stack: Stack) -> list[dict[str, Any]]:
    return stack.queued(stack.outputs["deadLetterQueueUrl"])


def logged(stack: Stack, message: str) -> list[dict[str, Any]]:
    return [line for line in stack.logs() if message in line.get("message", "")]


def test_an_outage_makes_no_dead_letters(stack: Stack) -> None:
    # GIVEN messages that may be received twice, while HealthOmics is away for as many calls as two receives make
    sandbox, omics = stack.sandbox, stack.sandbox.omics
    store = omics.create_store("cohort")
    sandbox.drain(timeout=120)
    omics.faults.add("GetReadSetMetadata", "InternalServerException", times=18)

    read_set = omics.create_read_set(store, name="patient")
    sandbox.drain(timeout=120)

    # THEN the row comes when it is back
    assert stack.rows().keys() == {read_set}
    assert dead_letters(stack) == []


def test_in_one_message_group_for_all_a_poisoned_read_set_holds_up_nobody(stack: Stack) -> None:
    # GIVEN an EventBridge for which the path to the message group is its name
    sandbox, omics = stack.sandbox, stack.sandbox.omics
    sandbox.events.literal_groups = True
    store = omics.create_store("cohort")
    omics.emit_events = False
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(30)]
    poisoned = read_sets[3]
    omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=is_one_of({poisoned}))
    omics.emit_events = True

    for read_set in read_sets:
        omics.set_status(store, read_set, "ACTIVE")
    sandbox.drain(timeout=120)

    # THEN it alone becomes a dead letter, after as many tries as in a group of its own, and the log says what is wrong
    assert stack.rows().keys() == set(read_sets) - {poisoned}
    assert len(dead_letters(stack)) == 1
    failed = logged(stack, "event failed")
    assert [line["receive_count"] for line in failed] == [1, 1, 2]
    assert {line["message_group"] for line in logged(stack, "share a message group")} == {"$.detail.id"}


def test_bad_read_sets_fail_alone_and_are_redriven_when_they_are_mended(stack: Stack) -> None:
    # GIVEN more read sets than a batch holds, three of which HealthOmics never gives
    sandbox, omics = stack.sandbox, stack.sandbox.omics
    omics.emit_events = False
    store = omics.create_store("cohort")
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(13)]
    omics.emit_events = True
    bad = read_sets[4:7]
    omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=is_one_of(set(bad)))

    # WHEN each has three events
    for status in STATUSES:
        for read_set in read_sets:
            omics.set_status(store, read_set, status)
    sandbox.drain(timeout=120)

    # THEN all the others are right
    assert set(stack.rows()) == set(read_sets) - set(bad)
    differences = stack.omics_meta("verify", "--json", code=1).document["differences"]
    assert sorted((each["set_id"], each["state"]) for each in differences) == [(each, "missing") for each in bad]

    # AND the bad ones' events are dead letters, with the reason in the log
    shown = stack.omics_meta("dlq", "show", "--json").document["messages"]
    # Those that waited behind another were sent to the end of their message group.
    for each in bad:
        assert sorted(dead["status"] for dead in shown if dead["set_arn"].endswith(f"/{each}")) == sorted(STATUSES)
    assert len(shown) == len(bad) * len(STATUSES)
    failures = [line for line in sandbox.lambda_logs(stack.outputs["functionName"]) if "event failed" in line]
    assert len(failures) >= len(shown)
    assert all("AccessDeniedException" in line and any(each in line for each in bad) for line in failures)

    # WHEN they are mended, and two of them archived and deleted since
    omics.faults.clear()
    mended, archived, deleted = bad
    omics.set_status(store, archived, "ARCHIVED")
    omics.set_status(store, deleted, "DELETED")
    sandbox.drain()
    before = stack.statuses()
    assert {each: before.get(each) for each in bad} == {mended: None, archived: "ARCHIVED", deleted: None}

    # THEN what is redriven makes the missing row, and leaves the others true
    [queue, *_] = stack.omics_meta("dlq", "redrive", "--json").document["queues"]
    assert queue["redriven"] == len(shown)
    sandbox.drain(timeout=60)
    assert stack.statuses() == before | {mended: "ACTIVE"}
    assert dead_letters(stack) == []
    stack.omics_meta("verify", "--deep")


def test_a_store_that_cannot_be_listed_is_named_and_the_others_are_reconciled(stack: Stack) -> None:
    sandbox, omics = stack.sandbox, stack.sandbox.omics
    closed, store = omics.create_store("closed"), omics.create_store("cohort")
    ghost = omics.create_read_set(closed, name="ghost", creation_time=EARLIER)
    renamed = omics.create_read_set(store, name="set")
    sandbox.drain()
    omics.emit_events = False
    omics.set_status(closed, ghost, "DELETED")
    omics.update_read_set(store, renamed, name="another name")
    created = omics.create_read_set(store, name="created")
    omics.faults.add("ListReadSets", "AccessDeniedException", when=lambda given: given["sequenceStoreId"] == closed)
    before = stack.finished()

    stack.reconcile()

    # THEN nothing of the closed store is deleted, and its step is a dead letter
    rows = stack.rows()
    assert set(rows) == {ghost, renamed, created}
    assert rows[renamed]["set_name"] == "another name"
    [dead] = dead_letters(stack)
    assert json.loads(dead["Body"])["detail-type"] == "Reconcile Step"
    reasons = [line["reason"] for line in stack.logs() if line.get("message") == "event failed"]
    assert len(reasons) == 2
    assert all(f"could not be listed: {closed}: ListReadSets: AccessDeniedException" in reason for reason in reasons)
    assert stack.finished() == before

    # AND the next reconciliation makes good what this one could not
    omics.faults.clear()
    stack.reconcile()
    assert set(stack.rows()) == {renamed, created}
