"""Nights of a pipeline, hour by hour on a clock of their own: what counts as drift, and what is read how often."""

import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.service import OmicsService
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.retries import Retries
from readset_sync.aws.table import Table
from readset_sync.consumer import Consumer
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.record import Row
from readset_sync.model.timestamp import format_timestamp
from readset_sync.report import Report
from readset_sync.stores import reconciliation
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from tests.consistency.world import ACCOUNT, REGION, TABLE, create_table
from tests.in_process import DynamoDBClient, Serial
from tests.readset_sync.messages import event

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Message:
    """A message in the queue."""

    id: str
    body: str
    group: str
    visible_at: datetime
    receives: int = 0


class Night:
    """A deployed pipeline in the process. Each look at its clock takes a tenth of a second.

    Attributes:
        now: The time.
        batch: How many messages of a group are handed out together.
        meanwhile: What happens, each once, when the pipeline next waits.
        metrics: The values of each metric.
        log: The lines of the function's log.
    """

    def __init__(self, *, max_receives: int = 5) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.service = OmicsService(REGION, ACCOUNT, clock=self._tick)
        backend = create_table()
        client: Any = OmicsClient(self.service)
        dynamodb: Any = DynamoDBClient(backend)
        self.source, self.table = HealthOmics(client), Table(dynamodb, TABLE)
        self.synchronizer = Synchronizer(self.source, self.table, sleep=self._sleep)
        self.store = self.service.create_store("cohort")
        self.meanwhile: list[Callable[[], object]] = []
        self.metrics: dict[str, list[float]] = {}
        self.batch = 1
        self._queue: list[Message] = []
        self._sent: set[str] = set()
        self._log = io.StringIO()
        self._metrics = Metrics(namespace="Test", service="sync")
        sqs: Any = self
        sender = MessageSender(sqs, "url", account=ACCOUNT, region=REGION)
        reconciler = Reconciler(
            self.source,
            self.table,
            self.synchronizer,
            sender,
            account=ACCOUNT,
            region=REGION,
            max_age=timedelta(days=7),
            now=self._tick,
        )
        # Loggers of one service share a handler, so each test has a service of its own.
        logger = Logger(service=f"sync-{uuid4().hex}", level="INFO", stream=self._log)
        self._consumer = Consumer(
            self.synchronizer,
            reconciler,
            sender,
            Retries(),
            Report(logger, self._metrics, function_name="sync"),
            account=ACCOUNT,
            region=REGION,
            max_receives=max_receives,
        )

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    @property
    def drift(self) -> float:
        """How many rows counted as drift; the alarm rings for any."""
        return sum(self.metrics["ReconciliationDrift"])

    @property
    def reads(self) -> int:
        """How often a read set was read."""
        return self.service.calls["GetReadSetMetadata"]

    def add(self, count: int = 1, **attributes: Any) -> list[ReadSetArn]:
        """Create read sets whose events are lost."""
        ids = [self.service.create_read_set(self.store, name="reads", **attributes) for _ in range(count)]
        return [ReadSetArn("aws", REGION, ACCOUNT, self.store, read_set_id) for read_set_id in ids]

    def synced(self, count: int) -> list[ReadSetArn]:
        """Create read sets with rows, two days ago."""
        arns = self.add(count)
        for arn in arns:
            self.synchronizer.refresh(arn)
        self.now += timedelta(days=2)
        self.service.calls.clear()
        return arns

    def replace_row(self, arn: ReadSetArn, change: Row, *, without: str = "") -> None:
        """Write to a row as somebody else would."""
        row = self.table.get(str(arn))
        assert row
        theirs = {name: value for name, value in row.items() if name != without}
        assert self.table.put(theirs | change, replacing=row)

    def send(self, body: dict[str, Any], group: str) -> None:
        self._put({"MessageBody": json.dumps(body), "MessageGroupId": group, "MessageDeduplicationId": uuid4().hex})

    def tell(self, arn: ReadSetArn, status: str) -> None:
        """Let the event of a read set arrive."""
        self.send(event(arn, status, time=self.now) | {"id": uuid4().hex}, arn.read_set_id)

    def ask(self) -> None:
        """Let the time of the schedule come."""
        body: dict[str, Any] = {"source": "healthomics-metadata-sync", "detail-type": "Reconcile", "detail": {}}
        body["id"] = uuid4().hex
        place = {"account": ACCOUNT, "region": REGION, "time": format_timestamp(self.now)}
        self.send(body | place, "reconcile")

    def pass_(self) -> None:
        """Work off the queue."""
        while self.work():
            pass

    def work(self) -> bool:
        """Do the next message; when none can be done, go on to when one can. Return whether there was any."""
        if not self._queue:
            return False
        first = {message.group: message for message in reversed(self._queue)}
        following = min(reversed(first.values()), key=lambda message: max(message.visible_at, self.now))
        if following.visible_at > self.now and self.meanwhile:
            self.now += timedelta(seconds=5)
            self.meanwhile.pop(0)()
            return True
        self.now = max(self.now, following.visible_at)
        self._receive(following)
        return True

    def change_message_visibility(self, *, ReceiptHandle: str, VisibilityTimeout: int, **_: Any) -> None:  # noqa: N803
        [message] = [each for each in self._queue if ReceiptHandle.endswith(each.id)]
        message.visible_at = self.now + timedelta(seconds=VisibilityTimeout)

    def send_message_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        for entry in Entries:
            self._put(entry)
        return {}

    def _put(self, entry: dict[str, Any]) -> None:
        if (deduplication_id := entry["MessageDeduplicationId"]) not in self._sent:
            self._sent.add(deduplication_id)
            self._queue.append(Message(uuid4().hex, entry["MessageBody"], entry["MessageGroupId"], self.now))

    def _receive(self, first: Message) -> None:
        batch = [each for each in self._queue if each.group == first.group and each.visible_at <= self.now]
        batch = batch[: self.batch]
        records: list[dict[str, Any]] = []
        for message in batch:
            message.receives += 1
            assert message.receives <= 5, self.log
            message.visible_at = self.now + timedelta(minutes=6)
            attributes = {"ApproximateReceiveCount": str(message.receives), "MessageGroupId": message.group}
            told = {"messageId": message.id, "receiptHandle": f"receipt of {message.id}", "body": message.body}
            records.append(told | {"attributes": attributes})
        failed = self._consumer.consume(records, seconds=60)
        self._queue = [each for each in self._queue if each not in batch or each.id in failed]
        for name, metric in self._metrics.metric_set.items():
            self.metrics.setdefault(name, []).extend(metric["Value"])
        # Powertools' metrics are the process's.
        self._metrics.clear_metrics()

    def _tick(self) -> datetime:
        self._sleep(0.1)
        return self.now

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> Night:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    return Night()


