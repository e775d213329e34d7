"""Reconciliations: what differs is refreshed, what does not is left alone, and nothing else is deleted."""

import itertools
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from readset_sync.aws import table as table_module
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.messages.queue_message import Message, ReconcileRequest, RefreshRequest, StoreEvent, parse_message
from readset_sync.messages.reconciliation_step import FailedListing, Phase, ReconciliationStep
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.model.bucket_checksums import BUCKETS, BucketChecksums
from readset_sync.model.errors import MalformedEventError, UnlistedStoreError, is_passing
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores import reconciliation
from readset_sync.stores.reconciliation import Count
from readset_sync.sync import Outcome, Synchronizer

from tests.readset_sync.conftest import Store, reconciler_of
from tests.readset_sync.function import own_message


@pytest.fixture(autouse=True)
def no_other_stores(sandbox: Sandbox) -> Iterator[None]:
    """A reconciliation sees every store, so each test begins without any."""
    sandbox.omics.stores.clear()
    yield
    sandbox.omics.stores.clear()


def asked(id_: str = "request") -> ReconcileRequest:
    """A request for a reconciliation, in a moment."""
    return ReconcileRequest(id_, datetime.now(UTC) + timedelta(seconds=2))


def changed(store: Store, status: str) -> StoreEvent:
    """An event of a store."""
    return StoreEvent("event", StoreArn.parse(store.own_arn), status, datetime.now(UTC))


