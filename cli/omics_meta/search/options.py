"""The options of the commands that find rows."""

from typing import Annotated

import typer

from omics_meta.search.filters import Filters, Search
from omics_meta.selection.options import (
    CwdOption,
    OutputsOption,
    ProfileOption,
    RegionOption,
    StackOption,
    TableOption,
    table_alone,
)

_PATTERN = "`*`, `?` and `[...]` stand for others, as in a shell."
_ISO_8601 = "ISO 8601; UTC unless it says otherwise"

_SampleOption = Annotated[str | None, typer.Option("--sample", metavar="PATTERN", help=f"Sample id. {_PATTERN}")]
_SubjectOption = Annotated[str | None, typer.Option("--subject", metavar="PATTERN", help=f"Subject id. {_PATTERN}")]
_NameOption = Annotated[str | None, typer.Option("--name", metavar="PATTERN", help=f"Name. {_PATTERN}")]
_StatusOption = Annotated[str | None, typer.Option("--status", metavar="STATUS", help="Status, such as ACTIVE.")]
_TypeOption = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="FASTQ, BAM, CRAM or UBAM.")]
_StoreOption = Annotated[str | None, typer.Option("--store", metavar="STORE", help="Id or name of the sequence store.")]
_ReferenceOption = Annotated[str | None, typer.Option("--reference", metavar="ARN", help="ARN of the reference.")]
_TagOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="KEY[=VALUE]",
        help="Tag, with any value or with one, split at any `=`. Repeatable: all must be there.",
    ),
]
_FileOption = Annotated[
    str | None, typer.Option("--file", metavar="PREFIX", help="What the path of a file begins with, such as s3://...")
]
_CreatedAfterOption = Annotated[
    str | None,
    typer.Option("--created-after", metavar="TIME", help=f"Created at this date or time ({_ISO_8601}) or later."),
]
_CreatedBeforeOption = Annotated[
    str | None,
    typer.Option("--created-before", metavar="TIME", help=f"Created before this date or time ({_ISO_8601})."),
]


def searched_rows(
    stack: StackOption = None,
    cwd: CwdOption = None,
    outputs: OutputsOption = None,
    table: TableOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    sample: _SampleOption = None,
    subject: _SubjectOption = None,
    name: _NameOption = None,
    status: _StatusOption = None,
    file_type: _TypeOption = None,
    store: _StoreOption = None,
    reference: _ReferenceOption = None,
    tag: _TagOption = None,
    file: _FileOption = None,
    created_after: _CreatedAfterOption = None,
    created_before: _CreatedBeforeOption = None,
) -> Search:
    """Which rows of which table a command is about."""
    selection = table_alone(stack, cwd, outputs, table, region, profile)
    filters = Filters(
        sample=sample,
        subject=subject,
        name=name,
        status=status,
        file_type=file_type,
        store=store,
        reference=reference,
        tags=tuple(tag or ()),
        file=file,
        created_after=created_after,
        created_before=created_before,
    )
    return Search(selection, filters)


JsonlOption = Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON for each row on stdout.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B,C", help="Columns to print, such as set_id,set_name,tag:cohort."),
]
