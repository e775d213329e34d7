"""The options that several commands share, and what those of a command select to work on.

A command names the groups of options that it shares, and passes its context on; their values are read from there.
"""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from omics_meta.selection.target import QueueKind, Selection, is_arn
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.group import is_from, options_of
from omics_meta.terminal.output import counted

_DURATION: Final = re.compile(r"(?P<number>[0-9]+)(?P<unit>[mhd])", re.ASCII)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

_EACH: Final = " Repeatable: one for each table."


def _stack_option(more: str = "") -> Any:
    help_text = f"Pulumi stack whose outputs name the table and region.{more}"
    return typer.Option(envvar="OMICS_META_STACK", metavar="NAME", help=help_text)


def _outputs_option(more: str = "") -> Any:
    help_text = f"File with the output of `pulumi stack output --json`, instead of a stack.{more}"
    return typer.Option(envvar="OMICS_META_OUTPUTS", metavar="FILE", help=help_text)


def _table_option(what: str) -> Any:
    return typer.Option("-t", "--table", envvar="OMICS_META_TABLE", metavar="NAME", help=what)


_CwdOption = Annotated[
    Path | None,
    typer.Option(envvar="OMICS_META_CWD", metavar="DIR", help="Folder of the Pulumi project, if not the current one."),
]
_RegionOption = Annotated[
    str | None, typer.Option("-r", "--region", metavar="REGION", help="AWS region, instead of the stack's.")
]


def _stack(
    stack: Annotated[str | None, _stack_option()] = None,
    cwd: _CwdOption = None,
    outputs: Annotated[Path | None, _outputs_option()] = None,
) -> None: ...


def _tables(
    stack: Annotated[list[str] | None, _stack_option(_EACH)] = None,
    cwd: _CwdOption = None,
    outputs: Annotated[list[Path] | None, _outputs_option(_EACH)] = None,
    table: Annotated[
        list[str] | None,
        _table_option("DynamoDB table, instead of the stack's: a name, or an ARN, which has its region. Repeatable."),
    ] = None,
    region: _RegionOption = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="AWS profile. Repeatable: one for each table, in the same order."),
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
    table: Annotated[str | None, _table_option("DynamoDB table, instead of the stack's.")] = None,
) -> None: ...


def _account(
    region: _RegionOption = None,
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
            metavar="DURATION",
            help="How long to wait for AWS where it has answered in this run and is away now (10m, 2h). 0: not at all.",
        ),
    ] = "10m",
) -> None: ...


_STACK, _STORES, _TABLE, _ACCOUNT = map(options_of, (_stack, _stores, _table, _account))

WAITING: Final = options_of(_waiting)
OF_STACK: Final = [*_STACK, *_ACCOUNT]
OF_QUEUES: Final = [*OF_STACK, *options_of(_queue)]
OF_TABLE: Final = [*_STACK, *_TABLE, *_ACCOUNT]
OF_TABLES: Final = options_of(_tables)
"""Of commands that read, and can read several tables at once."""
OF_STORES: Final = [*_STACK, *_STORES, *_TABLE, *_ACCOUNT]

MaxTpsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[OPERATION=]N",
        help="Calls a second, for each operation of HealthOmics, or for one. 4.5 by default, and 10 for GetResources,"
        " which a number alone does not change; raise it with your quotas. Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def selection_of(context: typer.Context) -> Selection:
    """Return what the options of a command, which works with one table, say to work on."""
    [selection] = selections_of(context)
    return selection


def selections_of(context: typer.Context) -> tuple[Selection, ...]:
    """Return what the options of a command say to work on, for each table that they name.

    It is all stores, where a command has no option to choose them. Of the options that name a table, each is given once
    for all tables, or once for each, in the same order.

    An option on the command line wins over a variable that would contradict it. Where the command line names the table
    and all else that is needed, the stack that a variable names is not asked. Such a variable is as if it were not set,
    also for the context.
    """
    given = context.params
    store_ids, all_stores = tuple(given.get("seq_store_id") or ()), given.get("all_stores", True)
    typed = {name for name in ("stack", "cwd", "outputs", "table") if is_from(context, name, "COMMANDLINE")}
    has_region = given["region"] or all(map(is_arn, _several(given.get("table"))))
    complete = has_region and (store_ids or all_stores) and not (given.get("via_queue") or given.get("probe"))
    ignored: set[str] = set()
    if typed == {"table"} and complete:
        ignored = {"stack", "cwd", "outputs"}
    elif "outputs" in typed:
        ignored = {"stack", "cwd", "table"}
    elif typed & {"stack", "cwd"}:
        ignored = {"outputs", "table"}
    given |= dict.fromkeys(ignored - typed)
    _refuse_several(context)
    patience = _patience(given.get("wait_for_aws", "0"))
    # The ARN of a table has its region, so that beside names the option is about these.
    shared = all(map(is_arn, _several(given.get("table"))))
    return tuple(
        Selection(
            stack=stack,
            cwd=given["cwd"],
            outputs=outputs,
            store_ids=store_ids,
            all_stores=all_stores,
            table=table,
            region=given["region"] if shared or not is_arn(table) else None,
            profile=profile,
            patience=patience,
        )
        for stack, outputs, table, profile in _paired(given)
    )


def _refuse_several(context: typer.Context) -> None:
    """Refuse several names in a variable, where a command takes one."""
    options: list[Any] = [*context.command.params]
    for option in options:
        value = context.params.get(option.name)
        single = option.name in {"stack", "outputs", "table"} and isinstance(value, str | Path)
        if not single or not is_from(context, option.name, "ENVIRONMENT"):
            continue
        names = [each for each in str(value).split(os.pathsep if isinstance(value, Path) else None) if each]
        if len(names) > 1 and not (isinstance(value, Path) and value.exists()):
            raise CommandError(
                f"{option.envvar} names {' and '.join(names)}, and this command takes one: give it with --{option.name}"
            )


def _paired(given: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Pair the values of the options that name tables and credentials: one tuple for each table."""
    values = {name: _several(given.get(name)) for name in ("stack", "outputs", "table", "profile")}
    naming, count = max(((name, len(values[name])) for name in ("table", "outputs", "stack")), key=itemgetter(1))
    for name, each in values.items():
        if len(each) not in {0, 1, max(count, 1)}:
            said = f"--{name} is given {counted(len(each), 'time')} and --{naming} {counted(count, 'time')}"
            remedy = f"give --{name} once for all tables, or once for each, in the same order"
            raise CommandError(f"{said}: {remedy}")
    columns = (each if len(each) > 1 else (next(iter(each), None),) * max(count, 1) for each in values.values())
    return [*zip(*columns, strict=True)]


def _several(value: Any) -> tuple[Any, ...]:
    """The values of an option, be it repeatable or not."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str | Path) else tuple(value)


def _patience(text: str) -> float:
    """The seconds that `--wait-for-aws` means."""
    try:
        duration = parse_duration(text)
    except (OverflowError, ValueError):  # beyond what Python takes for a duration, or for digits of a number
        duration = None
    if duration is None:
        raise CommandError(f"--wait-for-aws {text!r} is no duration: give minutes, hours or days as in 10m, or 0")
    return duration.total_seconds()


def parse_duration(text: str) -> timedelta | None:
    """Return a number of minutes, hours or days, or `0` for none; None where a text is no such thing.

    Raises:
        OverflowError: It is longer than time goes.
    """
    if text == "0":
        return timedelta()
    match = _DURATION.fullmatch(text)
    return int(match["number"]) * _UNITS[match["unit"]] if match else None
