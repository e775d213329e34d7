"""`omics-meta find` and `omics-meta get`."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.columns import columns_of
from omics_meta.search.criteria import criteria_of, one_of, read_set_id
from omics_meta.search.explanation import print_explanation
from omics_meta.search.filters import Search
from omics_meta.search.hints import doubts, hint_of_nothing
from omics_meta.search.plan import facts_of, plan
from omics_meta.search.reader import read, read_named
from omics_meta.selection.connection import TableConnection, connect_table
from omics_meta.selection.target import RESOURCE_ID, Selection
from omics_meta.terminal.console import counted
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import print_note


def find(search: Search, *, form: Format, columns: str | None, limit: int | None, explain: bool) -> ExitCode:
    """Print the rows that fit, as they are found."""
    if explain and form not in {Format.TABLE, Format.JSON}:
        raise CommandError(f"--explain and --format {form} contradict each other: give --json, or neither")
    write = writer_of(form)
    shown = columns_of(columns) if columns is not None else None
    criteria = criteria_of(search.filters)
    for doubt in doubts(search.filters):
        print_note(doubt)
    connection = connect_table(search.selection)
    facts = facts_of(connection.description)
    access = plan(criteria, facts)
    if explain:
        print_explanation(connection.about("find"), access, facts, as_json=form is Format.JSON)
        return ExitCode.DONE
    pages = read(connection.client, connection.table, access, criteria)

    def ending(found: int) -> dict[str, Any]:
        return {"found": found, "limited": found == limit}

    found = write(Rows(_first(pages, limit), shown, connection.about("find"), ending), sys.stdout)
    read_sets = counted(found, "read set")
    print_note(f"{read_sets} shown (--limit); there may be more" if found == limit else f"{read_sets} found")
    if not found and search.filters.store:
        print_note(hint_of_nothing(search.filters))
    return ExitCode.DONE


def get(selection: Selection, names: Sequence[str], *, form: Format, columns: str | None) -> ExitCode:
    """Print the rows of read sets that are named by ARN, or by id, for which the table is searched."""
    write = writer_of(form)
    shown = columns_of(columns) if columns is not None else None
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

    write(Rows(pages(), shown, connection.about("get")), sys.stdout)
    for name in missing:
        print_note(f"no row of {name} in table {connection.table.name}")
    return ExitCode.FOUND_WRONG if missing else ExitCode.DONE


def _named(connection: TableConnection, arns: Sequence[str], ids: Sequence[str]) -> Iterator[list[Row]]:
    yield from read_named(connection.table, arns)
    facts, named = facts_of(connection.description), frozenset(arns)
    searches = [[one_of(frozenset({each}))] for each in ids]
    if any(plan(each, facts).index is None for each in searches):
        searches = [[one_of(frozenset(ids))]]  # one scan for all of them
    for criteria in searches:
        for page in read(connection.client, connection.table, plan(criteria, facts), criteria):
            yield [row for row in page if row[KEY] not in named]


def _first(pages: Iterable[list[Row]], limit: int | None) -> Iterator[list[Row]]:
    if limit is None:
        yield from pages
        return
    for page in pages:
        yield page[:limit]
        limit -= len(page)
        if limit <= 0:
            return
