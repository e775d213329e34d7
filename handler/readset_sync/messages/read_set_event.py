"""Read Set Status Change events: what a message says, and what is to be done about it. Pure: no AWS calls.

Source of the format: HealthOmics user guide, "Using EventBridge with AWS HealthOmics".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from readset_sync.messages.envelope import read_arn, read_text
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import MalformedEventError

if TYPE_CHECKING:
    from readset_sync.messages.envelope import Envelope


class Action(StrEnum):
    """What an event asks for."""

    REFRESH = "refresh"
    SET_STATUS = "set_status"
    REMOVE = "remove"
    IGNORE = "ignore"


ACTIVE: Final = "ACTIVE"
ACTIVATING: Final = "ACTIVATING"
ARCHIVED: Final = "ARCHIVED"

ACTIONS: Final = {
    ACTIVE: Action.REFRESH,
    ACTIVATING: Action.SET_STATUS,
    ARCHIVED: Action.SET_STATUS,
    "DELETING": Action.SET_STATUS,
    "DELETED": Action.REMOVE,
    "PROCESSING_UPLOAD": Action.IGNORE,
    "UPLOAD_FAILED": Action.IGNORE,
}
"""By `detail.status`. A status that is not here was invented later, and is ignored too."""


@dataclass(frozen=True, slots=True)
class ReadSetEvent:
    """One Read Set Status Change event.

    Attributes:
        time: When the source had the status, to the second.
        replayed: Whether the event was sent again from an archive of EventBridge.
    """

    id: str
    arn: ReadSetArn
    status: str
    status_message: str | None
    time: datetime
    replayed: bool = False

    @property
    def action(self) -> Action:
        """What the event asks for."""
        return ACTIONS.get(self.status, Action.IGNORE)

    @classmethod
    def read(cls, envelope: "Envelope") -> Self:
        """Read an event whose source and detail-type are known to be right."""
        detail = envelope.detail
        arn = _arn(detail)
        envelope.require_own_arn(arn)
        return cls(
            id=envelope.id,
            arn=arn,
            status=read_text(detail, "status", "detail.status"),
            status_message=(
                read_text(detail, "statusMessage", "detail.statusMessage") if detail.get("statusMessage") else None
            ),
            time=envelope.time,
            replayed="replay-name" in envelope.content,
        )


def _arn(detail: Mapping[str, Any]) -> ReadSetArn:
    arn = read_arn(ReadSetArn, read_text(detail, "arn", "detail.arn"), "detail.arn")
    for name, expected in (("sequenceStoreId", arn.store_id), ("id", arn.read_set_id)):
        if detail.get(name, expected) != expected:
            raise MalformedEventError(f"detail.{name} is {detail[name]!r}, but detail.arn is {arn}")
    return arn
