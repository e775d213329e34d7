"""A pipeline in the process, hour by hour on a clock of its own."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from omics_sandbox.omics.client import OmicsClient, TaggingClient
from omics_sandbox.omics.service import OmicsService
from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.model.arn import ReadSetArn
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from tests.consistency.world import ACCOUNT, REGION, TABLE, create_table
from tests.in_process import DynamoDBClient
from tests.readset_sync.function import Function, Rows, event, own_message, record

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


class Night(Rows):
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
        tagging: Any = TaggingClient(self.service)
        dynamodb: Any = DynamoDBClient(backend)
        self.source, self.table = HealthOmics(client), Table(dynamodb, TABLE)
        self.synchronizer = Synchronizer(self.source, self.table, sleep=self.sleep)
        self.store = self.service.create_store("cohort")
        self.meanwhile: list[Callable[[], object]] = []
        self.metrics: dict[str, list[float]] = {}
        self.batch = 1
        self._asked = 0
        self._queue: list[Message] = []
        self._sent: set[str] = set()
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
            bulk=lambda trust: BulkTags(tagging, self.source, trust=trust, sleep=self.sleep),
            clock=lambda: self.now.timestamp(),
            now=self._tick,
        )
        self._function = Function(self.synchronizer, reconciler, sender, max_receives=max_receives)

    @property
    def log(self) -> list[dict[str, Any]]:
        return self._function.log

    @property
    def drift(self) -> float:
        """How many rows counted as drift; the alarm rings for any."""
        return sum(self.metrics["ReconciliationDrift"])

    @property
    def reads(self) -> int:
        """How often a read set was read."""
        return self.service.calls["GetReadSetMetadata"]

    @property
    def finished(self) -> list[dict[str, Any]]:
        """What was logged of each reconciliation at its end."""
        return [line for line in self.log if line["message"] == "reconciliation finished"]

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

    def send(self, body: dict[str, Any], group: str) -> None:
        self._put({"MessageBody": json.dumps(body), "MessageGroupId": group, "MessageDeduplicationId": uuid4().hex})

    def tell(self, arn: ReadSetArn, status: str) -> None:
        """Let the event of a read set arrive."""
        self.send(event(arn, status, time=self.now) | {"id": uuid4().hex}, arn.read_set_id)

    def ask(self) -> None:
        """Let the time of the schedule come."""
        # What a reconciliation compares comes of its id.
        self._asked += 1
        self.send(own_message("Reconcile", id_=f"night {self._asked}", time=self.now), "reconcile")

    def reconcile(self) -> None:
        """Let the time of the schedule come, and work off what comes of it."""
        self.ask()
        self.pass_()

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
            records.append(record(message.id, message.body, group=message.group, receives=message.receives))
        failed = self._function.consume(*records)
        self._queue = [each for each in self._queue if each not in batch or each.id in failed]
        for name, values in self._function.measured.items():
            self.metrics.setdefault(name, []).extend(values)

    def _tick(self) -> datetime:
        self.sleep(0.1)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
