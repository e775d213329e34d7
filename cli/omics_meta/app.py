"""The commands and their options. What they do is in the modules that they call, loaded when they run.

`sharing` adds options that several commands have: `selection_of` and its like read them from the context.
"""

from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from omics_meta.search import completion
from omics_meta.search.options import (
    FILTERS,
    FORMATS,
    SHEETS,
    WHOLE_SHEETS,
    ByOption,
    ColumnsOption,
    FromColumnOption,
    SegmentsOption,
    SortOption,
    chosen_format,
    search_of,
    sheet_of,
)
from omics_meta.selection.options import (
    OF_QUEUES,
    OF_STACK,
    OF_STORES,
    OF_TABLE,
    OF_TABLES,
    WAITING,
    JsonOption,
    MaxTpsOption,
    selection_of,
    selections_of,
)
from omics_meta.terminal.exits import ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.group import Commands, sharing
from omics_meta.terminal.output_file import output_path

EXIT_CODES = (
    "Exit codes: 0 done, or in sync; 1 done, but something is wrong (drift found, some read sets failed); "
    "2 the command could not do its work; 130 interrupted."
)

_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    cls=Commands,
    context_settings=_HELP,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    help="Fill, verify and search the DynamoDB table of AWS HealthOmics read sets.",
    epilog=EXIT_CODES,
)
_command = partial(app.command, epilog=EXIT_CODES)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"omics-meta {version('healthomics-metadata-sync')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("-v", "--verbose", help="Report failed AWS calls on stderr, also those that are tried again."),
    ] = False,
) -> None:
    """Show the help when there is no command."""
    if verbose:
        from omics_meta.selection.session import be_verbose

        be_verbose()
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.FAILED)


@_command(cls=sharing(OF_STORES, last=WAITING))
def backfill(
    context: typer.Context,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also delete the rows of these stores whose read sets are gone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be created, updated, left and deleted.")
    ] = False,
    max_age: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="Skip rows that were refreshed within this time (90m, 12h, 7d) or since this moment, if the listing"
            " confirms them. 0 skips none.",
        ),
    ] = "0",
    no_tags: Annotated[
        bool,
        typer.Option(
            "--no-tags", help="Read no tags, which saves a call per read set. Rows keep their tags; new rows have none."
        ),
    ] = False,
    no_listing_pass: Annotated[
        bool,
        typer.Option("--no-listing-pass", help="Skip the first pass, which writes rows from the listings."),
    ] = False,
    via_queue: Annotated[
        bool,
        typer.Option("--via-queue", help="Let the stack's pipeline read the read sets, and wait until it has."),
    ] = False,
    no_wait: Annotated[
        bool,
        typer.Option("--no-wait", help="With --via-queue: put everything into the queue, and do not wait."),
    ] = False,
    max_tps: MaxTpsOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Write the row of every read set of the chosen stores.

    Rows already there are overwritten. A read set that fails is reported, and the rest goes on.
    """
    from omics_meta.commands.backfill.command import Options, run

    options = Options(
        prune=prune,
        dry_run=dry_run,
        max_age=max_age,
        tags=not no_tags,
        listing_pass=not no_listing_pass,
        via_queue=via_queue,
        wait=not no_wait,
    )
    return run(selection_of(context), options, max_tps=max_tps or (), as_json=as_json)


@_command(cls=sharing(OF_STORES, last=WAITING))
def verify(
    context: typer.Context,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also compare files, and tags singly, with the source: two calls per read set."),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair the rows that are missing, stale or orphaned, and report it.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also let the stack's pipeline refresh one row, and wait until it has.")
    ] = False,
    max_tps: MaxTpsOption = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Compare source and table: report rows that are missing, stale or orphaned.

    Tags are compared as far as GetResources tells them in bulk. With a stack, every part of the deployed pipeline is
    checked too.
    """
    from omics_meta.commands.verify import run

    return run(selection_of(context), deep=deep, repair=repair, probe=probe, max_tps=max_tps or (), as_json=as_json)


