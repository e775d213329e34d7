"""Rows that are to be written, and their values as JSON."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from boto3.dynamodb.types import Binary
from readset_sync.model.record import Row

from omics_meta.search.columns import SHOWN, Column, Value, values


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
