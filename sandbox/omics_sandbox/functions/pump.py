"""The poller of an event source mapping: from the queue to the function, and back what failed.

It makes the event that the function gets of a batch of messages, and reads in its answer which of them failed.
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportPrivateUsage=false
# moto's types are partial, and a queue's messages are private to it.

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid

from omics_sandbox.functions.lineage import Lineage
from omics_sandbox.functions.mapping import EventSourceMapping
from omics_sandbox.functions.model import Outcome
from omics_sandbox.queues import trace_header
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from moto.sqs.models import Message, Queue

_POLL_SECONDS = 0.02
POLLER_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What Lambda does with a queue. Source: "Execution role permissions" of SQS, AWS Lambda Developer Guide."""

Invoke = Callable[[str, bytes, Lineage], Outcome | None]
"""Invokes a function by ARN; None when it is in a loop or does not exist."""
May = Callable[[str], bool]
"""Whether the poller may do one of `POLLER_ACTIONS` on its queue."""


class Pump:
    """Polls a queue, invokes the function with batches of its messages, deletes those that succeeded.

    At most one batch of a message group is in flight (the queue sees to that), and at most as many batches as the
    mapping's concurrency. A message that failed is visible again when the queue's visibility timeout is over, and goes
    to the dead-letter queue when it has been received as often as the queue's redrive policy allows.
    """

    def __init__(
        self, mapping: EventSourceMapping, moto: Moto, invoke: Invoke, may: May, retry_delay: int | None
    ) -> None:
        self.mapping = mapping
        self._moto = moto
        self._invoke = invoke
        self._may = may
        self._retry_delay = retry_delay
        self._stopping = threading.Event()
        self._workers: set[threading.Thread] = set()
        self._workers_lock = threading.Lock()
        self._poller = threading.Thread(target=self._poll, name=f"lambda-poller-{mapping.queue_name}")
        self._poller.start()

    def stop(self) -> None:
        """Poll no more. Batches in flight go on."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the batches in flight."""
        self._poller.join()
        for worker in self._in_flight():
            worker.join()

    def backlog(self) -> str | None:
        """What is left on the queue or in flight, for people to read; None when nothing is."""
        with self._moto.lock:
            queue = self._queue()
            messages = list(queue._messages) if queue else []
            visible = len(queue.messages) if queue else 0
        workers = len(self._in_flight())
        if not messages and not workers:
            return None
        groups = Counter(message.group_id for message in messages if message.group_id is not None)
        named = ", ".join(f"{group} ({count})" for group, count in groups.most_common(5))
        disabled = "" if self.mapping.enabled else ", mapping disabled"
        return (
            f"{self.mapping.queue_name}: {visible} visible, {len(messages) - visible} in flight or waiting"
            f"{f', groups {named}' if named else ''}{disabled}"
        )

    def _poll(self) -> None:
        while not self._stopping.is_set():
            batch = self._receive() if self._has_capacity() else []
            if batch:
                worker = threading.Thread(target=self._work, args=(batch,), name="lambda-batch")
                with self._workers_lock:
                    self._workers.add(worker)
                worker.start()
            else:
                self._stopping.wait(_POLL_SECONDS)

    def _has_capacity(self) -> bool:
        return self.mapping.enabled and len(self._in_flight()) < self.mapping.concurrency

    def _in_flight(self) -> list[threading.Thread]:
        with self._workers_lock:
            return list(self._workers)

    def _queue(self) -> "Queue | None":
        return self._moto.sqs(self.mapping.region).queues.get(self.mapping.queue_name)

    def _receive(self) -> "list[Message]":
        with self._moto.lock:
            queue = self._queue()
            if queue is None or not queue.messages:
                return []
            # Lambda reads the attributes to know how many pollers the queue needs.
            if not (self._may("GetQueueAttributes") and self._may("ReceiveMessage")):
                self.mapping.last_result = "PROBLEM: The execution role does not have permissions to read the queue"
                return []
            return self._moto.sqs(self.mapping.region).receive_message(
                self.mapping.queue_name,
                self.mapping.batch_size,
                wait_seconds_timeout=0,
                visibility_timeout=int(queue.attributes["VisibilityTimeout"]),
                message_attribute_names=["All"],
            )

    def _work(self, batch: "list[Message]") -> None:
        try:
            event = sqs_event(batch, self.mapping.queue_arn)
            # A batch counts as its message that has been furthest: AWS does not say what becomes of the others.
            cause = Lineage.of(trace_header(message) or "" for message in batch)
            outcome = self._invoke(self.mapping.function_arn, event, cause)
            ids = [message.id for message in batch]
            if outcome is None:
                failed = set(ids)
            else:
                failed = failed_message_ids(outcome, ids, partial=self.mapping.report_batch_item_failures)
            self._settle(batch, failed)
            self.mapping.last_result = "PROBLEM: Function call failed" if failed else "OK"
        finally:
            with self._workers_lock:
                self._workers.discard(threading.current_thread())

    def _settle(self, batch: "list[Message]", failed: set[str]) -> None:
        """Delete what succeeded; make visible again, early if so wished, what failed."""
        sqs = self._moto.sqs(self.mapping.region)
        with self._moto.lock:
            if self._queue() is None:  # deleted meanwhile, with its messages
                return
            may_delete = len(failed) < len(batch) and self._may("DeleteMessage")
            for message in batch:
                handle = str(message.receipt_handle)
                with suppress(ReceiptHandleIsInvalid):  # purged meanwhile
                    if message.id in failed and self._retry_delay is not None:
                        sqs.change_message_visibility(self.mapping.queue_name, handle, self._retry_delay)
                    elif message.id not in failed and may_delete:
                        sqs.delete_message(self.mapping.queue_name, handle)


def sqs_event(messages: Sequence["Message"], queue_arn: str) -> bytes:
    """The event for a batch. Format: "Using Lambda with Amazon SQS", AWS Lambda Developer Guide."""
    return json.dumps({"Records": [_record(message, queue_arn) for message in messages]}).encode()


def failed_message_ids(outcome: Outcome, message_ids: Sequence[str], *, partial: bool) -> set[str]:
    """The messages that are to be tried again after an invocation.

    The rules are those of "Success and failure conditions" under "Implementing partial batch responses", AWS Lambda
    Developer Guide: an empty or missing list is complete success; an answer that cannot be read, or an item that names
    no message of the batch, is complete failure.
    """
    everything = set(message_ids)
    if outcome.failed:
        return everything
    if not partial:
        return set()
    try:
        answer: Any = json.loads(outcome.payload or b"null")
    except ValueError:
        return everything
    if answer is None:
        return set()
    if not isinstance(answer, dict):
        return everything
    items: Any = answer.get("batchItemFailures")
    if items is None:
        return set()
    if not isinstance(items, list):
        return everything
    identifiers: list[Any] = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    # Compared one by one, because a malformed identifier may be a list, which a set cannot hold.
    known = [identifier for identifier in identifiers if identifier in message_ids]
    return set(known) if len(known) == len(identifiers) else everything


def _record(message: "Message", queue_arn: str) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "MessageDeduplicationId": message.deduplication_id,
        "AWSTraceHeader": trace_header(message),
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    given = {"stringValue": value.get("StringValue"), "binaryValue": value.get("BinaryValue")}
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    return {name: text for name, text in given.items() if text is not None} | lists | {"dataType": value["DataType"]}
