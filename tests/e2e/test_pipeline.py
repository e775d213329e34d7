"""From HealthOmics to the table: event, rule, queue, the deployed zip under AWS's runtime client, row."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox

from tests.existing import create_queue, create_table

QUEUE = "existing-queue.fifo"
TABLE = "existing-table"


@pytest.mark.parametrize("adopt_queue", [False, True], ids=["created-queue", "adopted-queue"])
@pytest.mark.parametrize("adopt_table", [False, True], ids=["created-table", "adopted-table"])
def test_rows_follow_the_life_of_read_sets(
    adopt_table: bool, adopt_queue: bool, sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN the pipeline, in each of its four modes
    config: dict[str, Any] = {}
    if adopt_table:
        create_table(sandbox.client("dynamodb"), TABLE)
        config["dynamoTableName"] = TABLE
    if adopt_queue:
        create_queue(sandbox.client("sqs"), QUEUE)
        config |= {"SQSQueueName": QUEUE, "manageQueuePolicy": True}
    stack = up(**config)
    omics = sandbox.omics
    store = omics.create_store("cohort")

    # WHEN read sets are created
    one, two, three = (omics.create_read_set(store, name=f"set {n}", tags={"n": str(n)}) for n in range(3))
    sandbox.drain()

    # THEN they have rows
    rows = stack.rows()
    assert set(rows) == {one, two, three}
    assert rows[one]["tags"] == [{"n": "0"}]
    assert rows[one]["store"]["store_name"] == "cohort"

    # WHEN they are archived, deleted, activated, THEN the rows follow
    omics.set_status(store, one, "ARCHIVED")
    sandbox.client("omics").batch_delete_read_set(sequenceStoreId=store, ids=[two])
    sandbox.drain()
    rows = stack.rows()
    assert {each: row["set_status"] for each, row in rows.items()} == {one: "ARCHIVED", three: "ACTIVE"}
    assert rows[one]["files"]

    sandbox.client("omics").start_read_set_activation_job(sequenceStoreId=store, sources=[{"readSetId": one}])
    sandbox.drain()
    assert stack.rows()[one]["set_status"] == "ACTIVE"

    # AND source, table and pipeline are found in sync
    verified = stack.omics_meta("verify", "--deep", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    document = json.loads(verified.stdout)
    assert document["in_sync"]
    assert document["totals"]["in_sync"] == 2
    assert len(document["pipeline"]) >= 10

    # AND what destroy leaves behind is the table with its rows, and what was adopted
    stack.deployment.destroy()
    assert set(stack.rows()) == {one, three}
    queues = [url.rpartition("/")[2] for url in sandbox.client("sqs").list_queues().get("QueueUrls", [])]
    assert queues == ([QUEUE] if adopt_queue else [])


def test_an_adopted_queue_keeps_its_policy_and_what_it_refuses_is_not_lost(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    create_queue(sandbox.client("sqs"), QUEUE)
    stack = up(SQSQueueName=QUEUE, storeEvents=False)
    store = sandbox.omics.create_store("cohort")

    read_set = sandbox.omics.create_read_set(store, name="refused")
    sandbox.drain()

    assert stack.rows() == {}
    [undelivered] = stack.queued(stack.outputs["undeliveredQueueUrl"])
    assert json.loads(undelivered["Body"])["detail"]["id"] == read_set
    verified = stack.omics_meta("verify", "--json")
    assert verified.returncode == 1
    broken = {check["check"]: check for check in json.loads(verified.stdout)["pipeline"] if not check["passed"]}
    assert set(broken) == {"queue policy", "dead letters"}
    assert stack.outputs["ruleArn"] in broken["queue policy"]["remedy"]


def test_one_read_set_that_keeps_failing_ends_in_the_dead_letter_queue_alone(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxReceiveCount=2, storeEvents=False)
    store = sandbox.omics.create_store("cohort")
    sandbox.omics.emit_events = False
    poison = sandbox.omics.create_read_set(store, name="poison")
    sandbox.omics.emit_events = True
    sandbox.omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == poison)

    sandbox.omics.set_status(store, poison, "ACTIVE")
    others = [sandbox.omics.create_read_set(store, name=f"fine {n}") for n in range(12)]
    sandbox.drain()

    assert set(stack.rows()) == set(others)
    [dead] = stack.queued(stack.outputs["deadLetterQueueUrl"])
    assert json.loads(dead["Body"])["detail"]["id"] == poison
    failures = [line for line in sandbox.lambda_logs(stack.outputs["functionName"]) if "event failed" in line]
    assert failures
    assert all(poison in line and "AccessDeniedException" in line for line in failures)


def test_a_malformed_message_ends_in_the_dead_letter_queue(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up(maxReceiveCount=1)

    sandbox.client("sqs").send_message(
        QueueUrl=stack.outputs["queueUrl"], MessageBody="not an event", MessageGroupId="somebody"
    )
    sandbox.drain()

    [dead] = stack.queued(stack.outputs["deadLetterQueueUrl"])
    assert dead["Body"] == "not an event"
    assert any("the message is not JSON" in line for line in sandbox.lambda_logs(stack.outputs["functionName"]))


@pytest.mark.parametrize("command", [("backfill", "--prune"), ("verify", "--repair")], ids="-".join)
def test_lost_events_are_made_up_for(command: tuple[str, ...], sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    store = sandbox.omics.create_store("cohort")
    kept, lost = (sandbox.omics.create_read_set(store, name=f"set {n}") for n in range(2))
    sandbox.drain()
    sandbox.omics.emit_events = False
    sandbox.omics.set_status(store, kept, "ARCHIVED")
    sandbox.omics.set_status(store, lost, "DELETED")
    new = sandbox.omics.create_read_set(store, name="new")

    assert stack.omics_meta("verify").returncode == 1
    done = stack.omics_meta(*command)

    assert done.returncode == 0, done.stdout + done.stderr
    assert {each: row["set_status"] for each, row in stack.rows().items()} == {kept: "ARCHIVED", new: "ACTIVE"}
    assert stack.omics_meta("verify", "--deep").returncode == 0
