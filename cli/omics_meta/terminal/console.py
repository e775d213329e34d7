"""What writes lines for people, and knows whether they want colours."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import IO

import typer

from omics_meta.terminal.exits import CommandError


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
    """Say how many there are: `1 read set`, `2,000 read sets`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def wants_colours(file: IO[str]) -> bool:
    """Whether a file is a terminal, or FORCE_COLOR is set.

    Variables that stand for a terminal, such as those of CI services, make none of a file.
    """
    return file.isatty() or bool(os.environ.get("FORCE_COLOR"))


def confirm(question: str, *, declined: str) -> None:
    """Ask on stderr, and go on if the answer is yes. Nothing of it is on stdout, where Typer's own puts a blank.

    Raises:
        CommandError: It is anything else; `declined` is its message.
    """
    typer.echo(f"{question} [y/N]: ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D
        raise KeyboardInterrupt
    if answer.strip().lower() not in {"y", "yes"}:
        raise CommandError(declined)
