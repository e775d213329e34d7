"""Hours in which AWS throttles, hangs or is away, on a clock of the test's own.

The function's code works on the local AWS's own HealthOmics, DynamoDB and SQS, all in this process: its FIFO queue has
the receives, visibility timeouts, message groups and redrives, and takes its time from the test.
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# moto's types are partial.

import json
import math
import random
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Self
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from moto.sqs.models import SQSBackend, sqs_backends
from omics_components.queue import TIMEOUTS_OF_VISIBILITY
from omics_components.settings import Settings
from omics_sandbox.api_model import service_model
from omics_sandbox.functions.pump import sqs_event
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.service import OmicsService
from omics_sandbox.services import OrderedQueue
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.retries import Retries
from readset_sync.aws.table import Table
from readset_sync.constants import READ_SET_EVENT
from readset_sync.consumer import Consumer
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.verification import DriftStatus, StoreListing, Verifier
from readset_sync.sync import Synchronizer

from tests.consistency.world import ACCOUNT, REGION, TABLE, create_table
from tests.in_process import DynamoDBClient, Hooked, Serial
from tests.readset_sync.function import refusal

QUEUE: Final = "queue.fifo"
DEAD_LETTERS: Final = "dead-letters.fifo"

# Of a stack with the default settings.
TIMEOUT: Final[int] = Settings.model_fields["function_timeout"].default
BATCH: Final[int] = Settings.model_fields["batch_size"].default
RECEIVES: Final[int] = Settings.model_fields["max_receive_count"].default
VISIBILITY: Final = TIMEOUTS_OF_VISIBILITY * TIMEOUT

LATENCY: Final = 0.2
"""Seconds that a call takes when all is well."""

HOUR: Final = 3600.0
EVERYTHING: Final = ("omics", "dynamodb")


THROTTLED: Final = refusal("ThrottlingException", 429)
INTERNAL: Final = refusal("InternalServerException", 500)
CAPACITY: Final = refusal("ProvisionedThroughputExceededException", 400)
AWAY: Final = ConnectTimeoutError(endpoint_url="https://omics")
HANGS: Final = ReadTimeoutError(endpoint_url="https://omics")


@dataclass(frozen=True)
class Trouble:
    """What is wrong with calls, until a moment of the clock.

    Attributes:
        services: Whose calls.
        error: What fails an attempt; None where it is answered.
        share: How many of the attempts.
        latency: Seconds until an attempt has ended.
        until: The moment.
        read_sets: The read sets that it meets alone; empty where it meets all calls.
    """

    services: tuple[str, ...] = ("omics",)
    error: Exception | None = None
    share: float = 1.0
    latency: float = LATENCY
    until: float = math.inf
    read_sets: set[str] = field(default_factory=set[str])


class Cut(BaseException):
    """The function's time is over, and nobody waits for a call that has not ended."""


