"""A world in which everything that can go wrong does: a model of HealthOmics, moto's DynamoDB, and a scheduler.

Work (an event being applied, a backfill) runs in a thread of its own that stops before each call to AWS, until the
test lets it go on, fail, or die there. So any interleaving can be played, and played again.
"""

import itertools
import json
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.dynamodb.models import dynamodb_backends
from readset_sync.aws.source import Source
from readset_sync.aws.table import Table
from readset_sync.messages.envelope import open_envelope
from readset_sync.messages.message import ReconcileRequest, RefreshRequest
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.messages.reconciliation_step import Step
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.comparison import EVERYTHING, Scope
from readset_sync.model.errors import FAILURES
from readset_sync.model.timestamp import parse_timestamp
from readset_sync.stores.backfill import Backfill, Due
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.stores.verification import StoreWalker
from readset_sync.sync import Synchronizer

from tests.existing import create_table

ACCOUNT = "123456789012"
REGION = "us-west-2"
STORE_ID = "1234567890"
STORE_ARN = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/{STORE_ID}"
EMPTY_STORE_ID = "2345678901"
"""Another store, for which a reconciliation goes on when it cannot list the first."""
TABLE = "rows"
PAGE = 2
_deserialize = TypeDeserializer().deserialize
EPOCH = int(datetime(2026, 4, 4, tzinfo=UTC).timestamp())
"""The world's seconds are counted from here."""


class Fate(Enum):
    """What becomes of a call."""

    PASSES = "passes"
    THROTTLED = "throttled"
    DENIED = "denied"
    REPLY_LOST = "takes effect, but its reply is lost"
    CRASHES = "the caller dies before it"


FAULTS = tuple(fate for fate in Fate if fate is not Fate.PASSES)


class Crash(BaseException):
    """The process that was running is no more."""


@dataclass
class ReadSet:
    """A read set at the source. Every change of any kind makes a new version, and shows in the name."""

    version: int
    status: str
    tags: dict[str, str]
    created: int


@dataclass
class World:
    """The source, the table, the events that were sent, and the clock."""

    dynamodb: Any
    now: int = 0
    read_sets: dict[str, ReadSet] = field(default_factory=dict[str, ReadSet])
    events: list[ReadSetEvent] = field(default_factory=list[ReadSetEvent])
    statuses: dict[str, list[tuple[int, str]]] = field(default_factory=dict[str, list[tuple[int, str]]])
    """Of every read set that ever was: which status it took, and in which second."""
    versions: int = 0
    refused_listing: int = 0
    """Which page of the store, counted from 1, HealthOmics refuses to list next; 0 for none."""
    store_version: int = 1
    """Shows in the store's name."""
    messages: list[RefreshRequest | dict[str, Any]] = field(default_factory=list[RefreshRequest | dict[str, Any]])
    """What reconciliations have put into the queue: requests, and steps as they are written."""
    memories: list[dict[str, Any]] = field(default_factory=lambda: [{}, {}])
    """What the processes that live on from one job to the next remember of the store."""

    def arn(self, read_set_id: str) -> ReadSetArn:
        return ReadSetArn("aws", REGION, ACCOUNT, STORE_ID, read_set_id)

    def create(self, status: str) -> None:
        read_set_id = f"{len(self.statuses) + 1:010}"
        self.read_sets[read_set_id] = ReadSet(self._version(), status, {}, self.now)
        self._announce(read_set_id, status)

    def set_status(self, read_set_id: str, status: str) -> None:
        read_set = self.read_sets[read_set_id]
        read_set.version, read_set.status = self._version(), status
        self._announce(read_set_id, status)

    def tag(self, read_set_id: str) -> None:
        read_set = self.read_sets[read_set_id]
        read_set.version = self._version()
        read_set.tags = {"version": str(read_set.version)}

    def rename_store(self) -> None:
        self.store_version += 1

    def delete(self, read_set_id: str) -> None:
        del self.read_sets[read_set_id]
        self._announce(read_set_id, "DELETED")

    def rows(self) -> dict[str, dict[str, Any]]:
        """All rows by the read set's ARN, as they are now."""
        # Looked up in moto itself: scans would take most of the tests' time.
        stored = dynamodb_backends[ACCOUNT][REGION].get_table(TABLE).all_items()
        items = [item.to_json()["Attributes"] for item in stored]
        return {item["set_arn"]["S"]: {name: _deserialize(value) for name, value in item.items()} for item in items}

    def _version(self) -> int:
        self.versions += 1
        return self.versions

    def _announce(self, read_set_id: str, status: str) -> None:
        self.statuses.setdefault(read_set_id, []).append((self.now, status))
        self.events.append(ReadSetEvent("event", self.arn(read_set_id), status, None, self.moment()))

    def check_status(self, read_set_id: str, status: str, as_of: str) -> None:
        """Check that a read set had a status at some time within a second."""
        second = int(parse_timestamp(as_of).timestamp()) - EPOCH
        taken = self.statuses[read_set_id]
        before = [each for at, each in taken if at < second][-1:]
        possible = {*before, *(each for at, each in taken if at == second)}
        assert status in possible, f"read set {read_set_id} was never {status} in second {second}: {taken}"

    def moment(self) -> datetime:
        return datetime.fromtimestamp(EPOCH + self.now, UTC)


