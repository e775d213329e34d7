"""What is shown of a row: each of its values, flat, under a name that docs/schema.md lists. Pure: no AWS calls.

`columns_of` reads the language in which users choose columns, rename them and give defaults.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from typing import Any, Final

from readset_sync.constants import KEY
from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.record import Row, tag_map
from readset_sync.model.timestamp import is_timestamp

from omics_meta.terminal.exits import CommandError

Value = str | int | float | dict[str, str] | None

_Flat = dict[str, Any]
"""A row whose values are not inside others; its tags are one dict."""

_TAG: Final = "tag:"
_PREFIX: Final = "set_"
"""What may be left out of the name of a column."""
_INT64: Final = 2**63
_FILES: Final = ("source1", "source2", "index")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    """Of 64 bits."""
    NUMBER = "number"
    """That need not be whole. No row has one; counts do."""
    TIME = "time"
    """A text in the table's format, `2026-04-04T18:01:06Z`."""
    MAP = "map"
    """Texts by text."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what it holds where it holds anything.

    Attributes:
        name: Its heading.
        kind: What it holds.
        attributes: The attributes of a row that it is made of.
        taken: Takes its value from a flat row. None takes the value of its name.
    """

    name: str
    kind: Kind = Kind.TEXT
    attributes: frozenset[str] = frozenset()
    taken: Callable[[_Flat], Value] | None = None

    def of(self, flat: _Flat) -> Value:
        """Return the column's value in a flat row; None where there is none, or none of the column's kind."""
        if self.taken:
            return self.taken(flat)
        value = flat.get(self.name)
        match self.kind:
            case Kind.TEXT:
                return value if isinstance(value, str) else None
            case Kind.INTEGER:
                return _integer(value)
            case Kind.TIME:
                return value if is_timestamp(value) else None  # one may be in another tool's `store`
            case Kind.MAP | Kind.NUMBER:
                return value


def _stored(*names: str, kind: Kind = Kind.TEXT, inside: str = "") -> Iterator[Column]:
    """Columns of attributes, or of the members of the attribute `inside` which they are."""
    return (Column(name, kind, frozenset({inside or name})) for name in names)


_INFORMATION: Final = "set_sequence_information"
_FILE: Final = (
    ("file_path", Kind.TEXT),
    ("etag", Kind.TEXT),
    ("content_length", Kind.INTEGER),
    ("part_size", Kind.INTEGER),
    ("total_parts", Kind.INTEGER),
)

COLUMNS: Final = (
    *_stored("set_id", "set_arn", "set_name", "set_description", "set_status", "set_status_message", "set_type"),
    *_stored("set_reference_arn", "set_reference_name", "set_subject_id", "set_sample_id"),
    *_stored("set_creation_type", "set_creation_job_id"),
    *_stored("set_creation_time", kind=Kind.TIME),
    *_stored("set_etag_algorithm", "set_etag_source1", "set_etag_source2", inside="set_etag"),
    *_stored(
        f"{_INFORMATION}_total_read_count", f"{_INFORMATION}_total_base_count", kind=Kind.INTEGER, inside=_INFORMATION
    ),
    *_stored(f"{_INFORMATION}_generated_from", f"{_INFORMATION}_alignment", inside=_INFORMATION),
    *_stored("set_total_size", kind=Kind.INTEGER),
    *(each for file in _FILES for name, kind in _FILE for each in _stored(f"{file}_{name}", kind=kind, inside="files")),
    Column("store_id", attributes=frozenset({"store_id", "store"})),
    *_stored("store_arn", "store_name", "store_uri", "store_ap_arn", "store_type", inside="store"),
    *_stored("tags", kind=Kind.MAP),
    *_stored("status_at", "store_at", "synced_at", kind=Kind.TIME),
    *_stored("sync_revision", "sync_digest", "sync_state", "sync_unknown", "sync_lacks"),
)
"""Every column that a row has by itself, in the order of docs/schema.md."""


def read_set_arn(row: Row) -> ReadSetArn | None:
    """Return the ARN that the key of a row is; None for the row of another tool, whose key is none."""
    try:
        return ReadSetArn.parse(row[KEY])
    except MalformedArnError:
        return None


def _place(member: str, flat: _Flat) -> Value:
    arn = read_set_arn(flat)
    return arn and getattr(arn, member)


def _omics_uri(file: str, flat: _Flat) -> Value:
    arn = read_set_arn(flat)
    if arn is None or f"{file}_file_type" not in flat:
        return None
    host = f"{arn.account}.storage.{arn.region}.amazonaws.com"
    return f"omics://{host}/{arn.store_id}/readSet/{arn.read_set_id}/{file}"


DERIVED: Final = (
    *(Column(name, attributes=frozenset({KEY}), taken=partial(_place, name)) for name in ("account", "region")),
    *(
        Column(f"omics_uri_{file}", attributes=frozenset({KEY, "files"}), taken=partial(_omics_uri, file))
        for file in _FILES
    ),
)
"""Columns that are made of others, and shown only by their names."""

_BY_NAME: Final = {column.name: column for column in (*COLUMNS, *DERIVED)}

SHOWN: Final = tuple(
    _BY_NAME[name]
    for name in ("set_id", "set_name", "set_status", "set_type", "set_subject_id", "set_sample_id", "store_name")
)
"""Columns of tables and CSV where none are asked for."""

PLACE: Final = (_BY_NAME["account"], _BY_NAME["region"])
"""Columns that come before all others where several tables are read."""

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<literal>'(?:[^']|'')*+')|(?P<name>(?:"(?:[^"]|"")*+"|[^"',=|\s])(?:"(?:[^"]|"")*+"|[^",=|])*+))?"""
    r"""\s*(?P<end>[,=|]|\Z)"""
)
"""A literal or a name, either of which may be missing, and what ends it."""

_QUOTES: Final = """put texts into '...', and names with any of , = | " into "..." """.strip()


