"""Sample sheets: their columns, and what a pipeline asks of these. docs/sheets.md has the form of a preset."""

import re
import tomllib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIVATING, ARCHIVED
from readset_sync.model.record import Row

from omics_meta.search.columns import Column, Value, one_column, values
from omics_meta.search.criteria import TYPES
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats.rows import cell

PRESETS: Final = Path(__file__).parents[1] / "sheets"
"""The folder of the presets that come with the command line."""

NEVER_SEEN: Final = "its files are not known, because its row has never seen it active"
"""The rule that an archived read set breaks whose files are not known: activation tells them."""

_ARCHIVED: Final = frozenset({ARCHIVED, ACTIVATING})
_WITHOUT_FILES: Final = frozenset({"PROCESSING_UPLOAD", "UPLOAD_FAILED", "DELETING", "DELETED"})
"""Statuses of read sets whose files cannot be read, now or after activation."""

_TEXT: Final = "a text"
_TEXTS: Final = "a list of texts"
_TRUTH: Final = "true or false"
_TABLES: Final = "[[column]] tables"
_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    _TEXT: lambda value: isinstance(value, str),
    _TEXTS: lambda value: isinstance(value, list) and all(isinstance(each, str) for each in cast("list[Any]", value)),
    _TRUTH: lambda value: isinstance(value, bool),
    _TABLES: lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in cast("list[Any]", value)),
}
_KEYS: Final = {"source": _TEXT, "version": _TEXT, "types": _TEXTS, "unique": _TEXTS, "column": _TABLES}
_COLUMN_KEYS: Final = {
    "name": _TEXT,
    "from": _TEXT,
    "types": _TEXTS,
    "required": _TRUTH,
    "pattern": _TEXT,
    "values": _TEXTS,
    "needs": _TEXTS,
    "message": _TEXT,
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet, and the rules for its values.

    Attributes:
        column: Its name, and what takes its values from a row.
        source: Where they come from, as it was written.
        types: Types of read sets that have it; all if there are none here.
        required: Whether each of them must have a value.
        fits: Whether a value is right; all are if there is nothing here.
        values: What a value must be one of, if there are any.
        needs: Columns one of which must have a value if this one has.
        message: What is wrong with another value.
    """

    column: Column
    source: str = ""
    types: frozenset[str] = frozenset()
    required: bool = False
    fits: Callable[[str], object] | None = None
    values: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    message: str = ""

    @property
    def name(self) -> str:
        """Its heading."""
        return self.column.name

    def broken_by(self, row: Row, shown: Mapping[str, Value]) -> str | None:
        """Return the rule that a row of a type that has this column breaks; None if it breaks none."""
        if "tags" in self.column.attributes and "tags" not in row:
            return "its tags have not been read yet"
        text = cell(shown[self.name])
        if not text:
            return self._lacking(row) if self.required else None
        if (self.fits and not self.fits(text)) or (self.values and text not in self.values):
            return f"{self.name} {self.message}"
        return None

    def alone_in(self, shown: Mapping[str, Value]) -> str | None:
        """Return that a value needs another one which is not there; None if all is well."""
        if self.needs and shown[self.name] and not any(shown[each] for each in self.needs):
            return f"{self.name} needs {' or '.join(self.needs)}"
        return None

    def _lacking(self, row: Row) -> str:
        if "files" in self.column.attributes and not row.get("files"):
            return NEVER_SEEN if row.get("set_status") in _ARCHIVED else f"{self.name}: its row has no files"
        return f"it has no {self.name}{f' ({self.source})' if self.source else ''}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sheet, and the key of its row."""

    values: Sequence[Value]
    arn: str
    archived: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row cannot be in a sheet: the rule, and the value that breaks it."""

    arn: str
    rule: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The lines of a sheet, in the order of their values, and which rows are none of them."""

    lines: Sequence[Line]
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a pipeline.

    Attributes:
        columns: Its columns.
        types: Types of read sets that can be in it; all if there are none here.
        unique: Columns whose values, taken together, differ from line to line.
    """

    columns: Sequence[SheetColumn]
    types: frozenset[str] = frozenset()
    unique: tuple[str, ...] = ()

    def sift(self, rows: Iterable[Row]) -> Sifted:
        """Make lines of rows. All of them are in memory then."""
        lines: list[Line] = []
        refusals: list[Refusal] = []
        for row in rows:
            match self._line(row):
                case Line() as line:
                    lines.append(line)
                case Refusal() as refusal:
                    refusals.append(refusal)
        twice = self._twice(lines)
        refusals += twice
        taken = {refusal.arn for refusal in twice}
        lines = [line for line in lines if line.arn not in taken]
        lines.sort(key=lambda line: ([*map(cell, line.values)], line.arn))
        refusals.sort(key=lambda refusal: refusal.arn)
        return Sifted(lines, refusals)

    def _twice(self, lines: Iterable[Line]) -> list[Refusal]:
        """Refuse each of the lines that should differ and do not: which of them is meant, the user knows."""
        places = [number for number, each in enumerate(self.columns) if each.name in self.unique]
        alike: dict[tuple[str, ...], list[Line]] = {}
        for line in lines if places else ():
            alike.setdefault(tuple(cell(line.values[place]) for place in places), []).append(line)
        rule = f"another read set has the same {', '.join(self.unique)}"
        return [
            Refusal(line.arn, rule, ", ".join(key)) for key, group in alike.items() if len(group) > 1 for line in group
        ]

    def _line(self, row: Row) -> Line | Refusal:
        kind, status = str(row.get("set_type", "")), str(row.get("set_status", ""))
        if self.types and kind not in self.types:
            return Refusal(row[KEY], f"it is not of type {' or '.join(sorted(self.types))}", kind)
        if status in _WITHOUT_FILES:
            return Refusal(row[KEY], f"its status is {status}")
        having = [each for each in self.columns if not each.types or kind in each.types]
        shown = dict.fromkeys((each.name for each in self.columns), None) | dict(
            zip((each.name for each in having), values(row, [each.column for each in having]), strict=True)
        )
        for each in having:
            if rule := each.broken_by(row, shown):
                return Refusal(row[KEY], rule, cell(shown[each.name]))
        if rule := next(filter(None, (each.alone_in(shown) for each in having)), None):
            return Refusal(row[KEY], rule)
        return Line(list(shown.values()), row[KEY], status == ARCHIVED)


def preset_names() -> list[str]:
    """Return the names of the presets that there are."""
    return sorted(path.relative_to(PRESETS).with_suffix("").as_posix() for path in PRESETS.rglob("*.toml"))


def read_sheet(given: str) -> Sheet:
    """Return a preset by its name, or the one that a file declares.

    Raises:
        CommandError: There is none, or it is not as docs/sheets.md says. The message names the key that is wrong.
    """
    names = preset_names()
    if given not in names and not given.endswith(".toml"):
        raise CommandError(f"--sheet {given!r} is none of {', '.join(names)}: give one of them, or a .toml file")
    path = PRESETS / f"{given}.toml" if given in names else Path(given)
    try:
        return _sheet(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        said = f"cannot read --sheet {given}: {error.strerror}: give a file, or one of {', '.join(names)}"
        raise CommandError(said) from error
    except (ValueError, RecursionError) as error:  # numbers of any length, and lists in lists
        raise CommandError(f"--sheet {given} is not TOML: {error}") from error
    except CommandError as error:
        raise CommandError(f"--sheet {given}: {error}") from error


def _sheet(declared: Mapping[str, Any]) -> Sheet:
    _check(declared, _KEYS, required=("column",))
    columns = tuple(map(_column, declared["column"]))
    names = [each.name for each in columns]
    for name in names:
        if names.count(name) > 1:
            raise CommandError(f"there are {names.count(name)} columns {name!r}: leave one")
    for key, named in [("unique", declared.get("unique", ())), *(("needs", each.needs) for each in columns)]:
        for name in named:
            if name not in names:
                raise CommandError(f"{key!r} names {name!r}, which is no column: give some of {', '.join(names)}")
    return Sheet(columns, _types(declared), tuple(declared.get("unique", ())))


def _column(declared: Mapping[str, Any]) -> SheetColumn:
    name = declared.get("name", "without a name")
    try:
        _check(declared, _COLUMN_KEYS, required=("name", "from"))
        pattern, texts = declared.get("pattern"), tuple(declared.get("values", ()))
        fallback = f"must be one of {', '.join(texts)}" if texts else f"must match {pattern}"
        return SheetColumn(
            one_column(declared["from"], option="'from'", name=name),
            declared["from"],
            _types(declared),
            declared.get("required", False),
            _compiled(pattern).fullmatch if pattern is not None else None,
            texts,
            tuple(declared.get("needs", ())),
            declared.get("message", fallback),
        )
    except (re.error, OverflowError, RecursionError) as error:
        raise CommandError(f"column {name!r}: 'pattern' is not a regular expression: {error}") from error
    except CommandError as error:
        raise CommandError(f"column {name!r}: {error}") from error


def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():  # of what another version of Python may read otherwise
        warnings.simplefilter("ignore")
        return re.compile(pattern)


def _types(declared: Mapping[str, Any]) -> frozenset[str]:
    types = frozenset(declared.get("types", ()))
    if unknown := types.difference(TYPES):
        raise CommandError(f"'types' has {min(unknown)!r}: give some of {', '.join(TYPES)}")
    return types


def _check(declared: Mapping[str, Any], known: Mapping[str, str], required: Sequence[str]) -> None:
    """Check that a table of TOML has the keys that it must have, and known ones alone, each with its kind of value."""
    for key, value in declared.items():
        if key not in known:
            raise CommandError(f"{key!r} is not a key: give some of {', '.join(known)}")
        if not _KINDS[known[key]](value):
            raise CommandError(f"{key!r} is {value!r}: give {known[key]}")
    for key in required:
        if not declared.get(key):
            raise CommandError(f"there is no {key!r}: give {known[key]}")
