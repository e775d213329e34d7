"""The function's process, killed around each write that it makes: its messages come again, and the rows become right.

Lambda works on one batch at a time here, so the same calls follow each other in every play. Nothing of a process stays
but what it has written, so it is all the same at which call it dies between two writes.
"""
# pyright: reportPrivateUsage=false
# AWS takes no mapping with a concurrency of 1, so that it is set behind the API's back.

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy

from tests.changed_code import SHORT_WAIT, change_code
from tests.readset_sync.function import event, own_message

ROOT = Path(__file__).resolve().parents[2]
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "SendMessageBatch"}

Side = Literal["before", "after"]
Play = Callable[[Callable[[], None]], Any]
"""Sets a scene, has the calls counted or one of them armed, and lets the function work; returns the scene."""


@pytest.fixture(scope="module")
def outputs(sandbox: Sandbox) -> dict[str, Any]:
    outputs = deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs
    for mapping in sandbox._parts.functions.mappings(sandbox.region):
        # One message after the other, because those of a batch go on side by side.
        mapping.maximum_concurrency = mapping.batch_size = 1
    change_code(sandbox, outputs["functionName"], SHORT_WAIT)
    return outputs


@pytest.fixture(scope="module")
def sqs(sandbox: Sandbox) -> Any:
    return sandbox.client("sqs")


def send(sqs: Any, queue_url: str, scene: Any) -> None:
    """Send what became of three read sets, as the rule would."""
    # Later than what the rows know, so that the status is taken from the event.
    later = datetime(2099, 1, 1, tzinfo=UTC)
    statuses = {scene.stale: "ACTIVE", scene.archived: "ACTIVATING", scene.ghost: "DELETED"}
    entries = [
        {
            "Id": arn.read_set_id,
            "MessageGroupId": arn.read_set_id,
            "MessageBody": json.dumps(event(arn, status, time=later)),
        }
        for arn, status in statuses.items()
    ]
    sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)


def play_killed(sandbox: Sandbox, play: Play, index: int, side: Side, operation: str | None = None) -> Any:
    """Play with a function that is killed at a call, and return the scene."""
    killed: list[Side] = []

    def kill() -> None:
        killed.append(side)
        sandbox.kill_functions()

    scene = play(partial(sandbox.callpoint.arm, index, side, kill, operation=operation))
    assert killed == [side], f"killed {side} call {index}"
    return scene


def test_given_a_function_killed_around_any_write_when_its_messages_come_again_then_the_rows_are_right(
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
    assert len(calls) == 8
    writes = [index for index, call in enumerate(calls, start=1) if call in WRITES]
    points: list[tuple[int, Side]] = [(writes[0], "before"), *((index, "after") for index in writes)]

    # WHEN it is killed, THEN the messages are not lost, and the rows become right
    for index, side in points:
        check(play_killed(sandbox, play, index, side), f"killed {side} call {index}")

    dead = sqs.get_queue_attributes(QueueUrl=outputs["deadLetterQueueUrl"], AttributeNames=["All"])["Attributes"]
    assert dead["ApproximateNumberOfMessages"] == "0"


def test_given_a_function_killed_in_a_reconciliation_when_its_message_comes_again_then_the_rows_are_right(
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
        # Later than the read sets came to be.
        later = datetime.now(UTC) + timedelta(seconds=2)
        request = own_message("Reconcile", id_=f"request {next(requests)}", time=later)
        arm()
        sqs.send_message(QueueUrl=outputs["queueUrl"], MessageBody=json.dumps(request), MessageGroupId="reconcile")
        sandbox.drain()
        return scene

    def check(scene: Any, where: str) -> None:
        rows = scene.rows()
        assert rows.keys() == {str(arn) for arn in (scene.stale, scene.archived, scene.missing)}, where
        assert rows[str(scene.stale)]["set_name"] == "renamed", where

    # GIVEN the calls of a reconciliation that nobody disturbs
    check(play(sandbox.callpoint.count), "undisturbed")
    # Of the refreshes, which all write alike, the first is enough.
    times = {"SendMessageBatch": 3, "PutItem": 1, "DeleteItem": 1}
    assert Counter(sandbox.callpoint.calls) >= Counter(times)
    points: list[tuple[str, int, Side]] = [
        ("SendMessageBatch", 0, "before"),
        *((call, index, "after") for call, number in times.items() for index in range(number)),
    ]

    # WHEN it is killed, THEN its message comes again, and the rows become right
    for call, index, side in points:
        check(play_killed(sandbox, play, index, side, call), f"killed {side} call {index} of {call}")


def clear(sandbox: Sandbox, table: str) -> None:
    dynamodb = sandbox.client("dynamodb")
    for item in dynamodb.scan(TableName=table, ProjectionExpression="set_arn")["Items"]:
        dynamodb.delete_item(TableName=table, Key=item)
