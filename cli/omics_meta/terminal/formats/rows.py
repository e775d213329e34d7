"""Rows that are to be written, as JSON, as JSON Lines, and as CSV: RFC 4180 in UTF-8, with Unix line ends."""

import csv
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from boto3.dynamodb.types import Binary
from readset_sync.model.record import Row

from omics_meta.search.columns import SHOWN, Column, Value, values

if TYPE_CHECKING:
    from _csv import Writer as CsvWriter


def _found(count: int) -> Mapping[str, Any]:
    return {"found": count}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are to be written.

    Attributes:
        pages: The rows, some at a time.
        columns: What to write of each row. None stands for the whole row in JSON, and for the usual columns elsewhere.
        first: Columns that come before these, where none are chosen.
        about: Members of a JSON document before the rows.
        ending: Its members after them, from the number of rows.
        member: The name of the member that holds the rows.
    """

    pages: Iterable[Sequence[Row]]
    columns: Sequence[Column] | None = None
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ending: Callable[[int], Mapping[str, Any]] = _found
    member: str = "read_sets"
    first: Sequence[Column] = ()

    @property
    def shown(self) -> Sequence[Column]:
        """The columns of formats that are flat."""
        return self.columns or (*self.first, *SHOWN)

    def record(self, row: Row) -> Mapping[str, Any]:
        """Return what JSON holds of a row."""
        columns = self.first if self.columns is None else self.columns
        record = {column.name: value for column, value in zip(columns, values(row, columns), strict=True)}
        return record | row if self.columns is None else record


def cell(value: Value) -> str:
    """Write a value as a text, for a table or CSV."""
    if value is None:
        return ""
    return to_json(value) if isinstance(value, dict) else str(value)


def to_json(record: Mapping[str, Any]) -> str:
    """Write a record as one line of JSON, in ASCII. Types that JSON lacks become texts or numbers."""
    return json.dumps(record, default=_plain)


def _plain(value: object) -> object:
    """Convert a type of DynamoDB that JSON lacks. Binary values and sets can only have been written by another tool."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Binary():
            return b64encode(bytes(cast("Any", value).value)).decode()  # the stub has no members
        case set():
            return sorted(map(_plain, cast("set[object]", value)), key=str)
        case _:
            return value


def write_document(rows: Rows, file: TextIO) -> int:
    """Write one JSON document with all rows; return how many there were."""
    # Its head comes with the first row: where nothing can be read at all, nothing is written.
    head = f'{json.dumps(rows.about)[:-1]}, "{rows.member}": ['
    count = 0
    for page in rows.pages:
        for row in page:
            file.write(f"{',' if count else head}\n  {to_json(rows.record(row))}")
            count += 1
        file.flush()
    file.write(f"{'' if count else head}\n], {json.dumps(rows.ending(count))[1:]}\n")
    return count


def write_lines(rows: Rows, file: TextIO) -> int:
    """Write a line of JSON for each row; return how many there were."""
    count = 0
    for page in rows.pages:
        file.writelines(f"{to_json(rows.record(row))}\n" for row in page)
        file.flush()
        count += len(page)
    return count


def write_csv(rows: Rows, file: TextIO) -> int:
    """Write a line of column names, and a line for each row; return how many rows there were."""
    columns = rows.shown
    writer = csv_writer(file)
    writer.writerow([column.name for column in columns])
    file.buffer.flush()
    count = 0
    for page in rows.pages:
        writer.writerows([cell(value) for value in values(row, columns)] for row in page)
        file.buffer.flush()
        count += len(page)
    return count


def csv_writer(file: TextIO) -> "CsvWriter":
    """Return what writes lines of CSV to a file."""
    return csv.writer(_Lines(file.buffer))


class _Lines:
    r"""Takes lines that end with `\r\n`, so that the writer quotes both characters, and ends them with `\n`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: str, /) -> int:
        """Write a line, in UTF-8 whatever the locale."""
        unix = line.removesuffix("\r\n") + "\n"
        return self._file.write(unix.encode(errors="backslashreplace"))
