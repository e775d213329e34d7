"""Names that users list in files, or on stdin."""

import csv
import io
import sys
from pathlib import Path
from unicodedata import normalize

from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output_file import is_stdout


def names_in(path: Path, option: str, *, column: str | None = None) -> tuple[str, ...]:
    """Return the names that a file lists, each once and in their order; `-` is stdin.

    Args:
        path: A text in UTF-8, with a name on each line.
        option: What the file was given to.
        column: The column of it, if the file is CSV with a header.

    Raises:
        CommandError: The file cannot be read, is no text, or has no such column, or no name.
    """
    shown = "stdin" if is_stdout(path) else str(path)
    if is_stdout(path) and not sys.stdin:
        raise CommandError(f"{option}: stdin is closed: give a file, or something to read")
    try:
        data = sys.stdin.buffer.read() if is_stdout(path) else path.read_bytes()
    except OSError as error:
        remedy = "give a file with a name on each line, or - for stdin"
        raise CommandError(f"{option}: cannot read {shown}: {error.strerror}: {remedy}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CommandError(
            f"{option}: {shown} is not a text in UTF-8: save it as that, one name on each line, or as CSV"
        )
    lines = io.StringIO(text, newline=None) if column is None else io.StringIO(text, newline="")
    listed = (line.removesuffix("\n") for line in lines) if column is None else _column(lines, column, option, shown)
    names = tuple({normalize("NFC", name): name for name in listed if name.strip()}.values())
    if not names:
        raise CommandError(f"{option}: {shown} lists no name: give at least one")
    return names


def _column(lines: io.StringIO, column: str, option: str, shown: str) -> list[str]:
    try:
        rows = [row for row in csv.reader(lines, strict=True) if any(map(str.strip, row))]
    except csv.Error as error:
        raise CommandError(f"{option}: {shown} is not CSV: {error}: check its quotes") from error
    if not rows:
        return []
    head = rows.pop(0)
    if head.count(column) != 1:
        count = head.count(column)
        has = f"has {count} columns {column!r}" if count else f"has no column {column!r}"
        [only, *others] = head
        separated = not others and any(separator in only for separator in ";\t")
        remedy = "separate columns with commas" if separated else f"give one of {', '.join(head)}"
        raise CommandError(f"--from-column: {shown} {has}: {remedy}")
    position = head.index(column)
    return [row[position] for row in rows if len(row) > position]
