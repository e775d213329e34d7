"""`omics-meta count`: how many read sets there are of each kind, how many bytes they have, and how many gigabases."""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from omics_meta.search.columns import Column, Kind, Value, columns_of, values
from omics_meta.search.filters import Search
from omics_meta.search.inventory import UNKNOWN, Tally, size_text
from omics_meta.search.searching import search_for
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import counted, print_note
from omics_meta.terminal.progress import reporting

_MEASURED: Final = frozenset({"set_total_size", "set_sequence_information"})
"""Attributes of which a `Tally` is made."""
_LABELS: Final = "labels"
_TALLY: Final = "tally"


def count(search: Search, *, form: Format, by: str | None) -> ExitCode:
    """Count the read sets that fit. In memory are the groups alone."""
    write = writer_of(form)
    labels = _labels(by) if by is not None else ()
    found = search_for(search, attributes=_MEASURED.union(*(each.attributes for each in labels)))
    groups: dict[tuple[Value, ...], Tally] = {} if labels else {(): Tally()}
    with reporting() as reporter:
        for row in chain.from_iterable(reporter.each("count", found.pages)):
            groups.setdefault(tuple(values(row, labels)), Tally()).add(Tally.of(row))
    read_sets = sum(each.count for each in groups.values())
    ranked = [{_LABELS: key, _TALLY: tally} for key, tally in sorted(groups.items(), key=_rank)]
    if form is Format.PARQUET and (most := max((each.size for each in groups.values()), default=0)) >= 2**63:
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


def _rank(group: tuple[tuple[Value, ...], Tally]) -> tuple[int, list[tuple[bool, Value]]]:
    """Sorts the largest groups first, and others by their labels."""
    labels, tally = group
    return -tally.count, [(label is None, label) for label in labels]


def _shown(labels: Sequence[Column]) -> Iterator[Column]:
    """The columns of the labels in a line of the result."""
    for number, label in enumerate(labels):
        yield Column(label.name, label.kind, taken=lambda flat, number=number: flat[_LABELS][number])


def _gigabases(tally: Tally) -> float | None:
    """Bases in thousands of millions, by which HealthOmics charges for storage."""
    return None if tally.known_bases is None else tally.known_bases / 1e9


def _gigabases_text(tally: Tally) -> str:
    return UNKNOWN if (gigabases := _gigabases(tally)) is None else f"{gigabases:,.3f}"


def _numbers(
    bytes_: tuple[Kind, Callable[[Tally], Value]], gigabases: tuple[Kind, Callable[[Tally], Value]]
) -> tuple[Column, ...]:
    counts: dict[str, tuple[Kind, Callable[[Tally], Value]]] = {
        "read_sets": (Kind.INTEGER, lambda tally: tally.count),
        "bytes": bytes_,
        "bytes_unknown": (Kind.INTEGER, lambda tally: tally.unknown),
        "gigabases": gigabases,
        "gigabases_unknown": (Kind.INTEGER, lambda tally: tally.bases_unknown),
    }
    return tuple(
        Column(name, kind, taken=lambda flat, taken=taken: taken(flat[_TALLY]))
        for name, (kind, taken) in counts.items()
    )


_NUMBERS: Final = _numbers((Kind.INTEGER, lambda tally: tally.known_size), (Kind.NUMBER, _gigabases))
_FOR_PEOPLE: Final = _numbers(
    (Kind.TEXT, lambda tally: UNKNOWN if tally.known_size is None else size_text(tally.known_size)),
    (Kind.TEXT, _gigabases_text),
)
