"""What the deployed pipeline does about read sets that hang, a service that is away, and one message group for all."""

from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox


def is_one_of(read_sets: set[str]) -> Callable[[Any], bool]:
    return lambda given: given.get("id") in read_sets


def dead_letters(stack: Any) -> int:
    attributes = stack.sandbox.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["deadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def logged(stack: Any, message: str) -> list[dict[str, Any]]:
    return [line for line in stack.logs() if message in line.get("message", "")]


def test_read_sets_that_hang_take_no_other_with_them(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN a function with ten seconds for its work, and read sets of which some never answer
    stack = up(functionTimeout=15, maxReceiveCount=1, maxTps="1000", storeEvents=False)
    omics = sandbox.omics
    store = omics.create_store("cohort")
    omics.emit_events = False
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(10)]
    hanging = set(read_sets[:3])
    omics.faults.add_latency("GetReadSetMetadata", 3600, when=is_one_of(hanging))
    omics.emit_events = True

    # WHEN all of them have an event
    for read_set in read_sets:
        omics.set_status(store, read_set, "ACTIVE")
    sandbox.drain(timeout=120)

    # THEN all others have their rows, and the dead letters and the log name those that hang
    assert stack.rows().keys() == set(read_sets) - hanging
    assert dead_letters(stack) == 3
    failed = logged(stack, "event failed")
    assert {line["set_arn"].rpartition("/")[2] for line in failed} == hanging
    assert {line["reason"] for line in failed} == {"it did not end within the function's time"}


def test_an_outage_makes_no_dead_letters(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN messages that may be received twice, while HealthOmics is away for as many calls as two receives make
    stack = up(maxReceiveCount=2, maxTps="1000", storeEvents=False)
    omics = sandbox.omics
    store = omics.create_store("cohort")
    sandbox.drain(timeout=120)
    omics.faults.add("GetReadSetMetadata", "InternalServerException", times=18)

    read_set = omics.create_read_set(store, name="patient")
    sandbox.drain(timeout=120)

    # THEN the row comes when it is back
    assert stack.rows().keys() == {read_set}
    assert dead_letters(stack) == 0


def test_in_one_message_group_for_all_a_poisoned_read_set_holds_up_nobody(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN an EventBridge for which the path to the message group is its name
    stack = up(maxReceiveCount=2, maxTps="1000", storeEvents=False)
    sandbox.events.literal_groups = True
    omics = sandbox.omics
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
    assert dead_letters(stack) == 1
    failed = logged(stack, "event failed")
    assert [line["receive_count"] for line in failed] == [1, 1, 2]
    assert {line["message_group"] for line in logged(stack, "share a message group")} == {"$.detail.id"}
