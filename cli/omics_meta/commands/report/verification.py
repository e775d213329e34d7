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
    """A verification, checked to be one. A member that an older version did not write counts as nothing."""

    table: str
    account: str
    """Of the table; empty where an older version did not write it."""
    region: str
    finished: datetime | None
    """When it ended, in UTC; None where an older version did not write it."""
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
        checks: list[dict[str, Any]] = list(document.get("pipeline") or ())
        totals: dict[str, int] = document.get("totals") or {}
        table, finished = str(document["table"]), document.get("finished")
        return cls(
            table,
            str(document.get("account") or table.rpartition(":table/")[0].rpartition(":")[2]),
            str(document["region"]),
            parse_timestamp(finished).astimezone(UTC) if finished else None,
            bool(document["in_sync"]),
            {state.replace("_", " "): int(totals.get(state, 0)) for state in _STATES},
            frozenset(str(store["store_id"]) for store in document.get("stores") or ()),
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
    if document.get("deep"):
        return "Rows, files and tags were compared."
    if document.get("tags_in_bulk") != TRUSTED:
        return "Files and tags were not compared."
    told: dict[str, int] = document.get("tags_told") or {}
    of = f"The tags of {told['told']:,} of {told['of']:,} read sets" if told else "Tags"
    return f"{of} were compared, as AWS tells them in bulk. Files were not compared."
