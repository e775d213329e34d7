"""`omics-meta export`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from readset_sync.model.record import Row

from omics_meta.search.columns import COLUMNS, columns_of
from omics_meta.search.criteria import criteria_of
from omics_meta.search.filters import Search
from omics_meta.search.hints import doubts, hint_of_nothing
from omics_meta.search.plan import facts_of, plan
from omics_meta.search.reader import read
from omics_meta.selection.connection import connect_table
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats import ExportFormat
from omics_meta.terminal.output import print_line, print_note
from omics_meta.terminal.progress import Reporter, reporting
from omics_meta.terminal.replace import replacing
from omics_meta.terminal.writers import writer_of


def export(search: Search, *, form: ExportFormat | None, columns: str | None, output: Path | None) -> ExitCode:
    """Write the rows that fit to a file, or to stdout.

    Args:
        search: Which rows.
        form: In which format; None for the one that the file's name ends in, or JSON Lines on stdout.
        columns: What to write of each, as in `set_id,tag:cohort`; None for everything.
        output: The file, which is replaced once it is whole; None for stdout.

    Raises:
        CommandError, SetupError, ClientError, BotoCoreError: The work could not be done at all.
        OSError: The file cannot be written.
    """
    chosen = form or _format_of(output)
    if chosen is ExportFormat.PARQUET and output is None and sys.stdout.isatty():
        raise CommandError("Parquet is not for a terminal: give -o FILE, or send stdout to a file or a program")
    write = writer_of(chosen)
    wanted = columns_of(columns) if columns is not None else COLUMNS
    criteria = criteria_of(search.filters)
    for doubt in doubts(search.filters):
        print_note(doubt)
    connection = connect_table(search.selection)
    access = plan(criteria, facts_of(connection.description))
    with reporting() as reporter, replacing(output) if output else nullcontext(sys.stdout.buffer) as file:
        pages = _counted(read(connection.client, connection.table, access, criteria), reporter)
        count = write(pages, wanted, file)
        file.flush()
    said = f"{'1 read set' if count == 1 else f'{count} read sets'} exported"
    if output:
        print_line(f"{said} to {output}")
    else:
        print_note(said)
    if not count and search.filters.store:
        print_note(hint_of_nothing(search.filters))
    return ExitCode.DONE


def _format_of(output: Path | None) -> ExportFormat:
    if output is None:
        return ExportFormat.JSONL
    ending = output.suffix.removeprefix(".").lower()
    if ending not in set(ExportFormat):
        raise CommandError(f"-o {output} ends in none of .{', .'.join(ExportFormat)}: say with --format what to write")
    return ExportFormat(ending)


def _counted(pages: Iterator[list[Row]], reporter: Reporter) -> Iterator[Sequence[Row]]:
    reporter.begin("export")
    for page in pages:
        yield page
        for _ in page:
            reporter.advance()
