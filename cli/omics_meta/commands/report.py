"""`omics-meta report`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from readset_sync.model.timestamp import format_timestamp
from readset_sync.model.trust import TRUSTED

from omics_meta.commands import report_page as page
from omics_meta.search.inventory import PATHS, Inventory, Tally
from omics_meta.selection.connection import connect_table
from omics_meta.selection.target import Selection
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import print_line, print_note
from omics_meta.terminal.output_file import is_stdout, writing_to
from omics_meta.terminal.progress import reporting

_MOST_LINES: Final = 25
"""Of a table whose labels are the users' own."""

_CAPTION: Final = "Read sets, and the size of their files; a bar is the share of all read sets"
_STATES: Final = ("in_sync", "missing", "stale", "orphaned", "failed")

_Labelled = Sequence[tuple[str, Tally]]


def run(selection: Selection, *, output: Path, verification: Path | None) -> ExitCode:
    """Write a page about the rows of a table."""
    verified = None if verification is None else _read_verification(verification)
    connection = connect_table(selection)
    table, region = connection.table, connection.region
    now = datetime.now(UTC)
    inventory = Inventory(now)
    with writing_to(output) as file:
        with reporting() as reporter:
            reporter.begin(f"table {table.name}")
            for row in table.rows(*PATHS):
                inventory.add(row)
                reporter.advance()
        file.buffer.write(_page(inventory, table.name, region, now, verified).encode())
    said = f"{inventory.total.count} read sets of table {table.name} in {region}"
    if is_stdout(output):
        print_note(said)
    else:
        print_line(f"{output}: {said}")
    return ExitCode.DONE


def _read_verification(path: Path) -> dict[str, Any]:
    origin = f"--verification {path}"
    try:
        document = json.loads(path.read_bytes())  # in any encoding that JSON may have
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{origin} ({error}): give what `omics-meta verify --json` printed") from error
    if not isinstance(document, dict) or cast("dict[str, Any]", document).get("command") != "verify":
        raise CommandError(f"{origin}: not the output of a verification: give what `omics-meta verify --json` printed")
    return cast("dict[str, Any]", document)


def _page(inventory: Inventory, table: str, region: str, now: datetime, verified: dict[str, Any] | None) -> str:
    total = inventory.total
    stores = [
        (f"{inventory.names[store_id]} ({store_id})" if store_id in inventory.names else store_id, tally)
        for store_id, tally in inventory.stores.largest(_MOST_LINES)
    ]
    groups: list[tuple[str, str, _Labelled]] = [
        ("Sequence stores", "sequence store", stores),
        (
            "Status (storage class: archive for ARCHIVED, active for all others)",
            "status",
            inventory.statuses.in_order(),
        ),
        ("File type", "type", inventory.types.in_order()),
        ("Created in", "month", inventory.months.in_order()),
        ("Tags", "tag", inventory.tags.largest(_MOST_LINES)),
        ("Rows last refreshed", "refreshed", inventory.ages.in_order(Inventory.AGES)),
    ]
    said = f"{total.count:,} read sets. Size: {total.size_text}. Written at {format_timestamp(now)}."
    parts = [page.paragraph(said)]
    if total.unknown:
        why = "HealthOmics shows none of a read set that was archived before its row was written."
        parts.append(page.paragraph(f"The size of {total.unknown:,} read sets is unknown: {why}"))
    parts += [page.section(title, [_table(label, group, total)]) for title, label, group in groups]
    if verified is not None:
        parts.append(page.section("Verification", _verification(verified)))
    return page.document(f"Read sets of {table} in {region}", parts)


def _table(label: str, group: _Labelled, total: Tally) -> str:
    if not group:
        return page.paragraph("None.")
    lines = [
        page.Line(name, [f"{tally.count:,}", tally.size_text], tally.count / (total.count or 1))
        for name, tally in group
    ]
    return page.table(_CAPTION, label, ["read sets", "size"], lines)


def _verification(document: dict[str, Any]) -> list[str]:
    """Write what a verification found; a member that is missing counts as nothing."""
    totals: dict[str, int] = document.get("totals", {})
    every = sum(totals.values()) or 1
    lines = [
        page.Line(state.replace("_", " "), [f"{totals.get(state, 0):,}"], totals.get(state, 0) / every)
        for state in _STATES
    ]
    verdict = f"{'All was well' if document.get('in_sync') else 'Something was wrong'}{_not_compared(document)}."
    checks: list[dict[str, Any]] = document.get("pipeline", [])
    failed = [page.paragraph(f"{check['check']}: {check['found']}") for check in checks if not check["passed"]]
    table = page.table("Rows, as they stood to their read sets", "state", ["rows"], lines)
    return [page.paragraph(f"{verdict} Table {document.get('table')} in {document.get('region')}."), table, *failed]


def _not_compared(document: dict[str, Any]) -> str:
    """What the verification did not look at, which may be wrong all the same."""
    if document.get("deep"):
        return ""
    if document.get("tags_in_bulk") != TRUSTED:
        return ", but neither tags nor files were compared"
    told: dict[str, int] = document.get("tags_told", {})
    of = f" of {told['told']:,} of {told['of']:,} read sets" if told else ""
    return f", as far as was compared: tags in bulk{of}, but no files"
