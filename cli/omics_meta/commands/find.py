"""`omics-meta find` and `omics-meta get`."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from readset_sync.model.record import Row

from omics_meta.search import searching
from omics_meta.search.columns import columns_of
from omics_meta.search.filters import Search, SheetRequest
from omics_meta.search.searching import look_up, search_for
from omics_meta.search.sorting import order_of
from omics_meta.selection.target import Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import counted, print_note


def find(
    search: Search,
    *,
    form: Format | None,
    columns: str | None,
    sheet: SheetRequest,
    limit: int | None,
    sort: str | None,
    explain: bool,
) -> ExitCode:
    """Print the rows that fit, as they are found or sorted, or the sheet of them."""
    if limit is not None and search.require_all:
        raise CommandError("--limit and --require-all contradict each other: give one of them")
    if sheet.name is not None:
        from omics_meta.commands.sheet import sheet_writer

        others = {"--columns": columns is not None, "--sort": sort is not None, "--explain": explain}
        write_sheet = sheet_writer(sheet, form, others)
        found = search_for(search)
        return write_sheet(replace(found, pages=_first(found.pages, limit)))
    form = form or Format.TABLE
    if explain and form not in {Format.TABLE, Format.JSON}:
        raise CommandError(f"--explain and --format {form} contradict each other: give --json, or neither")
    write = writer_of(form)
    shown = columns_of(columns) if columns is not None else None
    order = order_of(sort) if sort is not None else None
    if explain:
        return searching.explain(search, order, as_json=form is Format.JSON)
    found = search_for(search)

    pages = order.sorted(found.pages, limit) if order else _first(found.pages, limit)

    def ending(count: int) -> dict[str, Any]:
        return {**found.tables.ending(count), "limited": count == limit}

    about = found.tables.about("find")
    count = write(Rows(pages, shown, about, ending, first=found.first), sys.stdout)
    read_sets = counted(count, "read set")
    print_note(f"{read_sets} shown (--limit); there may be more" if count == limit else f"{read_sets} found")
    return found.end(count)


def get(
    selections: Sequence[Selection],
    names: Sequence[str],
    *,
    column: str | None,
    form: Format | None,
    columns: str | None,
    sheet: SheetRequest,
) -> ExitCode:
    """Print the rows of read sets that are named by ARN, or by id, for which the table is searched, or their sheet."""
    if sheet.name is not None:
        from omics_meta.commands.sheet import sheet_writer

        return sheet_writer(sheet, form, {"--columns": columns is not None})(look_up(selections, names, column=column))
    write = writer_of(form or Format.TABLE)
    shown = columns_of(columns) if columns is not None else None
    found = look_up(selections, names, column=column)
    rows = Rows(found.pages, shown, found.tables.about("get"), found.tables.ending, first=found.first)
    return found.end(write(rows, sys.stdout))


def _first(pages: Iterable[list[Row]], limit: int | None) -> Iterator[list[Row]]:
    if limit is None:
        yield from pages
        return
    for page in pages:
        yield page[:limit]
        limit -= len(page)
        if limit <= 0:
            return
