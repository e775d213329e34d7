"""The steps that every command takes that works with rows which it finds: of a search, or of names."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from unicodedata import normalize

from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIONS
from readset_sync.model.record import Row

from omics_meta.search.columns import PLACE, Column
from omics_meta.search.criteria import criteria_of, one_of, read_set_id
from omics_meta.search.criterion import Criterion
from omics_meta.search.explanation import print_explanations
from omics_meta.search.filters import Filters, Search
from omics_meta.search.names_file import names_in
from omics_meta.search.plan import Access, facts_of, plan
from omics_meta.search.reader import read, read_named
from omics_meta.search.sorting import Order
from omics_meta.selection.connection import TableConnection
from omics_meta.selection.tables import Tables, connect_tables
from omics_meta.selection.target import RESOURCE_ID, Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import print_note

_CASE: Final = "; upper and lower case matter"


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that are found while they are taken.

    Attributes:
        tables: The tables.
        pages: The rows, some at a time.
        end: To call after the last page with the number of rows: says on stderr what was asked for and is not there,
            and returns the exit code of that.
    """

    tables: Tables
    pages: Iterator[list[Row]]
    end: Callable[[int], ExitCode]

    @property
    def first(self) -> Sequence[Column]:
        """The columns that come before those which are usually shown."""
        return PLACE if self.tables.several else ()


def search_for(search: Search, *, attributes: Collection[str] = ()) -> Found:
    """Find the rows that fit filters.

    Args:
        search: The table and the filters.
        attributes: Names of those that the caller needs, if it does not need whole rows. Rows may have more.

    Raises:
        CommandError: A filter cannot be. Nothing has been asked of AWS then.
        TableError: The table does not exist, or has another key.
    """
    planned = _planned(search)
    tables = planned.tables
    pages = tables.read(partial(planned.pages, attributes=frozenset(attributes)))

    asked = search.filters.listed
    listed = {attribute: {normalize("NFC", name): name for name in asked[attribute]} for attribute in asked}
    whole = False

    def crossing_off() -> Iterator[list[Row]]:
        nonlocal whole
        for _, page in pages:
            for row in page:
                for attribute, missing in listed.items():
                    missing.pop(normalize("NFC", row[attribute]), None)
            yield page
        whole = True

    def end(count: int) -> ExitCode:
        if not count:
            for hint in _hints_of_nothing(search.filters):
                print_note(hint)
        if not whole:  # no more rows were wanted, so that nobody knows
            return tables.code
        tables.say_counts()
        for attribute, missing in listed.items():
            is_all = search.filters == Filters(listed={attribute: asked[attribute]})
            where = "" if is_all else " among what fits the other options"
            _tell_missing(attribute, [*missing.values()], of=len(asked[attribute]), where=where)
        return ExitCode.FOUND_WRONG if search.require_all and any(listed.values()) else tables.code

    return Found(tables, crossing_off(), end)


def _tell_missing(attribute: str, missing: Sequence[str], *, of: int, where: str) -> None:
    what = attribute.removeprefix("set_").removesuffix("_id")
    for name in missing:
        print_note(f"found no read set of {what} {name!r}")
    if missing:
        print_note(f"{len(missing):,} of {of:,} {what}s not found{where}")
    if len(missing) == of and "," in missing[0]:
        print_note("if that file is CSV, name its column with --from-column")


def explain(search: Search, order: Order | None, *, as_json: bool) -> ExitCode:
    """Print how `find` would search each table, and what it would cost."""
    planned = _planned(search)
    explained = [(table, planned.access(table), facts_of(table.description)) for table in planned.tables.connections]
    print_explanations(planned.tables, explained, order, as_json=as_json)
    return planned.tables.code