def test_what_no_event_has_announced_is_drift(night: Night):
    _, renamed, deleted, archived = night.synced(4)
    [created] = night.add()
    night.service.update_read_set(night.store, renamed.read_set_id, name="another name")
    night.service.set_status(night.store, deleted.read_set_id, "DELETED")
    night.service.set_status(night.store, archived.read_set_id, "ARCHIVED")

    night.ask()
    night.pass_()

    assert night.drift == 4
    rows = night.table.get_many(map(str, (created, renamed, deleted, archived)))
    assert rows.keys() == {str(created), str(renamed), str(archived)}
    # WHEN the next night finds nothing, THEN it says so, and the alarm is over
    night.metrics.clear()
    night.ask()
    night.pass_()
    assert night.metrics["ReconciliationDrift"] == [0]
    assert night.metrics["Reconciliations"] == [1]


def test_what_an_event_announces_soon_is_in_flight(night: Night):
    _, deleted, archived = night.synced(3)
    [created] = night.add(tags={"project": "x"})
    night.service.set_status(night.store, deleted.read_set_id, "DELETED")
    night.service.set_status(night.store, archived.read_set_id, "ARCHIVED")
    night.meanwhile = [
        lambda: night.tell(created, "ACTIVE"),
        lambda: night.tell(deleted, "DELETED"),
        lambda: night.tell(archived, "ARCHIVED"),
    ]

    night.ask()
    night.pass_()

    assert night.drift == 0
    assert night.metrics["Reconciliations"] == [1]
    outcomes = Counter(line["outcome"] for line in night.log if line["message"] == "event applied")
    assert outcomes["fresh"] == 1, "the row that the event made is not made again"


