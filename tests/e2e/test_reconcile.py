"""Reconciliations in the deployed pipeline: on schedule, and when a store or tags are changed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from omics_sandbox import Sandbox

from tests.changed_code import SHORT_WAIT, change_code
from tests.e2e.conftest import EARLIER

TINY_STEPS = {
    "readset_sync/aws/healthomics.py": (b"PAGE_SIZE: Final = 100", b"PAGE_SIZE: Final = 1"),
    "readset_sync/constants.py": (b"FILL_A_MINUTE = 200", b"FILL_A_MINUTE = 1"),
    "readset_sync/stores/reconciliation.py": (b"_REFRESHES: Final = 200", b"_REFRESHES: Final = 1"),
}
"""Pages of one read set and steps of one refresh, so that a few make a long chain."""


def test_every_night_what_events_did_not_tell_is_made_good(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    change_code(sandbox, stack.outputs["functionName"], SHORT_WAIT)
    omics = sandbox.omics
    store, doomed = omics.create_store("cohort"), omics.create_store("doomed")
    kept, archived, renamed = (omics.create_read_set(store, name=f"set {n}") for n in range(3))
    deleted = omics.create_read_set(store, name="deleted", creation_time=EARLIER)
    storeless = omics.create_read_set(doomed, name="storeless")
    sandbox.drain()
    assert set(stack.rows()) == {kept, archived, renamed, deleted, storeless}

    # GIVEN changes of every kind, whose events are lost
    omics.emit_events = False
    omics.set_status(store, archived, "ARCHIVED")
    omics.update_read_set(store, renamed, name="another name")
    omics.set_status(store, deleted, "DELETED")
    omics.set_status(doomed, storeless, "DELETED")
    omics.delete_store(doomed)
    created = omics.create_read_set(store, name="created")

    # WHEN the schedule's time comes
    stack.reconcile()

    # THEN the table is what the source is
    rows = stack.rows()
    assert set(rows) == {kept, archived, renamed, created}
    assert rows[archived]["set_status"] == "ARCHIVED"
    assert rows[renamed]["set_name"] == "another name"
    stack.omics_meta("verify", "--deep")
    [found] = stack.finished()[-1:]
    assert (found["listed"], found["missing"], found["stale"], found["storeless"]) == (4, 1, 2, 1)

    # AND that is a metric: two rows were missing or gone, two differed, and one was of a store that is gone
    drift = [line["ReconciliationDrift"] for line in stack.logs() if "ReconciliationDrift" in line]
    assert sum(map(sum, drift)) == 5

    # WHEN a store is renamed, or deleted, THEN its rows follow at once, or go
    other = omics.create_store("other")
    unconcerned = omics.create_read_set(other, name="unconcerned")
    omics.emit_events = True
    omics.set_status(other, unconcerned, "ACTIVE")
    sandbox.client("omics").update_sequence_store(id=store, name="renamed")
    sandbox.drain()
    assert {stack.rows()[each]["store"]["store_name"] for each in rows} == {"renamed"}

    omics.emit_events = False
    for each in rows:
        omics.set_status(store, each, "DELETED")
    omics.emit_events = True
    sandbox.client("omics").delete_sequence_store(id=store)
    sandbox.drain()
    assert set(stack.rows()) == {unconcerned}


def test_rows_follow_tags_by_events_by_a_trail_or_when_they_have_become_old(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxRowAgeDays=3, tagEvents="both")
    omics = sandbox.client("omics")
    store = sandbox.omics.create_store("cohort")
    read_set = sandbox.omics.create_read_set(store, name="set")
    sandbox.drain()
    row = stack.rows()[read_set]
    arn = row["set_arn"]

    # GIVEN no trail, events that get lost, and no tags in bulk, THEN tags are read again when a row has become old
    sandbox.omics.tag_events = False
    sandbox.omics.faults.add("GetResources", "AccessDeniedException")
    sandbox.omics.tag(arn, {"cohort": "b"})
    stack.reconcile()
    assert stack.rows()[read_set]["tags"] == []
    assert any("the function's role needs tag:GetResources on *" in str(line.get("message")) for line in stack.logs())

    four_days_ago = (datetime.now(UTC) - timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sandbox.client("dynamodb").update_item(
        TableName=stack.outputs["tableName"],
        Key={"set_arn": {"S": arn}},
        UpdateExpression="SET synced_at = :then",
        ExpressionAttributeValues={":then": {"S": four_days_ago}},
    )
    stack.reconcile()
    assert stack.rows()[read_set]["tags"] == [{"cohort": "b"}]

    # GIVEN tags in bulk, THEN the next reconciliation finds them
    sandbox.omics.faults.clear()
    sandbox.omics.tag(arn, {"cohort": "c"})
    stack.reconcile()
    assert stack.rows()[read_set]["tags"] == [{"cohort": "c"}]

    # GIVEN EventBridge's own events, or a trail, THEN rows follow tags
    before = sandbox.events.delivered.copy()
    sandbox.omics.tag_events = True
    omics.tag_resource(resourceArn=arn, tags={"cohort": "a", "batch": "7"})
    sandbox.drain()
    assert stack.rows()[read_set]["tags"] == [{"batch": "7"}, {"cohort": "a"}]

    sandbox.omics.tag_events, sandbox.omics.trail = False, True
    omics.untag_resource(resourceArn=arn, tagKeys=["batch"])
    sandbox.drain()
    assert stack.rows()[read_set]["tags"] == [{"cohort": "a"}]

    # AND nothing is sent for the tags of a store, which are in no row
    sandbox.omics.tag_events = True
    omics.tag_resource(resourceArn=arn.partition("/readSet/")[0], tags={"department": "oncology"})
    sent = sandbox.events.delivered - before
    assert sorted(rule.rsplit("-sync-", 1)[1].split("-")[0] for rule in sent.elements()) == ["tag", "trail"]

    # AND nobody takes the group of such an event for one that read sets share
    assert not [line for line in stack.logs() if "message_group" in line or "SharedGroups" in line]


def test_lambda_stops_a_long_chain_of_steps_unless_it_is_told_that_this_is_meant(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxReceiveCount=2)
    function = {"FunctionName": stack.outputs["functionName"]}
    functions = sandbox.client("lambda")
    assert functions.get_function_recursion_config(**function)["RecursiveLoop"] == "Allow"
    change_code(sandbox, function["FunctionName"], TINY_STEPS)
    sandbox.omics.emit_events = False
    store = sandbox.omics.create_store("cohort")
    read_sets = [sandbox.omics.create_read_set(store, name=f"set {n}") for n in range(17)]

    # WHEN it is not told, THEN the chain ends with the request and fifteen steps
    functions.put_function_recursion_config(**function, RecursiveLoop="Terminate")
    stack.reconcile()
    dead = [json.loads(each["Body"]) for each in stack.queued(stack.outputs["deadLetterQueueUrl"])]
    assert [each["detail"]["number"] for each in dead if each["detail-type"] == "Reconcile Step"] == [15]
    assert any("sync_state" in row for row in stack.rows().values())
    assert stack.finished() == []

    # WHEN it is, THEN the chain comes to its end
    functions.put_function_recursion_config(**function, RecursiveLoop="Allow")
    sandbox.client("sqs").purge_queue(QueueUrl=stack.outputs["deadLetterQueueUrl"])
    stack.reconcile()
    assert set(stack.rows()) == set(read_sets)
    assert not any("sync_state" in row for row in stack.rows().values())
    assert stack.queued(stack.outputs["deadLetterQueueUrl"]) == []
    assert len(stack.finished()) == 1
