"""Queues by their ARN, what other services deliver to them and to other targets, and trace headers of messages."""
# pyright: reportPrivateUsage=false
# A queue's messages are private to it.

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from moto.sqs.models import Message, Queue

_TRACE = "AWSTraceHeader"


Outcome = Literal["delivered", "dead-lettered", "dropped"]


class UndeliverableError(Exception):
    """A target cannot take what it is sent. `code` is the error code that its dead letter tells."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Deliveries:
    """What a service has delivered, by the name of the rule or schedule that says what goes where.

    Attributes:
        delivered: How often that succeeded.
        dead_lettered: How often it failed, and the target's dead-letter queue took it.
        dropped: How often it failed and had nowhere to go.
    """

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self.dead_lettered: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def bury(self, name: str, target: Mapping[str, Any], send: Callable[[str], None]) -> Outcome:
        """Have what was not delivered to a target sent to the ARN of its dead-letter queue."""
        configured: dict[str, str] = target.get("DeadLetterConfig") or {}
        try:
            if "Arn" in configured:
                send(configured["Arn"])
                self.dead_lettered[name] += 1
                return "dead-lettered"
        except UndeliverableError:
            pass  # the queue does not take it either
        self.dropped[name] += 1
        return "dropped"


def find_queue(moto: Moto, queue_arn: str) -> "Queue | None":
    """The queue of an ARN, whatever its region; None when there is none."""
    region, name = queue_arn.split(":")[3], queue_arn.split(":")[5]
    queue = moto.sqs(region).queues.get(name)
    return queue if queue is not None and queue.queue_arn == queue_arn else None


def keep_trace_header(queue: "Queue", message_ids: Collection[str], header: str) -> None:
    """Note with messages the trace header of the request that sent them, which moto leaves out.

    Source: AWSTraceHeader, "Amazon SQS message metadata", Amazon SQS Developer Guide.
    """
    for message in queue._messages:
        if message.id in message_ids:
            message.system_attributes.setdefault(_TRACE, {"DataType": "String", "StringValue": header})


def trace_header(message: "Message") -> str | None:
    """The trace header of a message, if it has one."""
    return message.system_attributes.get(_TRACE, {}).get("StringValue")


def send_message(
    moto: Moto, queue: "Queue", body: str, *, group_id: str | None, attributes: Mapping[str, str], refusal: str
) -> None:
    """Send a message without a deduplication id, as services do.

    Raises:
        UndeliverableError: A FIFO queue cannot take it as it is; `refusal` is the code.
    """
    if queue.fifo_queue and group_id is None:
        raise UndeliverableError(refusal, "The request must contain the parameter MessageGroupId.")
    if queue.fifo_queue and queue.attributes.get("ContentBasedDeduplication") != "true":
        raise UndeliverableError(
            refusal,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
        )
    moto.sqs(queue.region).send_message(
        queue.name,
        body,
        message_attributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
        group_id=group_id,
    )
