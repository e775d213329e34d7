"""The outside of a queue message: an EventBridge event, or a message of our own in the same shape. Pure.

What cannot be read raises MalformedEventError, whose message says where it was found, and its value.

Source of the format: EventBridge user guide, "Events in Amazon EventBridge".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from readset_sync.model.arn import MalformedArnError, ReadSetArn, StoreArn
from readset_sync.model.errors import MalformedEventError
from readset_sync.model.timestamp import parse_timestamp

_Arn = TypeVar("_Arn", ReadSetArn, StoreArn)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every message says of itself, and the account and region that it has to be of."""

    id: str
    source: object
    detail_type: object
    account: str
    region: str
    content: Mapping[str, Any]

    @property
    def time(self) -> datetime:
        """When the message came to be, to the second."""
        return read_time(self.content, "time", "time")

    @property
    def detail(self) -> dict[str, Any]:
        """What the message is about."""
        return read_object(self.content.get("detail"), "detail")

    def require_own_account(self) -> None:
        """Make sure that a message about no read set or store says that it is of this account and region."""
        for name, expected in (("account", self.account), ("region", self.region)):
            if self.content.get(name) != expected:
                raise MalformedEventError(f"{name} is {self.content.get(name)!r}, and not {expected!r}")

    def require_own_arn(self, arn: ReadSetArn | StoreArn) -> None:
        """Make sure that something is of the account and region whose messages are taken."""
        for name, actual, expected in (("account", arn.account, self.account), ("region", arn.region, self.region)):
            if actual != expected:
                raise MalformedEventError(f"{arn} is of {name} {actual}, and not of {expected!r}")


def parse_envelope(body: str, *, account: str | None = None, region: str | None = None) -> Envelope:
    """Read the outside of a message in JSON. Without an account and region of its own, it takes the message's word."""
    try:
        message = read_object(json.loads(body), "the message")
    except (ValueError, RecursionError) as error:  # not JSON; or numbers too long, or nested too deeply, for Python
        raise MalformedEventError(f"the message is not JSON: {error}") from error
    return Envelope(
        id=str(message.get("id", "")),
        source=message.get("source"),
        detail_type=message.get("detail-type"),
        account=account or str(message.get("account")),
        region=region or str(message.get("region")),
        content=message,
    )


def read_object(value: object, path: str) -> dict[str, Any]:
    """Return a JSON object; `path` says where it was found."""
    if not isinstance(value, dict):
        raise MalformedEventError(f"{path} is not a JSON object")
    return cast("dict[str, Any]", value)


def read_text(parent: Mapping[str, Any], name: str, path: str) -> str:
    """Return a text that is not empty."""
    value = parent.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedEventError(f"{path} is {value!r}, and not a text")
    return value


def read_time(parent: Mapping[str, Any], name: str, path: str) -> datetime:
    """Return a moment in UTC."""
    text = read_text(parent, name, path)
    try:
        return parse_timestamp(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedEventError(f"{path} is {text!r}, which is not an ISO 8601 timestamp") from error


def read_arn(kind: type[_Arn], text: str, path: str) -> _Arn:
    """Return an ARN of this kind."""
    try:
        return kind.parse(text)
    except MalformedArnError as error:
        raise MalformedEventError(f"{path}: {error}") from error
