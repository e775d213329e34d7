"""The two passes of a backfill: rows from the listings at once, and the rest of each row after that."""

from collections import Counter
from collections.abc import Generator, Iterator
from datetime import timedelta
from threading import Barrier
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.comparison import EVERYTHING, RefreshScope
from readset_sync.stores.backfill import Backfill, BackfillPass, Batch, PendingRefreshes
from readset_sync.stores.verification import DriftStatus, RowDrift, StoreListing
from readset_sync.sync import Change, Outcome

from tests.readset_sync.conftest import Store

pytestmark = pytest.mark.usefixtures("short_pages")


class Passes:
    """The two passes of a backfill over one store, each by itself."""

    def __init__(self, store: Store, scope: RefreshScope = EVERYTHING) -> None:
        self.backfill = Backfill(store.source, store.table, store.executor, scope)
        self.pending = PendingRefreshes(store.own_arn)

    def list(self) -> Counter[str]:
        """Run the first pass; return what became of how many read sets."""
        return counted(self.backfill.create_listed_rows(self.pending))

    def refresh(self) -> Counter[str]:
        """Run the second pass alone, over a store that has been listed."""
        return counted(self.backfill.refresh_pending([self.pending], (batch for batch in ())))


@pytest.fixture
def passes(store: Store) -> Passes:
    return Passes(store)


def counted(batches: Iterator[Batch]) -> Counter[str]:
    results = [result for batch in batches for result in batch.results]
    return Counter(result.change.outcome if result.change else "failed" for result in results)


