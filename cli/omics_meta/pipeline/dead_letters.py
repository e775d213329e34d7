"""The two queues that hold what the pipeline gave up on, and the ways out of them.

- `failed`, behind the pipeline's FIFO queue: messages that the function failed on too often. FIFO itself.
- `undelivered`, behind the event rule: events that the rule could not deliver, with the reason in message attributes
  such as `ERROR_CODE` (EventBridge user guide, "Using dead-letter queues to process undelivered events"). Standard.

SQS only lets a message be read by hiding it from other readers for a while: what is only looked at is shown again at
once, and a process that dies meanwhile leaves it hidden for no longer than a minute.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from readset_sync.messages.envelope import parse_envelope
from readset_sync.messages.queue_message import Message, RefreshRequest, parse_message
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.model.errors import MalformedEventError, error_code

from omics_meta.pipeline.queue import count_messages
from omics_meta.selection.target import QueueKind

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

PAGE: Final = 10
"""Messages that SQS hands out at a time."""

_HIDDEN_SECONDS: Final = 60
_WAIT_SECONDS: Final = 1
"""Above 0, so that SQS asks all of its servers: an empty answer then means an empty queue."""
_POLL_SECONDS: Final = 1.0
_NOT_OFFERED: Final = frozenset({"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"})
_NOT_IMPLEMENTED: Final = 501


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that the pipeline gave up on.

    Attributes:
        receipt: What SQS wants to see to delete it, or to show it again.
        message: What the body says; None when it is none of the messages that the pipeline knows.
        detail_type: What kind of message the body says it is; None with `message`.
        sent: When it came to SQS; a FIFO queue counts from when it became a dead letter.
        receive_count: How often it was handed out, by this queue and the one before, looks at it included.
        group: Its message group; None in a standard queue.
        attributes: Message attributes that are texts.
    """

    id: str
    receipt: str
    body: str
    message: Message | None
    detail_type: str | None
    sent: datetime
    receive_count: int
    group: str | None
    attributes: Mapping[str, str]


class DeadLetterQueue:
    """One of the two queues."""

    def __init__(self, client: "SQSClient", kind: QueueKind, url: str, arn: str) -> None:
        self.kind = kind
        self.name = url.rpartition("/")[2]
        self.arn = arn
        self._client = client
        self._url = url

    def count(self) -> int:
        """How many messages there are, hidden ones included. SQS takes up to a minute to have this right."""
        return count_messages(self._client, self._url)

    def take(self, limit: int) -> Iterator[DeadLetter]:
        """Hide and return messages, up to `limit`, until there are no more to be had.

        Of a FIFO queue's message group at most ten can be had before they are deleted or shown again.
        """
        while limit > 0:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, PAGE),
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            limit -= len(messages)
            yield from map(_letter, messages)

    def look(self, limit: int) -> list[DeadLetter]:
        """Return messages as `take` does, and show them again."""
        seen: dict[str, DeadLetter] = {}
        try:
            for letter in self.take(limit):
                seen[letter.id] = letter
        finally:
            self.show_again(list(seen.values()))
        return list(seen.values())

    def show_again(self, letters: list[DeadLetter]) -> None:
        """Hide messages no longer."""
        for start in range(0, len(letters), PAGE):
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for number, letter in enumerate(letters[start : start + PAGE])
                ],
            )

    def delete(self, letter: DeadLetter) -> None:
        """Delete a message for good."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)


def send_back(client: "SQSClient", url: str, letter: DeadLetter) -> None:
    """Send a copy of a message to the pipeline's queue, into the message group that it was in.

    One without a group goes into that of its read set, or into one of its own when it is about no single read set.

    The deduplication id is not that of the event: SQS would silently drop an event that failed within the last five
    minutes. It is that of this dead letter, so that sending it twice in a row makes one message.
    """
    message = letter.message
    group = message.arn.read_set_id if isinstance(message, ReadSetEvent | RefreshRequest) else letter.id
    client.send_message(
        QueueUrl=url,
        MessageBody=letter.body,
        MessageGroupId=letter.group or group,
        MessageDeduplicationId=f"redrive-{letter.id}",
    )


def move_all(client: "SQSClient", source_arn: str, destination_arn: str) -> tuple[int, str] | None:
    """Let SQS itself move the messages of a dead-letter queue, and wait until it has.

    SQS does so between queues of one type, from queues that are the dead-letter queue of another queue.

    Returns:
        How many messages it moved, and why it ended before the last; or "". None when SQS does not offer it here, or
        moves messages of this queue already.
    """
    try:
        client.start_message_move_task(SourceArn=source_arn, DestinationArn=destination_arn)
    except ClientError as error:
        http_status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if error_code(error) in _NOT_OFFERED or http_status == _NOT_IMPLEMENTED:
            return None
        raise
    while True:
        (task,) = client.list_message_move_tasks(SourceArn=source_arn, MaxResults=1)["Results"]
        status = task.get("Status", "")
        if status not in {"RUNNING", "CANCELLING"}:
            break
        time.sleep(_POLL_SECONDS)
    reason = "" if status == "COMPLETED" else f"{status} {task.get('FailureReason', '')}".strip()
    return task.get("ApproximateNumberOfMessagesMoved", 0), reason


def _letter(received: "MessageTypeDef") -> DeadLetter:
    system: Mapping[Any, str] = received.get("Attributes", {})
    body = received.get("Body", "")
    try:
        message = parse_message(body)
        detail_type = str(parse_envelope(body).detail_type)
    except MalformedEventError:
        message = detail_type = None
    given = received.get("MessageAttributes", {})
    return DeadLetter(
        id=received.get("MessageId", ""),
        receipt=received.get("ReceiptHandle", ""),
        body=body,
        message=message,
        detail_type=detail_type,
        sent=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        receive_count=int(system["ApproximateReceiveCount"]),
        group=system.get("MessageGroupId"),
        attributes={name: value["StringValue"] for name, value in sorted(given.items()) if "StringValue" in value},
    )