def test_old_rows_and_those_of_a_backfill_or_of_somebody_else_are_no_drift(night: Night):
    aged, edited, foreign = night.synced(3)
    night.now += timedelta(days=8)
    night.service.tag(str(aged), {"changed": "yes"})
    night.replace_row(edited, {"tags": [{"by": "hand"}]})
    night.replace_row(foreign, {"set_name": "theirs"}, without="sync_revision")
    [listed] = night.add()
    page = night.source.page(night.store)
    [entry] = [each for each in page.read_sets if each["arn"] == str(listed)]
    assert night.synchronizer.create_listed(entry, night.source.store(night.store), as_of=page.as_of)

    night.ask()
    night.pass_()

    assert night.drift == 0
    [finished] = [line for line in night.log if line["message"] == "reconciliation finished"]
    assert finished["found"]["unfinished"] == 1
    overwritten = {line["set_arn"] for line in night.log if "overwritten" in line}
    assert overwritten == {str(edited), str(foreign)}
    row = night.table.get(str(aged))
    assert row
    assert row["tags"] == [{"changed": "yes"}]


def test_two_nights_at_once_read_each_read_set_once(night: Night):
    night.synced(1)
    arns = night.add(30)

    night.ask()
    night.ask()
    night.pass_()

    assert len(night.table.get_many(map(str, arns))) == 30
    assert night.reads == 30


def test_a_backfill_reads_nothing_that_another_or_a_reconciliation_has_read(night: Night):
    arns = night.add(30)
    first, second = (Backfill(night.source, night.table, Serial()) for _ in range(2))  # pyright: ignore[reportArgumentType] - has what is called
    pending, others = (PendingRefreshes(arns[0].store_arn) for _ in range(2))
    listing = list(first.create_listed_rows(pending))

    night.now += timedelta(seconds=2)
    night.ask()
    night.pass_()
    assert night.reads == 30
    assert night.drift == 0
    done = [*second.refresh_pending([others], second.create_listed_rows(others))]
    assert night.reads == 60, "what was read before the listing is read again"
    done = [*first.refresh_pending([pending], (batch for batch in listing))]

    assert night.reads == 60
    assert Counter(each.change and each.change.outcome for batch in done for each in batch.results) == {
        "listed": 30,
        "unchanged": 30,
    }


def test_a_message_that_is_received_once_only_does_not_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    night = Night(max_receives=1)
    night.synced(1)
    [created] = night.add()

    night.ask()
    night.pass_()

    assert night.table.get(str(created))
    assert night.drift == 1


@pytest.fixture
def small_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute of a first fill be 20 rows."""
    monkeypatch.setattr(reconciliation, "FILL_A_MINUTE", 20)
    monkeypatch.setattr(reconciliation, "_REFRESHES", 20)


@pytest.mark.usefixtures("small_loads")
def test_a_table_that_was_never_filled_is_filled_with_time_for_others(night: Night):
    arns = night.add(45)
    began = night.now

    night.ask()
    night.pass_()

    rows = [night.table.get(str(arn)) for arn in arns]
    assert all(row and "sync_state" not in row for row in rows)
    assert night.reads == 45
    assert night.drift == 0
    # Its steps are no reason to ring for a reconciliation that does not end.
    assert night.metrics["Reconciliations"] == [0, 0, 1]
    [finished] = [line for line in night.log if line["message"] == "reconciliation finished"]
    assert finished["found"] == {"listed": 45, "filled": 45}
    assert night.now - began > timedelta(minutes=45 / 20 - 1)


@pytest.mark.usefixtures("small_loads")
def test_a_reconciliation_that_begins_while_another_works_is_dropped(night: Night):
    night.batch = 10
    night.add(45)

    night.ask()
    for _ in range(10):
        night.work()
    night.ask()
    night.pass_()

    outcomes = Counter(line.get("outcome") for line in night.log)
    assert outcomes["dropped"] == 1
    assert night.metrics["Reconciliations"] == [0, 0, 1]
    assert night.reads == 45
    # WHEN the next one begins after that, THEN it works
    night.ask()
    night.pass_()
    assert night.metrics["Reconciliations"] == [0, 0, 1, 1]


def test_a_live_event_hardly_waits_for_a_first_fill(night: Night):
    night.add(300)
    waited: list[timedelta] = []

    def live() -> None:
        [arn] = night.add(tags={"project": "x"})
        night.tell(arn, "ACTIVE")
        at = night.now
        while not night.table.get(str(arn)) and night.work():
            pass
        waited.append(night.now - at)

    night.ask()
    for _ in range(40):
        night.work()
    for _ in range(4):
        live()
        for _ in range(50):
            night.work()

    assert max(waited) < timedelta(seconds=50)


def test_lost_events_of_a_small_table_are_no_first_fill(night: Night):
    night.synced(2)
    night.add(7)

    night.ask()
    night.pass_()

    assert night.drift == 7
