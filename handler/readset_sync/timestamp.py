"""Points in time as the table holds them: UTC, ISO 8601, whole seconds, `2026-04-04T18:01:06Z`.

Whole seconds because that is all that EventBridge events and HTTP dates resolve, and one fixed format because
DynamoDB compares the texts.
"""

from datetime import UTC, datetime


def format_timestamp(moment: datetime) -> str:
    """Write an aware datetime in the table's format, cut to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> datetime:
    """Read an ISO 8601 timestamp.

    Raises:
        ValueError: The text is not an ISO 8601 timestamp with an offset from UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return moment
