"""A world in which everything that can go wrong does: the sandbox's HealthOmics, moto's DynamoDB, and a scheduler.

Work (an event being applied, a backfill) runs in a thread of its own that stops before each call to AWS, until the
test lets it go on, fail, or die there. One thread runs at a time, so any interleaving can be played, and played again.
"""

import itertools
import json
import queue
import threading
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ReadTimeoutError
from moto.dynamodb.models import DynamoDBBackend
from omics_sandbox.omics.client import OmicsClient, TaggingClient
from omics_sandbox.omics.models import ReadSet
from omics_sandbox.omics.service import OmicsService
from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.constants import READ_SET_EVENT
from readset_sync.messages.envelope import parse_envelope
from readset_sync.messages.queue_message import ReconcileRequest, RefreshRequest
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.comparison import EVERYTHING, RefreshScope
from readset_sync.model.errors import EXPECTED_ERRORS
from readset_sync.model.timestamp import parse_timestamp
from readset_sync.model.trust import Trust
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.stores.verification import Verifier
from readset_sync.sync import BEHIND, Synchronizer

from tests import existing
from tests.in_process import DynamoDBClient, Hooked, Serial
from tests.readset_sync.function import refusal

ACCOUNT = "123456789012"
REGION = "us-west-2"
STORE_ID = "1234567890"
EMPTY_STORE_ID = "2345678901"
"""Another store, for which a reconciliation goes on when it cannot list the first."""
TABLE = "rows"
PAGE = 2
"""Entries in a page of a listing or a scan, so that a handful of read sets makes several."""
_WRITES = frozenset({"put_item", "update_item", "delete_item"})
_deserialize = TypeDeserializer().deserialize
_UNKNOWN = ("1000000003", "1000000005")
"""The read sets that an API leaves out which knows some only: HealthOmics gives ids one after the other."""
EPOCH = int(datetime(2026, 4, 4, tzinfo=UTC).timestamp())
"""The world's seconds are counted from here."""


class Fate(Enum):
    """What becomes of a call."""

    PASSES = "passes"
    THROTTLED = "is throttled"
    DENIED = "is denied"
    REPLY_LOST = "takes effect, but its reply is lost"
    CRASHES = "is not made, because the caller dies"
    ABSENT = "is told that there is no such read set"


FAULTS = (Fate.THROTTLED, Fate.DENIED, Fate.REPLY_LOST, Fate.CRASHES)
SINGLE_FAULTS = (*FAULTS, Fate.ABSENT)
"""What may go wrong once in the work on a read set. HealthOmics is believed when it says twice that one is gone."""


class Bulk(Enum):
    """How the API behaves that tells tags in bulk."""

    NORMAL = "tells all"
    DENIED = "is denied"
    UNKNOWING = "knows nothing of HealthOmics"
    LAGS = "lags"
    KNOWS_SOME = "knows some read sets only"
    THROTTLES = "throttles every other call"


LAG = 8
"""Seconds by which tags in bulk lag: more than it takes until both sides are asked again."""


class Crash(BaseException):
    """The process that was running is no more."""


