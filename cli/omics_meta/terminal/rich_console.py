"""Rich's console. Rich takes a fifth of the time in which a command starts, so this is loaded where it is needed."""

from typing import TextIO

from rich.console import Console

from omics_meta.terminal.output import wants_colours


class _Console(Console):
    """A console that does not end the process by itself when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Leave the error to whoever prints; called where it is handled."""
        raise


def console_of(file: TextIO, *, width: int | None = None) -> Console:
    """Return what writes for people to stdout or stderr, in colours where they want them."""
    return _Console(file=file, width=width, force_terminal=wants_colours(file))
