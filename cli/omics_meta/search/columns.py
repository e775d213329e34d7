"""What is shown of a row: each of its values, flat, under a name that docs/schema.md lists. Pure: no AWS calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from readset_sync.model.record import Row
from readset_sync.model.timestamp import is_timestamp

from omics_meta.terminal.exits import CommandError

Value = str | int | dict[str, str] | None

_TAG: Final = "tag:"
_INT64: Final = 2**63


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    """Of 64 bits."""
    TIME = "time"
    """A text in the table's format, `2026-04-04T18:01:06Z`."""
    MAP = "map"
    """Texts by text."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what it holds where it holds anything."""

    name: str
    kind: Kind = Kind.TEXT

    def of(self, flat: "dict[str, Any]") -> Value:
        """Return the column's value in a flat row; None where there is none, or none of the column's kind."""
        if self.name.startswith(_TAG):
            return flat.get("tags", {}).get(self.name.removeprefix(_TAG))
        value = flat.get(self.name)
        match self.kind:
            case Kind.TEXT:
                return value if isinstance(value, str) else None
            case Kind.INTEGER:
                return _integer(value)
            case Kind.TIME:
                return value if is_timestamp(value) else None
            case Kind.MAP:
                return value


_FILE: Final = (
    ("file_path", Kind.TEXT),
    ("etag", Kind.TEXT),
    ("content_length", Kind.INTEGER),
    ("part_size", Kind.INTEGER),
    ("total_parts", Kind.INTEGER),
)

COLUMNS: Final = (
    *map(Column, ("set_id", "set_arn", "set_name", "set_description", "set_status", "set_status_message", "set_type")),
    *map(Column, ("set_reference_arn", "set_reference_name", "set_subject_id", "set_sample_id")),
    *map(Column, ("set_creation_type", "set_creation_job_id")),
    Column("set_creation_time", Kind.TIME),
    *map(Column, ("set_etag_algorithm", "set_etag_source1", "set_etag_source2")),
    Column("set_sequence_information_total_read_count", Kind.INTEGER),
    Column("set_sequence_information_total_base_count", Kind.INTEGER),
    *map(Column, ("set_sequence_information_generated_from", "set_sequence_information_alignment")),
    Column("set_total_size", Kind.INTEGER),
    *(Column(f"{file}_{name}", kind) for file in ("source1", "source2", "index") for name, kind in _FILE),
    *map(Column, ("store_id", "store_arn", "store_name", "store_uri", "store_ap_arn", "store_type")),
    Column("tags", Kind.MAP),
    *(Column(name, Kind.TIME) for name in ("status_at", "store_at", "synced_at")),
    *map(Column, ("sync_revision", "sync_digest", "sync_state", "sync_unknown", "sync_lacks")),
)
"""Every column, in the order of docs/schema.md."""

_BY_NAME: Final = {column.name: column for column in COLUMNS}

SHOWN: Final = tuple(
    _BY_NAME[name]
    for name in ("set_id", "set_name", "set_status", "set_type", "set_subject_id", "set_sample_id", "store_name")
)
"""Columns of tables and CSV where none are asked for."""


def columns_of(names: str, *further: Column) -> tuple[Column, ...]:
    """Return the columns of a list such as `set_id,tag:cohort`, of all columns and `further` ones."""
    known = _BY_NAME | {column.name: column for column in further}
    columns = tuple(_column(name.strip(), known) for name in names.split(","))
    name, count = Counter(column.name for column in columns).most_common(1)[0]
    if count > 1:
        raise CommandError(f"--columns: {name!r} is given {count} times: give it once")
    return columns


def _column(name: str, known: Mapping[str, Column]) -> Column:
    if name.startswith(_TAG) and name != _TAG:
        return Column(name)
    if name not in known:
        raise CommandError(f"--columns: {name!r} is not a column: give tag:KEY, or some of {', '.join(sorted(known))}")
    return known[name]


def values(row: Row, columns: Sequence[Column]) -> list[Value]:
    """Return what a row has in some columns."""
    flat = _flatten(row)
    return [column.of(flat) for column in columns]


def _flatten(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        match name:
            case "files":
                for file in value:
                    flat |= {f"{file.get('file_type')}_{member}": each for member, each in file.items()}
            case "store":
                flat = {**value, **flat}
            case "tags":
                flat["tags"] = {key: each for tag in value for key, each in tag.items()}
            case "set_etag" | "set_sequence_information":
                flat |= {f"{name}_{member}": each for member, each in value.items()}
            case _:
                flat[name] = value
    return flat


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < len(str(_INT64)) + 1 else None
    if isinstance(value, Decimal | int) and value == int(value) and -_INT64 <= value < _INT64:
        return int(value)
    return None