class Work:
    """One process at work: stopped before each call to AWS, until told that call's fate."""

    def __init__(self, world: World, job: Callable[["Work"], None], memory: int = 0) -> None:
        self._world = world
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

    def end(self, fate: Fate = Fate.PASSES) -> None:
        """Let every call have this fate until the process has ended."""
        while not self.finished:
            self.step(fate)

    def moment(self) -> datetime:
        return self._world.moment()

    def gate(self, operation: str, call: Callable[[], Any]) -> Any:
        """Make a call to AWS when its time has come."""
        self._stopped.release()
        fate = self._fates.get()
        if fate is Fate.CRASHES:
            raise Crash
        if fate is Fate.THROTTLED:
            raise _client_error("ThrottlingException", operation)
        if fate is Fate.DENIED:
            raise _client_error("AccessDeniedException", operation)
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
            _Outbox(self._world, self),  # pyright: ignore[reportArgumentType] - has what Reconciler calls
            account=ACCOUNT,
            region=REGION,
            max_age=None,
            # Each look at the clock takes four seconds, so that each step has time for one page.
            clock=itertools.count(0, 4).__next__,
            now=self.moment,
        )

    def source(self) -> Source:
        source = Source(_Omics(self._world, self))  # pyright: ignore[reportArgumentType] - has what Source calls
        source._stores = self._memory  # pyright: ignore[reportPrivateUsage] - as in a function that is still warm
        return source

    def table(self) -> Table:
        return Table(_Gated(self._world.dynamodb, self), TABLE)  # pyright: ignore[reportArgumentType] - a proxy

    def _run(self) -> None:
        try:
            self._job(self)
        except (*FAILURES, Crash):
            pass  # What a real process reports or dies of; the test looks at what it left behind.
        except BaseException as error:  # noqa: BLE001 - handed over to the test's own thread, which raises it
            self.error = error
        finally:
            self.finished = True
            self._stopped.release()


def apply(event: ReadSetEvent) -> Callable[[Work], None]:
    """The job of a function that was handed an event."""

    def job(work: Work) -> None:
        work.synchronizer().apply(event)

    return job


def backfill(work: Work) -> None:
    """The job of `omics-meta backfill --prune`."""
    backfill_in_two_passes(work)
    _prune(work)


def backfill_in_one_pass(work: Work) -> None:
    """The job of `omics-meta backfill --no-listing-pass`."""
    for _ in _backfill_of(work, EVERYTHING).in_one_pass(STORE_ID):
        pass


def backfill_in_two_passes(work: Work, scope: Scope = EVERYTHING) -> None:
    """The job of `omics-meta backfill`."""
    in_passes = _backfill_of(work, scope)
    due = Due(STORE_ARN)
    for _ in in_passes.refresh([due], in_passes.list_rows(due)):
        pass


def backfill_without_tags(work: Work) -> None:
    """The job of `omics-meta backfill --no-tags`."""
    backfill_in_two_passes(work, Scope(tags=False))


def backfill_since(moment: datetime) -> Callable[[Work], None]:
    """The job of `omics-meta backfill --prune --max-age MOMENT`."""

    def job(work: Work) -> None:
        backfill_in_two_passes(work, Scope(since=moment))
        _prune(work)

    return job


def _backfill_of(work: Work, scope: Scope) -> Backfill:
    return Backfill(work.source(), work.table(), _Serial(), scope)  # pyright: ignore[reportArgumentType] - has what is called


def _prune(work: Work) -> None:
    walker = StoreWalker(work.source(), work.table(), _Serial())  # pyright: ignore[reportArgumentType] - as above
    walker.prune([walker.listing(STORE_ID)])


def reconcile(work: Work) -> None:
    """The job of a function that is asked for a reconciliation."""
    work.reconciler().begin(ReconcileRequest(str(uuid.uuid4()), work.moment()))


def answer(message: RefreshRequest | dict[str, Any]) -> Callable[[Work], None]:
    """The job of a function that was handed a message of a reconciliation."""

    def job(work: Work) -> None:
        if isinstance(message, RefreshRequest):
            work.synchronizer().refresh(message.arn, store_after=message.time)
        else:
            body = {"account": ACCOUNT, "region": REGION, "detail": message}
            envelope = open_envelope(json.dumps(body))
            work.reconciler().proceed(Step.read(envelope))

    return job


class _Serial:
    """An executor without threads: the scheduler alone decides what runs when."""

    def map(self, function: Callable[[Any], Any], items: Any) -> Iterator[Any]:
        return map(function, items)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        return future


