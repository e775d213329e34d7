"""The options that several commands have, and the decorator that gives them to a command."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer
from typer._click.core import ParameterSource
from typer._click.globals import get_current_context

from omics_meta.selection.target import QueueKind, QueueSelection, Selection

_Command = TypeVar("_Command", bound=Callable[..., None])

StackOption = Annotated[
    str | None,
    typer.Option(
        "--stack", envvar="OMICS_META_STACK", metavar="NAME", help="Pulumi stack whose outputs name table and region."
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
        help="What `pulumi stack output --json` printed, instead of a stack.",
    ),
]
_StoresOption = Annotated[
    list[str] | None,
    typer.Option(
        "-s", "--seq-store-id", metavar="ID", help="Sequence store. Repeatable. With a stack, all stores by default."
    ),
]
_AllStoresOption = Annotated[bool, typer.Option("--all-stores", help="Every store of the account and region.")]
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
_QueueOption = Annotated[
    QueueKind | None,
    typer.Option(
        "--queue",
        metavar="failed|undelivered",
        help="What the function failed on (failed), or what the rule could not deliver (undelivered); both by default.",
    ),
]


def _named(
    stack: str | None, cwd: Path | None, outputs: Path | None, table: str | None = None, *, suffices: bool = False
) -> tuple[str | None, Path | None, Path | None, str | None]:
    """What names stack and table: an option of the command line wins over a variable that would contradict it.

    Where a table on the command line `suffices`, with what else is there, no variable's stack is asked.
    """
    source = get_current_context().get_parameter_source
    typed = {name for name in ("stack", "cwd", "outputs", "table") if source(name) is ParameterSource.COMMANDLINE}
    if typed == {"table"} and suffices:
        return None, None, None, table
    if "outputs" in typed:
        stack, cwd = (stack if "stack" in typed else None), (cwd if "cwd" in typed else None)
    elif typed & {"stack", "cwd"}:
        outputs = None
    if typed and "table" not in typed:
        table = None  # the stack's
    return stack, cwd, outputs, table


def stores_and_table(
    stack: StackOption = None,
    cwd: CwdOption = None,
    outputs: OutputsOption = None,
    seq_store_id: _StoresOption = None,
    all_stores: _AllStoresOption = False,
    table: TableOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> Selection:
    """What a command works on that compares stores with a table."""
    given = get_current_context().params
    needs_stack = given.get("via_queue") or given.get("probe")
    suffices = bool(region and (seq_store_id or all_stores) and not needs_stack)
    stack, cwd, outputs, table = _named(stack, cwd, outputs, table, suffices=suffices)
    return Selection(stack, cwd, outputs, tuple(seq_store_id or ()), all_stores, table, region, profile)


def table_alone(
    stack: StackOption = None,
    cwd: CwdOption = None,
    outputs: OutputsOption = None,
    table: TableOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> Selection:
    """What a command works on that is about all rows of a table."""
    stack, cwd, outputs, table = _named(stack, cwd, outputs, table, suffices=bool(region))
    return Selection(stack, cwd, outputs, (), True, table, region, profile)


def deployed_stack(
    stack: StackOption = None,
    cwd: CwdOption = None,
    outputs: OutputsOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
) -> Selection:
    """What a command works on that is about a stack's own resources."""
    stack, cwd, outputs, _ = _named(stack, cwd, outputs)
    return Selection(stack, cwd, outputs, (), False, None, region, profile)


def dead_letter_queues(
    stack: StackOption = None,
    cwd: CwdOption = None,
    outputs: OutputsOption = None,
    region: RegionOption = None,
    profile: ProfileOption = None,
    queue: _QueueOption = None,
) -> QueueSelection:
    """What a command works on that is about a stack's dead-letter queues."""
    return QueueSelection(deployed_stack(stack, cwd, outputs, region, profile), queue)


def selecting(select: Callable[..., object]) -> Callable[[_Command], _Command]:
    """Give a command the options of `select`, and what `select` makes of them as its first argument.

    Typer reads options from a function's signature and annotations, so both are those of the two functions together.
    """

    def decorate(command: _Command) -> _Command:
        options = inspect.signature(select).parameters
        own = list(inspect.signature(command).parameters.values())[1:]

        @wraps(command)
        def run(**given: Any) -> None:
            try:
                selected = select(**{name: given.pop(name) for name in options})
                command(selected, **given)
            except Exception as error:
                # What was not typed is easily overlooked.
                for name, value in _from_variables():
                    error.add_note(f"{name} is set to {value}")
                raise

        # By keyword, so that an option without a default may come after others.
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*options.values(), *own)]
        shown = cast("Any", run)
        shown.__signature__ = inspect.Signature(parameters)
        shown.__annotations__ = {each.name: each.annotation for each in parameters}
        return shown

    return decorate


def _from_variables() -> Iterator[tuple[str, object]]:
    """Yield the variables that stand for options of the command, with their values."""
    context = get_current_context()
    for option in context.command.params:
        if context.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT:
            yield str(option.envvar), context.params[option.name or ""]


MaxTpsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--max-tps",
        metavar="[OPERATION=]N",
        help="HealthOmics calls a second, of each operation or of one; 4.5 by default, more if your quotas were raised."
        " Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