class Clock:
    """Seconds, which pass only when a test says so. As an executor, it has all work begin at the same moment."""

    def __init__(self) -> None:
        self.now = 0.0
        self._began = self._ended = 0.0

    def __call__(self) -> float:
        return self.now

    def moment(self, _: object = None) -> datetime:
        return datetime.fromtimestamp(1_775_000_000 + self.now, UTC)

    def executor(self, **_: Any) -> Self:
        self._began = self._ended = self.now
        return self

    def submit(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.now = self._began
        with suppress(Cut):
            function(*arguments)
        self._ended = max(self._ended, self.now)

    def shutdown(self, **_: Any) -> None:
        self.now = self._ended


class Queue(OrderedQueue):
    """The local AWS's queue, whose attributes moto does not gather anew each time that one of them is looked at."""

    @property
    def attributes(self) -> dict[str, Any]:
        return {
            "ContentBasedDeduplication": "true",
            "DeduplicationScope": "messageGroup",
            "MessageRetentionPeriod": 14 * 24 * HOUR,
        }


class World:
    """HealthOmics, the queue of its events, the function that works it off, and a table."""

    def __init__(self, clock: Clock, troubles: Collection[Trouble]) -> None:
        self.clock = clock
        self._troubles = troubles
        self._random = random.Random(0)  # noqa: S311 - it is no secret
        self._events = 0
        self._dynamodb = create_table()
        self._omics = OmicsService(REGION, ACCOUNT, publish=self._publish, clock=clock.moment)
        self._store = self._omics.create_store("cohort")
        self._sqs = sqs_backends[ACCOUNT][REGION]
        self._dead = self._sqs.create_queue(DEAD_LETTERS, {}, FifoQueue="true")
        redrive = {"deadLetterTargetArn": self._dead.queue_arn, "maxReceiveCount": RECEIVES}
        self._queue = self._sqs.create_queue(QUEUE, {}, FifoQueue="true", RedrivePolicy=json.dumps(redrive))
        self._retries = Retries(clock=clock)
        handlers: dict[str, Any] = {}
        events = SimpleNamespace(register=handlers.__setitem__)
        anything: Any = SimpleNamespace(meta=SimpleNamespace(service_model=service_model("omics"), events=events))
        self._retries.attach(anything)
        self._needs_retry: Callable[..., float | None] = handlers["needs-retry.omics"]
        fine = self._services(lambda _service, _name, call: call())
        self._verifier = Verifier(*fine, Serial())  # pyright: ignore[reportArgumentType] - has what is called
        source, table = self._services(self._call)
        sqs: Any = self
        self._function = Consumer(
            Synchronizer(source, table, sleep=self._spend),
            Mock(),
            MessageSender(sqs, QUEUE, account=ACCOUNT, region=REGION),
            self._retries,
            Mock(),
            account=ACCOUNT,
            region=REGION,
            max_receives=RECEIVES,
            clock=clock,
        )

    def create(self) -> str:
        return self._omics.create_read_set(self._store, name="reads", tags={"project": "x"})

    def set_status(self, read_set_id: str, status: str) -> None:
        self._omics.set_status(self._store, read_set_id, status)

    def work(self, seconds: float) -> None:
        """Let the function work for so long."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            if not self._work_off_batch():
                self.clock.now += 1

    def work_until_right(self, seconds: float, *, but: Collection[str] = ()) -> None:
        """Let the function work until all rows are right but those of some read sets, for so long at the most."""
        end = self.clock.now + seconds
        while wrong := self.wrong_rows().difference(but):
            assert self.clock.now < end, wrong
            self.work(20)

    def wrong_rows(self) -> set[str]:
        """The read sets whose rows are missing, wrong or too many."""
        listing = StoreListing(f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{self._store}")
        found = [each for page in self._verifier.verify(self._store, listing, deep=False) for each in page]
        found += self._verifier.orphans([listing])
        return {each.arn.rpartition("/")[2] for each in found if each.status is not DriftStatus.IN_SYNC}

    def dead_letters(self) -> dict[str, int]:
        """How often dead letters were received, by the read sets that they are about."""
        return {str(letter.group_id): letter.approximate_receive_count for letter in self._dead.messages}

    # SQS's client, as far as the function calls it.

    def send_message_batch(self, QueueUrl: str, Entries: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        for entry in Entries:
            deduplication_id, group = entry["MessageDeduplicationId"], entry["MessageGroupId"]
            self._sqs.send_message(QueueUrl, entry["MessageBody"], deduplication_id=deduplication_id, group_id=group)
        return {}

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        self._sqs.change_message_visibility(QueueUrl, ReceiptHandle, VisibilityTimeout)

    def _services(self, call: Callable[[str, str, Any], Any]) -> tuple[HealthOmics, Table]:
        omics: Any = Hooked("omics", OmicsClient(self._omics), partial(call, "omics"))
        dynamodb: Any = Hooked("dynamodb", DynamoDBClient(self._dynamodb), partial(call, "dynamodb"))
        return HealthOmics(omics), Table(dynamodb, TABLE)

    def _publish(self, region: str, source: str, detail_type: str, _: list[str], detail: dict[str, Any]) -> None:
        """Do what EventBridge and the rule of the stack do."""
        if detail_type != READ_SET_EVENT:
            return
        self._events += 1
        event = {"id": f"event-{self._events}", "source": source, "detail-type": detail_type}
        time = format_timestamp(self.clock.moment().replace(microsecond=0))
        body = event | {"account": ACCOUNT, "region": region, "time": time, "detail": detail}
        self._sqs.send_message(QUEUE, json.dumps(body), group_id=detail["id"])

    def _work_off_batch(self) -> bool:
        """Do what an event source mapping does with a batch; return whether there was one."""
        batch = self._sqs.receive_message(QUEUE, BATCH, 0, VISIBILITY)
        if not batch:
            return False
        began = self.clock.now
        records = json.loads(sqs_event(batch, self._queue.queue_arn))["Records"]
        failed = self._function.consume(records, seconds=TIMEOUT)
        assert self.clock.now - began < TIMEOUT, "Lambda has ended the function"
        for message in batch:
            if message.id not in failed:
                self._sqs.delete_message(QUEUE, str(message.receipt_handle))
        return True

    def _call(self, service: str, name: str, call: Any) -> Any:
        """Make a call, and again for as long as `Retries` says."""
        of_call: Any = {"operation": SimpleNamespace(name=name), "request_dict": {"context": {}}}
        attempts = 0
        while True:
            attempts += 1
            trouble = self._trouble(service, call.keywords.get("id"))
            self._spend(trouble.latency)
            if trouble.error is None or self._random.random() >= trouble.share:
                return call()
            pause = self._needs_retry(**of_call, **_failed(trouble.error), attempts=attempts)
            if pause is None:
                raise trouble.error
            self._spend(pause)

    def _trouble(self, service: str, read_set_id: str | None) -> Trouble:
        def meets(trouble: Trouble) -> bool:
            is_meant = not trouble.read_sets or read_set_id in trouble.read_sets
            return service in trouble.services and self.clock.now < trouble.until and is_meant

        return next(filter(meets, self._troubles), Trouble())

    def _spend(self, seconds: float) -> None:
        self.clock.now = min(self.clock.now + seconds, self._retries.deadline)
        if self.clock.now == self._retries.deadline:
            raise Cut


def _failed(error: Exception) -> dict[str, Any]:
    """What botocore tells its handlers of a failed attempt."""
    if not isinstance(error, ClientError):
        return {"response": None, "caught_exception": error}
    answer: Any = error.response
    http = SimpleNamespace(status_code=answer["ResponseMetadata"]["HTTPStatusCode"])
    return {"response": (http, answer), "caught_exception": None}


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Begin a world with some troubles."""
    clock = Clock()
    monkeypatch.setattr("moto.sqs.models.unix_time", clock)
    monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda: clock() * 1000)
    monkeypatch.setattr("omics_sandbox.services.unix_time", clock)
    monkeypatch.setattr("moto.sqs.models.Queue", Queue)
    monkeypatch.setitem(sqs_backends[ACCOUNT], REGION, SQSBackend(REGION, ACCOUNT))
    monkeypatch.setattr("readset_sync.batch.ThreadPoolExecutor", clock.executor)
    monkeypatch.setattr("readset_sync.consumer.datetime", SimpleNamespace(now=clock.moment))
    monkeypatch.setattr("readset_sync.aws.retries.random", random.Random(0))  # noqa: S311 - it is no secret
    return lambda *troubles: World(clock, troubles)


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param(Trouble(error=THROTTLED, until=HOUR), id="an hour of nothing but throttles"),
        pytest.param(Trouble(error=AWAY, latency=5, until=HOUR), id="an hour without HealthOmics"),
        pytest.param(Trouble(error=THROTTLED, share=0.8, until=HOUR / 2), id="half an hour with 80 % of throttles"),
        pytest.param(Trouble(("dynamodb",), CAPACITY, until=HOUR / 2), id="half an hour without DynamoDB"),
        pytest.param(Trouble(EVERYTHING, INTERNAL, 0.5, until=HOUR / 2), id="half an hour with 50 % of 500s"),
    ],
)
def test_an_outage_makes_no_dead_letters_and_rows_are_right_minutes_after_it(
    outage: Trouble, begin: Callable[..., World]
) -> None:
    # GIVEN an outage, and two read sets that always fail
    poison = Trouble(error=INTERNAL)
    world = begin(poison, outage)
    poison.read_sets.update(world.create() for _ in range(2))

    # WHEN read sets come to be in the meantime, some of which are archived and deleted: a hundred events
    read_sets = list[str]()
    while world.clock.now < outage.until:
        read_sets.append(world.create())
        if len(read_sets) % 3 == 0:
            world.set_status(read_sets[-3], "ARCHIVED")
        if len(read_sets) % 9 == 0:
            world.set_status(read_sets[-7], "DELETED")
        world.work(outage.until / 70)

    # THEN all rows are right soon after it
    world.work_until_right(180, but=poison.read_sets)

    # AND nothing but what always fails becomes a dead letter, after as many receives as ever
    world.work((RECEIVES + 1) * VISIBILITY)
    assert world.dead_letters() == dict.fromkeys(poison.read_sets, RECEIVES)
    assert world.wrong_rows() == poison.read_sets


