"""`--max-age`: since when a row must have been synced to be left as it is."""

from datetime import UTC, datetime, timedelta

from readset_sync.model.timestamp import format_timestamp, parse_timestamp

from omics_meta.selection.options import parse_duration
from omics_meta.terminal.exits import CommandError


class MaxAge:
    """How old a row may be: for so long, or since a moment.

    Args:
        text: A duration such as `90m`, `12h` or `7d`; `0` for no age at all; or a moment in UTC such as
            `2026-04-04T18:01:06Z`, which means the same however much later it is read.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._moment: datetime | None = None
        self._duration = timedelta()
        try:
            duration = parse_duration(text)
            if duration is None:
                self._moment = parse_timestamp(text)
            else:
                self._duration = duration
        except (ValueError, OverflowError) as error:
            raise self._refusal() from error

    def since(self, now: datetime) -> datetime | None:
        """Return the moment since when a row must have been synced; None when no row is to be left."""
        if self._moment is not None:
            return self._moment
        try:
            return now - self._duration if self._duration else None
        except OverflowError as error:
            raise self._refusal() from error

    def _refusal(self) -> CommandError:
        example = format_timestamp(datetime(2026, 4, 4, 18, 1, 6, tzinfo=UTC))
        return CommandError(
            f"--max-age {self._text!r} is not an age: give minutes, hours or days as in 90m, 12h or 7d, "
            f"0 to skip no row, or a moment such as {example}"
        )
