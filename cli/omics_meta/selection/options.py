"""The options that several commands share, and what those of a command select to work on.

A command names the groups of options that it shares, and passes its context on; their values are read from there.
"""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from omics_meta.selection.duration import parse_duration
from omics_meta.selection.target import QueueKind, Selection
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.group import is_from, options_of


def _stack(
    stack: Annotated[
        str | None,
        typer.Option(
            envvar="OMICS_META_STACK", metavar="NAME", help="Pulumi stack whose outputs name the table and region."
        ),
    ] = None,
    cwd: Annotated[
        Path | None,
        typer.Option(
            envvar="OMICS_META_CWD", metavar="DIR", help="Folder of the Pulumi project, if not the current one."
        ),
    ] = None,
    outputs: Annotated[
        Path | None,
        typer.Option(
            envvar="OMICS_META_OUTPUTS",
            metavar="FILE",
            help="File with the output of `pulumi stack output --json`, instead of a stack.",
        ),
    ] = None,
) -> None: ...


def _stores(
    seq_store_id: Annotated[
        list[str] | None,
        typer.Option(
            "-s",
            "--seq-store-id",
            metavar="ID",
            help="Id of a sequence store. Repeatable. With a stack, all stores by default.",
        ),
    ] = None,
    all_stores: Annotated[bool, typer.Option("--all-stores", help="Every store of the account and region.")] = False,
) -> None: ...


def _table(
    table: Annotated[
        str | None,
        typer.Option(
            "-t", "--table", envvar="OMICS_META_TABLE", metavar="NAME", help="DynamoDB table, instead of the stack's."
        ),
    ] = None,
) -> None: ...


def _account(
    region: Annotated[
        str | None, typer.Option("-r", "--region", metavar="REGION", help="AWS region, instead of the stack's.")
    ] = None,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="AWS profile.")] = None,
) -> None: ...


def _queue(
    queue: Annotated[
        QueueKind | None,
        typer.Option(
            metavar="failed|undelivered",
            help="failed: what the function failed on; undelivered: what the rule could not deliver. Both by default.",
        ),
    ] = None,
) -> None: ...


def _waiting(
    wait_for_aws: Annotated[
        str,
        typer.Option(
            "--wait-for-aws",
            metavar="DURATION",
            help="How long to wait for AWS where it has answered in this run and is away now (10m, 2h). 0: not at all.",
        ),
    ] = "10m",
) -> None: ...


WAITING: Final = options_of(_waiting)
OF_STACK: Final = [*options_of(_stack), *options_of(_account)]
OF_QUEUES: Final = [*OF_STACK, *options_of(_queue)]
OF_TABLE: Final = [*options_of(_stack), *options_of(_table), *options_of(_account)]
OF_STORES: Final = [*options_of(_stack), *options_of(_stores), *options_of(_table), *options_of(_account)]

MaxTpsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--max-tps",
        metavar="[OPERATION=]N",
        help="Calls a second, for each operation of HealthOmics, or for one. 4.5 by default, and 10 for GetResources,"
        " which a number alone does not change; raise it with your quotas. Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def selection_of(context: typer.Context) -> Selection:
    """Return what the options of a command say to work on: all stores, where a command has no option to choose them.

    An option on the command line wins over a variable that would contradict it. Where the command line names the table
    and all else that is needed, the stack that a variable names is not asked.
    """
    given: dict[str, Any] = dict(context.params)
    store_ids, all_stores = tuple(given.get("seq_store_id") or ()), given.get("all_stores", True)
    typed = {name for name in ("stack", "cwd", "outputs", "table") if is_from(context, name, "COMMANDLINE")}
    complete = given["region"] and (store_ids or all_stores) and not (given.get("via_queue") or given.get("probe"))
    ignored: set[str] = set()
    if typed == {"table"} and complete:
        ignored = {"stack", "cwd", "outputs"}
    elif "outputs" in typed:
        ignored = {"stack", "cwd", "table"}
    elif typed & {"stack", "cwd"}:
        ignored = {"outputs", "table"}
    given |= dict.fromkeys(ignored - typed)
    return Selection(
        stack=given["stack"],
        cwd=given["cwd"],
        outputs=given["outputs"],
        store_ids=store_ids,
        all_stores=all_stores,
        table=given.get("table"),
        region=given["region"],
        profile=given["profile"],
        patience=_patience(given.get("wait_for_aws", "0")),
    )


def _patience(text: str) -> float:
    """The seconds that `--wait-for-aws` means."""
    try:
        duration = parse_duration(text)
    except (OverflowError, ValueError):  # beyond what Python takes for a duration, or for digits of a number
        duration = None
    if duration is None:
        raise CommandError(f"--wait-for-aws {text!r} is no duration: give minutes, hours or days as in 10m, or 0")
    return duration.total_seconds()
