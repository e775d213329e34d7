"""The steps that every command takes that works with rows which it finds: of a search, or of names."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.criteria import Criterion, criteria_of, one_of, read_set_id
from omics_meta.search.explanation import print_explanation
from omics_meta.search.filters import Search
from omics_meta.search.hints import doubts, hint_of_nothing
from omics_meta.search.plan import Access, TableFacts, facts_of, plan
from omics_meta.search.reader import read, read_named
from omics_meta.selection.connection import TableConnection, connect_table
from omics_meta.selection.target import RESOURCE_ID, Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import print_note


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that are found while they are taken.

    Attributes:
        connection: The table.
        pages: The rows, some at a time.
        end: To call after the last page with the number of rows: says on stderr what was asked for and is not there,
            and returns the exit code of that.
    """

    connection: TableConnection
    pages: Iterator[list[Row]]
    end: Callable[[int], ExitCode]


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
    reading = frozenset(attributes)
    pages = read(planned.connection.client, planned.connection.table, planned.access, planned.criteria, reading)

    def end(count: int) -> ExitCode:
        if not count and search.filters.store:
            print_note(hint_of_nothing(search.filters))
        return ExitCode.DONE

    return Found(planned.connection, pages, end)


def explain(search: Search, *, command: str, as_json: bool) -> ExitCode:
    """Print how a search would be done, and what it would cost."""
    planned = _planned(search)
    print_explanation(planned.connection.about(command), planned.access, planned.facts, as_json=as_json)
    return ExitCode.DONE


def look_up(selection: Selection, names: Sequence[str]) -> Found:
    """Find the rows of read sets that are named by ARN, or by id, for which the table is searched.

    Raises:
        CommandError: A name is neither. Nothing has been asked of AWS then.
        TableError: The table does not exist, or has another key.
    """
    arns = list(dict.fromkeys(name for name in names if name.startswith("arn:")))
    ids = list(dict.fromkeys(name for name in names if not name.startswith("arn:")))
    for each in ids:
        if not RESOURCE_ID.fullmatch(each):
            raise CommandError(
                f"{each!r} is neither the ARN nor the id of a read set: give an ARN or 10 to 36 digits,"
                " or search with `omics-meta find`"
            )
    connection = connect_table(selection)
    missing = dict.fromkeys([*arns, *ids])

    def pages() -> Iterator[list[Row]]:
        for page in _named(connection, arns, ids):
            for row in page:
                missing.pop(row[KEY], None)
                missing.pop(read_set_id(row), None)
            yield page

    def end(_: int) -> ExitCode:
        for name in missing:
            print_note(f"no row of {name} in table {connection.table.name}")
        return ExitCode.FOUND_WRONG if missing else ExitCode.DONE

    return Found(connection, pages(), end)


@dataclass(frozen=True, slots=True)
class _Planned:
    connection: TableConnection
    criteria: Sequence[Criterion]
    facts: TableFacts
    access: Access


def _planned(search: Search) -> _Planned:
    criteria = criteria_of(search.filters)
    for doubt in doubts(search.filters):
        print_note(doubt)
    connection = connect_table(search.selection)
    facts = facts_of(connection.description)
    return _Planned(connection, criteria, facts, plan(criteria, facts))


def _named(connection: TableConnection, arns: Sequence[str], ids: Sequence[str]) -> Iterator[list[Row]]:
    yield from read_named(connection.table, arns)
    facts, named = facts_of(connection.description), frozenset(arns)
    searches = [[one_of(frozenset({each}))] for each in ids]
    if any(plan(each, facts).index is None for each in searches):
        searches = [[one_of(frozenset(ids))]]  # one scan for all of them
    for criteria in searches:
        for page in read(connection.client, connection.table, plan(criteria, facts), criteria):
            yield [row for row in page if row[KEY] not in named]