@_command(cls=sharing(OF_TABLES, FILTERS, last=[*SHEETS, *FORMATS]))
def find(
    context: typer.Context,
    columns: ColumnsOption = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Most rows to print.")] = None,
    sort: SortOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only tell how the rows would be read, and what that would cost.")
    ] = False,
) -> ExitCode:
    """Find read sets in the table, without calling HealthOmics.

    A row must fit all options. Rows are printed as they are found, in no particular order unless they are sorted.
    """
    from omics_meta.commands.find import find

    form, sheet = chosen_format(context), sheet_of(context)
    return find(search_of(context), form=form, columns=columns, sheet=sheet, limit=limit, sort=sort, explain=explain)


@_command(cls=sharing(OF_TABLES, last=[*SHEETS, *WHOLE_SHEETS, *FORMATS]))
def get(
    context: typer.Context,
    read_sets: Annotated[
        list[str], typer.Argument(metavar="READ_SET...", help="ARNs or ids of read sets; - reads them from stdin.")
    ],
    from_column: FromColumnOption = None,
    columns: ColumnsOption = None,
) -> ExitCode:
    """Print the rows of some read sets.

    An ARN is the table's key; for an id, the table is searched. Exit code 1 means that some have no row.
    """
    from omics_meta.commands.find import get

    form, sheet = chosen_format(context), sheet_of(context)
    return get(selections_of(context), read_sets, column=from_column, form=form, columns=columns, sheet=sheet)


@_command(cls=sharing(OF_TABLES, last=FORMATS))
def duplicates(
    context: typer.Context,
    columns: ColumnsOption = None,
) -> ExitCode:
    """Find read sets with the same content: those whose source files have the same etags."""
    from omics_meta.commands.duplicates import duplicates

    form = chosen_format(context) or Format.TABLE
    return duplicates(selections_of(context), form=form, columns=columns)


@_command(cls=sharing(OF_TABLES, FILTERS, last=[*SHEETS, *FORMATS, *WAITING]))
def export(
    context: typer.Context,
    columns: ColumnsOption = None,
    sort: SortOption = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=COLUMN,...",
            help="With --format run-batch: parameters of each run, such as reads=omics_uri_source1. Repeatable.",
            autocompletion=completion.columns,
        ),
    ] = None,
    segments: SegmentsOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            parser=output_path,
            help="File to write, or s3://BUCKET/PREFIX/; - is stdout, the default.",
        ),
    ] = None,
) -> ExitCode:
    """Write rows to a file, to S3 or to stdout, with all columns.

    The format follows the end of the file's name; on stdout it is jsonl. The file takes its name when it is complete.
    Parquet needs the extra `parquet`. In S3 it is Parquet, and replaces at once what the last export wrote there.
    """
    from omics_meta.commands.export import export

    form, sheet = chosen_format(context), sheet_of(context)
    return export(
        replace(search_of(context), segments=segments),
        form=form,
        columns=columns,
        sheet=sheet,
        parameters=parameter or (),
        sort=sort,
        output=output,
    )


@_command(cls=sharing(OF_TABLES, FILTERS, last=FORMATS))
def count(
    context: typer.Context,
    by: ByOption = None,
) -> ExitCode:
    """Count read sets, their bytes and their gigabases: of all that fit, or of each group of them.

    Sizes that no row tells are counted as unknown, and never as 0.
    """
    from omics_meta.commands.count import count

    return count(search_of(context), form=chosen_format(context) or Format.TABLE, by=by)


