"""The options of the commands that find rows."""

from typing import Annotated

import typer

from omics_meta.search.filters import Filters, Search
from omics_meta.selection.options import selection_of
from omics_meta.terminal.formats.format import Format, format_of

_PATTERN = "`*`, `?` and `[...]` stand for any characters, as in a shell."
_ISO_8601 = "ISO 8601; UTC unless it says otherwise"

SampleOption = Annotated[str | None, typer.Option("--sample", metavar="PATTERN", help=f"Sample id. {_PATTERN}")]
SubjectOption = Annotated[str | None, typer.Option("--subject", metavar="PATTERN", help=f"Subject id. {_PATTERN}")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="PATTERN", help=f"Name. {_PATTERN}")]
StatusOption = Annotated[str | None, typer.Option("--status", metavar="STATUS", help="Status, such as ACTIVE.")]
TypeOption = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="FASTQ, BAM, CRAM or UBAM.")]
StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Id or name of the sequence store.")]
ReferenceOption = Annotated[str | None, typer.Option("--reference", metavar="ARN", help="ARN of the reference.")]
TagOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="KEY[=VALUE]",
        help="Tag with this key, and with this value if one is given. Repeatable: all must be there.",
    ),
]
FileOption = Annotated[
    str | None, typer.Option("--file", metavar="PREFIX", help="Beginning of the path of a file, such as s3://...")
]
CreatedAfterOption = Annotated[
    str | None,
    typer.Option("--created-after", metavar="TIME", help=f"Created at this date or time ({_ISO_8601}) or later."),
]
CreatedBeforeOption = Annotated[
    str | None,
    typer.Option("--created-before", metavar="TIME", help=f"Created before this date or time ({_ISO_8601})."),
]
FormatOption = Annotated[
    Format | None, typer.Option("--format", metavar="FORMAT", help="table, json, jsonl, csv or parquet.")
]
RowsJsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON for each row on stdout.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B,C", help="Columns to print, such as set_id,set_name,tag:cohort."),
]


def search_of(context: typer.Context) -> Search:
    """Return which rows of which table the options of a command select."""
    given = dict(context.params)
    filters = {name: given[name] for name in Filters.__slots__ if name != "tags"}
    return Search(selection_of(context), Filters(**filters, tags=tuple(given["tag"] or ())))


def chosen_format(context: typer.Context) -> Format | None:
    """Return the format that `--format` or one of its short forms chooses; None if none of them was given.

    Raises:
        CommandError: More than one was.
    """
    given = context.params
    return format_of(given["form"], as_json=given["as_json"], as_jsonl=given["as_jsonl"], as_csv=given["as_csv"])
