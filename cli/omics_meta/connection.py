"""The AWS side of a command: its clients, checked before any work begins."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError
from readset_sync.client import dynamodb_client, omics_client
from readset_sync.source import Source
from readset_sync.table import Table

from omics_meta.exits import CommandError
from omics_meta.target import Target


@dataclass(frozen=True, slots=True)
class Connection:
    """A table that is there and has the right key, and the stores to work on, each known to exist."""

    session: boto3.Session
    source: Source
    table: Table
    store_ids: tuple[str, ...]
    every_store: bool
    """Whether these are all stores of the account and region."""

    @property
    def region(self) -> str:
        """The region in use, wherever it was configured."""
        return self.session.region_name


def connect(target: Target, *, max_tps: float) -> Connection:
    """Connect to AWS with the standard credential chain.

    Raises:
        CommandError: The endpoint that is configured is not a URL.
        SetupError: The table or a store does not exist, or the table has another key.
        ClientError, BotoCoreError: AWS cannot be reached, or refuses.
    """
    # Of the two variables that name a region, boto3 knows AWS_DEFAULT_REGION alone; other SDKs prefer this one.
    region = target.region or os.environ.get("AWS_REGION") or None
    session = boto3.Session(profile_name=target.profile, region_name=region)
    try:
        omics, dynamodb = omics_client(session, max_tps=max_tps), dynamodb_client(session)
    except BotoCoreError:
        raise  # some of these are ValueErrors too
    except ValueError as error:
        raise CommandError(f"{error}: AWS_ENDPOINT_URL must be a URL such as https://host:port") from error
    # A command ends long before a store's name could matter again, so each store is read once.
    source = Source(omics, store_max_age=float("inf"))
    table = Table(dynamodb, target.table)
    table.check_key()
    store_ids = target.store_ids or tuple(source.store_ids())
    for store_id in store_ids:
        source.store(store_id)
    return Connection(session, source, table, store_ids, every_store=not target.store_ids)
