"""The names of the formats that rows are written in."""

from enum import StrEnum
from typing import Final


class Format(StrEnum):
    """A format of rows."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    RUN_BATCH = "run-batch"
    """Of `export` alone."""


NESTED: Final = frozenset({Format.JSON, Format.JSONL})
"""Formats that hold rows as they are stored, unless columns are chosen. All others have flat columns."""
