"""A local AWS, and a store and a table between which everything that a backfill can find is to be done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.dynamodb.models import dynamodb_backends
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient
from readset_sync.aws.clients import sqs_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.retries import Retries
from readset_sync.aws.table import Table
from readset_sync.model.arn import ReadSetArn
from readset_sync.sync import Synchronizer

from tests.existing import create_table
from tests.faults.matrix import Injection
from tests.in_process import DynamoDBClient

Rows = dict[str, dict[str, Any]]

# New with every write, whatever is written.
_BOOKKEEPING = frozenset({"status_at", "store_at", "synced_at", "sync_revision"})
_deserialize = TypeDeserializer().deserialize
_names = count(1)


@dataclass(frozen=True)
class Scene:
    """A store, a table, and the rows in it at first.

    Attributes:
        stale: A read set with a reference, which has been renamed since its row was written.
        archived: An archived read set whose row is right but for its tags, which no listing shows.
        missing: A read set without a row.
        ghost: A read set that is no more, and whose row is still there.
        initial: All rows as the table has them at first, in DynamoDB's own format.
    """

    sandbox: Sandbox
    dynamodb: Any
    store_id: str
    table: str
    stale: ReadSetArn
    archived: ReadSetArn
    missing: ReadSetArn
    ghost: ReadSetArn
    initial: list[dict[str, Any]]

    def rows(self) -> Rows:
        """All rows as they are, by ARN."""
        return _by_arn(self._items())

    def initial_rows(self) -> Rows:
        """The rows that were there at first, by ARN."""
        return _by_arn(self.initial)

    def is_listed(self, row: dict[str, Any], complete: dict[str, Any]) -> bool:
        """Whether a row is the new one that a listing pass has made, and says what its complete row says."""
        own = _BOOKKEEPING | {"sync_state", "sync_digest"}
        is_new = row["set_arn"] == str(self.missing) and row.get("sync_state") == "listed"
        return is_new and {name: row[name] for name in row.keys() - own}.items() <= complete.items()

    def check_rows(self, final: Rows, where: str) -> set[str]:
        """Check that each row is as it was, or right as far as it goes; return the ARNs of those that are finished."""
        initial, rows = self.initial_rows(), self.rows()
        content = self.content(rows)
        for arn in initial.keys() | final.keys() | rows.keys():
            untouched = rows.get(arn) == initial.get(arn)
            is_right = content.get(arn) == final.get(arn)
            is_listed = arn in rows and self.is_listed(rows[arn], final.get(arn, {}))
            assert untouched or is_right or is_listed, f"{where} left this behind: {rows.get(arn)}"
        return {arn for arn in final if content.get(arn) == final[arn]}

    def restore(self) -> None:
        """Put all rows back as they were at first."""
        wanted = {item["set_arn"]["S"]: item for item in self.initial}
        there = {item["set_arn"]["S"]: item for item in self._items()}
        for arn in there.keys() - wanted.keys():
            self.dynamodb.delete_item(TableName=self.table, Key={"set_arn": {"S": arn}})
        for arn, item in wanted.items():
            if there.get(arn) != item:
                self.dynamodb.put_item(TableName=self.table, Item=item)

    @staticmethod
    def content(rows: Rows) -> Rows:
        """The rows without what is new with every write."""
        return {
            arn: {name: value for name, value in row.items() if name not in _BOOKKEEPING} for arn, row in rows.items()
        }

    def _items(self) -> list[dict[str, Any]]:
        return stored(self.sandbox, self.table, self.store_id)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        running.omics.emit_events = False
        yield running


@pytest.fixture(scope="module")
def scene(sandbox: Sandbox) -> Scene:
    """Set the scene once for a module: each test puts its rows back before it begins."""
    name = f"read-sets-{next(_names)}"
    create_table(sandbox.client("dynamodb"), name)
    return set_scene(sandbox, name)


@pytest.fixture(scope="module")
def new_scene(sandbox: Sandbox) -> Callable[[str], Scene]:
    """Sets a scene with a store of its own in a table that is there."""
    return lambda table: set_scene(sandbox, table)


@dataclass(frozen=True)
class Clients:
    """AWS clients, and what goes wrong with them."""

    omics: Any
    dynamodb: Any
    sqs: Any
    injection: Injection


def set_scene(sandbox: Sandbox, table: str) -> Scene:
    """Make a store and its rows, in a table that is there."""
    omics = sandbox.omics
    store_id = omics.create_store("cohort")

    def create(label: str, reference: str | None = None) -> ReadSetArn:
        read_set_id = omics.create_read_set(store_id, name=label, tags={"label": label}, reference_arn=reference)
        return ReadSetArn("aws", sandbox.region, sandbox.account, store_id, read_set_id)

    stale, archived, ghost = create("stale", omics.create_reference("GRCh38")), create("archived"), create("ghost")
    dynamodb: Any = DynamoDBClient(dynamodb_backends[sandbox.account][sandbox.region])
    source: Any = OmicsClient(omics)
    synchronizer = Synchronizer(HealthOmics(source), Table(dynamodb, table))
    synchronizer.refresh(archived)
    omics.set_status(store_id, archived.read_set_id, "ARCHIVED")
    for arn in (stale, archived, ghost):
        synchronizer.refresh(arn)
    omics.update_read_set(store_id, stale.read_set_id, name="renamed")
    omics.update_read_set(store_id, archived.read_set_id, tags={"label": "changed"})
    omics.set_status(store_id, ghost.read_set_id, "DELETED")
    missing = create("missing")
    initial = stored(sandbox, table, store_id)
    return Scene(sandbox, dynamodb, store_id, table, stale, archived, missing, ghost, initial)


def stored(sandbox: Sandbox, table: str, store_id: str) -> list[dict[str, Any]]:
    """The rows of a store, in DynamoDB's own format."""
    # Looked up in moto itself: scans would take half of the tests' time.
    items = dynamodb_backends[sandbox.account][sandbox.region].get_table(table).all_items()
    rows = [item.to_json()["Attributes"] for item in items]
    return [row for row in rows if f":sequenceStore/{store_id}/" in row["set_arn"]["S"]]


def _by_arn(items: list[dict[str, Any]]) -> Rows:
    rows = [{name: _deserialize(value) for name, value in item.items()} for item in items]
    return {row["set_arn"]: row for row in rows}


@pytest.fixture(scope="module")
def clients(sandbox: Sandbox) -> Clients:
    """Clients with errors on demand: HealthOmics' and DynamoDB's in the process, and SQS's that tries only once."""
    injection = Injection()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment.items():
            patch.setenv(name, value)
        once = Retries()
        once.begin(0)
        sqs = sqs_client(boto3.Session(), retries=once)
    injection.attach(sqs)
    backend = dynamodb_backends[sandbox.account][sandbox.region]
    return Clients(
        injection.hook("omics", OmicsClient(sandbox.omics)),
        injection.hook("dynamodb", DynamoDBClient(backend)),
        sqs,
        injection,
    )
