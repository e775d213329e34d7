"""A HealthOmics emulator, a DynamoDB, and a fresh table and store for each test, all in the process."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from uuid import uuid4

import pytest
from moto.dynamodb.models import dynamodb_backends
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.model.arn import ReadSetArn
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.stores.verification import DriftStatus, RowDrift, StoreListing, Verifier
from readset_sync.sync import Synchronizer

from tests.existing import create_table
from tests.in_process import DynamoDBClient
from tests.readset_sync.function import Rows
from tests.readset_sync.night import Night


@pytest.fixture(scope="module", autouse=True)
def _metrics_of_the_function() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "sync")
        yield


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none()) as running:
        yield running


@pytest.fixture
def wire() -> None:
    """For tests that are about what goes over the wire: `client` makes those of boto3."""


@pytest.fixture
def client(sandbox: Sandbox, request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Makes a client of a service: in this process, unless a test is about the wire."""
    if "wire" in request.fixturenames:
        return sandbox.client
    dynamodb = DynamoDBClient(dynamodb_backends[sandbox.account][sandbox.region])
    return {"dynamodb": dynamodb, "omics": OmicsClient(sandbox.omics)}.__getitem__


@pytest.fixture
def table(client: Callable[[str], Any]) -> Table:
    name = f"table-{uuid4().hex}"
    create_table(client("dynamodb"), name)
    return Table(client("dynamodb"), name)


@pytest.fixture
def source(client: Callable[[str], Any]) -> HealthOmics:
    return HealthOmics(client("omics"))


@pytest.fixture
def synchronizer(source: HealthOmics, table: Table) -> Synchronizer:
    return Synchronizer(source, table)


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page of a listing hold four read sets, so that few make several pages."""
    monkeypatch.setattr("readset_sync.aws.healthomics.PAGE_SIZE", 4)
    monkeypatch.setattr("readset_sync.stores.backfill.PAGE_SIZE", 4)


class Clock:
    """Seconds, which pass only while somebody sleeps."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def reconciler_of(source: HealthOmics, table: Table, sender: Any, max_age: timedelta | None) -> Reconciler:
    """A step goes on for as long as there is something to do, however slow the machine."""
    place: Any = {"account": "123456789012", "region": "us-west-2"}
    return Reconciler(source, table, Synchronizer(source, table), sender, **place, max_age=max_age, clock=lambda: 0.0)


@dataclass(frozen=True)
class Store(Rows):
    """A store of the emulator for one test alone, and what keeps the rows of its read sets."""

    sandbox: Sandbox
    source: HealthOmics
    table: Table
    synchronizer: Synchronizer
    executor: Executor
    id: str

    @property
    def own_arn(self) -> str:
        """The store's ARN."""
        return f"arn:aws:omics:{self.sandbox.region}:{self.sandbox.account}:sequenceStore/{self.id}"

    def another(self) -> Self:
        """Another store, with the same table."""
        return replace(self, id=self.sandbox.omics.create_store("other"))

    def add(self, **attributes: Any) -> ReadSetArn:
        attributes.setdefault("name", "reads")
        return self.arn(self.sandbox.omics.create_read_set(self.id, **attributes))

    def synced(self, count: int, **attributes: Any) -> list[ReadSetArn]:
        """Make read sets whose rows are right."""
        arns = [self.add(**attributes) for _ in range(count)]
        for arn in arns:
            self.synchronizer.refresh(arn)
        return arns

    def set_status(self, arn: ReadSetArn, status: str) -> None:
        self.sandbox.omics.set_status(self.id, arn.read_set_id, status)

    def rename(self, arn: ReadSetArn, name: str = "renamed") -> None:
        self.sandbox.omics.update_read_set(self.id, arn.read_set_id, name=name)

    def tag(self, arn: ReadSetArn, **tags: str) -> None:
        self.sandbox.omics.tag(str(arn), tags)

    def arn(self, read_set_id: str) -> ReadSetArn:
        return ReadSetArn("aws", self.sandbox.region, self.sandbox.account, self.id, read_set_id)

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.source, self.table, self.executor)

    def drift(self, *, deep: bool = False) -> list[RowDrift]:
        """What `verify` says of all rows that are not in sync."""
        verifier, listing = self.verifier, StoreListing(self.own_arn)
        found = [each for page in verifier.verify(self.id, listing, deep=deep) for each in page]
        return [each for each in found + verifier.orphans([listing]) if each.status is not DriftStatus.IN_SYNC]


@pytest.fixture
def store(
    sandbox: Sandbox, source: HealthOmics, table: Table, synchronizer: Synchronizer, executor: Executor
) -> Iterator[Store]:
    yield Store(sandbox, source, table, synchronizer, executor, sandbox.omics.create_store("cohort"))
    sandbox.omics.faults.clear()


@pytest.fixture
def night() -> Night:
    return Night()
