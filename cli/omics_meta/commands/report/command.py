"""`omics-meta report`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from omics_meta.commands.report import read_sets, verification
from omics_meta.commands.report.page import page
from omics_meta.search.inventory import PATHS, Inventory, TableInventory
from omics_meta.selection.connection import TableConnection, connect_table
from omics_meta.selection.target import Selection
from omics_meta.terminal.console import counted
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import print_line, print_note
from omics_meta.terminal.output_file import is_stdout, writing_to
from omics_meta.terminal.progress import reporting

_WARNING: Final = "the page lists ids, which may tell who a patient is: give it to nobody who must not know"


def run(selection: Selection, *, output: Path, verified: Path | None, tag_keys: str | None, rows: bool) -> ExitCode:
    """Write a page about the rows of tables."""
    keys = _keys(tag_keys)
    found = None if verified is None else verification.read(verified)
    tables = [(connection, _empty(connection)) for connection in [connect_table(selection)]]
    if verified and found:
        verification.check_table(verified, found, [table for _, table in tables])
    now = datetime.now(UTC)
    inventory = Inventory(now, keys)
    listed = read_sets.ReadSets(keys, several=len(tables) > 1) if rows else None
    if listed:
        print_note(_WARNING)
    with writing_to(output) as file:
        for connection, table in tables:
            _count(connection, table, inventory, listed)
        file.buffer.write(page(inventory, now, found, read_sets=listed).encode())
    for key in inventory.tags.keys() - inventory.keys.tallies.keys():
        print_note(f"--tag-keys: no read set has the tag {key!r}; upper and lower case matter")
    where = ", ".join(f"{table.name} in {table.region}" for table in inventory.tables)
    said = f"{counted(inventory.total.count, 'read set')} of table {where}"
    if is_stdout(output):
        print_note(said)
    else:
        print_line(f"{output}: {said}")
    return ExitCode.DONE


def _keys(tag_keys: str | None) -> Sequence[str]:
    keys = () if tag_keys is None else [key.strip() for key in tag_keys.split(",")]
    if not all(keys):
        raise CommandError(f"--tag-keys {tag_keys!r} has an empty key: give the keys of tags, as in cohort,project")
    return list(dict.fromkeys(keys))


def _empty(connection: TableConnection) -> TableInventory:
    *_, account, _ = connection.description.get("TableArn", "::").split(":")
    return TableInventory(account, connection.region, connection.table.name)


def _count(
    connection: TableConnection, table: TableInventory, inventory: Inventory, listed: read_sets.ReadSets | None
) -> None:
    inventory.begin(table)
    with reporting() as reporter:
        reporter.begin(f"table {table.name}")
        for row in connection.table.rows(*PATHS, *(read_sets.PATHS if listed else ())):
            inventory.add(row)
            if listed:
                listed.add(row, table)
            reporter.advance()
