"""The options of the commands that find rows."""

from typing import Annotated, Final

import typer

from omics_meta.search.filters import Filters, Search
from omics_meta.selection.options import JsonOption, selection_of
from omics_meta.terminal.formats.format import Format, format_of
from omics_meta.terminal.group import options_of

_PATTERN = "`*`, `?` and `[...]` stand for any characters, as in a shell."
_ISO_8601 = "ISO 8601; UTC unless it says otherwise"


def _filters(
    sample: Annotated[str | None, typer.Option(metavar="PATTERN", help=f"Sample id. {_PATTERN}")] = None,
    subject: Annotated[str | None, typer.Option(metavar="PATTERN", help=f"Subject id. {_PATTERN}")] = None,
    name: Annotated[str | None, typer.Option(metavar="PATTERN", help=f"Name. {_PATTERN}")] = None,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Status, such as ACTIVE.")] = None,
    file_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="FASTQ, BAM, CRAM or UBAM.")] = None,
    store: Annotated[str | None, typer.Option(metavar="STORE", help="Id or name of the sequence store.")] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="PATTERN", help=f"Name of the reference, or its ARN. {_PATTERN}")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=VALUE]",
            help="Tag with this key, and with this value if one is given. Repeatable: all must be there.",
        ),
    ] = None,
    file: Annotated[
        str | None, typer.Option(metavar="PREFIX", help="Beginning of the path of a file, such as s3://...")
    ] = None,
    created_after: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"Created at this date or time ({_ISO_8601}) or later.")
    ] = None,
    created_before: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"Created before this date or time ({_ISO_8601}).")
    ] = None,
) -> None: ...


def _formats(
    form: Annotated[
        Format | None, typer.Option("--format", metavar="FORMAT", help="table, json, jsonl, csv or parquet.")
    ] = None,
    as_json: JsonOption = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON for each row on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
) -> None: ...


FILTERS: Final = options_of(_filters)
FORMATS: Final = options_of(_formats)

ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="[NEW=]COLUMN,...",
        help="Columns to print, such as set_id,sample=set_sample_id,tag:cohort.",
    ),
]


def search_of(context: typer.Context) -> Search:
    """Return which rows of which table the options of a command select."""
    given = dict(context.params)
    filters = {name: given[name] for name in Filters.__slots__ if name != "tags"}
    return Search(selection_of(context), Filters(**filters, tags=tuple(given["tag"] or ())))


def chosen_format(context: typer.Context) -> Format | None:
    """Return the format that `--format` or one of its short forms chooses; None if none of them was given."""
    given = context.params
    return format_of(given["form"], as_json=given["as_json"], as_jsonl=given["as_jsonl"], as_csv=given["as_csv"])
