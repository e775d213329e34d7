"""Writes rows as JSON Lines, CSV or Parquet, some at a time; docs/schema.md describes what is written."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final

from readset_sync.model.record import Row
from readset_sync.model.timestamp import parse_timestamp

from omics_meta.search.columns import Column, Kind, Value, values
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats import ExportFormat
from omics_meta.terminal.printing import print_csv, to_json

_ROW_GROUP: Final = 10_000
"""Rows of a row group of Parquet, which are in memory together: with pyarrow itself, some 100 MB."""

Pages = Iterable[Sequence[Row]]
Writer = Callable[[Pages, Sequence[Column], BinaryIO], int]
"""Writes some columns of rows to a file, and returns how many rows there were."""


def writer_of(form: ExportFormat) -> Writer:
    """Return what writes a format.

    Raises:
        CommandError: pyarrow, which is needed for Parquet, is not installed.
    """
    match form:
        case ExportFormat.JSONL:
            return _write_jsonl
        case ExportFormat.CSV:
            return _write_csv
        case ExportFormat.PARQUET:
            return _parquet_writer(_pyarrow())


def _write_jsonl(pages: Pages, columns: Sequence[Column], file: BinaryIO) -> int:
    count = 0
    names = [column.name for column in columns]
    for page in pages:
        for row in page:
            record = dict(zip(names, values(row, columns), strict=True))
            file.write(f"{to_json(record)}\n".encode())
        file.flush()
        count += len(page)
    return count


def _write_csv(pages: Pages, columns: Sequence[Column], file: BinaryIO) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        return print_csv(pages, columns, text)
    finally:
        text.detach()  # which leaves the file open


def _pyarrow() -> Any:  # it has no type stubs
    try:
        import pyarrow  # pyright: ignore[reportMissingTypeStubs] # there are none
        import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport] # as pyarrow's attribute
    except ImportError as error:
        raise CommandError(
            f"Parquet needs pyarrow, which cannot be imported ({error}): run pip install pyarrow, or take --format csv"
        ) from error
    return pyarrow


def _parquet_writer(pyarrow: Any) -> Writer:
    types = {
        Kind.TEXT: pyarrow.string(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
        Kind.MAP: pyarrow.map_(pyarrow.string(), pyarrow.string()),
    }

    def write(pages: Pages, columns: Sequence[Column], file: BinaryIO) -> int:
        schema = pyarrow.schema([(column.name, types[column.kind]) for column in columns])
        count = 0
        sink = pyarrow.PythonFile(_Counted(file), mode="w")
        with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
            for group in _groups(pages, columns):
                arrays = [
                    pyarrow.array([_native(value, column.kind) for value in shown], type=types[column.kind])
                    for column, shown in zip(columns, zip(*group, strict=True), strict=True)
                ]
                writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
                count += len(group)
        return count

    return write


def _groups(pages: Pages, columns: Sequence[Column]) -> Iterator[list[list[Value]]]:
    group: list[list[Value]] = []
    for page in pages:
        for row in page:
            group.append(values(row, columns))
            if len(group) == _ROW_GROUP:
                yield group
                group = []
    if group:
        yield group


def _native(value: Value, kind: Kind) -> object:
    """Return what pyarrow takes for a value of a kind."""
    if kind is Kind.TIME and isinstance(value, str):
        return parse_timestamp(value)
    return list(value.items()) if isinstance(value, dict) else value


class _Counted(io.RawIOBase):
    """A file that knows how much was written to it, which Parquet asks, and a pipe does not tell."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written = 0

    def writable(self) -> bool:
        """Return that this can be written."""
        return True

    def write(self, data: Any, /) -> int:  # a buffer
        """Write everything."""
        written = self._file.write(data)
        self._written += written
        return written

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written
