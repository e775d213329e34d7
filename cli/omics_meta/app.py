"""The commands and their options. What they do is in the modules that they call, loaded when they run."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from omics_meta.search.filters import Search
from omics_meta.search.options import ColumnsOption, CsvOption, JsonlOption, searched_rows
from omics_meta.selection.options import (
    JsonOption,
    MaxTpsOption,
    dead_letter_queues,
    deployed_stack,
    selecting,
    stores_and_table,
    table_alone,
)
from omics_meta.selection.target import QueueSelection, Selection
from omics_meta.terminal.exits import ExitCode
from omics_meta.terminal.formats import ExportFormat
from omics_meta.terminal.group import Commands

EXIT_CODES = (
    "Exit codes: 0 done, or in sync; 1 done, but something is wrong (drift found, some read sets failed); "
    "2 the command could not do its work; 130 interrupted."
)

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Fill, verify and search the DynamoDB table of AWS HealthOmics read sets.",
    epilog=EXIT_CODES,
)


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
        bool, typer.Option("-v", "--verbose", help="Say on stderr which AWS calls failed, also those tried again.")
    ] = False,
) -> None:
    """Show the help when there is no command."""
    if verbose:
        from omics_meta.terminal.diagnostics import be_verbose

        be_verbose()
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog=EXIT_CODES)
@selecting(stores_and_table)
def backfill(
    selection: Selection,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also delete the rows of these stores whose read set is gone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be created, updated, left and deleted.")
    ] = False,
    max_age: Annotated[
        str,
        typer.Option(
            "--max-age",
            metavar="DURATION",
            help="Leave rows that were synced within it (90m, 12h, 7d), or since a moment, and that the listing"
            " confirms. 0 leaves none.",
        ),
    ] = "0",
    no_tags: Annotated[
        bool,
        typer.Option(
            "--no-tags", help="Read no tags, which saves a call per read set; rows keep theirs, new ones have none."
        ),
    ] = False,
    no_listing_pass: Annotated[
        bool,
        typer.Option("--no-listing-pass", help="Write no rows from the listings before the read sets are read."),
    ] = False,
    via_queue: Annotated[
        bool,
        typer.Option(
            "--via-queue", help="Have the stack's pipeline read the read sets, and follow it until it has done so."
        ),
    ] = False,
    no_wait: Annotated[
        bool,
        typer.Option("--no-wait", help="With --via-queue: hand over everything at once, and do not follow."),
    ] = False,
    max_tps: MaxTpsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the row of every read set of the chosen stores.

    Rows already there are overwritten. A read set that fails is reported, and the rest goes on.
    """
    from omics_meta.commands.backfill import Options, run

    options = Options(
        prune=prune,
        dry_run=dry_run,
        max_age=max_age,
        tags=not no_tags,
        listing_pass=not no_listing_pass,
        via_queue=via_queue,
        wait=not no_wait,
    )
    raise typer.Exit(run(selection, options, max_tps=max_tps or (), as_json=as_json))


@app.command(epilog=EXIT_CODES)
@selecting(stores_and_table)
def verify(
    selection: Selection,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare files and tags with the source too: two calls per read set.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend the rows that are missing, stale or orphaned, and report it.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also have the stack's pipeline refresh one row, and wait until it has.")
    ] = False,
    max_tps: MaxTpsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare source and table: report rows that are missing, stale or orphaned.

    With a stack, the deployed pipeline itself is checked too.
    """
    from omics_meta.commands.verify import run

    raise typer.Exit(run(selection, deep=deep, repair=repair, probe=probe, max_tps=max_tps or (), as_json=as_json))


@app.command(epilog=EXIT_CODES)
@selecting(searched_rows)
def find(
    search: Search,
    columns: ColumnsOption = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Rows at the most.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only tell how the rows would be read, and what that would cost.")
    ] = False,
    as_json: JsonOption = False,
    as_jsonl: JsonlOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Find read sets in the table, without calling HealthOmics.

    Rows must fit all that is asked for, and are printed as they are found, in no particular order.
    """
    from omics_meta.commands.find import find
    from omics_meta.terminal.printing import format_of

    form = format_of(as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv)
    raise typer.Exit(find(search, form=form, columns=columns, limit=limit, explain=explain))


