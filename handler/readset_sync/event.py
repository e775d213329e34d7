"""Read Set Status Change events: what a message says, and what is to be done about it. Pure: no AWS calls.

Source of the format: HealthOmics user guide, "Using EventBridge with AWS HealthOmics". The message's body is the
whole EventBridge event.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast

from readset_sync.arn import MalformedArnError, ReadSetArn
from readset_sync.errors import MalformedEventError
from readset_sync.timestamp import parse_timestamp

DETAIL_TYPE: Final = "Read Set Status Change"
SOURCE: Final = "aws.omics"


class Action(StrEnum):
    """What an event asks for."""

    REFRESH = "refresh"
    SET_STATUS = "set_status"
    REMOVE = "remove"
    IGNORE = "ignore"


ACTIONS: Final = {
    "ACTIVE": Action.REFRESH,
    "ACTIVATING": Action.SET_STATUS,
    "ARCHIVED": Action.SET_STATUS,
    "DELETING": Action.SET_STATUS,
    "DELETED": Action.REMOVE,
    "PROCESSING_UPLOAD": Action.IGNORE,
    "UPLOAD_FAILED": Action.IGNORE,
}
"""By `detail.status`. A status that is not here was invented later, and is ignored too."""


@dataclass(frozen=True, slots=True)
class ReadSetEvent:
    """One Read Set Status Change event. `time` is when the source had the status, to the second."""

    id: str
    arn: ReadSetArn
    status: str
    status_message: str | None
    time: datetime

    @property
    def action(self) -> Action:
        """What the event asks for."""
        return ACTIONS.get(self.status, Action.IGNORE)


def parse_event(body: str, *, account: str | None = None, region: str | None = None) -> ReadSetEvent:
    """Read the body of a queue message.

    Args:
        body: The whole EventBridge event, as JSON.
        account: The account whose read sets are kept; any other is refused. None takes the event's word.
        region: The same for the region.

    Raises:
        MalformedEventError: The body is not such an event, contradicts itself, or is of another account or region.
    """
    try:
        event = _object(json.loads(body), "the message")
    except (ValueError, RecursionError) as error:  # not JSON; or numbers too long, or nested too deeply, for Python
        raise MalformedEventError(f"the message is not JSON: {error}") from error
    _expect(event, "source", SOURCE)
    _expect(event, "detail-type", DETAIL_TYPE)
    detail = _object(event.get("detail"), "detail")
    arn = _arn(detail)
    for name, actual, expected in (
        ("account", arn.account, account or event.get("account")),
        ("region", arn.region, region or event.get("region")),
    ):
        if actual != expected:
            raise MalformedEventError(f"{arn} is of {name} {actual}, and not of {expected!r}")
    return ReadSetEvent(
        id=str(event.get("id", "")),
        arn=arn,
        status=_text(detail, "status", "detail.status"),
        status_message=_text(detail, "statusMessage", "detail.statusMessage") if detail.get("statusMessage") else None,
        time=_time(event),
    )


def _arn(detail: Mapping[str, Any]) -> ReadSetArn:
    try:
        arn = ReadSetArn.parse(_text(detail, "arn", "detail.arn"))
    except MalformedArnError as error:
        raise MalformedEventError(f"detail.arn: {error}") from error
    for name, expected in (("sequenceStoreId", arn.store_id), ("id", arn.read_set_id)):
        if detail.get(name, expected) != expected:
            raise MalformedEventError(f"detail.{name} is {detail[name]!r}, but detail.arn is {arn}")
    return arn


def _time(event: Mapping[str, Any]) -> datetime:
    text = _text(event, "time", "time")
    try:
        return parse_timestamp(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedEventError(f"time is {text!r}, which is not an ISO 8601 timestamp") from error


def _expect(event: Mapping[str, Any], name: str, expected: str) -> None:
    if event.get(name) != expected:
        raise MalformedEventError(f"{name} is {event.get(name)!r}, and not {expected!r}")


def _text(parent: Mapping[str, Any], name: str, path: str) -> str:
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEventError(f"{path} is {value!r}, and not a text")
    return value


def _object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedEventError(f"{path} is not a JSON object")
    return cast("dict[str, Any]", value)
