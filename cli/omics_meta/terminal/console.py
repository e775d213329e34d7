"""What writes for people, in colours where that is wanted."""

import os
from typing import TextIO

from rich.console import Console


class _Console(Console):
    """A console that does not end the process by itself when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Leave the error to whoever ends the command; called where it is handled."""
        raise


def console_of(file: TextIO, *, width: int | None = None) -> Console:
    """Return what writes for people to stdout or stderr: in colours on a terminal, and elsewhere if FORCE_COLOR is set.

    Variables that stand for a terminal, such as those of CI services, make none of a file.
    """
    return _Console(file=file, width=width, force_terminal=file.isatty() or bool(os.environ.get("FORCE_COLOR")))
