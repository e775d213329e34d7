"""The options that several commands share, and what those of a command select to work on.

A command declares the options that it has, and passes its context on; their values are read from there.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from omics_meta.selection.target import QueueKind, QueueSelection, Selection
from omics_meta.terminal.group import is_from

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        envvar="OMICS_META_STACK",
        metavar="NAME",
        help="Pulumi stack whose outputs name the table and region.",
    ),
]
CwdOption = Annotated[
    Path | None,
    typer.Option(
        "--cwd", envvar="OMICS_META_CWD", metavar="DIR", help="Folder of the Pulumi project, if not the current one."
    ),
]
OutputsOption = Annotated[
    Path | None,
    typer.Option(
        "--outputs",
        envvar="OMICS_META_OUTPUTS",
        metavar="FILE",
        help="File with the output of `pulumi stack output --json`, instead of a stack.",
    ),
]
StoresOption = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--seq-store-id",
        metavar="ID",
        help="Id of a sequence store. Repeatable. With a stack, all stores by default.",
    ),
]
AllStoresOption = Annotated[bool, typer.Option("--all-stores", help="Every store of the account and region.")]
TableOption = Annotated[
    str | None,
    typer.Option(
        "-t", "--table", envvar="OMICS_META_TABLE", metavar="NAME", help="DynamoDB table, instead of the stack's."
    ),
]
RegionOption = Annotated[
    str | None, typer.Option("-r", "--region", metavar="REGION", help="AWS region, instead of the stack's.")
]
ProfileOption = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile.")]
QueueOption = Annotated[
    QueueKind | None,
    typer.Option(
        "--queue",
        metavar="failed|undelivered",
        help="failed: what the function failed on; undelivered: what the rule could not deliver. Both by default.",
    ),
]


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
    )


def queues_of(context: typer.Context) -> QueueSelection:
    """Return which dead-letter queues of which stack the options of a command select."""
    return QueueSelection(selection_of(context), context.params["queue"])


MaxTpsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--max-tps",
        metavar="[OPERATION=]N",
        help="HealthOmics calls a second, for each operation or for one. 4.5 by default; raise it with your quotas."
        " Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
