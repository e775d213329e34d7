"""Batches of SQS messages: the event that a function gets, and what its answer means for each message."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# moto's types are partial.

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from omics_sandbox.functions.model import Outcome
from omics_sandbox.queues import trace_header

if TYPE_CHECKING:
    from moto.sqs.models import Message


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
