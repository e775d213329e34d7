"""Sends the product's own messages to the pipeline's queue, in the envelope that `queue_message` reads."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from readset_sync.constants import OWN_SOURCE, RECONCILE_GROUP
from readset_sync.messages.queue_message import RECONCILE_STEP, REFRESH
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.errors import SyncError
from readset_sync.model.timestamp import format_timestamp

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from readset_sync.model.arn import ReadSetArn

_BATCH: Final = 10
"""Messages that SQS takes at a time."""


class UnsentError(SyncError):
    """SQS did not take some messages."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A message to be sent. SQS takes one of an id that it had within five minutes for a repetition, and drops it."""

    id: str
    body: str
    group: str


class MessageSender:
    """The way into the FIFO queue, for messages about read sets of one account and region."""

    def __init__(self, client: "SQSClient", url: str, *, account: str, region: str) -> None:
        self._client = client
        self._url = url
        self._account = account
        self._region = region

    def request_refreshes(
        self, arns: Sequence["ReadSetArn"], *, cause: str, compared: datetime | None = None, drift: bool = False
    ) -> None:
        """Ask for rows to be made what their read sets are now; each in the message group of its read set.

        Args:
            arns: The read sets.
            cause: What asks, at most 40 characters: within five minutes, a cause has each read set refreshed once.
            compared: When the rows were found wrong; those that have been refreshed since are left. None is for now.
            drift: Whether a change that comes of it is drift.

        Raises:
            UnsentError: SQS did not take some of them; others may be on their way.
        """
        about = ({"drift": True} if drift else {}) | ({"compared": format_timestamp(compared)} if compared else {})
        for start in range(0, len(arns), _BATCH):
            self._send([self._refresh(arn, cause, about) for arn in arns[start : start + _BATCH]])

    def send_step(self, step: ReconciliationStep) -> None:
        """Hand a reconciliation on to its next step."""
        self._send([self._own(step.id, RECONCILE_STEP, step.write(), group=RECONCILE_GROUP)])

    def send_again(self, body: str, *, group: str) -> None:
        """Send a copy of a message, which SQS begins to count anew.

        Raises:
            UnsentError, ClientError, BotoCoreError: SQS did not take it, or could not be asked.
        """
        self._send([_Message(uuid.uuid4().hex, body, group)])

    def hide(self, receipt: str, *, seconds: int) -> None:
        """Have a message that is being processed received again after so many seconds.

        Raises:
            ClientError, BotoCoreError: SQS refused, or could not be asked.
        """
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def _send(self, messages: Sequence[_Message]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(number),
                "MessageBody": message.body,
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.id,
            }
            for number, message in enumerate(messages)
        ]
        failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
        if failed:
            reason = f"{failed[0]['Code']}: {failed[0].get('Message', '')}"
            raise UnsentError(f"SQS did not take {len(failed)} of {len(entries)} messages: {reason}")

    def _refresh(self, arn: "ReadSetArn", cause: str, about: Mapping[str, Any]) -> _Message:
        id_ = f"{cause}-{arn.store_id}-{arn.read_set_id}"
        return self._own(id_, REFRESH, {"arn": str(arn), **about}, group=arn.read_set_id)

    def _own(self, id_: str, detail_type: str, detail: Mapping[str, Any], *, group: str) -> _Message:
        """Put what the product says to itself into the envelope of an event."""
        envelope = {
            "id": id_,
            "source": OWN_SOURCE,
            "detail-type": detail_type,
            "account": self._account,
            "region": self._region,
            "time": format_timestamp(datetime.now(UTC)),
            "detail": detail,
        }
        return _Message(id_, json.dumps(envelope), group)