@_command(cls=sharing(OF_TABLE, FILTERS))
def activate(
    context: typer.Context,
    read_sets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="READ_SET...", help="ARNs or ids of read sets, instead of filters; - reads them from stdin."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Required without a terminal.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be activated.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the table says that the read sets are active.")
    ] = False,
    max_tps: Annotated[
        str | None,
        typer.Option(metavar="N", help="Jobs started a second. 4.5 by default; raise it with your quota."),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Ask, then have HealthOmics activate archived read sets, up to twenty in a job.

    What is active or activating already is left out, so that the same command can be run again.
    """
    from omics_meta.commands.activate.command import activate

    search, names = search_of(context), read_sets or ()
    return activate(search, names, yes=yes, dry_run=dry_run, wait=wait, max_tps=max_tps, as_json=as_json)


dlq = typer.Typer(
    cls=Commands,
    context_settings=_HELP,
    help="Show, send back or discard the messages that a stack's pipeline gave up on.",
)
app.add_typer(dlq, name="dlq")
_dlq_command = partial(dlq.command, cls=sharing(OF_QUEUES), epilog=EXIT_CODES)


@_dlq_command("list")
def dlq_list(
    context: typer.Context,
    as_json: JsonOption = False,
) -> ExitCode:
    """Count the messages in the dead-letter queues, and say when the oldest was sent."""
    from omics_meta.commands.dlq import list_queues

    return list_queues(selection_of(context), context.params["queue"], as_json=as_json)


@_dlq_command("show")
def dlq_show(
    context: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Most messages to show of each queue.")] = 100,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show the messages, and leave them where they are.

    At most ten messages of each read set can be shown.
    """
    from omics_meta.commands.dlq import show

    return show(selection_of(context), context.params["queue"], limit=limit, as_json=as_json)


@_dlq_command("redrive")
def dlq_redrive(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many would be sent back.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Send the messages back to the pipeline's queue, to be tried again.

    However old an event is, its row becomes what the read set is now.
    """
    from omics_meta.commands.dlq import redrive

    return redrive(selection_of(context), context.params["queue"], dry_run=dry_run, as_json=as_json)


@_dlq_command("discard")
def dlq_discard(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Required without a terminal.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many would be deleted.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Ask, then delete the messages for good."""
    from omics_meta.commands.dlq import discard

    return discard(selection_of(context), context.params["queue"], yes=yes, dry_run=dry_run, as_json=as_json)


@_command(cls=sharing(OF_STACK))
def status(
    context: typer.Context,
    as_json: JsonOption = False,
) -> ExitCode:
    """Show how a stack is doing: rows, lag, queues, dead letters, reconciliations, alarms and pipeline."""
    from omics_meta.commands.status import run

    return run(selection_of(context), as_json=as_json)


@_command(cls=sharing(OF_STACK))
def selftest(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Required without a terminal.")] = False,
    as_json: JsonOption = False,
) -> ExitCode:
    """Ask, then try out in the stack's account which assumptions about AWS hold there.

    It makes a sequence store with one read set of four reads, changes and deletes both, and says how soon the pipeline
    followed. It takes minutes and costs less than a cent.
    """
    from omics_meta.commands.selftest import run

    return run(selection_of(context), yes=yes, as_json=as_json)


@_command(cls=sharing(OF_TABLES))
def report(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The HTML page to write; - is stdout.")
    ],
    verification: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Output of `omics-meta verify --json`, to show it too."),
    ] = None,
    tag_keys: Annotated[
        str | None,
        typer.Option(metavar="KEY,...", help="Count the values of the tags with these keys, and their statuses."),
    ] = None,
    rows: Annotated[
        bool,
        typer.Option(
            "--rows", help="Add a list of all read sets, to search and sort. Their ids may tell who a patient is."
        ),
    ] = False,
) -> ExitCode:
    """Write a page about the read sets of tables: how many, how large, of which kinds, and how fresh their rows are.

    The page is one HTML file that needs no network.
    """
    from omics_meta.commands.report.command import run

    given = selections_of(context)
    return run(given, output=output, verified=verification, tag_keys=tag_keys, rows=rows)


@_command(cls=sharing(OF_TABLE))
def cost(
    context: typer.Context,
    read_sets: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Number of read sets, instead of the table's rows."),
    ] = None,
    changes: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Status events a month; by default 0.21 per read set."),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="EXPRESSION",
            help="Schedule of reconciliations; by default the stack's, or every night.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> ExitCode:
    """Estimate what a month costs, by list prices."""
    from omics_meta.commands.cost.command import run

    return run(selection_of(context), read_sets=read_sets, changes=changes, schedule=schedule, as_json=as_json)