@pytest.mark.parametrize("hanging", [1, 10])
def test_read_sets_that_hang_take_no_other_with_them(hanging: int, begin: Callable[..., World]) -> None:
    hang = Trouble(error=HANGS, latency=20)
    world = begin(hang)
    hang.read_sets.update(world.create() for _ in range(hanging))
    for _ in range(40):
        world.create()

    world.work_until_right(VISIBILITY, but=hang.read_sets)

    world.work((RECEIVES + 1) * VISIBILITY)
    assert world.dead_letters() == dict.fromkeys(hang.read_sets, RECEIVES)


@pytest.mark.parametrize(
    ("trouble", "read_sets"),
    [
        pytest.param(Trouble(latency=19), 2, id="19 s for two of twenty read sets"),
        pytest.param(Trouble(EVERYTHING, latency=3.2), 0, id="3.2 s for every call"),
        pytest.param(Trouble(EVERYTHING, INTERNAL, share=0.5), 0, id="half of the calls fail"),
    ],
)
def test_slow_and_failing_calls_make_no_dead_letters(
    trouble: Trouble, read_sets: int, begin: Callable[..., World]
) -> None:
    world = begin(trouble)
    arrived = [world.create() for _ in range(20)]
    trouble.read_sets.update(arrived[:read_sets])

    world.work_until_right(VISIBILITY)

    world.work(VISIBILITY)
    assert world.dead_letters() == {}
