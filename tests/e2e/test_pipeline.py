"""From HealthOmics to the table: event, rule, queue, the deployed zip under AWS's runtime client, row."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox

from tests.existing import create_queue, create_table

QUEUE = "existing-queue.fifo"
TABLE = "existing-table"


@pytest.mark.parametrize(
    ("adopt_table", "adopt_queue", "mending"),
    [(False, False, "backfill --prune"), (True, False, "verify --repair"), (True, True, "backfill --prune")],
)
def test_rows_follow_the_life_of_read_sets(
    adopt_table: bool, adopt_queue: bool, mending: str, sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN the pipeline in a mode; the fourth is that of the next test
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
    assert stack.statuses() == {one: "ARCHIVED", three: "ACTIVE"}
    assert stack.rows()[one]["files"]

    sandbox.client("omics").start_read_set_activation_job(sequenceStoreId=store, sources=[{"readSetId": one}])
    sandbox.drain()
    assert stack.statuses()[one] == "ACTIVE"

    # AND source, table and pipeline are found in sync
    document = stack.omics_meta("verify", "--deep", "--json").document
    assert document["in_sync"]
    assert document["totals"]["in_sync"] == 2
    assert len(document["pipeline"]) >= 10

    # WHEN events are lost, THEN one command makes up for them
    omics.emit_events = False
    omics.set_status(store, one, "ARCHIVED")
    omics.set_status(store, three, "DELETED")
    new = omics.create_read_set(store, name="new")
    stack.omics_meta("verify", code=1)
    stack.omics_meta(*mending.split())
    assert stack.statuses() == {one: "ARCHIVED", new: "ACTIVE"}
    stack.omics_meta("verify", "--deep")

    # AND what destroy leaves behind is the table with its rows, and what was adopted
    stack.deployment.destroy()
    assert set(stack.rows()) == {one, new}
    queues = [url.rpartition("/")[2] for url in sandbox.client("sqs").list_queues().get("QueueUrls", [])]
    assert queues == ([QUEUE] if adopt_queue else [])


def test_an_adopted_queue_keeps_its_policy_and_what_it_refuses_is_not_lost(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN a queue whose policy lets no event in
    sqs = sandbox.client("sqs")
    url = create_queue(sqs, QUEUE)
    stack = up(SQSQueueName=QUEUE, storeEvents=False)
    store = sandbox.omics.create_store("cohort")
    refused = sandbox.omics.create_read_set(store, name="refused")
    sandbox.drain()

    # THEN there is no row, and what is wrong is told
    assert stack.rows() == {}
    [message] = stack.omics_meta("dlq", "show", "--json").document["messages"]
    assert message["queue"] == "undelivered"
    assert message["attributes"]["RULE_ARN"] == stack.outputs["ruleArn"]
    assert message["set_arn"].endswith(f"/{refused}")
    checks = stack.omics_meta("verify", "--json", code=1).document["pipeline"]
    broken = {check["check"]: check for check in checks if not check["passed"]}
    assert set(broken) == {"queue policy", "dead letters"}
    assert stack.outputs["ruleArn"] in broken["queue policy"]["remedy"]

    # AND reconciliations, which the schedule asks for by its own role, do what events cannot
    stack.reconcile()
    assert stack.statuses() == {refused: "ACTIVE"}

    # WHEN the queue lets the rule send, THEN what it could not deliver is redriven
    sandbox.omics.set_status(store, refused, "ARCHIVED")
    sandbox.drain()
    assert stack.statuses() == {refused: "ACTIVE"}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": stack.outputs["queueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": stack.outputs["ruleArn"]}},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    stack.omics_meta("dlq", "redrive")
    sandbox.drain()
    assert stack.statuses() == {refused: "ARCHIVED"}


def test_read_sets_that_hang_take_no_other_with_them(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN a function with ten seconds for its work, and read sets of which some never answer
    stack = up(functionTimeout=15, maxReceiveCount=1, maxTps="1000", storeEvents=False)
    omics = sandbox.omics
    store = omics.create_store("cohort")
    omics.emit_events = False
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(10)]
    hanging = set(read_sets[:3])
    omics.faults.add_latency("GetReadSetMetadata", 3600, when=lambda given: given["id"] in hanging)
    omics.emit_events = True

    # WHEN all of them have an event
    for read_set in read_sets:
        omics.set_status(store, read_set, "ACTIVE")
    sandbox.drain(timeout=120)

    # THEN all others have their rows, and the dead letters and the log name those that hang
    assert stack.rows().keys() == set(read_sets) - hanging
    assert len(stack.queued(stack.outputs["deadLetterQueueUrl"])) == 3
    failed = [line for line in stack.logs() if line.get("message") == "event failed"]
    assert {line["set_arn"].rpartition("/")[2] for line in failed} == hanging
    assert {line["reason"] for line in failed} == {"it did not end within the function's time"}
