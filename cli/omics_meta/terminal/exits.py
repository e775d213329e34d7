"""Exit codes, the same for every command, and the error that a command raises to end with one of them."""

from collections.abc import Callable
from enum import IntEnum
from threading import Event
from typing import Final

INTERRUPTED: Final = Event()
"""Set by a signal that ends the command, for threads that wait."""


LAST_WORDS: Final[list[Callable[[], list[str]]]] = []
"""What a second signal says, line by line, before it ends the command at once."""


class ExitCode(IntEnum):
    """What the exit code of a command says."""

    DONE = 0
    """Done; or source and table are in sync."""
    FOUND_WRONG = 1
    """Done, but something is wrong: drift was found, or some read sets failed."""
    FAILED = 2
    """The command could not do its work: usage, credentials, a missing table, AWS out of reach."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C."""


class CommandError(Exception):
    """The command cannot do its work. The message names the value that is wrong, and the remedy."""


class OutputsError(CommandError):
    """The outputs of a stack cannot be had, or are not those of a pipeline that is there."""
