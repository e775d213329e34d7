"""What writes each format of rows."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.parquet_rows import import_pyarrow, write_parquet
from omics_meta.terminal.formats.rows import Rows, write_csv, write_document, write_lines
from omics_meta.terminal.formats.table_rows import write_table
from omics_meta.terminal.output_file import is_stdout

Writer = Callable[[Rows, TextIO], int]
"""Writes rows to a file, and returns how many there were. Formats other than the table are UTF-8 in any locale."""

_WRITERS: Final[Mapping[Format, Writer]] = {
    Format.TABLE: write_table,
    Format.JSON: write_document,
    Format.JSONL: write_lines,
    Format.CSV: write_csv,
    Format.PARQUET: write_parquet,
}


def writer_of(form: Format, output: Path | None = None) -> Writer:
    """Return what writes a format."""
    if form is Format.RUN_BATCH:
        raise CommandError(f"--format {form} is for `omics-meta export`, with --parameter: give another")
    if form is Format.PARQUET:
        if is_stdout(output) and sys.stdout.isatty():
            raise CommandError("Parquet is not for a terminal: send stdout to a file or a program, or export -o FILE")
        import_pyarrow()
    return _WRITERS[form]