class World:
    """The source, the table, the events that were sent, and the clock.

    Attributes:
        now: Seconds since the world began.
        omics: The source. Every change of a read set makes a new version, which its name shows.
        dynamodb: Holds the table.
        writes: How many writes to the table were tried.
        events: Every event of a read set, in order.
        statuses: Of every read set that ever was: which status it took, and in which second.
        messages: What reconciliations have put into the queue: requests, and steps as they are written.
        memories: What the processes that live on from one job to the next remember of the store.
        again: The events that are to be applied once more, a minute later.
        bulk: How tags are told in bulk; None where nobody asks for them, and read sets begin without any.
    """

    def __init__(self) -> None:
        self.now = 0
        self.omics = OmicsService(REGION, ACCOUNT, publish=self._publish, clock=self.moment)
        self.omics.page_size = PAGE
        self.omics.create_store("s1", store_id=STORE_ID)
        self.omics.create_store("empty", store_id=EMPTY_STORE_ID)
        self.dynamodb = create_table()
        self.writes = 0
        self.events: list[ReadSetEvent] = []
        self.statuses: dict[str, list[tuple[int, str]]] = {}
        self.messages: list[RefreshRequest | dict[str, Any]] = []
        self.memories: list[dict[str, Any]] = [{}, {}]
        self.again: list[ReadSetEvent] = []
        self.bulk: Bulk | None = None
        self._versions = itertools.count(1)
        self._store_versions = itertools.count(2)

    @property
    def read_sets(self) -> Mapping[str, ReadSet]:
        """The read sets at the source."""
        return self.omics.store(STORE_ID).read_sets

    @property
    def store_name(self) -> str | None:
        """The name of the store at the source."""
        return self.omics.store(STORE_ID).name

    def tell_tags(self, bulk: Bulk) -> None:
        """Let backfills and reconciliations ask for tags in bulk."""
        self.bulk = bulk
        faults, calls = self.omics.faults, itertools.count()
        match bulk:
            case Bulk.NORMAL:
                pass
            case Bulk.DENIED:
                faults.add("GetResources", "AccessDeniedException")
            case Bulk.UNKNOWING:
                faults.add_unknown("GetResources")
            case Bulk.LAGS:
                faults.add_behind("GetResources", seconds=LAG)
            case Bulk.KNOWS_SOME:
                faults.add_unknown("GetResources", arns={self.arn(each) for each in _UNKNOWN})
            case Bulk.THROTTLES:
                faults.add("GetResources", "ThrottledException", when=lambda _: next(calls) % 2 == 1)

    def create(self, status: str) -> None:
        version = self._new_version()
        tags = {"version": version} if self.bulk else None
        self.omics.create_read_set(STORE_ID, name=version, status=status, files=("source1",), tags=tags)

    def set_status(self, read_set_id: str, status: str) -> None:
        self.omics.update_read_set(STORE_ID, read_set_id, name=self._new_version())
        self.omics.set_status(STORE_ID, read_set_id, status)

    def tag(self, read_set_id: str) -> None:
        version = self._new_version()
        self.omics.update_read_set(STORE_ID, read_set_id, name=version, tags={"version": version})

    def retag(self, read_set_id: str) -> None:
        """Change the tags alone, which no listing shows."""
        self.omics.update_read_set(STORE_ID, read_set_id, tags={"version": self._new_version()})

    def rename_store(self) -> None:
        self.omics.update_store(STORE_ID, name=f"s{next(self._store_versions)}")

    def delete(self, read_set_id: str) -> None:
        self.omics.set_status(STORE_ID, read_set_id, "DELETED")

    def arn(self, read_set_id: str) -> str:
        return f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{STORE_ID}/readSet/{read_set_id}"

    def refuse_listing(self, page: int) -> None:
        """Let HealthOmics refuse a listing of the store once: the one after so many others, counted from 1."""
        listings = itertools.count(1)
        self.omics.faults.add(
            "ListReadSets",
            "AccessDeniedException",
            times=1,
            when=lambda given: given["sequenceStoreId"] == STORE_ID and next(listings) == page,
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        """All rows by the read set's ARN, as they are now."""
        items = [item.to_json()["Attributes"] for item in self.dynamodb.get_table(TABLE).all_items()]
        return {item["set_arn"]["S"]: {name: _deserialize(value) for name, value in item.items()} for item in items}

    def check_status(self, read_set_id: str, status: str, as_of: str) -> None:
        """Check that a read set had a status at some time within a second."""
        second = int(parse_timestamp(as_of).timestamp()) - EPOCH
        taken = self.statuses[read_set_id]
        before = [each for at, each in taken if at < second][-1:]
        possible = {*before, *(each for at, each in taken if at == second)}
        assert status in possible, f"read set {read_set_id} was never {status} in second {second}: {taken}"

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds)

    def moment(self) -> datetime:
        return datetime.fromtimestamp(EPOCH + self.now, UTC)

    def _new_version(self) -> str:
        return f"v{next(self._versions)}"

    def _publish(
        self, region: str, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]
    ) -> None:
        if detail_type == READ_SET_EVENT:
            arn, status = ReadSetArn.parse(detail["arn"]), detail["status"]
            self.statuses.setdefault(arn.read_set_id, []).append((self.now, status))
            self.events.append(ReadSetEvent("event", arn, status, None, self.moment()))


