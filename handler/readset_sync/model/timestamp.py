"""Points in time as the table holds them: UTC, ISO 8601, whole seconds, `2026-04-04T18:01:06Z`.

Whole seconds because that is all that EventBridge events and HTTP dates resolve, and one fixed format because
DynamoDB compares the texts.
"""

import re
from datetime import UTC, datetime
from typing import Final

_FORMAT: Final = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ", re.ASCII)


def format_timestamp(moment: datetime) -> str:
    """Write an aware datetime in the table's format, cut to the second."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def is_timestamp(value: object) -> bool:
    """Whether something is a text in the table's format, of a moment that there is."""
    if not isinstance(value, str) or not _FORMAT.fullmatch(value):
        return False
    try:
        parse_timestamp(value)
    except ValueError:  # such as the 30th of February
        return False
    return True


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 timestamp.

    Raises:
        ValueError: The text is not an ISO 8601 timestamp with an offset from UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment
