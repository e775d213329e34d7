"""What writes for people, in colours where that is wanted."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, TextIO

import typer
from rich.console import Console


class _Console(Console):
    """A console that does not end the process by itself when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Leave the error to whoever prints; called where it is handled."""
        raise


def drop(stream: IO[str]) -> None:
    """Write to nowhere from now on, in place of a reader that went away or a disk that is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def read_or_not(stream: IO[str]) -> Generator[None]:
    """Go on if nobody reads what the block writes to a stream."""
    try:
        yield
    except BrokenPipeError:
        drop(stream)


def say(line: str, *, err: bool = False) -> None:
    """Write a line to stdout or stderr, whether it is read or not."""
    with read_or_not(sys.stderr if err else sys.stdout):
        typer.echo(line, err=err)


def counted(number: int, noun: str) -> str:
    """Say how many there are: `1 read set`, `2 read sets`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def console_of(file: TextIO, *, width: int | None = None) -> Console:
    """Return what writes for people to stdout or stderr: in colours on a terminal, and elsewhere if FORCE_COLOR is set.

    Variables that stand for a terminal, such as those of CI services, make none of a file.
    """
    return _Console(file=file, width=width, force_terminal=file.isatty() or bool(os.environ.get("FORCE_COLOR")))
