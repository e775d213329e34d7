"""The options of the commands that find rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from omics_meta.search import completion
from omics_meta.search.filters import SAMPLE, SUBJECT, Filters, Search, SheetRequest
from omics_meta.search.names_file import names_in
from omics_meta.selection.options import OF_TABLES, JsonOption, selections_of
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.group import options_of, typed

_PATTERN = "`*`, `?` and `[...]` stand for any characters, as in a shell."
_ANY = "Repeatable: any of them."
_ISO_8601 = "ISO 8601; UTC unless it says otherwise"
_WHOLE = "With --sheet or run-batch: write nothing if a read set cannot be in it."
_LIST = "one on each line, or a column of a CSV; - is stdin."

_MOST_SEGMENTS = 32
"""Threads that share a client without waiting for its connections (`readset_sync.aws.clients.MAX_THREADS`)."""


FromColumnOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column that has the names, in a file or stdin that is CSV."),
]


def _filters(
    sample: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help=f"Sample id. {_PATTERN} {_ANY}")] = None,
    samples_from: Annotated[Path | None, typer.Option(metavar="FILE", help=f"File with sample ids, {_LIST}")] = None,
    subject: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help=f"Subject id. {_PATTERN} {_ANY}")] = None,
    subjects_from: Annotated[Path | None, typer.Option(metavar="FILE", help=f"File with subject ids, {_LIST}")] = None,
    from_column: FromColumnOption = None,
    require_all: Annotated[
        bool,
        typer.Option("--require-all", help=f"Exit code 1 if a sample or subject of these files is not found. {_WHOLE}"),
    ] = False,
    name: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help=f"Name. {_PATTERN} {_ANY}")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help=f"Status, such as ACTIVE. {_ANY}", autocompletion=completion.statuses),
    ] = None,
    not_status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATUS",
            help="Status that it must not have. Repeatable: none of them.",
            autocompletion=completion.statuses,
        ),
    ] = None,
    file_type: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="TYPE", help=f"FASTQ, BAM, CRAM or UBAM. {_ANY}", autocompletion=completion.types
        ),
    ] = None,
    store: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STORE", help=f"Id or name of the sequence store. {_ANY}", autocompletion=completion.stores
        ),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help=f"Name of the reference, or its ARN. {_PATTERN} {_ANY}"),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[[!]=PATTERN]",
            help="Tag with this key, and with a value like this; or `!=`: without such a value. Repeatable: for each"
            " key, any of its values.",
            autocompletion=completion.tag_keys,
        ),
    ] = None,
    no_tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="No tag with this key. Repeatable: none of them.",
            autocompletion=completion.tag_keys,
        ),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(metavar="PREFIX", help=f"Beginning of the path of a file, such as s3://... {_ANY}"),
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
        Format | None,
        typer.Option(
            "--format", metavar="FORMAT", help="table, json, jsonl, csv or parquet; of export also run-batch."
        ),
    ] = None,
    as_json: JsonOption = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a line of JSON for each row on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
) -> None: ...


def _sheets(
    sheet: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            help="Write a sample sheet: nf-core/sarek, nf-core/rnaseq, generic, or what a file declares.",
            autocompletion=completion.sheets,
        ),
    ] = None,
) -> None: ...


def _whole_sheets(
    require_all: Annotated[bool, typer.Option("--require-all", help=_WHOLE)] = False,
) -> None: ...


FILTERS: Final = options_of(_filters)
FORMATS: Final = options_of(_formats)
SHEETS: Final = options_of(_sheets)
WHOLE_SHEETS: Final = options_of(_whole_sheets)
"""For a command without `FILTERS`, which have this one too."""

ColumnsOption = Annotated[
    str | None,
    typer.Option(
        metavar="[NEW=]COLUMN,...",
        help="Columns to print, such as set_id,sample=set_sample_id,tag:cohort.",
        autocompletion=completion.columns,
    ),
]


ByOption = Annotated[
    str | None,
    typer.Option(
        metavar="[NEW=]COLUMN,...",
        help="Columns whose values make the groups, such as status,tag:cohort.",
        autocompletion=completion.columns,
    ),
]

SortOption = Annotated[
    str | None,
    typer.Option(
        metavar="[-]COLUMN",
        help="Column to sort by; after `-`, the largest first. All rows that are found are held in memory.",
        autocompletion=completion.sorts,
    ),
]

SegmentsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=_MOST_SEGMENTS,
        help="Parts of the table to scan at the same time. Not given: up to 4, by the size of the table.",
    ),
]


def search_of(context: typer.Context) -> Search:
    """Return which rows of which table the options of a command select."""
    given = context.params
    single = {name: given[name] for name in ("created_after", "created_before")}
    several = {
        name: tuple(given[name] or ())
        for name in ("sample", "subject", "name", "status", "not_status", "file_type", "store", "reference", "file")
    }
    filters = Filters(
        **several, **single, tags=tuple(given["tag"] or ()), no_tags=tuple(given["no_tag"] or ()), listed=_listed(given)
    )
    return Search(selections_of(context), filters, require_all=given["require_all"])


def _listed(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    files: dict[str, tuple[str, Path | None]] = {
        SAMPLE: ("--samples-from", given["samples_from"]),
        SUBJECT: ("--subjects-from", given["subjects_from"]),
    }
    paths = [path for _, path in files.values() if path is not None]
    if [*map(str, paths)] == ["-", "-"]:
        raise CommandError("--samples-from - and --subjects-from - contradict each other: stdin is one of them")
    if given["from_column"] and not paths:
        raise CommandError("--from-column is about --samples-from or --subjects-from: give one")
    is_whole = given.get("sheet") or given.get("form") is Format.RUN_BATCH
    if given["require_all"] and not paths and not is_whole:
        raise CommandError("--require-all is about --samples-from, --subjects-from or --sheet: give one")
    column = given["from_column"]
    return {name: names_in(path, option, column=column) for name, (option, path) in files.items() if path is not None}


def sheet_of(context: typer.Context) -> SheetRequest:
    """Return which sheet was asked for, and how the read sets in it are activated."""
    given = context.params
    if given["require_all"] and given["sheet"] is None and "samples_from" not in given:
        raise CommandError("--require-all is about --sheet: give both")
    filters = [option for option in FILTERS if option.name != "require_all"]  # which is about the sheet
    chosen = [*typed(context, filters), *given.get("read_sets", ())] or ["--status", "ARCHIVED"]
    return SheetRequest(
        given["sheet"],
        ("omics-meta", "activate", *typed(context, OF_TABLES)),
        tuple(chosen),
        given["require_all"],
        any_type="read_sets" not in given and not given["file_type"],
        limited=given.get("limit") is not None,
    )


def chosen_format(context: typer.Context) -> Format | None:
    """Return the one format that `--format`, or its short forms, choose; None if none of them was given."""
    given = context.params
    asked = {f"--format {given['form']}": Format(given["form"])} if given["form"] else {}
    short = {Format.JSON: "as_json", Format.JSONL: "as_jsonl", Format.CSV: "as_csv"}
    asked |= {f"--{form}": form for form, name in short.items() if given[name]}
    if len(asked) > 1:
        raise CommandError(f"{' and '.join(asked)} contradict each other: give one of them")
    return next(iter(asked.values()), None)