class Work:
    """One process at work: stopped before each call to AWS, until told that call's fate."""

    def __init__(self, world: World, job: Callable[["Work"], None], memory: int = 0) -> None:
        self.world = world
        self._job = job
        self._memory = world.memories[memory]
        self._fates: queue.Queue[Fate] = queue.Queue()
        self._stopped = threading.Semaphore(0)
        self.finished = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def step(self, fate: Fate) -> None:
        """Let the process make the call before which it stands, and come to the next one or to its end."""
        self._fates.put(fate)
        self._stopped.acquire()
        if self.finished:
            self._thread.join()
            if self.error is not None:
                raise self.error

    def advance(self, calls: int) -> None:
        """Let so many calls pass, or as many as the process makes."""
        for _ in range(calls):
            if not self.finished:
                self.step(Fate.PASSES)

    def end(self, fate: Fate = Fate.PASSES) -> None:
        """Let every call have this fate until the process has ended."""
        while not self.finished:
            self.step(fate)

    def gate(self, operation: str, call: Callable[[], Any]) -> Any:
        """Make a call to AWS when its time has come."""
        self._stopped.release()
        fate = self._fates.get()
        if fate is Fate.CRASHES:
            raise Crash
        if fate is Fate.THROTTLED:
            raise refusal("ThrottlingException", operation=operation)
        if fate is Fate.DENIED:
            raise refusal("AccessDeniedException", operation=operation)
        if fate is Fate.ABSENT and operation == "get_read_set_metadata":
            missing = OmicsClient(self.world.omics).exceptions.ResourceNotFoundException
            raise missing({"Error": {"Code": "ResourceNotFoundException", "Message": "a fault of the test"}}, operation)
        self.world.writes += operation in _WRITES
        result = call()
        if fate is Fate.REPLY_LOST:
            raise ReadTimeoutError(endpoint_url=operation)
        return result

    def synchronizer(self) -> Synchronizer:
        return Synchronizer(self.source(), self.table())

    def reconciler(self) -> Reconciler:
        source, table = self.source(), self.table()
        return Reconciler(
            source,
            table,
            Synchronizer(source, table),
            _MessageSender(self),  # pyright: ignore[reportArgumentType] - has what Reconciler calls
            account=ACCOUNT,
            region=REGION,
            max_age=None,
            bulk=partial(self.bulk, source) if self.world.bulk else None,
            # Each look at the clock takes four seconds, so that each step has time for one page.
            clock=itertools.count(0, 4).__next__,
            now=self.world.moment,
        )

    def source(self) -> HealthOmics:
        client = Hooked("omics", OmicsClient(self.world.omics), self.gate)
        source = HealthOmics(client)  # pyright: ignore[reportArgumentType] - has what HealthOmics calls
        source._stores = self._memory  # pyright: ignore[reportPrivateUsage] - as in a function that is still warm
        return source

    def bulk(self, source: HealthOmics, trust: Trust | None = None) -> BulkTags:
        client: Any = Hooked("resourcegroupstaggingapi", TaggingClient(self.world.omics), self.gate)
        return BulkTags(client, source, trust=trust, sleep=self.world.sleep)

    def backfill(self, scope: RefreshScope) -> Backfill:
        source, executor = self.source(), Serial()
        bulk = self.bulk(source) if self.world.bulk else None
        return Backfill(source, self.table(), executor, scope, bulk=bulk)  # pyright: ignore[reportArgumentType] - has what is called

    def table(self) -> Table:
        client = Hooked("dynamodb", DynamoDBClient(self.world.dynamodb), self.gate)
        return Table(client, TABLE)  # pyright: ignore[reportArgumentType] - has what Table calls

    def _run(self) -> None:
        try:
            self._job(self)
        except (*EXPECTED_ERRORS, Crash):
            pass  # What a real process reports or dies of; the test looks at what it left behind.
        except BaseException as error:  # noqa: BLE001 - handed over to the test's own thread, which raises it
            self.error = error
        finally:
            self.finished = True
            self._stopped.release()


