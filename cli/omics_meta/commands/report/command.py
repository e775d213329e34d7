"""`omics-meta report`."""

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from readset_sync.model.record import Row

from omics_meta.commands.report import read_sets, verification
from omics_meta.commands.report.page import page
from omics_meta.search.inventory import NO_TAG, PATHS, Inventory, TableInventory
from omics_meta.selection.connection import TableConnection
from omics_meta.selection.tables import Tables, connect_tables
from omics_meta.selection.target import Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import counted, print_line, print_note
from omics_meta.terminal.output_file import is_stdout, writing_to
from omics_meta.terminal.progress import reporting

_PAGE: Final = 500
"""Rows that are taken from a table at once."""

_WARNING: Final = "the page lists ids, which may tell who a patient is: give it to nobody who must not know"


def run(
    selections: Sequence[Selection], *, output: Path, verified: Path | None, tag_keys: str | None, rows: bool
) -> ExitCode:
    """Write a page about the rows of tables."""
    keys = _keys(tag_keys)
    found = None if verified is None else verification.read(verified)
    tables = connect_tables(selections)
    now = datetime.now(UTC)
    inventory = Inventory(now, keys)
    counts = {each.arn: TableInventory(each.account or "", each.region, each.name) for each in tables.connections}
    for table in counts.values():
        inventory.begin(table)
    if verified and found and not tables.unread:
        verification.check_table(verified, found, inventory.tables)
    listed = read_sets.ReadSets(keys, several=len(counts) > 1) if rows else None
    if listed:
        print_note(_WARNING)
    with writing_to(output) as file:
        for each, some in _pages(tables, (*PATHS, *(read_sets.PATHS if listed else ()))):
            inventory.begin(counts[each.arn])
            for row in some:
                inventory.add(row)
                if listed:
                    listed.add(row, counts[each.arn])
        written = page(inventory, now, found, unread=[*tables.unread], read_sets=listed)
        file.buffer.write(written.encode())
    for key in (key for key, found in inventory.tags.items() if found.values.tallies.keys() <= {NO_TAG}):
        print_note(f"--tag-keys: no read set has the tag {key!r}; upper and lower case matter")
    one, *others = inventory.tables
    where = ", ".join(map(verification.named, inventory.tables)) if others else f"{one.name} in {one.region}"
    said = f"{counted(inventory.total.count, 'read set')} of table {where}"
    if is_stdout(output):
        print_note(said)
    else:
        print_line(f"{output}: {said}")
    return tables.code


def _keys(tag_keys: str | None) -> Sequence[str]:
    keys = () if tag_keys is None else [key.strip() for key in tag_keys.split(",")]
    if not all(keys):
        raise CommandError(f"--tag-keys {tag_keys!r} has an empty key: give the keys of tags, as in cohort,project")
    return list(dict.fromkeys(keys))


def _pages(tables: Tables, paths: Sequence[str]) -> Generator[tuple[TableConnection, list[Row]]]:
    def pages_of(table: TableConnection) -> Generator[list[Row]]:
        rows = table.table.rows(*paths)
        while page := [*islice(rows, _PAGE)]:
            yield page

    with reporting() as reporter:
        reporter.begin("report")
        for table, page in tables.read(pages_of):
            yield table, page
            for _ in page:
                reporter.advance()
