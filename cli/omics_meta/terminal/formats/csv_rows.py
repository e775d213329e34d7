"""Writes rows as CSV: RFC 4180 in UTF-8, with Unix line ends."""

import csv
from typing import TYPE_CHECKING, BinaryIO, TextIO

from omics_meta.search.columns import values
from omics_meta.terminal.formats.rows import Rows, cell

if TYPE_CHECKING:
    from _csv import Writer as CsvWriter


def write_csv(rows: Rows, file: TextIO) -> int:
    """Write a line of column names, and a line for each row; return how many rows there were."""
    columns = rows.shown
    writer = csv_writer(file)
    writer.writerow([column.name for column in columns])
    file.buffer.flush()
    count = 0
    for page in rows.pages:
        writer.writerows([cell(value) for value in values(row, columns)] for row in page)
        file.buffer.flush()
        count += len(page)
    return count


def csv_writer(file: TextIO) -> "CsvWriter":
    """Return what writes lines of CSV to a file."""
    return csv.writer(_Lines(file.buffer))


class _Lines:
    r"""Takes lines that end with `\r\n`, so that the writer quotes both characters, and ends them with `\n`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: str, /) -> int:
        """Write a line, in UTF-8 whatever the locale."""
        unix = line.removesuffix("\r\n") + "\n"
        return self._file.write(unix.encode(errors="backslashreplace"))