class Pipeline:
    """A queue whose messages are done one after the other, as the function would.

    Attributes:
        remembered: The messages that are not taken again, for five minutes.
        steps: What each step of a reconciliation has led to.
        refreshed: The read sets whose rows were refreshed.
    """

    def __init__(self, store: Store) -> None:
        client: Any = self
        sender = MessageSender(client, "url", account="123456789012", region="us-west-2")
        self.reconciler = reconciler_of(store.source, store.table, sender, timedelta(days=7))
        self.remembered: set[str] = set()
        self.steps: list[ReconciliationStep] = []
        self.refreshed: list[ReadSetArn] = []
        self._synchronizer = store.synchronizer
        self._bodies: list[str] = []

    def send_message_batch(self, *, Entries: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert len(Entries) <= 10
        for entry in Entries:
            if entry["MessageDeduplicationId"] not in self.remembered:
                self.remembered.add(entry["MessageDeduplicationId"])
                self._bodies.append(entry["MessageBody"])
        return {}

    def take(self) -> list[Message]:
        """Receive and delete all messages, in order."""
        bodies, self._bodies = self._bodies, []
        return [parse_message(each, account="123456789012", region="us-west-2") for each in bodies]

    def run(self, request: ReconcileRequest | StoreEvent | None = None) -> Counter[str]:
        """Reconcile, and do all that comes of it; return what was found."""
        self._start(request or asked(f"request-{datetime.now(UTC)}"))
        self.drain()
        assert self.steps[-1].is_done
        return Counter(self.steps[-1].counts)

    def begin(self, request: StoreEvent | None = None) -> ReconciliationStep:
        """Reconcile, and return the first step as the queue hands it out."""
        self._start(request or asked())
        [step] = self.take()
        assert isinstance(step, ReconciliationStep)
        return step

    def _start(self, request: ReconcileRequest | StoreEvent) -> None:
        if isinstance(request, StoreEvent):
            self.reconciler.start_store(request)
        else:
            self.reconciler.start(request)

    def hurry(self, monkeypatch: pytest.MonkeyPatch, *, page: int) -> None:
        """Let each look at the clock take four seconds, so that a step has time for one page of so many read sets."""
        monkeypatch.setattr("readset_sync.aws.healthomics.PAGE_SIZE", page)
        monkeypatch.setattr(self.reconciler, "_clock", itertools.count(0, 4).__next__)

    def drain(self) -> None:
        while messages := self.take():
            for message in messages:
                if isinstance(message, ReconciliationStep):
                    self.steps.append(self.reconciler.run_step(message))
                else:
                    assert isinstance(message, RefreshRequest)
                    change = self._synchronizer.refresh(message.arn, compared=message.compared)
                    self.refreshed += [message.arn] * (change.outcome is not Outcome.FRESH)


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    return Pipeline(store)


def test_where_nothing_differs_nothing_is_refreshed_and_only_listings_are_asked_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr("readset_sync.aws.healthomics.PAGE_SIZE", 10)
    store.synced(12)
    store.source.store(store.id)
    store.sandbox.omics.calls.clear()
    # Before the store was read, so that what is remembered of it will do.
    began = datetime.now(UTC) - timedelta(minutes=1)
    monkeypatch.setattr(pipeline.reconciler, "_now", lambda: began)

    found = pipeline.run(ReconcileRequest("request", began))

    assert found == {"rows": 12, "listed": 12}
    assert pipeline.refreshed == []
    assert store.sandbox.omics.calls == {"ListSequenceStores": 1, "ListReadSets": 2}


def test_a_ghost_costs_no_more_than_the_rows_of_its_bucket(pipeline: Pipeline, store: Store) -> None:
    arns = store.synced(20)
    store.set_status(arns[7], "DELETED")

    found = pipeline.run()

    assert store.table.get(str(arns[7])) is None
    assert found["unlisted"] == len(pipeline.refreshed) < 5


def test_a_read_set_that_comes_or_goes_while_the_reconciliation_runs_is_left_to_its_event(
    pipeline: Pipeline, store: Store
) -> None:
    store.synced(3)
    began = datetime.now(UTC).replace(microsecond=0)
    step = pipeline.reconciler.start(ReconcileRequest("request", began))
    # The rows are entered; then a read set is created, younger than the reconciliation, and its event makes its row.
    pipeline.take()
    rows_entered = pipeline.reconciler._turn_page(step)[0]  # pyright: ignore[reportPrivateUsage] - the moment in between
    newcomer = store.add(creation_time=datetime.now(UTC) + timedelta(seconds=1))
    store.synchronizer.refresh(newcomer)

    last = pipeline.reconciler.run_step(rows_entered)

    assert last.phase is Phase.DONE
    assert last.counts == {"rows": 3, "listed": 4}


def test_a_row_of_another_partition_is_no_row_of_ours(pipeline: Pipeline, store: Store) -> None:
    (arn,) = store.synced(1)
    row = store.row(arn)
    # A refresh of it would read the read set that is ours, and never come to write this row.
    foreign = row | {"set_arn": str(arn).replace("arn:aws:", "arn:aws-cn:")}
    assert store.table.put(foreign, replacing=None)

    assert pipeline.run()["rows"] == 1
    assert pipeline.refreshed == []
    store.set_status(arn, "DELETED")
    assert pipeline.run()["rows"] == 1
    assert pipeline.refreshed == [arn]
    assert store.table.get(foreign["set_arn"]) == foreign


@pytest.mark.parametrize("every_store", [True, False])
def test_rows_of_a_deleted_store_go(every_store: bool, pipeline: Pipeline, store: Store) -> None:
    arns = store.synced(3)
    [kept] = store.another().synced(1)
    del store.sandbox.omics.stores[store.id]

    found = pipeline.run(None if every_store else changed(store, "DELETED"))

    assert found["storeless"] == 3
    assert [store.table.get(str(arn)) for arn in arns] == [None] * 3
    assert store.table.get(str(kept))


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATED", "UPDATING", "unheard of"])
def test_rows_follow_a_renamed_store_without_a_call_for_any_of_them(
    status: str, pipeline: Pipeline, store: Store
) -> None:
    arns = store.synced(3)
    for arn in arns:
        store.change_row(arn, store_at="2026-01-01T00:00:00Z")
    store.sandbox.omics.update_store(store.id, name="renamed")
    store.sandbox.omics.calls.clear()

    found = pipeline.run(changed(store, status))

    assert found == {"rows": 3, "listed": 3, "renamed": 3}
    assert pipeline.refreshed == []
    assert store.sandbox.omics.calls == {"GetSequenceStore": 1, "ListReadSets": 1}
    rows = store.table.get_many(map(str, arns)).values()
    assert {row["store"]["store_name"] for row in rows} == {"renamed"}


@pytest.mark.parametrize("store_too", [False, True])
def test_rows_get_the_name_of_their_reference_without_a_call_for_any_of_them(
    store_too: bool, pipeline: Pipeline, store: Store, client: Callable[[str], Any]
) -> None:
    """As after an upgrade from a version without names."""
    reference = store.sandbox.omics.create_reference("GRCh38")
    before = replace(store, synchronizer=Synchronizer(HealthOmics(client("omics")), store.table))
    arns = [*before.synced(3, reference_arn=reference), *before.synced(1)]
    for arn in arns:
        store.change_row(arn, set_reference_name=None, store_at="2026-01-01T00:00:00Z")
    if store_too:
        store.sandbox.omics.update_store(store.id, name="renamed")
    store.sandbox.omics.calls.clear()

    found = pipeline.run()

    assert found == {"rows": 4, "listed": 4, "renamed": 4 if store_too else 3}
    assert pipeline.refreshed == []
    calls = {"ListSequenceStores": 1, "GetSequenceStore": 1, "ListReadSets": 1, "GetReferenceMetadata": 1}
    assert store.sandbox.omics.calls == calls
    assert [store.row(arn).get("set_reference_name") for arn in arns] == ["GRCh38"] * 3 + [None]
    assert {store.row(arn)["store"]["store_name"] for arn in arns} == {"renamed" if store_too else "cohort"}
    # AND a name without a reference is taken from its row
    store.change_row(arns[-1], set_reference_name="forged")
    assert pipeline.run()["stale"] == 1
    assert "set_reference_name" not in store.row(arns[-1])


def test_a_renamed_store_that_a_row_may_know_already_is_looked_at_again(pipeline: Pipeline, store: Store) -> None:
    """The row was written in the very second in which the store is read: neither is known to be the newer."""
    [arn] = store.synced(1)
    store.sandbox.omics.update_store(store.id, name="renamed")
    store.change_row(arn, store_at="2999-01-01T00:00:00Z")

    found = pipeline.run(changed(store, "ACTIVE"))

    assert (found["renamed"], found["stale"]) == (0, 1)
    assert store.row(arn)["store"]["store_name"] == "renamed"


def test_rows_are_refreshed_by_age_because_no_listing_shows_tags(
    pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, old, ancient = store.synced(3)
    for arn in (fresh, old, ancient):
        store.tag(arn, changed="yes")
    # Each row has an age of its own at which it is due, and none is older than seven days.
    age(store, fresh, due_at(fresh) - timedelta(hours=1))
    age(store, old, due_at(old) + timedelta(seconds=10))
    age(store, ancient, timedelta(days=8))

    # A reconciliation may leave them as old as they are
    with monkeypatch.context() as patch:
        patch.setattr(pipeline.reconciler, "_max_age", None)
        assert pipeline.run() == {"rows": 3, "listed": 3}

    found = pipeline.run()

    assert found["aged"] == 2
    assert set(pipeline.refreshed) == {old, ancient}
    tags = {arn: store.row(arn)["tags"] for arn in (fresh, old, ancient)}
    assert tags == {fresh: [], old: [{"changed": "yes"}], ancient: [{"changed": "yes"}]}


def due_at(arn: ReadSetArn) -> timedelta:
    """The age at which a row is due: that of some is half of the greatest, that of others the greatest."""
    return timedelta(days=7 * (0.5 + zlib.crc32(str(arn).encode()) / 2**33))


def age(store: Store, arn: ReadSetArn, by: timedelta) -> None:
    moment = format_timestamp(datetime.now(UTC) - by)
    store.change_row(arn, synced_at=moment, status_at=moment)


def test_rows_of_other_accounts_and_keys_that_are_none_are_left_alone(pipeline: Pipeline, store: Store) -> None:
    store.synced(1)
    foreign = [
        "arn:aws:omics:us-west-2:999999999999:sequenceStore/1234567890/readSet/9876543210",
        "arn:aws:omics:eu-west-1:123456789012:sequenceStore/1234567890/readSet/9876543210",
        "something else",
        "xarn:aws:omics:us-west-2:123456789012:sequenceStore/1",
    ]
    for key in foreign:
        assert store.table.put({"set_arn": key}, replacing=None)

    assert pipeline.run() == {"rows": 1, "listed": 1, "unreadable": 1}

    assert pipeline.refreshed == []
    assert all(store.table.get(key) for key in foreign)


def test_a_step_ends_when_its_time_is_up_and_the_next_one_goes_on(
    store: Store, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "_SCAN_PAGE", 5)
    arns = store.synced(12)
    store.set_status(arns[0], "DELETED")
    pipeline.hurry(monkeypatch, page=5)

    found = pipeline.run()

    assert [step.number for step in pipeline.steps] == list(range(1, len(pipeline.steps) + 1))
    # One of those for ghosts only asks for the refresh of the one that has been found.
    assert Counter(step.phase for step in pipeline.steps) == {"rows": 2, "listing": 3, "ghosts": 4, "done": 1}
    assert (found["rows"], found["listed"]) == (12, 11)
    assert store.table.get(str(arns[0])) is None


def test_a_step_asks_for_a_bounded_number_of_refreshes(
    store: Store, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "_REFRESHES", 4)
    monkeypatch.setattr("readset_sync.aws.healthomics.PAGE_SIZE", 2)
    store.synced(2)
    arns = [store.add() for _ in range(11)]

    found = pipeline.run()

    missing = [step.counts.get("missing", 0) for step in pipeline.steps]
    # Between two steps that find some, there is one that asks for them.
    assert missing == [4, 4, 8, 8, 11, 11]
    assert found["missing"] == 11
    assert len(store.table.get_many(map(str, arns))) == 11


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("GetSequenceStore", "AccessDeniedException"),
        ("ListReadSets", "AccessDeniedException"),
        ("ListReadSets", "ValidationException"),
        ("ListReadSets", "InternalServerException"),
        # As of a store that ListSequenceStores shows all the same.
        ("ListReadSets", "ResourceNotFoundException"),
    ],
)
def test_a_store_that_cannot_be_listed_keeps_no_other_from_being_compared(
    operation: str, error: str, pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", Mock())  # as AWS clients do between two attempts
    other = store.another()
    ghosts = store.synced(1) + other.synced(1)
    store.set_status(ghosts[0], "DELETED")
    other.set_status(ghosts[1], "DELETED")
    missing = other.add()
    step = pipeline.begin()
    assert step.stores == (store.id, other.id)
    store.sandbox.omics.faults.add(operation, error, when=is_about(store))

    reason = f"sequence store {store.id} is gone" if error.startswith("ResourceNotFound") else f"{operation}: {error}"
    asks = pipeline.reconciler.run_step(step)
    message = pipeline.reconciler.run_step(asks).write()
    with pytest.raises((UnlistedStoreError, ClientError)) as raised:
        pipeline.drain()
    # No message is to blame for what passes.
    passes = error == "InternalServerException"
    assert is_passing(raised.value) == passes
    assert passes or f"could not be listed: {store.id}: {reason}" in str(raised.value)
    pipeline.drain()

    # Nothing counts as a ghost as long as one listing is not complete.
    assert pipeline.refreshed == [missing]
    assert all(store.table.get(str(ghost)) for ghost in ghosts)
    store.sandbox.omics.faults.clear()
    last = pipeline.reconciler.run_step(read_step(message))
    pipeline.drain()
    assert (last.phase, last.failed) == (Phase.DONE, {})
    assert not any(store.table.get(str(ghost)) for ghost in ghosts)


def is_about(store: Store) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a call of HealthOmics concerns a store."""
    return lambda parameters: store.id in {parameters.get("id"), parameters.get("sequenceStoreId")}


def test_every_store_that_cannot_be_listed_is_named(pipeline: Pipeline, store: Store) -> None:
    fine, last = (store.another() for _ in range(2))
    for failing in (store, last):
        store.sandbox.omics.faults.add("ListReadSets", "AccessDeniedException", when=is_about(failing))
    fine.add()
    pipeline.reconciler.start(asked())

    with pytest.raises(UnlistedStoreError, match=f"{store.id}: ListReadSets: AccessDenied.*; {last.id}: ListReadSets"):
        pipeline.drain()


def test_a_listing_that_failed_in_the_middle_goes_on_there_when_the_others_are_done(
    pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.hurry(monkeypatch, page=2)
    store.synced(5)
    other = store.sandbox.omics.create_store("other")
    store.sandbox.omics.calls.clear()
    store.sandbox.omics.faults.add(
        "ListReadSets", "AccessDeniedException", times=1, when=lambda given: "nextToken" in given
    )

    found = pipeline.run()

    # Nothing was added to the checksums twice: there are no ghosts.
    assert found == {"rows": 5, "listed": 5}
    assert store.sandbox.omics.calls["ListReadSets"] == 5
    assert [(step.phase, step.stores, [*step.failed]) for step in pipeline.steps] == [
        ("listing", (store.id, other), []),
        ("listing", (store.id, other), []),
        ("listing", (other, store.id), [store.id]),
        ("listing", (store.id,), [store.id]),
        ("listing", (store.id,), [store.id]),
        ("done", (), []),
    ]
    assert pipeline.steps[1].cursor == pipeline.steps[3].cursor


@pytest.mark.parametrize("error", ["ThrottlingException", "TooManyRequestsException", "ExpiredTokenException"])
def test_what_is_not_the_fault_of_a_store_stops_the_step_at_once(
    error: str, pipeline: Pipeline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", Mock())  # as AWS clients do between two attempts
    store.synced(1)  # so that what the other store has is missing, and this is no first fill
    store.another().add()
    pipeline.reconciler.start(ReconcileRequest("request", datetime.now(UTC)))
    store.sandbox.omics.faults.add("ListReadSets", error, when=is_about(store))

    with pytest.raises(ClientError, match=error):
        pipeline.drain()

    assert pipeline.steps == []
    pipeline.drain()
    assert pipeline.refreshed == []


def read_step(detail: dict[str, Any]) -> ReconciliationStep:
    message = parse_message(
        json.dumps(own_message("Reconcile Step", detail)), account="123456789012", region="us-west-2"
    )
    assert isinstance(message, ReconciliationStep)
    return message


@pytest.mark.parametrize(
    ("every_store", "found"), [(True, {"rows": 2, "listed": 1, "storeless": 1}), (False, {"rows": 1, "storeless": 1})]
)
def test_when_a_store_goes_meanwhile_the_reconciliation_begins_again_without_it(
    every_store: bool, found: dict[str, int], pipeline: Pipeline, store: Store
) -> None:
    [gone] = store.synced(1)
    other = store.another()
    [kept] = other.synced(1)
    step = pipeline.begin(None if every_store else changed(store, "UPDATING"))
    del store.sandbox.omics.stores[store.id]

    first = pipeline.reconciler.run_step(step)
    pipeline.drain()

    # No other store is looked at in place of the one that an event is about.
    left = (other.id,) if every_store else ()
    assert (first.phase, first.number, first.within, first.stores) == (Phase.ROWS, 0, step.within, left)
    assert pipeline.steps[-1].counts == found
    assert store.table.get(str(gone)) is None
    assert store.table.get(str(kept))


def test_a_store_that_is_listed_though_it_is_gone_does_not_have_the_reconciliation_begin_for_ever(
    pipeline: Pipeline, store: Store
) -> None:
    """Whether ListSequenceStores lags behind, or shows stores that have failed: the queue tries again, in its time."""
    [arn] = store.synced(1)
    step = pipeline.begin()
    store.sandbox.omics.faults.add("ListReadSets", "ResourceNotFoundException", times=1)

    with pytest.raises(UnlistedStoreError, match=f"{arn.store_id}: sequence store {arn.store_id} is gone"):
        pipeline.reconciler.run_step(step)

    assert pipeline.take() == []


def test_a_ghost_is_found_however_long_the_request_has_waited_in_the_queue(pipeline: Pipeline, store: Store) -> None:
    """Its row was written after the reconciliation was asked for, and before it began."""
    ghost = store.add(creation_time=datetime.now(UTC) - timedelta(hours=2))
    store.synchronizer.refresh(ghost)
    store.set_status(ghost, "DELETED")
    age(store, ghost, timedelta(minutes=30))

    pipeline.run(ReconcileRequest("request", datetime.now(UTC) - timedelta(hours=1)))

    assert store.table.get(str(ghost)) is None


def test_an_empty_account_is_reconciled_at_once_and_a_request_that_is_delivered_twice_once(
    pipeline: Pipeline, sandbox: Sandbox
) -> None:
    sandbox.omics.stores.clear()
    for _ in range(2):
        pipeline.reconciler.start(ReconcileRequest("the same", datetime.now(UTC)))

    pipeline.drain()
    assert [(step.phase, step.counts) for step in pipeline.steps] == [(Phase.DONE, {})]


def test_a_step_that_comes_again_after_five_minutes_does_not_fork_the_chain(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """Its function was killed between its last call and its answer, and the visibility timeout is six minutes."""
    pipeline.hurry(monkeypatch, page=2)
    store.synced(6)
    killed = pipeline.begin()
    message = killed.write()
    del message["failed"]  # as one that was sent before an update
    pipeline.reconciler.run_step(killed)

    pipeline.remembered.clear()
    pipeline.reconciler.run_step(read_step(message))
    pipeline.drain()

    assert [step.number for step in pipeline.steps] == [2, 2, 3, 4]
    assert [step.phase for step in pipeline.steps][-1] is Phase.DONE


def test_a_message_has_room_for_every_store_and_full_checksums() -> None:
    checksums = BucketChecksums()
    for number in range(BUCKETS):
        checksums.toggle(str(number))
    stores = tuple(f"{number:036}" for number in range(200))
    counts = dict.fromkeys(map(str, Count), 10**9)
    failed = dict.fromkeys(stores, FailedListing(None, "r" * 500))
    step = ReconciliationStep(
        "f" * 32, 10**6, datetime.now(UTC), "x" * 100, stores, Phase.LISTING, "t" * 2048, checksums, counts
    )

    assert len(json.dumps(step.write())) < 60_000
    assert len(json.dumps(replace(step, failed=failed).write())) < 200_000
    assert read_step(step.write()).checksums.dump() == checksums.dump()


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "sleeping"},
        {"ledger": "AAAA"},
        {"ledger": "#"},
        {"stores": 5},
        {"number": "x"},
        {"counts": {"a": "b"}},
        {"failed": {"1234567890": {"reason": "no cursor"}}},
    ],
)
def test_a_step_that_was_tampered_with_is_refused(change: dict[str, Any], pipeline: Pipeline) -> None:
    step = pipeline.reconciler.start(ReconcileRequest("request", datetime.now(UTC)))

    with pytest.raises(MalformedEventError, match="not a step of a reconciliation"):
        read_step(step.write() | change)