@app.command(epilog=EXIT_CODES)
@selecting(table_alone)
def get(
    selection: Selection,
    read_sets: Annotated[list[str], typer.Argument(metavar="READ_SET...", help="ARNs or ids of read sets.")],
    columns: ColumnsOption = None,
    as_json: JsonOption = False,
    as_jsonl: JsonlOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Print the rows of some read sets.

    An ARN is the table's key; for an id, the table is searched. Exit code 1 says that some have no row.
    """
    from omics_meta.commands.find import get
    from omics_meta.terminal.printing import format_of

    form = format_of(as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv)
    raise typer.Exit(get(selection, read_sets, form=form, columns=columns))


@app.command(epilog=EXIT_CODES)
@selecting(table_alone)
def duplicates(
    selection: Selection,
    as_json: JsonOption = False,
    as_jsonl: JsonlOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Find read sets with the same content: those whose source files have the same etags."""
    from omics_meta.commands.duplicates import duplicates
    from omics_meta.terminal.printing import format_of

    raise typer.Exit(duplicates(selection, form=format_of(as_json=as_json, as_jsonl=as_jsonl, as_csv=as_csv)))


@app.command(epilog=EXIT_CODES)
@selecting(searched_rows)
def export(
    search: Search,
    form: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="jsonl, csv or parquet; by default what FILE ends in, and jsonl on stdout.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="File to write, instead of stdout.")
    ] = None,
    columns: ColumnsOption = None,
) -> None:
    """Export rows to JSON Lines, CSV or Parquet.

    A file gets its name once it is whole. Parquet needs the extra `export`.
    """
    from omics_meta.commands.export import export

    raise typer.Exit(export(search, form=form, columns=columns, output=output))


dlq = typer.Typer(help="Look into the dead-letter queues of a stack, send their messages back, or discard them.")
app.add_typer(dlq, name="dlq")


@dlq.command("list", epilog=EXIT_CODES)
@selecting(dead_letter_queues)
def dlq_list(queues: QueueSelection, as_json: JsonOption = False) -> None:
    """Say how many messages the dead-letter queues hold, and since when."""
    from omics_meta.commands.dlq import list_queues

    raise typer.Exit(list_queues(queues, as_json=as_json))


@dlq.command("show", epilog=EXIT_CODES)
@selecting(dead_letter_queues)
def dlq_show(
    queues: QueueSelection,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Messages of each queue.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show the messages, and leave them where they are.

    Of each FIFO message group, which is a read set, at most ten can be shown.
    """
    from omics_meta.commands.dlq import show

    raise typer.Exit(show(queues, limit=limit, as_json=as_json))


@dlq.command("redrive", epilog=EXIT_CODES)
@selecting(dead_letter_queues)
def dlq_redrive(
    queues: QueueSelection,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many would be sent back.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send the messages back to the pipeline's queue, to be tried again.

    However old an event is, its row is made what the read set is now.
    """
    from omics_meta.commands.dlq import redrive

    raise typer.Exit(redrive(queues, dry_run=dry_run, as_json=as_json))


@dlq.command("discard", epilog=EXIT_CODES)
@selecting(dead_letter_queues)
def dlq_discard(
    queues: QueueSelection,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many would be deleted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete the messages for good, after a question."""
    from omics_meta.commands.dlq import discard

    raise typer.Exit(discard(queues, yes=yes, dry_run=dry_run, as_json=as_json))


@app.command(epilog=EXIT_CODES)
@selecting(deployed_stack)
def status(selection: Selection, as_json: JsonOption = False) -> None:
    """Show how a stack is doing: rows, lag, queues, dead letters, reconciliations, alarms and pipeline."""
    from omics_meta.commands.status import run

    raise typer.Exit(run(selection, as_json=as_json))


@app.command(epilog=EXIT_CODES)
@selecting(table_alone)
def report(
    selection: Selection,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The HTML page to write.")],
    verification: Annotated[
        Path | None,
        typer.Option(
            "--verification", metavar="FILE", help="What `omics-meta verify --json` printed, to be shown too."
        ),
    ] = None,
) -> None:
    """Write a page about the read sets of a table: how many, how large, of which kinds, and how fresh their rows are.

    It is one file of HTML, which needs no network.
    """
    from omics_meta.commands.report import run

    raise typer.Exit(run(selection, output=output, verification=verification))


@app.command(epilog=EXIT_CODES)
@selecting(table_alone)
def cost(
    selection: Selection,
    read_sets: Annotated[
        int | None,
        typer.Option("--read-sets", metavar="N", min=0, help="How many there are, instead of the table's rows."),
    ] = None,
    changes: Annotated[
        int | None,
        typer.Option("--changes", metavar="N", min=0, help="Status events a month; 0.21 for each read set by default."),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option("--schedule", metavar="EXPRESSION", help="Of reconciliations; the stack's, or every night."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate what a month costs, by list prices."""
    from omics_meta.commands.cost.command import run

    raise typer.Exit(run(selection, read_sets=read_sets, changes=changes, schedule=schedule, as_json=as_json))