def apply(event: ReadSetEvent) -> Callable[[Work], None]:
    """The job of a function that was handed an event."""

    def job(work: Work) -> None:
        if work.synchronizer().apply(event, may_come=work.world.moment() - event.time < BEHIND).look_again:
            work.world.again.append(event)

    return job


def refresh(read_set_id: str) -> Callable[[Work], None]:
    """The job of a function that is to refresh a row."""

    def job(work: Work) -> None:
        work.synchronizer().refresh(ReadSetArn("aws", REGION, ACCOUNT, STORE_ID, read_set_id))

    return job


def backfill(work: Work) -> None:
    """The job of `omics-meta backfill --prune`."""
    backfill_in_two_passes(work)
    _prune(work)


def backfill_in_one_pass(work: Work) -> None:
    """The job of `omics-meta backfill --no-listing-pass`."""
    for _ in work.backfill(EVERYTHING).in_one_pass(STORE_ID):
        pass


def backfill_in_two_passes(work: Work, scope: RefreshScope = EVERYTHING) -> None:
    """The job of `omics-meta backfill`."""
    in_passes = work.backfill(scope)
    pending = PendingRefreshes(f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{STORE_ID}")
    for _ in in_passes.refresh_pending([pending], in_passes.create_listed_rows(pending)):
        pass


def backfill_without_tags(work: Work) -> None:
    """The job of `omics-meta backfill --no-tags`."""
    backfill_in_two_passes(work, RefreshScope(tags=False))


def backfill_since(moment: datetime) -> Callable[[Work], None]:
    """The job of `omics-meta backfill --prune --max-age MOMENT`."""

    def job(work: Work) -> None:
        backfill_in_two_passes(work, RefreshScope(since=moment))
        _prune(work)

    return job


def _prune(work: Work) -> None:
    verifier = Verifier(work.source(), work.table(), Serial())  # pyright: ignore[reportArgumentType] - as above
    verifier.prune([verifier.listing(STORE_ID)])


def reconcile(work: Work) -> None:
    """The job of a function that is asked for a reconciliation."""
    work.reconciler().start(ReconcileRequest(str(uuid.uuid4()), work.world.moment()))


def answer(message: RefreshRequest | dict[str, Any]) -> Callable[[Work], None]:
    """The job of a function that was handed a message of a reconciliation."""

    def job(work: Work) -> None:
        if isinstance(message, RefreshRequest):
            work.synchronizer().refresh(message.arn, store_after=message.time, compared=message.compared)
        else:
            body = {"account": ACCOUNT, "region": REGION, "detail": message}
            envelope = parse_envelope(json.dumps(body))
            work.reconciler().run_step(ReconciliationStep.read(envelope))

    return job


class _MessageSender:
    """The way into the queue of the world."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def request_refreshes(
        self, arns: list[ReadSetArn], *, cause: str, compared: datetime | None, drift: bool = False
    ) -> None:
        if arns:
            requests = [RefreshRequest(cause, arn, self._work.world.moment(), compared, drift) for arn in arns]
            self._work.gate("SendMessageBatch", lambda: self._work.world.messages.extend(requests))

    def send_step(self, step: ReconciliationStep) -> None:
        self._work.gate("SendMessageBatch", lambda: self._work.world.messages.append(step.write()))


def create_table() -> DynamoDBBackend:
    """DynamoDB with a table `TABLE`, and nothing in it."""
    backend = DynamoDBBackend(REGION, ACCOUNT)
    existing.create_table(DynamoDBClient(backend), TABLE)
    return backend


@contextmanager
def small_numbers() -> Generator[None]:
    """Let scans and backfills read pages as small as the world's listings, and trust begin as early.

    Of read sets whose tags are told in bulk, a run compares the first, the second and the fourth, and takes the others.
    The second pass of a backfill takes them in the order of the listing.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readset_sync.aws.table._SCAN_PAGE", PAGE)
        patch.setattr("readset_sync.stores.backfill.PAGE_SIZE", PAGE)
        patch.setattr("readset_sync.stores.backfill.random.shuffle", Mock())
        patch.setattr("readset_sync.sync.AGAIN_SECONDS", 0)
        patch.setattr("readset_sync.model.trust._FIRST", 1)
        patch.setattr("readset_sync.model.trust._GROWTH", 4)
        yield
