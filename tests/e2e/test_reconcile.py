"""Reconciliations in the deployed pipeline: on schedule, and when a store or tags are changed."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends
from omics_sandbox import Sandbox

from tests.existing import create_queue


def finished(stack: Any) -> list[dict[str, int]]:
    """What each reconciliation found that has come to its end."""
    return [line["found"] for line in stack.logs() if line.get("message") == "reconciliation finished"]


def test_every_night_what_events_did_not_tell_is_made_good(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    omics = sandbox.omics
    store, doomed = omics.create_store("cohort"), omics.create_store("doomed")
    kept, archived, renamed, deleted = (omics.create_read_set(store, name=f"set {n}") for n in range(4))
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
    verified = stack.omics_meta("verify", "--deep", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    [found] = finished(stack)[-1:]
    assert (found["listed"], found["missing"], found["stale"], found["storeless"]) == (4, 1, 2, 1)

    # AND that is a metric
    drift = [line["ReconciliationDrift"] for line in stack.logs() if "ReconciliationDrift" in line]
    assert drift[-1] == [4.0]


def test_tags_are_read_again_when_a_row_has_become_old(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up(maxRowAgeDays=3)
    store = sandbox.omics.create_store("cohort")
    read_set = sandbox.omics.create_read_set(store, name="set")
    sandbox.drain()
    row = stack.rows()[read_set]
    sandbox.omics.tag(row["set_arn"], {"cohort": "b"})

    stack.reconcile()
    assert stack.rows()[read_set]["tags"] == []

    four_days_ago = (datetime.now(UTC) - timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    sandbox.client("dynamodb").update_item(
        TableName=stack.outputs["tableName"],
        Key={"set_arn": {"S": row["set_arn"]}},
        UpdateExpression="SET synced_at = :then",
        ExpressionAttributeValues={":then": {"S": four_days_ago}},
    )
    stack.reconcile()

    assert stack.rows()[read_set]["tags"] == [{"cohort": "b"}]


def test_rows_follow_a_renamed_store_and_go_with_a_deleted_one(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    omics = sandbox.omics
    store, other = omics.create_store("cohort"), omics.create_store("other")
    read_set, unconcerned = omics.create_read_set(store, name="set"), omics.create_read_set(other, name="set")
    sandbox.drain()

    sandbox.client("omics").update_sequence_store(id=store, name="renamed")
    sandbox.drain()
    assert stack.rows()[read_set]["store"]["store_name"] == "renamed"

    omics.emit_events = False
    omics.set_status(store, read_set, "DELETED")
    omics.emit_events = True
    sandbox.client("omics").delete_sequence_store(id=store)
    sandbox.drain()
    assert set(stack.rows()) == {unconcerned}


def test_rows_follow_tags_where_there_is_a_trail_and_it_is_asked_for(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up(tagEvents=True)
    omics = sandbox.client("omics")
    sandbox.omics.trail = True
    store = sandbox.omics.create_store("cohort")
    read_set = sandbox.omics.create_read_set(store, name="set")
    sandbox.drain()
    arn = stack.rows()[read_set]["set_arn"]

    omics.tag_resource(resourceArn=arn, tags={"cohort": "a", "batch": "7"})
    # Tags of a store are in no row, so that nothing is sent for them.
    before = sandbox.events.delivered.copy()
    omics.tag_resource(resourceArn=arn.partition("/readSet/")[0], tags={"department": "oncology"})
    assert sandbox.events.delivered == before
    sandbox.drain()
    assert stack.rows()[read_set]["tags"] == [{"batch": "7"}, {"cohort": "a"}]

    omics.untag_resource(resourceArn=arn, tagKeys=["batch"])
    sandbox.drain()
    assert stack.rows()[read_set]["tags"] == [{"cohort": "a"}]


def test_a_reconciliation_that_keeps_failing_ends_in_the_dead_letter_queue_and_deletes_nothing(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxReceiveCount=2)
    store = sandbox.omics.create_store("cohort")
    ghost = sandbox.omics.create_read_set(store, name="ghost")
    sandbox.drain()
    sandbox.omics.emit_events = False
    sandbox.omics.set_status(store, ghost, "DELETED")
    sandbox.omics.faults.add("ListReadSets", "AccessDeniedException")

    stack.reconcile()

    assert set(stack.rows()) == {ghost}
    [dead] = stack.queued(stack.outputs["deadLetterQueueUrl"])
    assert json.loads(dead["Body"])["detail-type"] == "Reconcile Step"
    failures = [line for line in stack.logs() if line.get("message") == "event failed"]
    assert failures
    assert all("AccessDeniedException" in line["reason"] for line in failures)

    # AND the next one makes good what this one could not
    sandbox.omics.faults.clear()
    stack.reconcile()
    assert stack.rows() == {}


def test_a_store_that_cannot_be_listed_is_named_and_the_others_are_reconciled(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxReceiveCount=2)
    omics = sandbox.omics
    closed, store = omics.create_store("closed"), omics.create_store("cohort")
    ghost, renamed = omics.create_read_set(closed, name="ghost"), omics.create_read_set(store, name="set")
    sandbox.drain()
    omics.emit_events = False
    omics.set_status(closed, ghost, "DELETED")
    omics.update_read_set(store, renamed, name="another name")
    created = omics.create_read_set(store, name="created")
    omics.faults.add("ListReadSets", "AccessDeniedException", when=lambda given: given["sequenceStoreId"] == closed)

    before = finished(stack)

    stack.reconcile()

    rows = stack.rows()
    assert set(rows) == {ghost, renamed, created}
    assert rows[renamed]["set_name"] == "another name"
    [dead] = stack.queued(stack.outputs["deadLetterQueueUrl"])
    assert json.loads(dead["Body"])["detail-type"] == "Reconcile Step"
    reasons = [line["reason"] for line in stack.logs() if line.get("message") == "event failed"]
    assert len(reasons) == 2
    assert all(f"could not be listed: {closed}: ListReadSets: AccessDeniedException" in reason for reason in reasons)
    assert finished(stack) == before


@pytest.mark.parametrize("recursive_loop", ["Allow", "Terminate"])
def test_lambda_stops_a_long_chain_of_steps_unless_it_is_told_that_this_is_meant(
    recursive_loop: str, sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    stack = up(maxReceiveCount=2)
    function = {"FunctionName": stack.outputs["functionName"]}
    functions = sandbox.client("lambda")
    assert functions.get_function_recursion_config(**function)["RecursiveLoop"] == "Allow"
    functions.put_function_recursion_config(**function, RecursiveLoop=recursive_loop)
    deployed = lambda_backends[sandbox.account][sandbox.region].get_function(function["FunctionName"])
    functions.update_function_code(**function, ZipFile=with_tiny_steps(deployed.code_bytes))
    sandbox.omics.emit_events = False
    store = sandbox.omics.create_store("cohort")
    read_sets = [sandbox.omics.create_read_set(store, name=f"set {n}") for n in range(20)]

    stack.reconcile()

    dead = [json.loads(each["Body"]) for each in stack.queued(stack.outputs["deadLetterQueueUrl"])]
    steps = [each["detail"]["number"] for each in dead if each["detail-type"] == "Reconcile Step"]
    if recursive_loop == "Allow":
        assert set(stack.rows()) == set(read_sets)
        assert dead == []
    else:
        # The request was the first of sixteen invocations.
        assert steps == [15]
        assert len(stack.rows()) < 20
        assert finished(stack) == []


def with_tiny_steps(package: bytes) -> bytes:
    """A deployment package with pages of one read set and steps of one refresh, so that a few make a long chain."""
    changes = {
        "readset_sync/aws/healthomics.py": (b"PAGE_SIZE: Final = 100", b"PAGE_SIZE: Final = 1"),
        "readset_sync/stores/reconciliation.py": (b"_REFRESHES: Final = 200", b"_REFRESHES: Final = 1"),
    }
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name in changes:
                before, after = changes[name]
                assert content.count(before) == 1
                content = content.replace(before, after)
            new.writestr(name, content)
    return changed.getvalue()


def test_a_reconciliation_works_with_an_adopted_queue(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    create_queue(sandbox.client("sqs"), "theirs.fifo")
    # Its policy lets no event in, so that nothing but reconciliations can make rows.
    stack = up(SQSQueueName="theirs.fifo", storeEvents=False)
    store = sandbox.omics.create_store("cohort")
    read_sets = [sandbox.omics.create_read_set(store, name=f"set {n}") for n in range(3)]

    stack.reconcile()

    assert set(stack.rows()) == set(read_sets)
