"""How soon read sets and their tags are found, and what tags cost: in bulk, beside one by one, as where that is denied.

HealthOmics, the tagging API, the table and the queue are simulated in the process (`benchmarks.simulated`). So is time:
calls take so long on a clock that nobody waits for, at the pace of the product's own limiters.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

from omics_sandbox.omics.client import OmicsClient, TaggingClient
from omics_sandbox.omics.models import ReadSet
from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.clients import MAX_THREADS
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.rate_limits import RateLimiter
from readset_sync.aws.table import Table
from readset_sync.constants import BULK_OPERATION, BULK_TPS, DOCUMENTED_TPS
from readset_sync.messages.queue_message import ReconcileRequest, RefreshRequest, parse_message
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.record import tag_map
from readset_sync.model.trust import Trust
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from benchmarks.report import Figure, scaled
from benchmarks.simulated import ACCOUNT, REGION, STORE_ID, SimulatedQueue, SimulatedTable, omics_of

READ_SETS: Final = 10_000
IN_COHORT: Final = 100_000
MAX_AGE: Final = timedelta(days=7)

SAMPLE: Final = 200
"""Read sets whose tags are compared in a run, at the most."""

FEW: Final = 10
"""Calls for the store and its reference's name, which are remembered for a while."""

AWS_SECONDS: Final = 0.15
"""Of each call of HealthOmics and the tagging API."""

TABLE_SECONDS: Final = 0.01
"""Of each call of DynamoDB."""

WAYS: Final = ((True, "in bulk"), (False, "one by one"))

THREADS: Final = 8
"""Those of `omics-meta backfill` that refresh rows at the default quota."""


class _Clock:
    """Simulated seconds: what is now for whoever is at work."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Be at work for so long, or wait."""
        self.now += seconds


class _Future(Future[Any]):
    """What is done at a moment. Whoever asks for its outcome before that has waited for it."""

    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock
        self.done_at = 0.0

    def done(self) -> bool:
        return self._clock.now >= self.done_at

    def result(self, timeout: float | None = None) -> Any:
        self._clock.now = max(self._clock.now, self.done_at)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._clock.now = max(self._clock.now, self.done_at)
        return super().exception(timeout)


class _Threads(Executor):
    """Does work one after the other, on the clock as if it were side by side: each begins when a thread is free."""

    def __init__(self, clock: _Clock, threads: int) -> None:
        self._clock = clock
        self._free_at = [0.0] * threads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        submitted, future = self._clock.now, _Future(self._clock)
        self._clock.now = max(submitted, heapq.heappop(self._free_at))
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as raised:  # noqa: BLE001 - it is of whoever asks for the outcome
            future.set_exception(raised)
        future.done_at, self._clock.now = self._clock.now, submitted
        heapq.heappush(self._free_at, future.done_at)
        return future


class _Paced:
    """A client whose calls take their time, each operation at its rate."""

    def __init__(self, client: OmicsClient | TaggingClient, clock: _Clock, rate: float) -> None:
        self._client = client
        self._clock = clock
        self._rate = rate
        self._limiters: dict[str, RateLimiter] = {}

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._client, name)
        if not callable(member) or name == "get_paginator":
            return member
        limiter = self._limiters.setdefault(
            name, RateLimiter(self._rate, clock=lambda: self._clock.now, sleep=self._clock.sleep)
        )

        def call(**given: Any) -> Any:
            limiter.wait()
            self._clock.sleep(AWS_SECONDS)
            return member(**given)

        return call


