"""A HealthOmics emulator, a real DynamoDB wire protocol, and a fresh table and store for each test."""

from collections.abc import Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from uuid import uuid4

import pytest
from moto.dynamodb.models import dynamodb_backends
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.messages.queue_message import Message, parse_message
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.record import Row
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.stores.verification import DriftStatus, RowDrift, StoreListing, Verifier
from readset_sync.sync import Synchronizer

from tests.existing import create_table
from tests.in_process import DynamoDBClient
from tests.readset_sync.night import Night


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none()) as running:
        yield running


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    client = sandbox.client("dynamodb")
    name = f"table-{uuid4().hex}"
    create_table(client, name)
    return Table(client, name)


@pytest.fixture
def source(sandbox: Sandbox) -> HealthOmics:
    return HealthOmics(sandbox.client("omics"))


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


@dataclass(frozen=True)
class Queue:
    """A FIFO queue without a function, for one test alone."""

    sqs: Any
    url: str

    def sender(self) -> MessageSender:
        return MessageSender(self.sqs, self.url, account="123456789012", region="us-west-2")

    def take(self) -> list[Message]:
        """Receive and delete all messages, in order."""
        messages: list[Message] = []
        while found := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            for each in found:
                messages.append(parse_message(each["Body"], account="123456789012", region="us-west-2"))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return messages


@pytest.fixture
def queue(sandbox: Sandbox) -> Queue:
    sqs = sandbox.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return Queue(sqs, sqs.create_queue(QueueName=f"queue-{uuid4().hex}.fifo", Attributes=attributes)["QueueUrl"])


@pytest.fixture
def reconciler(source: HealthOmics, table: Table, synchronizer: Synchronizer, queue: Queue) -> Reconciler:
    return Reconciler(
        source,
        table,
        synchronizer,
        queue.sender(),
        account="123456789012",
        region="us-west-2",
        max_age=timedelta(days=7),
        clock=lambda: 0.0,  # a step goes on for as long as there is something to do, however slow the machine
    )


@dataclass(frozen=True)
class Store:
    """A store of the emulator for one test alone, and what keeps the rows of its read sets."""

    sandbox: Sandbox
    source: HealthOmics
    table: Table
    synchronizer: Synchronizer
    executor: Executor
    id: str
    direct: Synchronizer
    """Refreshes rows in the process: for those that a test only needs to be there."""

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
            self.direct.refresh(arn)
        return arns

    def set_status(self, arn: ReadSetArn, status: str) -> None:
        self.sandbox.omics.set_status(self.id, arn.read_set_id, status)

    def rename(self, arn: ReadSetArn, name: str = "renamed") -> None:
        self.sandbox.omics.update_read_set(self.id, arn.read_set_id, name=name)

    def tag(self, arn: ReadSetArn, **tags: str) -> None:
        self.sandbox.client("omics").tag_resource(resourceArn=str(arn), tags=tags)

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

    def row(self, arn: ReadSetArn) -> Row:
        """The row of a read set, which has one."""
        row = self.table.get(str(arn))
        assert row is not None
        return row

    def change_row(self, arn: ReadSetArn, **attributes: Any) -> None:
        """Give the row of a read set other attributes, as somebody else would."""
        row = self.row(arn)
        assert self.table.put(row | attributes, replacing=row)

    @contextmanager
    def events_lost(self) -> Generator[None]:
        """What happens meanwhile sends no events."""
        self.sandbox.omics.emit_events = False
        yield
        self.sandbox.omics.emit_events = True


@pytest.fixture
def store(
    sandbox: Sandbox, source: HealthOmics, table: Table, synchronizer: Synchronizer, executor: Executor
) -> Iterator[Store]:
    omics: Any = OmicsClient(sandbox.omics)
    dynamodb: Any = DynamoDBClient(dynamodb_backends[sandbox.account][sandbox.region])
    direct = Synchronizer(HealthOmics(omics), Table(dynamodb, table.name))
    yield Store(sandbox, source, table, synchronizer, executor, sandbox.omics.create_store("cohort"), direct)
    sandbox.omics.faults.clear()


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    return Night()
