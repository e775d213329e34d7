"""The promises of a FIFO queue that moto alone does not keep."""

import threading
import time
from collections.abc import Callable
from typing import Any


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in messages]


def test_given_a_group_in_flight_when_its_visibility_timeout_is_over_then_it_comes_back_in_order(
    make_queue: Callable[..., Any],
) -> None:
    queue = make_queue("q.fifo", VisibilityTimeout="1")
    for body in ("a1", "a2", "a3"):
        queue.send(body, "a")
    queue.send("b1", "b")
    assert bodies(queue.receive(2)) == ["a1", "a2"]
    assert bodies(queue.receive()) == ["b1"]  # group a is in flight
    again: list[str] = []
    deadline = time.monotonic() + 20
    while len(again) < 3:
        assert time.monotonic() < deadline
        again += [body for body in bodies(queue.receive(WaitTimeSeconds=1)) if body.startswith("a")]
    assert again == ["a1", "a2", "a3"]


def test_given_messages_that_are_sent_again_when_the_queue_is_read_then_each_is_there_once_in_its_scope(
    make_queue: Callable[..., Any],
) -> None:
    queue = make_queue("q.fifo")
    queue.send("same", "a")
    [message] = queue.receive()
    queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    for body in ("same", "other", "more"):
        queue.send(body, "a")
    received = queue.receive()
    assert bodies(received) == ["other", "more"]  # for five minutes
    first, second = (int(message["Attributes"]["SequenceNumber"]) for message in received)
    assert first < second
    queue = make_queue("by-group.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for group in ("a", "b", "a"):
        queue.send("same", group)
    assert sorted(message["Attributes"]["MessageGroupId"] for message in queue.receive()) == ["a", "b"]


def test_given_a_long_poll_when_another_client_sends_then_the_poll_returns_with_the_message(
    make_queue: Callable[..., Any],
) -> None:
    queue = make_queue("q")
    received: list[str] = []
    poller = threading.Thread(target=lambda: received.extend(bodies(queue.receive(WaitTimeSeconds=20))))
    poller.start()
    queue.send("x")
    poller.join(timeout=15)
    assert received == ["x"]


def test_given_a_policy_when_another_attribute_is_set_then_the_policy_stays(make_queue: Callable[..., Any]) -> None:
    policy = '{"Version": "2012-10-17", "Statement": [{"Sid": "kept"}]}'
    queue = make_queue("q.fifo", Policy=policy)

    def attributes() -> dict[str, str]:
        answer = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["Policy", "VisibilityTimeout"])
        return answer["Attributes"]

    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "7"})
    assert "kept" in attributes()["Policy"]

    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    assert attributes() == {"VisibilityTimeout": "7"}
