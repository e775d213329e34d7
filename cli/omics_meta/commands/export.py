"""`omics-meta export`."""

from collections.abc import Sequence
from pathlib import Path

from omics_meta.search.columns import COLUMNS, PLACE, columns_of
from omics_meta.search.filters import Search, SheetRequest
from omics_meta.search.searching import search_for
from omics_meta.search.sorting import order_of
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import counted, print_line, print_note
from omics_meta.terminal.output_file import existing, is_s3, is_stdout, writing_to
from omics_meta.terminal.progress import reporting


def export(
    search: Search,
    *,
    form: Format | None,
    columns: str | None,
    sheet: SheetRequest,
    parameters: Sequence[str],
    sort: str | None,
    output: Path | None,
) -> ExitCode:
    """Write the rows that fit, or the sheet or the runs of them, to a file or to stdout."""
    others = {"--columns": columns is not None, "--sort": sort is not None}
    if parameters or form is Format.RUN_BATCH:
        from omics_meta.commands.run_batch import batch_writer

        return batch_writer(sheet, form, parameters, others, output)(search_for(search))
    if sheet.name is not None:
        from omics_meta.commands.sheet import sheet_writer

        return sheet_writer(sheet, form, others, output)(search_for(search))
    order = order_of(sort) if sort is not None else None
    if is_s3(output):
        from omics_meta.commands.export_s3 import export_to_s3

        return export_to_s3(search, output, form=form, columns=columns, order=order)
    chosen = form or _format_of(output)
    write = writer_of(chosen, output)
    every = (*PLACE, *COLUMNS) if len(search.selections) > 1 else COLUMNS
    wanted = every if chosen in {Format.CSV, Format.PARQUET} else None
    if columns is not None:
        wanted = columns_of(columns)
    found = search_for(search)
    with reporting() as reporter, writing_to(output) as file:
        pages = found.tables.whole(reporter.each("export", found.pages), existing(output))
        pages = order.sorted(pages, None) if order else pages
        about = found.tables.about("export")
        count = write(Rows(pages, wanted, about, found.tables.ending, first=found.first), file)
    said = f"{counted(count, 'read set')} exported"
    if is_stdout(output):
        print_note(said)
    else:
        print_line(f"{said} to {output}")
    return found.end(count)


def _format_of(output: Path | None) -> Format:
    if output is None or is_stdout(output):
        return Format.JSONL
    ending = output.suffix.removeprefix(".").lower()
    endings = [each for each in Format if each not in {Format.TABLE, Format.RUN_BATCH}]
    if ending not in endings:
        raise CommandError(f"-o {output} ends in none of .{', .'.join(endings)}: say with --format what to write")
    return Format(ending)
