"""`omics-meta count`: how many read sets there are of each kind, how many bytes they have, and how many gigabases."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omics_meta.search.columns import Column, Kind, Value, columns_of, values
from omics_meta.search.filters import Search
from omics_meta.search.inventory import UNKNOWN, size_text
from omics_meta.search.searching import search_for
from omics_meta.terminal.console import counted
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import print_note
from omics_meta.terminal.progress import reporting

_MEASURED: Final = columns_of("set_total_size,set_sequence_information_total_base_count")
_GROUP: Final = "group"


@dataclass(slots=True)
class _Sum:
    """What is known of a number of some read sets, and of how many of them it is not known."""

    known: int = 0
    counted: int = 0
    unknown: int = 0

    def add(self, value: Value) -> None:
        """Take one read set's number; None where it is not known."""
        if isinstance(value, int) and value >= 0:
            self.known += value
            self.counted += 1
        else:
            self.unknown += 1

    @property
    def total(self) -> int | None:
        """The sum of what is known; None where nothing is, which is not 0."""
        return None if self.unknown and not self.counted else self.known


@dataclass(frozen=True, slots=True)
class _Group:
    """The read sets with the same labels."""

    labels: tuple[Value, ...]
    size: _Sum
    bases: _Sum

    @property
    def read_sets(self) -> int:
        """How many there are."""
        return self.size.counted + self.size.unknown

    @property
    def gigabases(self) -> float | None:
        """Bases in thousands of millions, by which HealthOmics charges for storage."""
        return None if self.bases.total is None else self.bases.total / 1e9

    @property
    def rank(self) -> tuple[int, list[tuple[bool, Value]]]:
        """Sorts the largest groups first, and others by their labels."""
        return -self.read_sets, [(label is None, label) for label in self.labels]


def count(search: Search, *, form: Format, by: str | None) -> ExitCode:
    """Count the read sets that fit. In memory are the groups alone."""
    write = writer_of(form)
    labels = _labels(by) if by is not None else ()
    found = search_for(search, attributes=frozenset[str]().union(*(each.attributes for each in (*labels, *_MEASURED))))
    groups: dict[tuple[Value, ...], _Group] = {} if labels else {(): _Group((), _Sum(), _Sum())}
    read_sets = 0
    with reporting() as reporter:
        for page in reporter.each("count", found.pages):
            for row in page:
                *key, size, bases = values(row, (*labels, *_MEASURED))
                group = groups.get(tuple(key)) or groups.setdefault(tuple(key), _Group(tuple(key), _Sum(), _Sum()))
                group.size.add(size)
                group.bases.add(bases)
            read_sets += len(page)
    ranked = [{_GROUP: group} for group in sorted(groups.values(), key=lambda group: group.rank)]
    if form is Format.PARQUET and (most := max((group.size.known for group in groups.values()), default=0)) >= 2**63:
        raise CommandError(f"{most:,} bytes are more than a number of Parquet can be: give --format csv or json")
    shown = (*_shown(labels), *(_FOR_PEOPLE if form is Format.TABLE else _NUMBERS))

    def ending(_: int) -> dict[str, Any]:
        return {"read_sets": read_sets, **found.tables.listed()}

    write(Rows([ranked], shown, found.tables.about("count"), ending, member="groups"), sys.stdout)
    print_note(f"{counted(read_sets, 'read set')} in {counted(len(ranked), 'group')}")
    return found.end(read_sets)


def _labels(by: str) -> Sequence[Column]:
    labels = columns_of(by, option="--by")
    names = {column.name for column in _NUMBERS}
    for column in labels:
        if column.kind is Kind.MAP:
            raise CommandError(f"--by: {column.name} holds several values: name one of them, as in tag:cohort")
        if column.name in names:
            raise CommandError(f"--by: {column.name} is the name of a count: give another, as in NEW={column.name}")
    return labels


def _shown(labels: Sequence[Column]) -> Iterator[Column]:
    """The columns of the labels in a line of the result."""
    for number, label in enumerate(labels):
        yield _of_group(label.name, label.kind, lambda group, number=number: group.labels[number])


def _of_group(name: str, kind: Kind, taken: Callable[[_Group], Value]) -> Column:
    return Column(name, kind, taken=lambda flat: taken(flat[_GROUP]))


_NUMBERS: Final = (
    _of_group("read_sets", Kind.INTEGER, lambda group: group.read_sets),
    _of_group("bytes", Kind.INTEGER, lambda group: group.size.total),
    _of_group("bytes_unknown", Kind.INTEGER, lambda group: group.size.unknown),
    _of_group("gigabases", Kind.NUMBER, lambda group: group.gigabases),
    _of_group("gigabases_unknown", Kind.INTEGER, lambda group: group.bases.unknown),
)


def _size_for_people(group: _Group) -> Value:
    return UNKNOWN if group.size.total is None else size_text(group.size.total)


def _gigabases_for_people(group: _Group) -> Value:
    return UNKNOWN if group.gigabases is None else f"{group.gigabases:,.3f}"


_FOR_PEOPLE: Final = tuple(
    {
        "bytes": _of_group("bytes", Kind.TEXT, _size_for_people),
        "gigabases": _of_group("gigabases", Kind.TEXT, _gigabases_for_people),
    }.get(column.name, column)
    for column in _NUMBERS
)
