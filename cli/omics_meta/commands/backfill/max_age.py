"""`--max-age`: since when a row must have been synced to be left as it is, also by the command that goes on."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from readset_sync.model.timestamp import format_timestamp, parse_timestamp

from omics_meta.selection.options import parse_duration
from omics_meta.terminal.exits import CommandError

_MAX_AGE = "--max-age"


def since_of(text: str, now: datetime) -> datetime | None:
    """Return the moment since when a row must have been synced; None when no row is to be left.

    Args:
        text: A duration such as `90m`, `12h` or `7d`; `0` for no age at all; or a moment in UTC such as
            `2026-04-04T18:01:06Z`, which means the same however much later it is read.
        now: The moment that a duration ends at.

    Raises:
        CommandError: The text is neither.
    """
    try:
        duration = parse_duration(text)
        if duration is None:
            return parse_timestamp(text)
        return now - duration if duration else None
    except (ValueError, OverflowError) as error:
        example = format_timestamp(datetime(2026, 4, 4, 18, 1, 6, tzinfo=UTC))
        raise CommandError(
            f"{_MAX_AGE} {text!r} is not an age: give minutes, hours or days as in 90m, 12h or 7d, "
            f"0 to skip no row, or a moment such as {example}"
        ) from error


def command_to_resume(arguments: Sequence[str], since: datetime | None) -> str:
    """Return the same command, but that it leaves the rows which were synced since.

    Args:
        arguments: Those of the command, as the user gave them.
        since: When the command began, or the moment that its own `--max-age` meant. None leaves no row.
    """
    kept: list[str] = []
    given = iter(arguments)
    for argument in given:
        if argument == _MAX_AGE:
            next(given)
        elif not argument.startswith(f"{_MAX_AGE}="):
            kept.append(argument)
    age = [_MAX_AGE, format_timestamp(since)] if since else []
    return shlex.join(["omics-meta", *kept, *age])
