"""The AWS side of a command: its clients, checked before any work begins."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.clients import dynamodb_client, omics_client, tagging_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.aws.table import Table

from omics_meta.pipeline.stack import Stack
from omics_meta.selection.session import Session
from omics_meta.selection.target import Selection, Target, resolve
from omics_meta.selection.waiting import retries_of
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output import print_note

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TableDescriptionTypeDef


@dataclass(frozen=True, slots=True)
class Connection:
    """A table that is there and has the right key, and the stores to work on, each known to exist."""

    session: boto3.Session
    source: HealthOmics
    bulk: BulkTags
    table: Table
    account: str | None
    """The account that the table is in; None where what answers does not tell."""
    store_ids: tuple[str, ...]
    every_store: bool
    """Whether these are all stores of the account and region."""
    asked_at: datetime
    """When HealthOmics was first asked, by its own clock: before anything that comes of this connection."""

    @property
    def region(self) -> str:
        """The region in use, wherever it was configured."""
        return self.session.region_name


def connect(target: Target, *, max_tps: MaxTps) -> Connection:
    """Connect to AWS with the standard credential chain.

    Raises:
        CommandError: The endpoint that is configured is not a URL.
        SetupError: The table or a store does not exist, or the table has another key.
        ClientError, BotoCoreError: AWS cannot be reached, or refuses.
    """
    session = Session(target.profile, target.region)
    omics = omics_client(session, max_tps=max_tps, retries=retries_of("omics", session, target.patience))
    dynamodb = dynamodb_client(session, retries=retries_of("dynamodb", session, target.patience))
    # A command ends long before a store's name could matter again, so each store is read once.
    source = HealthOmics(omics, store_max_age=float("inf"), tell=print_note)
    table = Table(dynamodb, target.table)
    account = _account(table.check_key())
    store_ids = target.store_ids or tuple(source.store_ids())
    stores = [source.store(store_id) for store_id in store_ids]
    asked_at = min((store.as_of for store in stores), default=datetime.now(UTC))
    bulk = BulkTags(tagging_client(session, max_tps=max_tps), source, tell=print_note)
    every_store = not target.store_ids
    return Connection(session, source, bulk, table, account, store_ids, every_store=every_store, asked_at=asked_at)


def _account(description: "TableDescriptionTypeDef") -> str | None:
    arn = description.get("TableArn", "")
    return arn.split(":")[4] if arn else None


@dataclass(frozen=True, slots=True)
class TableConnection:
    """A table that is there and has the right key. Nothing of HealthOmics is called."""

    client: "DynamoDBClient"
    table: Table
    description: "TableDescriptionTypeDef"
    region: str
    profile: str | None

    @property
    def name(self) -> str:
        """The table's name, also where it was named by its ARN."""
        return self.table.name.rpartition("/")[2]

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return self.description.get("TableArn", "")

    @property
    def account(self) -> str | None:
        """The account that the table is in; None where what answers does not tell."""
        return _account(self.description)

    @property
    def options(self) -> tuple[str, ...]:
        """The options by which another command works with this table."""
        profile = ("--profile", self.profile) if self.profile else ()
        return ("--table", self.table.name, "--region", self.region, *profile)

    def about(self, command: str) -> dict[str, str]:
        """Return what the JSON documents of commands that print rows begin with."""
        return {"command": command, "table": self.name, "region": self.region}

    @property
    def place(self) -> dict[str, str | None]:
        """Which table it is, as JSON documents tell it."""
        return {"table": self.name, "account": self.account, "region": self.region}

    def __str__(self) -> str:
        """Return which table it is, as notes name it."""
        return f"table {self.name} in {self.region} of account {self.account}"


def connect_table(target: Target) -> TableConnection:
    """Connect to a table, and to nothing of HealthOmics."""
    session = Session(target.profile, target.region)
    client = dynamodb_client(session, retries=retries_of("dynamodb", session, target.patience))
    table = Table(client, target.table)
    return TableConnection(client, table, table.check_key(), session.region_name, target.profile)


def connect_stack(selection: Selection) -> Stack:
    """Find the deployed stack that a selection names."""
    target = resolve(selection) if selection.names_stack else None
    if target is None or target.outputs is None:
        raise CommandError("no stack was named: give --stack NAME, or --outputs FILE")
    return Stack(Session(target.profile, target.region), target.outputs)
