"""The names of the formats that rows are written in, and which of them was asked for."""

from enum import StrEnum
from typing import Final

from omics_meta.terminal.exits import CommandError


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


def format_of(form: Format | None, *, as_json: bool, as_jsonl: bool, as_csv: bool) -> Format | None:
    """Return the one format that `--format`, or its short forms, ask for; None if none of them was given."""
    asked = {f"--format {form}": form} if form else {}
    short = {Format.JSON: as_json, Format.JSONL: as_jsonl, Format.CSV: as_csv}
    asked |= {f"--{name}": name for name, given in short.items() if given}
    if len(asked) > 1:
        raise CommandError(f"{' and '.join(asked)} contradict each other: give one of them")
    return next(iter(asked.values()), None)