class _Table(SimulatedTable):
    """A table that keeps what is written. `tagged_at` is when each read set first had a row with tags."""

    def __init__(self, clock: _Clock, rows: int, *, room: int) -> None:
        super().__init__(rows, room=room)
        self._clock = clock
        self._written: dict[str, Mapping[str, Any]] = {}
        self.tagged_at: dict[str, float] = {}

    def put_item(self, *, Item: Mapping[str, Any], **_: Any) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """PutItem."""
        self._count("PutItem")
        arn = Item["set_arn"]["S"]
        self._written[arn] = Item
        if "tags" in Item:
            self.tagged_at.setdefault(arn, self._clock.now)
        return {}

    def _item(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self._written.get(key["set_arn"]["S"]) or super()._item(key)

    def _count(self, operation: str) -> None:
        super()._count(operation)
        self._clock.sleep(TABLE_SECONDS)


class World:
    """A store of tagged read sets, its table, and what the product is given of both: tags in bulk, or their denial."""

    def __init__(self, read_sets: int, *, rows: bool, bulk: bool) -> None:
        self.clock = _Clock()
        omics = omics_of(read_sets, seconds=lambda: self.clock.now)
        self.service = omics.service
        if not bulk:
            self.service.faults.add(BULK_OPERATION, "AccessDeniedException")
        self.read_sets = self.service.store(STORE_ID).read_sets
        self.client = _Table(self.clock, read_sets if rows else 0, room=read_sets)
        self.table = Table(cast("Any", self.client), "rows")
        self.source = HealthOmics(cast("Any", _Paced(omics, self.clock, DOCUMENTED_TPS)))

    def bulk(self, trust: Trust | None = None) -> BulkTags:
        """Tags in bulk, with what a run knows of them."""
        tagging = _Paced(TaggingClient(self.service), self.clock, BULK_TPS)
        return BulkTags(cast("Any", tagging), self.source, trust=trust, sleep=self.clock.sleep)

    def change_tags(self) -> ReadSet:
        """Give the first read set another tag; return it."""
        first = next(self.read_sets.after(0))
        self.read_sets[first.id] = replace(first, tags={"cohort": "B"})
        return self.read_sets[first.id]

    @property
    def calls(self) -> int:
        """Calls of HealthOmics and of the tagging API so far."""
        return self.service.calls.total()

    @property
    def omics_calls(self) -> int:
        """Calls of HealthOmics so far."""
        return self.calls - self.service.calls[BULK_OPERATION]


def measure(scale: float) -> Iterator[Figure]:
    """Run all cases, at a part of their full size: some minutes at 1."""
    yield from _backfills(scaled(READ_SETS, scale))
    yield from _reconciled(scaled(IN_COHORT, scale))


def _backfills(read_sets: int) -> Iterator[Figure]:
    alone = World(read_sets, rows=False, bulk=True)
    list(_backfill_of(alone, bulk=False).create_listed_rows(_pending(alone)))
    case = f"first backfill of {read_sets:,} read sets"
    calls = alone.service.calls["ListReadSets"]
    listed = f"{case}, its listing pass alone"
    yield Figure(listed, "seconds until all are found", alone.clock.now)
    paced = alone.clock.now * DOCUMENTED_TPS / calls
    yield Figure(listed, "that time / (listing calls / rate)", paced, at_most=1.05)
    for bulk, way in WAYS:
        world = _backfilled(read_sets, bulk=bulk)
        found_at = max(world.client.tagged_at.values())
        target = 1.1 if bulk else None
        yield Figure(f"{case}, {way}", "seconds until all are found by tag", found_at)
        yield Figure(f"{case}, {way}", "that time / listing pass alone", found_at / alone.clock.now, at_most=target)
        archived = _backfilled(read_sets, bulk=bulk, archived=True)
        active = math.ceil(read_sets / 5)
        for done, count, some in ((world, read_sets, ""), (archived, active, ", 80 % archived")):
            more = done.omics_calls - done.service.calls["ListReadSets"] - count
            name = "more than one for each active one and each page"
            yield Figure(f"{case}{some}, {way}", "HealthOmics calls", done.omics_calls)
            yield Figure(f"{case}{some}, {way}", name, more, at_most=SAMPLE + FEW if bulk else None)


def _backfilled(read_sets: int, *, bulk: bool, archived: bool = False) -> World:
    """Backfill an empty table."""
    world = World(read_sets, rows=False, bulk=bulk)
    if archived:
        for each in list(world.read_sets.after(0)):
            if each.ordinal % 5 != 1:
                world.read_sets[each.id] = replace(each, status="ARCHIVED")
    backfill, pending = _backfill_of(world, bulk=True), _pending(world)
    batches = backfill.refresh_pending([pending], backfill.create_listed_rows(pending))
    failed = [result for batch in batches for result in batch.results if result.change is None]
    if failed or len(world.client.tagged_at) != read_sets:
        raise RuntimeError(f"{len(world.client.tagged_at)} of {read_sets} read sets got tags; {failed[:1]}")
    return world


def _backfill_of(world: World, *, bulk: bool) -> Backfill:
    executor, listing_executor = _Threads(world.clock, THREADS), _Threads(world.clock, MAX_THREADS)
    told = world.bulk() if bulk else None
    return Backfill(world.source, world.table, executor, listing_executor=listing_executor, bulk=told)


def _pending(world: World) -> PendingRefreshes:
    return PendingRefreshes(world.service.store(STORE_ID).arn)


def _reconciled(read_sets: int) -> Iterator[Figure]:
    for bulk, way in WAYS:
        unchanged, world = (World(read_sets, rows=True, bulk=bulk) for _ in range(2))
        changed = world.change_tags()
        case = f"reconciliation of {read_sets:,} unchanged rows, {way}"
        yield Figure(case, "rows refreshed", reconcile(unchanged), at_most=0)
        yield Figure(case, "calls of both APIs", unchanged.calls)
        if bulk:
            more = unchanged.calls - 2 * unchanged.service.calls["ListReadSets"]
            yield Figure(case, "more than two a page", more, at_most=SAMPLE + FEW)
        reconcile(world)
        row = world.table.get(changed.arn) or {}
        case = f"reconciliation of {read_sets:,} rows, one with a changed tag, {way}"
        found = tag_map(row) == changed.tags
        yield Figure(case, "changed tags in their rows", found, at_least=1 if bulk else None)
        yield Figure(case, "calls for the change", world.calls - unchanged.calls, at_most=4 if bulk else None)


def reconcile(world: World) -> int:
    """Reconcile, and refresh what that asks for; return how many rows."""
    queue, synchronizer = SimulatedQueue(), Synchronizer(world.source, world.table)
    sender = MessageSender(cast("Any", queue), "queue", account=ACCOUNT, region=REGION)
    reconciler = Reconciler(
        world.source,
        world.table,
        synchronizer,
        sender,
        account=ACCOUNT,
        region=REGION,
        max_age=MAX_AGE,
        bulk=world.bulk,
        clock=lambda: world.clock.now,
        now=world.service.now,
    )
    reconciler.start(ReconcileRequest("night", world.service.now()))
    refreshes = 0
    while queue.bodies:
        match parse_message(queue.bodies.pop()):
            case ReconciliationStep() as step:
                reconciler.run_step(step)
            case RefreshRequest() as request:
                refreshes += 1
                synchronizer.refresh(request.arn, store_after=request.time, compared=request.compared)
            case other:
                raise TypeError(f"a reconciliation sent {other}")
    return refreshes
