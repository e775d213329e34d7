"""What is printed: results on stdout, and notes, errors and questions on stderr."""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final

import typer

from omics_meta.terminal.exits import CommandError

_WIDER_THAN_ANY_TABLE: Final = 10_000

_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, separators of lines, and what turns the direction of writing around."""


def drop(stream: IO[str]) -> None:
    """Write to nowhere from now on, in place of a reader that went away or a disk that is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def read_or_not(stream: IO[str]) -> Generator[None]:
    """Go on if nobody reads what the block writes to a stream, or can be told that it cannot be written."""
    try:
        yield
    except OSError as error:
        if not (stream is sys.stderr or isinstance(error, BrokenPipeError)):
            raise
        drop(stream)


def wants_colours(file: IO[str]) -> bool:
    """Whether a file is a terminal, or FORCE_COLOR is set.

    Variables that stand for a terminal, such as those of CI services, make none of a file.
    """
    return file.isatty() or bool(os.environ.get("FORCE_COLOR"))


def print_line(line: str, *, err: bool = False) -> None:
    """Write a line to stdout or stderr as it is, whatever characters it holds and whether it is read or not."""
    with read_or_not(sys.stderr if err else sys.stdout):
        typer.echo(line, err=err)


def print_note(line: str) -> None:
    """Say something on stderr, under the name of the program."""
    print_line(f"omics-meta: {line}", err=True)


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, in ASCII, so that it is the same JSON in whatever encoding stdout has."""
    print_line(json.dumps(document, indent=2))


def check_can_ask(why: str, remedy: str) -> None:
    """Check that there is a terminal to ask on; a command that asks late does so at its beginning.

    Raises:
        CommandError: There is none; `why` somebody must be asked begins its message, and `remedy` ends it.
    """
    if not (sys.stdin and sys.stdin.isatty()):  # there is none at all after `<&-`
        raise CommandError(f"{why}, and there is no terminal to ask on: {remedy}")


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


def counted(number: int, noun: str) -> str:
    """Say how many there are: `1 read set`, `2,000 read sets`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_counts(title: str, columns: Sequence[str], rows: Iterable[tuple[str, Counter[str]]]) -> None:
    """Print counts: a table with a row for each store, or a line for each where a terminal is too narrow for that."""
    from rich.table import Table
    from rich.text import Text

    from omics_meta.terminal.rich_console import console_of

    lines = [(visible(label), [str(counts[column]) for column in columns]) for label, counts in rows]
    names = [visible(column) for column in columns]
    table = Table("sequence store")
    for name in names:
        table.add_column(Text(name), justify="right")
    for label, counts in lines:
        table.add_row(Text(label), *counts)
    terminal, paper = console_of(sys.stdout), console_of(sys.stdout, width=_WIDER_THAN_ANY_TABLE)
    with read_or_not(sys.stdout):
        # A title of the table itself would be as narrow as that, and its names folded in the middle.
        terminal.print(Text(title, "table.title"), soft_wrap=True)
        if sys.stdout.isatty() and terminal.width < paper.measure(table).maximum:
            for label, counts in lines:
                said = ", ".join(f"{count} {name}" for count, name in zip(counts, names, strict=True))
                terminal.print(Text(f"{label}: {said}"))
        else:
            paper.print(table)


def counts_document(columns: Sequence[str], rows: Mapping[str, Counter[str]]) -> dict[str, Any]:
    """Counts by store as members of a command's JSON document: `stores`, and their `totals`."""

    def named(counts: Counter[str]) -> dict[str, int]:
        return {column: counts[column] for column in columns}

    stores = [{"store_id": store_id, **named(counts)} for store_id, counts in rows.items()]
    return {"stores": stores, "totals": named(sum(rows.values(), Counter[str]()))}


def identity(arn: str) -> dict[str, str]:
    """The key of a row, and the ids in it, as members of an object in a command's JSON document."""
    store_id, read_set_id = ids(arn)
    return {"set_arn": arn, "store_id": store_id, "set_id": read_set_id}


def visible(text: str) -> str:
    r"""Write what would end a line, or make a terminal do something, as an escape such as `\n`."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def ids(arn: str) -> tuple[str, str]:
    """Return the ids of store and read set in the key of a row, even where that is not the ARN of a read set."""
    store_id, _, read_set_id = arn.partition(":sequenceStore/")[2].partition("/readSet/")
    return store_id, read_set_id