def columns_of(text: str, *further: Column, option: str = "--columns") -> tuple[Column, ...]:
    """Return the columns of a list such as `set_id,cohort=tag:cohort|'none'`, of all columns and `further` ones.

    Raises:
        CommandError: The list is wrong. The message begins with `option`.
    """
    known = _BY_NAME | {column.name: column for column in further}
    try:
        return _columns(text, known)
    except CommandError as error:
        raise CommandError(f"{option}: {error}") from error


def one_column(text: str, *, option: str, name: str | None = None) -> Column:
    """Return the only column of a list that gives no new name, under `name` if there is one.

    Raises:
        CommandError: The list is wrong. The message begins with `option`.
    """
    try:
        return _column(_Item(name, _only(text).sources), _BY_NAME)
    except CommandError as error:
        raise CommandError(f"{option}: {error}") from error


def _columns(text: str, known: Mapping[str, Column]) -> tuple[Column, ...]:
    columns = tuple(_column(item, known) for item in _items(text))
    name, count = Counter(column.name for column in columns).most_common(1)[0]
    if count > 1:
        raise CommandError(f"{name!r} is given {count} times: give it once, or another name, as in NEW={name}")
    return columns


def _only(text: str) -> "_Item":
    item, *others = _items(text)
    if others or item.heading is not None:
        raise CommandError(f"{text!r} is not one column: leave out NEW=, and put | between several")
    return item


@dataclass(slots=True)
class _Item:
    """One column as it was typed: its new name, if any, and where its value comes from, each with its quotes."""

    heading: str | None
    sources: list[str]


def _items(text: str) -> Iterator[_Item]:
    if re.search("[\ud800-\udfff]", text):  # what Python makes of other bytes on a command line
        raise CommandError(f"{text!r} is not a text in UTF-8: type it as one")
    item, position, end = _Item(None, []), 0, ","
    while end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise CommandError(f"{text[position:]!r} cannot be read: {_QUOTES}")
        position, end = token.end(), token["end"]
        given = token["literal"] or (token["name"] or "").rstrip()
        if end == "=":
            if item.heading is not None or item.sources or not _unquoted(given) or token["literal"]:
                raise CommandError(f"{text!r} has an = that is not between NEW and COLUMN: {_QUOTES}")
            item.heading = _unquoted(given)
            continue
        item.sources.append(given)
        if end != "|":
            yield item
            item = _Item(None, [])


def _unquoted(name: str) -> str:
    """Take the quotes from the quoted parts of a name; two of them within these stand for one."""
    return re.sub(r'"((?:[^"]|"")*)"', lambda found: found[1].replace('""', '"'), name)


def _column(item: _Item, known: Mapping[str, Column]) -> Column:
    sources = [_source(each, known) for each in item.sources]
    heading = sources[0].name if item.heading is None else item.heading
    if not heading:
        raise CommandError(f"the text {item.sources[0]} needs a name: give NEW={item.sources[0]}")
    if len(sources) == 1:
        return replace(sources[0], name=heading, taken=sources[0].of)
    is_of_one_kind = len({source.kind for source in sources}) == 1
    return Column(
        heading,
        sources[0].kind if is_of_one_kind else Kind.TEXT,
        frozenset[str]().union(*(source.attributes for source in sources)),
        partial(_first if is_of_one_kind else _first_as_text, sources),
    )


def _first(sources: Sequence[Column], flat: _Flat) -> Value:
    """The first value of several columns that is there and not empty; or else what the last has."""
    value = None
    for source in sources:
        value = source.of(flat)
        if value or value == 0:
            break
    return value


def _first_as_text(sources: Sequence[Column], flat: _Flat) -> Value:
    value = _first(sources, flat)
    return json.dumps(value) if isinstance(value, dict | int) else value


def _source(given: str, known: Mapping[str, Column]) -> Column:
    if given.startswith("'"):
        text = given[1:-1].replace("''", "'")
        return Column("", taken=lambda _: text)
    name = _unquoted(given)
    if name.startswith(_TAG) and name != _TAG:
        key = name.removeprefix(_TAG)
        return Column(name, attributes=frozenset({"tags"}), taken=lambda flat: flat.get("tags", {}).get(key))
    if column := known.get(name) or known.get(_PREFIX + name):
        return replace(column, name=name, taken=column.of)
    near = get_close_matches(name, [*known, *(each.removeprefix(_PREFIX) for each in known)], n=1)
    # A shell takes quotes away that are not in others.
    others = "tag:KEY, a text as in \"NEW='TEXT'\" with both kinds of quotes, or some of"
    remedy = f"did you mean {near[0]}?" if near else f"give {others} {', '.join(sorted(known))}"
    raise CommandError(f"{name!r} is not a column: {remedy}")


def values(row: Row, columns: Sequence[Column]) -> list[Value]:
    """Return what a row has in some columns."""
    flat = _flatten(row)
    return [column.of(flat) for column in columns]


def _flatten(row: Row) -> _Flat:
    flat: _Flat = {}
    for name, value in row.items():
        match name:
            case "files":
                for file in value:
                    flat |= {f"{file.get('file_type')}_{member}": each for member, each in file.items()}
            case "store":
                flat = {**value, **flat}
            case "tags":
                flat["tags"] = tag_map(row)
            case "set_etag" | "set_sequence_information":
                flat |= {f"{name}_{member}": each for member, each in value.items()}
            case _:
                flat[name] = value
    return flat


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < len(str(_INT64)) + 1 else None
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal | int) and value == int(value) and -_INT64 <= value < _INT64:
        return int(value)
    return None