def look_up(selections: Sequence[Selection], names: Sequence[str], *, column: str | None = None) -> Found:
    """Find the rows of read sets that are named by ARN, or by id, for which the table is searched.

    `-` stands for the names on stdin: one on each line, or a column of CSV.

    Raises:
        CommandError: A name is neither. Nothing has been asked of AWS then.
        TableError: The table does not exist, or has another key.
    """
    if "-" in names:
        listed = names_in(Path("-"), "READ_SET", column=column)
        names = [each for name in names for each in (listed if name == "-" else [name])]
    elif column is not None:
        raise CommandError("--from-column is about read sets on stdin: give - for them")
    arns = list(dict.fromkeys(name for name in names if name.startswith("arn:")))
    ids = list(dict.fromkeys(name for name in names if not name.startswith("arn:")))
    for each in ids:
        if not RESOURCE_ID.fullmatch(each):
            raise CommandError(
                f"{each!r} is neither the ARN nor the id of a read set: give an ARN or 10 to 36 digits,"
                " or search with `omics-meta find`"
            )
    tables = connect_tables(selections)
    asked = {str(table): named for table, named in tables.share(arns)}
    missing = dict.fromkeys([*arns, *ids])

    def pages() -> Iterator[list[Row]]:
        for _, page in tables.read(lambda table: _named(table, asked[str(table)], ids)):
            for row in page:
                missing.pop(row[KEY], None)
                missing.pop(read_set_id(row), None)
            yield page

    def end(_: int) -> ExitCode:
        for name in missing:
            print_note(f"no row of {name} in {tables}")
        return ExitCode.FOUND_WRONG if missing else tables.code

    return Found(tables, pages(), end)


@dataclass(frozen=True, slots=True)
class _Planned:
    tables: Tables
    criteria: Sequence[Criterion]
    segments: int | None

    def access(self, table: TableConnection) -> Access:
        """How one of the tables is read, by the indexes that it has."""
        access = plan(self.criteria, facts_of(table.description))
        return replace(access, segments=self.segments or access.segments)

    def pages(self, table: TableConnection, attributes: Collection[str]) -> Generator[list[Row]]:
        """The rows of one of the tables that fit."""
        return read(table.client, table.table, self.access(table), self.criteria, attributes)


def _planned(search: Search) -> _Planned:
    criteria = criteria_of(search.filters)
    for doubt in doubts(search.filters):
        print_note(doubt)
    planned = _Planned(connect_tables(search.selections), criteria, search.segments)
    for table in planned.tables.connections:
        if search.segments is not None and (access := planned.access(table)).index:
            raise CommandError(f"--segments is about a scan, and {access.reason}: leave --segments out")
    return planned


def _named(connection: TableConnection, arns: Sequence[str], ids: Sequence[str]) -> Generator[list[Row]]:
    yield from read_named(connection.table, arns)
    if not ids:
        return
    facts, named, criteria = facts_of(connection.description), frozenset(arns), [one_of(dict.fromkeys(ids))]
    for page in read(connection.client, connection.table, plan(criteria, facts), criteria):
        yield [row for row in page if row[KEY] not in named]


def doubts(filters: Filters) -> Iterator[str]:
    """Yield what is odd about filters, which HealthOmics may yet come to know."""
    for option, statuses in (("--status", filters.status), ("--not-status", filters.not_status)):
        for status in statuses:
            if status.upper() not in ACTIONS:
                yield f"{option} {status!r} is none of the known statuses: {', '.join(sorted(ACTIONS))}"


def _hints_of_nothing(filters: Filters) -> Iterator[str]:
    """Yield why nothing may have been found by filters."""
    if filters.store and filters == Filters(store=filters.store):
        yield f"no row has the store {_either(filters.store)}"
    if names := [each for each in filters.store if not RESOURCE_ID.fullmatch(each)]:
        yield f"check --store {_either(names)}{_CASE}"
    if names := [each for each in filters.reference if not each.startswith("arn:")]:
        yield f"check --reference {_either(names)}{_CASE}, and rows lack the name that their writer may not read"
    if filters.tags:
        yield f"check --tag {_either(filters.tags)}{_CASE}, and rows that are not complete may have no tags yet"


def _either(values: Sequence[str]) -> str:
    return " or ".join(map(repr, values))
