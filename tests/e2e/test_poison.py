"""One read set that always fails delays only itself; and what failed can be sent back at any later time."""

import json
from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

STATUSES = ("ARCHIVED", "ACTIVATING", "ACTIVE", "ARCHIVED", "ACTIVE")


def failing(read_sets: set[str]) -> Callable[[Any], bool]:
    return lambda given: given["id"] in read_sets


def test_one_bad_read_set_among_forty_fails_alone_and_is_redriven_when_it_is_mended(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN forty read sets, one of which HealthOmics never gives
    stack = up(maxReceiveCount=2, maxTps="1000")
    omics = sandbox.omics
    omics.emit_events = False
    store = omics.create_store("cohort")
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(40)]
    omics.emit_events = True
    bad = read_sets[20]
    omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=failing({bad}))

    # WHEN each has five events
    for status in STATUSES:
        for read_set in read_sets:
            omics.set_status(store, read_set, status)
    sandbox.drain(timeout=120)

    # THEN all the others are right
    assert set(stack.rows()) == set(read_sets) - {bad}
    verified = json.loads(stack.omics_meta("verify", "--json").stdout)
    assert [(each["set_id"], each["state"]) for each in verified["differences"]] == [(bad, "missing")]

    # AND the bad one's events are dead letters, with the reason in the log
    shown = json.loads(stack.omics_meta("dlq", "show", "--json").stdout)
    assert [each["status"] for each in shown["messages"]] == list(STATUSES)
    assert {each["set_arn"].rpartition("/")[2] for each in shown["messages"]} == {bad}
    failures = [line for line in sandbox.lambda_logs(stack.outputs["functionName"]) if "event failed" in line]
    assert len(failures) >= len(STATUSES)
    assert all(bad in line and "AccessDeniedException" in line for line in failures)

    # AND mended and redriven, it has its row too
    omics.faults.clear()
    redriven = stack.omics_meta("dlq", "redrive")
    assert redriven.returncode == 0, redriven.stdout + redriven.stderr
    sandbox.drain(timeout=60)
    assert stack.rows()[bad]["set_status"] == "ACTIVE"
    in_sync = stack.omics_meta("verify", "--deep")
    assert in_sync.returncode == 0, in_sync.stdout + in_sync.stderr


def test_redriving_old_events_leaves_the_rows_true(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN events that failed, of read sets that have since been archived, and deleted
    stack = up(maxReceiveCount=1, maxTps="1000", storeEvents=False)
    omics = sandbox.omics
    store = omics.create_store("cohort")
    omics.faults.add("GetReadSetMetadata", "AccessDeniedException")
    archived, deleted = (omics.create_read_set(store, name=name) for name in ("archived", "deleted"))
    sandbox.drain()
    omics.faults.clear()
    assert stack.omics_meta("backfill").returncode == 0
    omics.set_status(store, archived, "ARCHIVED")
    omics.set_status(store, deleted, "DELETED")
    sandbox.drain()
    before = {read_set: row["set_status"] for read_set, row in stack.rows().items()}
    assert before == {archived: "ARCHIVED"}

    # WHEN they are redriven
    redriven = stack.omics_meta("dlq", "redrive", "--json")
    assert json.loads(redriven.stdout)["queues"][0]["redriven"] == 2, redriven.stderr
    sandbox.drain()

    # THEN nothing is worse than it was
    assert {read_set: row["set_status"] for read_set, row in stack.rows().items()} == before
    assert stack.queued(stack.outputs["deadLetterQueueUrl"]) == []
    assert stack.omics_meta("verify", "--deep").returncode == 0


def test_events_that_the_rule_could_not_deliver_are_redriven_to_the_queue(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN a queue whose policy did not let the rule send
    sqs = sandbox.client("sqs")
    stack = up(storeEvents=False)
    policy = sqs.get_queue_attributes(QueueUrl=stack.outputs["queueUrl"], AttributeNames=["Policy"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=stack.outputs["queueUrl"], Attributes={"Policy": ""})
    store = sandbox.omics.create_store("cohort")
    read_set = sandbox.omics.create_read_set(store, name="refused")
    sandbox.drain()
    assert stack.rows() == {}
    (message,) = json.loads(stack.omics_meta("dlq", "show", "--json").stdout)["messages"]
    assert message["queue"] == "undelivered"
    assert message["attributes"]["RULE_ARN"] == stack.outputs["ruleArn"]

    # WHEN the policy is mended and the event redriven
    sqs.set_queue_attributes(QueueUrl=stack.outputs["queueUrl"], Attributes=policy)
    assert stack.omics_meta("dlq", "redrive").returncode == 0
    sandbox.drain()

    # THEN it has its row
    assert set(stack.rows()) == {read_set}
