"""Shows rows as they come: as a table for people, as JSON, JSON Lines or CSV."""

import csv
import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TextIO, cast

from boto3.dynamodb.types import Binary
from readset_sync.model.record import Row
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from omics_meta.search.columns import SHOWN, Column, Value, values
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output import print_line, print_note, visible

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
            return _print_table(pages, columns)


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


@dataclass(frozen=True, slots=True)
class _Layout:
    """How all parts of a table are laid out.

    Attributes:
        columns: What is shown of a row.
        widths: How many cells of a terminal each of them takes.
        folds: Whether a text that is wider goes on below, instead of making its line longer.
    """

    columns: Sequence[Column]
    widths: Sequence[int]
    folds: bool


def _print_table(pages: Iterable[Sequence[Row]], chosen: Sequence[Column] | None) -> int:
    """Print a table in parts, a part for each page, with columns as wide as the first page needs.

    A terminal that is narrower shows fewer of the usual columns, so that ids can be copied. Columns that were chosen it
    shows all of, and texts go on below. Elsewhere, and where that would leave next to nothing of a column, a row is a
    line, however long.
    """
    console, layout, count = Console(), None, 0
    for page in filter(None, pages):
        first = layout is None
        layout = layout or _layout(console, page, chosen)
        head, lines = _names(layout.columns) if first else [], _cells(page, layout.columns)
        if layout.folds:
            console.print(_part(head, lines, layout.widths))
        else:
            if head:
                console.print(Text(_line(head, layout.widths), "table.header"), soft_wrap=True, end="")
            sys.stdout.writelines(_line(line, layout.widths) for line in lines)
            sys.stdout.flush()
        count += len(page)
    if layout and chosen is None and (hidden := SHOWN[len(layout.columns) :]):
        print_note(f"the terminal is too narrow for {', '.join(_names(hidden))}: give --columns, or widen it")
    return count


def _layout(console: Console, page: Sequence[Row], chosen: Sequence[Column] | None) -> _Layout:
    columns = chosen or SHOWN
    lines = [_names(columns), *_cells(page, columns)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    if not console.is_terminal:
        return _Layout(columns, widths, folds=False)
    if chosen is None:
        while len(widths) > 1 and sum(widths) + _GAP * (len(widths) - 1) > console.width:
            widths.pop()
        return _Layout(columns[: len(widths)], widths, folds=False)
    room = console.width - _GAP * (len(columns) - 1)
    folds = room >= _NARROWEST * len(columns)
    return _Layout(columns, _narrowed(widths, room) if folds else widths, folds)


def _narrowed(widths: Sequence[int], room: int) -> list[int]:
    """Take as many cells from the widest columns as there is no room for."""
    narrowed = [min(width, room) for width in widths]
    while sum(narrowed) > room:
        narrowed[narrowed.index(max(narrowed))] -= 1
    return narrowed


def _names(columns: Sequence[Column]) -> list[str]:
    return [visible(column.name) for column in columns]


def _cells(page: Sequence[Row], columns: Sequence[Column]) -> list[list[str]]:
    return [[visible(_cell(value)) for value in values(row, columns)] for row in page]


def _part(head: Sequence[str], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> Table:
    table = Table(box=None, show_header=bool(head), pad_edge=False)
    for name, width in zip(head or [""] * len(widths), widths, strict=True):
        table.add_column(Text(name), width=width, overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (max(width - cell_len(cell), 0) + _GAP) for cell, width in zip(cells, widths, strict=True))
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
