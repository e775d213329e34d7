"""The function's process, killed at any API call that it makes: its messages come again, and the rows become right."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy

ROOT = Path(__file__).resolve().parents[2]
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


@pytest.fixture(scope="module")
def outputs(sandbox: Sandbox) -> dict[str, Any]:
    return deploy(ROOT, stack="dev", config={}, environment=sandbox.environment).outputs


@pytest.fixture(scope="module")
def sqs(sandbox: Sandbox) -> Any:
    return sandbox.client("sqs")


def send(sqs: Any, queue_url: str, scene: Any) -> None:
    """Send what became of three read sets, as the rule would."""
    statuses = {scene.stale: "ACTIVE", scene.archived: "ACTIVATING", scene.ghost: "DELETED"}
    entries = [
        {
            "Id": arn.read_set_id,
            "MessageGroupId": arn.read_set_id,
            "MessageBody": json.dumps(
                {
                    "id": f"event of {arn}",
                    "source": "aws.omics",
                    "detail-type": "Read Set Status Change",
                    "account": arn.account,
                    "region": arn.region,
                    # Later than what the rows know, so that the status is taken from the event.
                    "time": "2099-01-01T00:00:00Z",
                    "detail": {"arn": str(arn), "status": status},
                }
            ),
        }
        for arn, status in statuses.items()
    ]
    sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)


def test_given_a_function_killed_at_any_call_when_its_messages_come_again_then_the_rows_are_right(
    sandbox: Sandbox, sqs: Any, outputs: dict[str, Any], new_scene: Callable[[str], Any]
) -> None:
    def play(arm: Callable[[], None]) -> Any:
        """Set a scene of its own, whose store no warm function knows yet, and let its events come."""
        scene = new_scene(outputs["tableName"])
        # The row needs the status alone, whether it comes from the event or from the source.
        sandbox.omics.update_read_set(
            scene.store_id, scene.archived.read_set_id, status="ACTIVATING", tags={"label": "archived"}
        )
        arm()
        send(sqs, outputs["queueUrl"], scene)
        sandbox.drain()
        return scene

    def check(scene: Any, where: str) -> None:
        rows = scene.rows()
        assert rows.keys() == {str(scene.stale), str(scene.archived)}, where
        assert rows[str(scene.stale)]["set_name"] == "renamed", where
        before = scene.initial_rows()[str(scene.archived)]
        changed = {"set_status": "ACTIVATING"}
        assert scene.content(rows)[str(scene.archived)] == scene.content({"": before | changed})[""], where

    # GIVEN the calls of a function that nobody disturbs
    undisturbed = play(sandbox.callpoint.count)
    _, *calls = sandbox.callpoint.calls  # the first is that of the test itself
    check(undisturbed, "undisturbed")
    assert [call for call in calls if call in WRITES] == ["PutItem", "UpdateItem", "DeleteItem"]
    assert len(calls) == 7

    for index, call in enumerate(calls, start=1):
        # Whether a dead process's read had been answered makes no difference.
        for side in ("before", "after") if call in WRITES else ("before",):
            where = f"killed {side} call {index}, {call}"
            killed: list[int] = []

            def kill(index: int = index, killed: list[int] = killed) -> None:
                killed.append(index)
                sandbox.kill_functions()

            # WHEN it is killed at one of them, THEN the messages are not lost, and the rows become right
            check(play(lambda index=index, side=side, kill=kill: sandbox.callpoint.arm(index, side, kill)), where)
            assert killed == [index], where

    dead = sqs.get_queue_attributes(QueueUrl=outputs["deadLetterQueueUrl"], AttributeNames=["All"])["Attributes"]
    assert dead["ApproximateNumberOfMessages"] == "0"


def test_given_a_function_killed_at_any_call_of_a_reconciliation_then_the_rows_are_right(
    sandbox: Sandbox, sqs: Any, outputs: dict[str, Any], new_scene: Callable[[str], Any]
) -> None:
    requests = count()

    def play(arm: Callable[[], None]) -> Any:
        """Set a scene of its own in an account without other stores, and ask for a reconciliation."""
        for store_id in list(sandbox.omics.stores):
            sandbox.omics.stores[store_id].read_sets.clear()
            sandbox.omics.delete_store(store_id)
        clear(sandbox, outputs["tableName"])
        scene = new_scene(outputs["tableName"])
        request: dict[str, Any] = {
            "id": f"request {next(requests)}",
            "source": "healthomics-metadata-sync",
            "detail-type": "Reconcile",
            "account": sandbox.account,
            "region": sandbox.region,
            # Later than the read sets came to be.
            "time": (datetime.now(UTC) + timedelta(seconds=2)).isoformat(),
            "detail": {},
        }
        arm()
        sqs.send_message(QueueUrl=outputs["queueUrl"], MessageBody=json.dumps(request), MessageGroupId="reconcile")
        sandbox.drain()
        return scene

    def check(scene: Any, where: str) -> None:
        rows = scene.rows()
        assert rows.keys() == {str(arn) for arn in (scene.stale, scene.archived, scene.missing)}, where
        assert rows[str(scene.stale)]["set_name"] == "renamed", where

    check(play(sandbox.callpoint.count), "undisturbed")
    seen: set[str] = set()

    def play_killed(index: int, side: Literal["before", "after"]) -> str | None:
        """Kill it at this call; return which that was, None when there were not as many."""
        killed: list[str] = []

        def kill() -> None:
            killed.append(sandbox.callpoint.calls[index])
            sandbox.kill_functions()

        scene = play(lambda: sandbox.callpoint.arm(index, side, kill))
        check(scene, f"killed {side} call {index}, {killed}")
        return killed[0] if killed else None

    # Messages are worked on side by side, so that number and order of the later calls vary.
    most = len(sandbox.callpoint.calls) + 3
    expected = {"Scan", "BatchGetItem", "SendMessageBatch", "PutItem", "DeleteItem"}
    for indexes in (range(most), range(most // 2, most), range(most // 2, most)):
        for index in indexes:
            call = str(play_killed(index, "before"))
            seen.add(call)
            if call in {*WRITES, "SendMessageBatch"}:
                play_killed(index, "after")
        if expected <= seen:
            break
    assert expected <= seen


def clear(sandbox: Sandbox, table: str) -> None:
    dynamodb = sandbox.client("dynamodb")
    for item in dynamodb.scan(TableName=table, ProjectionExpression="set_arn")["Items"]:
        dynamodb.delete_item(TableName=table, Key=item)