@pytest.fixture
def within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes, a row is refreshed in the second of the listing: nobody can tell which came first."""
    monkeypatch.setattr("readset_sync.sync.synced_since", Mock(return_value=False))


@pytest.mark.usefixtures("within_a_second")
def test_the_first_pass_costs_the_listing_and_makes_rows_that_say_what_they_lack(store: Store, passes: Passes) -> None:
    arns = [store.add(tags={"n": str(n)}, creation_job_id="5555555555") for n in range(9)]
    store.sandbox.omics.calls.clear()
    # WHEN
    assert passes.list() == {"listed": 9}
    # THEN every row holds all that a listing has
    assert store.sandbox.omics.calls == {"GetSequenceStore": 1, "ListReadSets": 3}
    listed = store.row(arns[7])
    assert listed["sync_state"] == "listed"
    store.synchronizer.refresh(arns[7])
    complete = store.row(arns[7])
    shown = complete.keys() - {"files", "tags", "set_creation_job_id", "set_total_size", "synced_at"}
    assert listed.keys() == shown | {"sync_state"}
    anew = {"status_at", "sync_revision", "sync_digest"}
    assert {name: listed[name] for name in shown - anew} == {name: complete[name] for name in shown - anew}
    # AND the others are known to be incomplete at the cost of a listing
    store.sandbox.omics.calls.clear()
    found = store.drift()
    assert found == [RowDrift(str(arn), DriftStatus.STALE, ("sync_state",)) for arn in arns if arn != arns[7]]
    assert store.sandbox.omics.calls == {"ListReadSets": 3}
    # AND the second pass completes them all with two calls each, and lists nothing
    store.sandbox.omics.calls.clear()
    assert passes.refresh() == {"created": 8, "unchanged": 1}
    assert store.sandbox.omics.calls == {"GetReadSetMetadata": 9, "ListTagsForResource": 9}
    assert store.drift() == []


def test_a_row_that_exists_is_left_alone_by_the_first_pass(store: Store, passes: Passes) -> None:
    arn, late = store.add(tags={"a": "b"}), store.add()
    store.synchronizer.refresh(arn)
    before = store.row(arn)
    store.rename(arn)
    get_many = store.table.get_many

    def then_refreshed(arns: Any) -> Any:
        """As when an event makes a row between the look at the table and the write."""
        rows = get_many(arns)
        store.synchronizer.refresh(late)
        return rows

    store.table.get_many = then_refreshed  # pyright: ignore[reportAttributeAccessIssue]
    assert passes.list() == {}

    assert store.row(arn) == before
    assert "sync_state" not in store.row(late)
    assert list(passes.pending.read_set_ids) == [arn.read_set_id, late.read_set_id]


def test_a_status_event_counts_for_a_row_that_is_not_complete(store: Store, passes: Passes) -> None:
    arn = store.add()
    passes.list()
    time = store.source.store(store.id, after=store.source.store(store.id).as_of - timedelta(1)).as_of + timedelta(
        minutes=1
    )

    changed = store.synchronizer.apply(ReadSetEvent("event", arn, "DELETING", None, time))

    assert changed == Change(Outcome.UPDATED, ("set_status",))
    row = store.row(arn)
    assert (row["set_status"], row["sync_state"]) == ("DELETING", "listed")


def test_an_event_completes_a_row(store: Store, passes: Passes) -> None:
    arn = store.add(tags={"a": "b"})
    passes.list()

    assert store.synchronizer.refresh(arn).outcome is Outcome.CREATED

    row = store.row(arn)
    assert "sync_state" not in row
    assert (row["tags"], bool(row["files"]), "synced_at" in row) == ([{"a": "b"}], True, True)
    assert passes.refresh() == {"unchanged": 1}


def test_a_read_set_that_went_between_the_passes_leaves_no_row(store: Store, passes: Passes) -> None:
    gone, forgotten, stays = (store.add() for _ in range(3))
    passes.list()
    # One whose event was lost, and one whose event has had its row deleted.
    for arn in (gone, forgotten):
        store.set_status(arn, "DELETED")
    store.table.delete(str(gone))
    store.sandbox.omics.calls.clear()

    assert passes.refresh() == {"absent": 1, "deleted": 1, "created": 1}

    assert list(store.table.arns("arn:")) == [str(stays)]
    # Whether one is gone, is asked twice.
    assert store.sandbox.omics.calls == {"GetReadSetMetadata": 3, "ListTagsForResource": 1}


def test_a_row_that_cannot_be_written_is_reported_and_the_rest_goes_on(
    store: Store, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = store.add(name="x" * 420_000), store.add()

    batches = list(passes.backfill.create_listed_rows(passes.pending))

    [failed] = [each for batch in batches for each in batch.results if each.change is None]
    assert failed.arn == str(bad)
    assert "PutItem: ValidationException" in failed.reason
    assert list(passes.pending.read_set_ids) == [good.read_set_id]


def test_what_failed_and_is_refreshed_again_leaves_no_ghost(
    store: Store, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN read sets without rows, of which one goes, and is forgotten, between its reading and the writing of its row
    going, gone, stays = (store.add() for _ in range(3))
    store.set_status(gone, "DELETED")
    read_set = store.source.read_set

    def then_gone(arn: ReadSetArn, *, tags: bool) -> Any:
        answer = read_set(arn, tags=tags)
        if arn == going and store.table.get(str(arn)) is None:
            store.set_status(arn, "DELETED")
        return answer

    monkeypatch.setattr(store.source, "read_set", then_gone)

    [results] = passes.backfill.refresh_again([str(arn) for arn in (going, gone, stays)])

    assert [result.change and result.change.outcome for result in results] == ["deleted", "absent", "created"]
    assert list(store.table.arns("arn:")) == [str(stays)]


@pytest.mark.usefixtures("within_a_second")
def test_the_row_that_a_listing_confirmed_needs_its_tags_alone_for_as_long_as_it_is_that_row(store: Store) -> None:
    same, changed = (store.add(status="ARCHIVED", tags={"a": "b"}) for _ in range(2))
    passes = Passes(store, RefreshScope())
    list(passes.backfill.in_one_pass(store.id))
    passes.list()
    for arn in (same, changed):
        store.tag(arn, new="tag")
    store.rename(changed)
    store.synchronizer.refresh(changed)
    store.rename(changed, "renamed again")
    store.sandbox.omics.calls.clear()

    assert passes.refresh() == {"updated": 2}

    assert store.sandbox.omics.calls == {"GetReadSetMetadata": 1, "ListTagsForResource": 2}
    assert store.row(changed)["set_name"] == "renamed again"
    assert [store.row(arn)["tags"] for arn in (same, changed)] == [[{"a": "b"}, {"new": "tag"}]] * 2


def test_a_plan_counts_a_row_that_only_a_listing_has_written_as_one_to_create(store: Store, passes: Passes) -> None:
    arn = store.add()
    passes.list()

    [[finding]] = store.verifier.dry_run(store.id, StoreListing(arn.store_arn))

    assert finding == RowDrift(str(arn), DriftStatus.MISSING)


def test_the_second_pass_begins_while_the_first_goes_on_and_costs_no_more(store: Store) -> None:
    for _ in range(10):
        store.add()
    pending = PendingRefreshes(store.own_arn)
    store.sandbox.omics.calls.clear()
    counted_in: Counter[BackfillPass] = Counter()
    backfill = Backfill(
        store.source, store.table, store.executor, on_read_set=lambda done_in: counted_in.update([done_in])
    )
    seen: list[BackfillPass] = []

    def listing() -> Generator[Batch]:
        for batch in backfill.create_listed_rows(pending):
            yield batch
            # All four threads meet only when each has ended what was begun before.
            meeting = Barrier(4)
            for future in [store.executor.submit(meeting.wait, 300) for _ in range(4)]:
                future.result()

    batches: list[Batch] = []
    for batch in backfill.refresh_pending([pending], listing()):
        seen.append(batch.done_in)
        batches.append(batch)

    assert seen == [
        BackfillPass.LISTING,
        BackfillPass.LISTING,
        BackfillPass.REFRESH,
        BackfillPass.LISTING,
        BackfillPass.REFRESH,
        BackfillPass.REFRESH,
    ]
    assert [len(batch.results) for batch in batches] == [4, 4, 4, 2, 4, 2]
    assert counted_in == {BackfillPass.LISTING: 10, BackfillPass.REFRESH: 10}
    assert store.sandbox.omics.calls == {
        "GetSequenceStore": 1,
        "ListReadSets": 3,
        "GetReadSetMetadata": 10,
        "ListTagsForResource": 10,
    }
    assert store.drift() == []


def test_what_stops_the_second_pass_stops_the_first(store: Store, passes: Passes) -> None:
    for _ in range(24):
        store.add()
    store.sandbox.omics.faults.add("GetReadSetMetadata", "ExpiredTokenException")
    store.sandbox.omics.calls.clear()

    with pytest.raises(ClientError, match="ExpiredToken"):
        list(passes.backfill.refresh_pending([passes.pending], passes.backfill.create_listed_rows(passes.pending)))

    assert store.sandbox.omics.calls["ListReadSets"] < 6
