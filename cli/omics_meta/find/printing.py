"""Shows rows as they come: as a table for people, as JSON, JSON Lines or CSV."""

import csv
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TextIO, cast

from boto3.dynamodb.types import Binary
from readset_sync.record import Row
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from omics_meta.exits import CommandError
from omics_meta.find.columns import SHOWN, Column, Value, values
from omics_meta.output import print_line, visible

_GAP: Final = 2
"""Cells of a terminal between two columns."""

_NARROWEST: Final = 8
"""Cells of a column whose folded texts can still be read."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def format_of(*, as_json: bool, as_jsonl: bool, as_csv: bool) -> Format:
    """Return the one format that was asked for.

    Raises:
        CommandError: More than one was.
    """
    asked = [name for name, given in ((Format.JSON, as_json), (Format.JSONL, as_jsonl), (Format.CSV, as_csv)) if given]
    if len(asked) > 1:
        raise CommandError(f"--{asked[0]} and --{asked[1]} contradict each other: give one of them")
    return asked[0] if asked else Format.TABLE


def _found(count: int) -> Mapping[str, Any]:
    return {"found": count}


def print_rows(
    pages: Iterable[Sequence[Row]],
    form: Format,
    columns: Sequence[Column] | None,
    about: Mapping[str, Any],
    ending: Callable[[int], Mapping[str, Any]] = _found,
) -> int:
    """Print rows as they come; return how many there were.

    Args:
        pages: The rows, some at a time.
        form: How to print them.
        columns: What to print of each. None for whole rows in JSON, and for the usual columns elsewhere.
        about: Members of the JSON document before `read_sets`.
        ending: Those after it, once it is known how many rows there were.
    """
    match form:
        case Format.JSON:
            return _print_document(pages, columns, about, ending)
        case Format.JSONL:
            return _print_lines(pages, columns)
        case Format.CSV:
            return print_csv(pages, columns or SHOWN, sys.stdout)
        case Format.TABLE:
            return _print_table(pages, columns or SHOWN)


def print_csv(pages: Iterable[Sequence[Row]], columns: Sequence[Column], file: TextIO) -> int:
    """Write CSV (RFC 4180, but for the ends of lines) with a line of names; return how many rows there were."""
    writer = csv.writer(_UnixLines(file))
    writer.writerow([column.name for column in columns])
    file.flush()
    count = 0
    for page in pages:
        writer.writerows([_cell(value) for value in values(row, columns)] for row in page)
        file.flush()
        count += len(page)
    return count


class _UnixLines:
    """Ends lines as Unix does, behind a writer of CSV that knows those of RFC 4180: it quotes both of their parts."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str, /) -> int:
        """Write a line."""
        return self._file.write(line.removesuffix("\r\n") + "\n")


def to_json(record: Mapping[str, Any]) -> str:
    """Write a row as one line of JSON, in ASCII; what JSON lacks and only another tool can have written, as texts."""
    return json.dumps(record, default=_plain)


def _print_document(
    pages: Iterable[Sequence[Row]],
    columns: Sequence[Column] | None,
    about: Mapping[str, Any],
    ending: Callable[[int], Mapping[str, Any]],
) -> int:
    # With the first row and not before: where nothing can be read at all, nothing is printed.
    head = f'{json.dumps(about)[:-1]}, "read_sets": ['
    count = 0
    for page in pages:
        for row in page:
            sys.stdout.write(f"{',' if count else head}\n  {to_json(_record(row, columns))}")
            count += 1
        sys.stdout.flush()
    print_line(f"{'' if count else head}\n], {json.dumps(ending(count))[1:]}")
    return count


def _print_lines(pages: Iterable[Sequence[Row]], columns: Sequence[Column] | None) -> int:
    count = 0
    for page in pages:
        sys.stdout.writelines(f"{to_json(_record(row, columns))}\n" for row in page)
        sys.stdout.flush()
        count += len(page)
    return count


def _record(row: Row, columns: Sequence[Column] | None) -> Mapping[str, Any]:
    if columns is None:
        return row
    return {column.name: value for column, value in zip(columns, values(row, columns), strict=True)}


def _print_table(pages: Iterable[Sequence[Row]], columns: Sequence[Column]) -> int:
    """Print a table in parts, a part for each page, with columns as wide as the first page needs.

    On a terminal that is narrower, texts go on below. Elsewhere, and where that would leave next to nothing of a
    column, a row is a line, however long.
    """
    console = Console()
    room = console.width - _GAP * (len(columns) - 1)
    folds = console.is_terminal and room >= _NARROWEST * len(columns)
    widths: list[int] = []
    count = 0
    for page in pages:
        if not page:
            continue
        lines = [[visible(_cell(value)) for value in values(row, columns)] for row in page]
        head = [] if widths else [visible(column.name) for column in columns]
        widths = widths or _widths([head, *lines], room if folds else None)
        if folds:
            console.print(_part(head, lines, widths))
        else:
            sys.stdout.writelines(_line(line, widths) for line in ([head, *lines] if head else lines))
            sys.stdout.flush()
        count += len(page)
    return count


def _widths(lines: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """Return how many cells of a terminal each column takes; where there is no room, the widest take less."""
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    if room is not None:
        widths = [min(width, room) for width in widths]
        while sum(widths) > room:
            widths[widths.index(max(widths))] -= 1
    return widths


def _part(head: Sequence[str], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> Table:
    table = Table(box=None, show_header=bool(head), pad_edge=False)
    for name, width in zip(head or [""] * len(widths), widths, strict=True):
        table.add_column(Text(name), width=width, overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell) + _GAP) for cell, width in zip(cells, widths, strict=True))
    return f"{''.join(padded).rstrip()}\n"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return to_json(value) if isinstance(value, dict) else str(value)


def _plain(value: object) -> object:
    """Return something that JSON has, for the types of DynamoDB that it has not."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Binary():
            return b64encode(bytes(cast("Any", value).value)).decode()  # the stub has no members
        case set():
            return sorted(map(_plain, cast("set[object]", value)), key=str)
        case _:
            return value
