"""Which table, region and stores a command works on: from flags, or from the outputs of a deployed stack."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from omics_meta.selection.outputs import Outputs, outputs_of_file, outputs_of_stack
from omics_meta.terminal.exits import CommandError, OutputsError

RESOURCE_ID: Final = re.compile(r"[0-9]{10,36}")
"""The id of a sequence store, or of a read set."""
_REGION: Final = re.compile(r"[a-z]+(-[a-z0-9]+)*")
"""Any name that AWS, or an AWS-compatible service, could give a region."""
_TABLE_ARN: Final = re.compile(r"arn:[a-z-]+:dynamodb:(?P<region>[a-z0-9-]+):[0-9]{12}:table/[A-Za-z0-9_.-]+")


class QueueKind(StrEnum):
    """The dead-letter queues of a stack."""

    FAILED = "failed"
    """Behind the FIFO queue: messages that the function failed on too often."""
    UNDELIVERED = "undelivered"
    """Behind the rule: events that it could not deliver."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The options by which a user says what to work on, as they were given."""

    stack: str | None
    cwd: Path | None
    outputs: Path | None
    store_ids: tuple[str, ...]
    all_stores: bool
    table: str | None
    region: str | None
    profile: str | None
    patience: float = 0.0
    """The seconds to wait for AWS where it has answered before and is away now."""

    @property
    def names_stack(self) -> bool:
        """Whether it names a stack, be it by its outputs."""
        return bool(self.stack or self.cwd or self.outputs)


@dataclass(frozen=True, slots=True)
class Target:
    """What a command works on. No stores are all of the account and region; None is left to the AWS configuration."""

    table: str
    region: str | None
    profile: str | None
    store_ids: tuple[str, ...]
    outputs: Outputs | None
    patience: float = 0.0

    def __str__(self) -> str:
        """Return which table it is, as notes name it."""
        region = f" in {self.region}" if self.region else ""
        origin = f" of {self.outputs.origin}" if self.outputs else ""
        return f"table {self.table}{region}{origin}{f' with profile {self.profile}' if self.profile else ''}"


def resolve(selection: Selection) -> Target:
    """Find out what a selection means. Flags win over outputs.

    Raises:
        CommandError: The options contradict each other, something needed is missing, a value is malformed, or the
            stack's outputs cannot be had.
    """
    _check(selection)
    outputs = _outputs(selection)
    if outputs is None and not selection.store_ids and not selection.all_stores:
        raise CommandError("no stores were chosen: name them with -s/--seq-store-id, or take --all-stores")
    region = _region(selection) or _output(outputs, "region", "--region")
    if region is not None and not _REGION.fullmatch(region):
        raise CommandError(f"{region!r} is not the name of an AWS region: give one like us-west-2")
    table = selection.table or _output(outputs, "tableName", "--table")
    if table is None:
        raise CommandError(
            "no table was named: give -t/--table or set OMICS_META_TABLE, or name the stack that has it with --stack or"
            " --outputs"
        )
    return Target(
        table=table,
        region=region,
        profile=selection.profile,
        store_ids=tuple(dict.fromkeys(selection.store_ids)),
        outputs=outputs,
        patience=selection.patience,
    )


def _region(selection: Selection) -> str | None:
    """The region that the options name; the ARN of a table has its own."""
    if not is_arn(selection.table):
        return selection.region
    arn = _TABLE_ARN.fullmatch(selection.table or "")
    if arn is None:
        example = "arn:aws:dynamodb:us-west-2:123456789012:table/NAME"
        raise CommandError(f"{selection.table!r} is not the ARN of a table: give its name, or an ARN like {example}")
    if selection.region not in {None, arn["region"]}:
        raise CommandError(
            f"--region {selection.region} and the ARN {selection.table} contradict each other: give one of them"
        )
    return arn["region"]


def is_arn(table: str | None) -> bool:
    """Whether a table is named by its ARN, which has its region and account too."""
    return bool(table) and str(table).startswith("arn:")


def _check(selection: Selection) -> None:
    if selection.outputs == Path():  # which an empty name is too, such as one after the last colon in a variable
        raise OutputsError("--outputs '' or '.' is no file: give the name of one, or leave the option out")
    if selection.outputs and (selection.stack or selection.cwd):
        raise OutputsError(f"--outputs {selection.outputs} and a stack contradict each other: give one of them")
    if selection.store_ids and selection.all_stores:
        raise CommandError(f"-s {selection.store_ids[0]} and --all-stores contradict each other: give one of them")
    named = {
        "--stack": selection.stack,
        "--table": selection.table,
        "--region": selection.region,
        "--profile": selection.profile,
    }
    for option, value in named.items():
        # As when a shell variable is not set: to go on with some default would surprise.
        if value == "":
            raise CommandError(f"{option} '' is empty: give its value, or leave the option out")
    for store_id in selection.store_ids:
        if not RESOURCE_ID.fullmatch(store_id):
            raise CommandError(
                f"{store_id!r} is not the id of a sequence store: give its 10 to 36 digits, not its name or ARN"
            )


def _outputs(selection: Selection) -> Outputs | None:
    if selection.outputs:
        return outputs_of_file(selection.outputs)
    if selection.stack or selection.cwd:
        return outputs_of_stack(selection.stack, selection.cwd)
    return None


def _output(outputs: Outputs | None, name: str, option: str) -> str | None:
    if outputs is None:
        return None
    return outputs.text(name, f", or give {name} with {option}")
