"""What `omics-meta verify --json` found, as the page tells it: what was compared, and what was not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from readset_sync.model.timestamp import parse_timestamp
from readset_sync.model.trust import TRUSTED

from omics_meta.search.inventory import TableInventory
from omics_meta.terminal.exits import CommandError

_STATES: Final = ("in_sync", "missing", "stale", "orphaned", "failed")
_WANTED: Final = "give what `omics-meta verify --json` printed"


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification, checked to be one."""

    table: str
    account: str
    """Of the table; empty where what answered did not tell it."""
    region: str
    finished: datetime
    """When it ended, in UTC."""
    in_sync: bool
    totals: Mapping[str, int]
    """Numbers of rows by state."""
    stores: frozenset[str]
    """Ids of the stores that were compared."""
    compared: str
    """What was compared of a row, in a sentence, and what was not."""
    checks: int
    failed: Sequence[str]
    """What checks of the pipeline found wrong."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read the document that a verification printed.

        Raises:
            KeyError, TypeError, AttributeError, ValueError, OverflowError: It is none.
        """
        if document["command"] != "verify":
            raise ValueError(document["command"])
        checks: list[dict[str, Any]] = document["pipeline"]
        totals: dict[str, int] = document["totals"]
        return cls(
            str(document["table"]),
            str(document["account"] or ""),
            str(document["region"]),
            parse_timestamp(document["finished"]).astimezone(UTC),
            bool(document["in_sync"]),
            {state.replace("_", " "): int(totals[state]) for state in _STATES},
            frozenset(str(store["store_id"]) for store in document["stores"]),
            _compared(document),
            len(checks),
            [f"{check['check']}: {check['found']}" for check in checks if not check["passed"]],
        )

    def is_of(self, table: TableInventory) -> bool:
        """Whether it compared this table, which it may have named by its ARN."""
        name = self.table.rpartition(":table/")[2]
        is_account = not (self.account and table.account) or self.account == table.account
        return is_account and (name, self.region) == (table.name, table.region)

    def __str__(self) -> str:
        """Return which table it compared."""
        return _named(self.table, self.account, self.region)


def read(path: Path) -> Verification:
    """Read what a verification printed into a file.

    Raises:
        CommandError: The file has something else.
    """
    origin = f"--verification {path}"
    try:
        document = json.loads(path.read_bytes())  # in any encoding that JSON may have
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{origin} ({error}): {_WANTED}") from error
    try:
        return Verification.of(document)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise CommandError(f"{origin}: not the output of a verification: {_WANTED}") from error


def check_table(path: Path, verification: Verification, tables: Sequence[TableInventory]) -> None:
    """Check that a verification compared one of the tables of the page.

    Raises:
        CommandError: It compared another one.
    """
    if not any(map(verification.is_of, tables)):
        shown = ", ".join(map(named, tables))
        raise CommandError(
            f"--verification {path} is about table {verification}, and the report about {shown}: verify that, or leave "
            "the option out"
        )


def named(table: TableInventory) -> str:
    """Say which table it is; tables of several accounts have the same name as a rule."""
    return _named(table.name, table.account, table.region)


def _named(name: str, account: str, region: str) -> str:
    return f"{name} in {region}{f' of account {account}' if account else ''}"


def _compared(document: Mapping[str, Any]) -> str:
    if document["deep"]:
        return "Rows, files and tags were compared."
    if document["tags_in_bulk"] != TRUSTED:
        return "Files and tags were not compared."
    told, of = (int(document["tags_told"][name]) for name in ("told", "of"))
    return (
        f"The tags of {told:,} of {of:,} read sets were compared, as AWS tells them in bulk. Files were not compared."
    )
