"""Writes rows as Parquet, a row group at a time; docs/schema.md describes the columns."""

import io
from collections.abc import Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any, BinaryIO, Final, TextIO

from readset_sync.model.timestamp import parse_timestamp

from omics_meta.search.columns import Column, Kind, Value, values
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats.rows import Rows

ROW_GROUP: Final = 10_000
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


class ParquetFile:
    """A Parquet file of some columns, to which row groups are added.

    Args:
        columns: Its columns.
        file: Where it is written to; it stays open.
    """

    def __init__(self, columns: Sequence[Column], file: BinaryIO) -> None:
        self._pyarrow = pyarrow = import_pyarrow()
        types = {
            Kind.TEXT: pyarrow.string(),
            Kind.INTEGER: pyarrow.int64(),
            Kind.NUMBER: pyarrow.float64(),
            Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
            Kind.MAP: pyarrow.map_(pyarrow.string(), pyarrow.string()),
        }
        self._kinds = [column.kind for column in columns]
        self._schema = pyarrow.schema([(column.name, types[column.kind]) for column in columns])
        sink = pyarrow.PythonFile(_Counted(file), mode="w")
        self._writer = pyarrow.parquet.ParquetWriter(sink, self._schema, compression="zstd")

    def add(self, group: Sequence[Sequence[Value]]) -> None:
        """Write rows, each as the values of the columns, as a row group."""
        if not group:
            return
        arrays = [
            self._pyarrow.array([_native(value, kind) for value in shown], type=field.type)
            for field, kind, shown in zip(self._schema, self._kinds, zip(*group, strict=True), strict=True)
        ]
        self._writer.write_batch(self._pyarrow.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write what ends the file. It can be called again."""
        self._writer.close()


def write_parquet(rows: Rows, file: TextIO) -> int:
    """Write a Parquet file; return how many rows there were."""
    columns = rows.shown
    lines = (values(row, columns) for row in chain.from_iterable(rows.pages))
    count = 0
    with closing(ParquetFile(columns, file.buffer)) as parquet:
        while group := [*islice(lines, ROW_GROUP)]:
            parquet.add(group)
            count += len(group)
    return count


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
