"""Writes rows as Parquet, a row group at a time; docs/schema.md describes the columns."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final, TextIO

from readset_sync.model.timestamp import parse_timestamp

from omics_meta.search.columns import SHOWN, Column, Kind, Value, values
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats.rows import Rows

_ROW_GROUP: Final = 10_000
"""Rows of a row group of Parquet, which are in memory together: with pyarrow itself, some 100 MB."""


def import_pyarrow() -> Any:  # it has no type stubs
    """Import pyarrow, which takes longer to load than all the rest."""
    try:
        import pyarrow  # pyright: ignore[reportMissingTypeStubs] # there are none
        import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport] # as pyarrow's attribute
    except ImportError as error:
        raise CommandError(
            f"Parquet needs pyarrow, which cannot be imported ({error}): run"
            " `pip install 'healthomics-metadata-sync[parquet]'`, or take --format csv"
        ) from error
    return pyarrow


def write_parquet(rows: Rows, file: TextIO) -> int:
    """Write a Parquet file; return how many rows there were."""
    pyarrow = import_pyarrow()
    columns = rows.columns or SHOWN
    types = {
        Kind.TEXT: pyarrow.string(),
        Kind.INTEGER: pyarrow.int64(),
        Kind.NUMBER: pyarrow.float64(),
        Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
        Kind.MAP: pyarrow.map_(pyarrow.string(), pyarrow.string()),
    }
    schema = pyarrow.schema([(column.name, types[column.kind]) for column in columns])
    count = 0
    sink = pyarrow.PythonFile(_Counted(file.buffer), mode="w")
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(rows, columns):
            arrays = [
                pyarrow.array([_native(value, column.kind) for value in shown], type=types[column.kind])
                for column, shown in zip(columns, zip(*group, strict=True), strict=True)
            ]
            writer.write_batch(pyarrow.RecordBatch.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def _groups(rows: Rows, columns: Sequence[Column]) -> Iterator[list[list[Value]]]:
    group: list[list[Value]] = []
    for page in rows.pages:
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