class _Gated:
    """A boto3 client whose calls go through a gate."""

    def __init__(self, client: Any, work: Work) -> None:
        self._client = client
        self._work = work

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if name in {"exceptions", "meta"}:
            return attribute
        if name == "get_paginator":

            def paginator(operation: str) -> _GatedPaginator:
                return _GatedPaginator(attribute(operation), operation, self._work)

            return paginator

        def gated(**arguments: Any) -> Any:
            return self._work.gate(name, lambda: attribute(**arguments))

        return gated


class _GatedPaginator:
    def __init__(self, paginator: Any, operation: str, work: Work) -> None:
        self._paginator = paginator
        self._operation = operation
        self._work = work

    def paginate(self, **arguments: Any) -> Iterator[Any]:
        return iter(self._work.gate(self._operation, lambda: list(self._paginator.paginate(**arguments))))


class _Outbox:
    """The way into the queue of the world."""

    def __init__(self, world: World, work: Work) -> None:
        self._world = world
        self._work = work

    def refresh(self, arns: list[ReadSetArn], *, cause: str) -> None:
        if arns:
            requests = [RefreshRequest(cause, arn, self._world.moment()) for arn in arns]
            self._work.gate("SendMessageBatch", lambda: self._world.messages.extend(requests))

    def step(self, step: Step) -> None:
        self._work.gate("SendMessageBatch", lambda: self._world.messages.append(step.write()))


class _Omics:
    """HealthOmics' client, as far as Source calls it: the model's state now, and errors as boto3 raises them."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceNotFoundException(ClientError):  # noqa: N818 - as above
            """As boto3 makes it from the service's model."""

    class meta:  # noqa: N801 - boto3's name
        region_name = REGION

    def __init__(self, world: World, work: Work) -> None:
        self._world = world
        self._work = work

    def get_sequence_store(self, id: str) -> Any:  # noqa: A002 - boto3's name
        def store() -> Any:
            return self._answer(id=id, arn=STORE_ARN, name=f"s{self._world.store_version}")

        return self._work.gate("GetSequenceStore", store)

    def get_read_set_metadata(self, sequenceStoreId: str, id: str) -> Any:  # noqa: A002, N803 - boto3's names
        return self._work.gate("GetReadSetMetadata", lambda: self._metadata(id))

    def list_tags_for_resource(self, resourceArn: str) -> Any:  # noqa: N803 - boto3's name
        def tags() -> Any:
            return self._answer(tags=dict(self._find(ReadSetArn.parse(resourceArn).read_set_id, "ListTags").tags))

        return self._work.gate("ListTagsForResource", tags)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_sequence_stores"
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        stores = [{"id": STORE_ID}, {"id": EMPTY_STORE_ID}]
        yield self._work.gate("ListSequenceStores", lambda: self._answer(sequenceStores=stores))

    def list_read_sets(self, sequenceStoreId: str, maxResults: int, nextToken: str = "") -> Any:  # noqa: N803
        return self._work.gate("ListReadSets", lambda: self._page(sequenceStoreId, nextToken))

    def _page(self, store_id: str, after: str) -> Any:
        if store_id == EMPTY_STORE_ID:
            return self._answer(readSets=[])
        self._world.refused_listing -= 1
        if self._world.refused_listing == 0:
            raise _client_error("AccessDeniedException", "ListReadSets")
        ids = sorted(each for each in self._world.read_sets if each > after)[:PAGE]
        following = {"nextToken": ids[-1]} if len(ids) == PAGE else {}
        return self._answer(readSets=[self._listed(each, self._world.read_sets[each]) for each in ids], **following)

    def _metadata(self, read_set_id: str) -> Any:
        read_set = self._find(read_set_id, "GetReadSetMetadata")
        files = {"source1": {"contentLength": 1}} if read_set.status == "ACTIVE" else {}
        return self._answer(**self._listed(read_set_id, read_set), files=files)

    def _listed(self, read_set_id: str, read_set: ReadSet) -> dict[str, Any]:
        return {
            "id": read_set_id,
            "arn": str(self._world.arn(read_set_id)),
            "sequenceStoreId": STORE_ID,
            "status": read_set.status,
            "name": f"v{read_set.version}",
            "creationTime": datetime.fromtimestamp(EPOCH + read_set.created, UTC),
            "fileType": "FASTQ",
        }

    def _find(self, read_set_id: str, operation: str) -> ReadSet:
        try:
            return self._world.read_sets[read_set_id]
        except KeyError:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}
            raise self.exceptions.ResourceNotFoundException(error, operation) from None  # pyright: ignore[reportArgumentType]

    def _answer(self, **members: Any) -> dict[str, Any]:
        return members | {"ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self._world.moment(), True)}}}


def clear_table(client: Any) -> None:
    """Delete all rows of the table."""
    for arn in World(client).rows():
        client.delete_item(TableName=TABLE, Key={"set_arn": {"S": arn}})


def create_world_table() -> Any:
    """Create the table in moto; return its client."""
    client = boto3.client("dynamodb", region_name=REGION)
    create_table(client, TABLE)
    return client


def _client_error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "a fault of the test"}}, operation)
