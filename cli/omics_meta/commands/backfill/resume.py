"""The command that goes on with a backfill that was interrupted."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from readset_sync.model.timestamp import format_timestamp

_MAX_AGE = "--max-age"


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
