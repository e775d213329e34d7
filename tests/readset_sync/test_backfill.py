"""Walking whole stores: a backfill in one pass and in two, verification, pruning, and what is in flight meanwhile."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from unittest.mock import ANY, Mock

import pytest
from botocore.exceptions import ClientError
from readset_sync.aws.healthomics import ListingPage
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.comparison import EVERYTHING, RefreshScope
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.backfill import Backfill, BackfillPass, Batch, PendingRefreshes
from readset_sync.stores.breaker import MOST_ALIKE
from readset_sync.stores.verification import DriftStatus, ReadSetResult, RowDrift, StoreListing
from readset_sync.sync import Change, Outcome, Replaced

from tests.readset_sync.conftest import Store

pytestmark = pytest.mark.usefixtures("short_pages")

Fill = Callable[..., Iterator[list[ReadSetResult]]]
Happens = Callable[[Store, ReadSetArn, datetime], object]


class Passes:
    """The two passes of a backfill over one store: rows from the listing at once, and the rest of each after that."""

    def __init__(self, store: Store, scope: RefreshScope = EVERYTHING) -> None:
        self.backfill = Backfill(store.source, store.table, store.executor, scope)
        self.pending = PendingRefreshes(store.own_arn)

    def both(self) -> Iterator[Batch]:
        """Run both, the second while the first goes on; yield what was done."""
        return self.backfill.refresh_pending([self.pending], self.backfill.create_listed_rows(self.pending))

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


@pytest.fixture(params=["one pass", "two passes"])
def fill(request: pytest.FixtureRequest, store: Store) -> Fill:
    """Backfills the store; yields the results page by page, but those of a listing pass that created rows."""

    def fill(scope: RefreshScope = EVERYTHING) -> Iterator[list[ReadSetResult]]:
        passes = Passes(store, scope)
        for batch in passes.backfill.in_one_pass(store.id) if request.param == "one pass" else passes.both():
            if said := [each for each in batch.results if not each.change or each.change.outcome is not Outcome.LISTED]:
                yield said

    return fill


def outcomes(pages: Iterator[list[ReadSetResult]]) -> list[Outcome | None]:
    return [result.change.outcome if result.change else None for page in pages for result in page]


def test_a_backfill_writes_every_row_and_a_second_one_changes_none(store: Store, fill: Fill) -> None:
    arns = [store.add(tags={"n": str(n)}) for n in range(9)]
    archived = store.add(status="ARCHIVED")

    first = list(fill())
    again = outcomes(fill())

    assert [len(page) for page in first] == [4, 4, 2]
    assert outcomes(iter(first)) == [Outcome.CREATED] * 10
    assert again == [Outcome.UNCHANGED] * 10
    assert sorted(store.table.arns(f"{archived.store_arn}/")) == sorted(str(arn) for arn in [*arns, archived])
    assert store.drift(deep=True) == []


@pytest.mark.parametrize(
    ("kind", "scope", "calls"),
    [
        ("complete", RefreshScope(), {"ListTagsForResource": 1}),
        ("complete", RefreshScope(tags=False), {}),
        ("complete without files", RefreshScope(), {"ListTagsForResource": 1}),
        ("untagged", RefreshScope(), {"ListTagsForResource": 1}),
        ("untagged", RefreshScope(tags=False), {}),
        ("none", RefreshScope(), {"GetReadSetMetadata": 1, "ListTagsForResource": 1}),
        ("none", RefreshScope(tags=False), {"GetReadSetMetadata": 1}),
        ("renamed", RefreshScope(), {"GetReadSetMetadata": 1, "ListTagsForResource": 1}),
        ("of another tool", RefreshScope(), {"GetReadSetMetadata": 1, "ListTagsForResource": 1}),
        ("edited", RefreshScope(), {"GetReadSetMetadata": 1, "ListTagsForResource": 1}),
    ],
)
def test_what_an_archived_read_set_costs_depends_on_its_row(
    kind: str, scope: RefreshScope, calls: dict[str, int], store: Store, fill: Fill
) -> None:
    store.source.store(store.id)
    arn = store.add(status="ARCHIVED" if kind == "complete without files" else "ACTIVE", tags={"a": "b"})
    if kind != "none":
        store.synchronizer.refresh_from(arn, None)
        store.set_status(arn, "ARCHIVED")
        store.synchronizer.refresh(arn)
    if kind == "untagged":
        store.table.delete(str(arn))
        store.synchronizer.refresh_from(arn, None, tags=False)
    elif kind == "renamed":
        store.rename(arn)
    elif kind == "of another tool":
        store.change_row(arn, sync_revision=None, sync_digest=None, synced_at=None)
    elif kind == "edited":
        store.change_row(arn, files=[])
    store.sandbox.omics.calls.clear()

    outcomes(fill(scope))

    assert store.sandbox.omics.calls == {"ListReadSets": 1} | calls
    assert store.row(arn).get("tags") == ([{"a": "b"}] if scope.tags or kind == "complete" else None)


def test_without_tags_a_call_is_saved_and_a_row_keeps_those_that_it_has(store: Store, fill: Fill) -> None:
    known = store.add(tags={"a": "b"})
    list(fill())
    before, began = store.row(known), store.source.store(store.id).as_of
    store.tag(known, new="tag")
    store.rename(known)
    new = store.add(tags={"c": "d"})
    store.sandbox.omics.calls.clear()

    assert sorted(map(str, outcomes(fill(RefreshScope(tags=False))))) == ["created", "updated"]

    assert store.sandbox.omics.calls == {"ListReadSets": 1, "GetReadSetMetadata": 2}
    kept = store.row(known)
    assert (kept["tags"], kept["set_name"], kept["synced_at"]) == ([{"a": "b"}], "renamed", before["synced_at"])
    assert "sync_state" not in kept
    # A row whose tags have never been read says so, and counts as stale until they have been.
    untagged = store.row(new)
    assert untagged["sync_state"] == "untagged"
    assert untagged["files"]
    assert untagged.keys().isdisjoint({"tags", "synced_at"})
    store.sandbox.omics.calls.clear()
    assert store.drift() == [RowDrift(str(new), DriftStatus.STALE, ("sync_state",))]
    # A repeat without tags leaves what was synced without them.
    assert outcomes(fill(RefreshScope(tags=False, since=began))) == [Outcome.UNCHANGED] * 2
    assert store.sandbox.omics.calls == {"ListReadSets": 2}
    assert store.drift(deep=True)[1:] == [RowDrift(str(new), DriftStatus.STALE, ("sync_state", "tags"))]

    [results] = fill()

    change = Change(Outcome.UPDATED, ("sync_state", "tags"), replaced=Replaced.UNFINISHED)
    assert ReadSetResult(str(new), change) in results
    assert "sync_state" not in store.row(new)
    assert store.drift(deep=True) == []


def test_rows_that_were_synced_lately_cost_nothing_unless_the_listing_contradicts_them(
    store: Store, fill: Fill
) -> None:
    for _ in range(5):
        store.add()
    renamed, edited, untagged, aged = (store.add(tags={"a": "b"}) for _ in range(4))
    list(fill())
    began = store.source.store(store.id).as_of
    store.rename(renamed)
    store.change_row(edited, tags=[{"a": "forged"}])
    store.table.delete(str(untagged))
    store.synchronizer.refresh_from(untagged, None, tags=False)
    store.change_row(aged, synced_at="2020-01-01T00:00:00Z")
    missing = store.add()
    store.sandbox.omics.calls.clear()

    found = [each for page in fill(RefreshScope(since=began)) for each in page]

    assert store.sandbox.omics.calls == {"ListReadSets": 3, "GetReadSetMetadata": 5, "ListTagsForResource": 5}
    assert {each.arn: each.change and each.change.outcome for each in found[-5:]} == {
        str(renamed): "updated",
        str(edited): "updated",
        str(untagged): "updated",
        str(aged): "unchanged",
        str(missing): "created",
    }
    assert [each.change for each in found[:5]] == [Change(Outcome.UNCHANGED)] * 5
    assert store.drift(deep=True) == []

    # AND a repeat costs the listing alone, while an age that none of them has costs all
    store.sandbox.omics.calls.clear()
    list(fill(RefreshScope(since=began)))
    assert store.sandbox.omics.calls == {"ListReadSets": 3}
    list(fill(RefreshScope(since=began + timedelta(days=1))))
    assert store.sandbox.omics.calls == {"ListReadSets": 6, "GetReadSetMetadata": 10, "ListTagsForResource": 10}


def test_a_read_set_that_fails_is_reported_and_the_rest_goes_on(store: Store, fill: Fill) -> None:
    bad, good = store.add(), store.add()
    store.sandbox.omics.faults.add(
        "GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad.read_set_id
    )

    [results] = list(fill())

    by_arn = {result.arn: result for result in results}
    assert by_arn[str(bad)] == ReadSetResult(str(bad), None, ANY)
    assert "GetReadSetMetadata: AccessDeniedException" in by_arn[str(bad)].reason
    assert store.table.get(str(good)) is not None


def test_prune_refuses_a_listing_that_is_not_complete(store: Store) -> None:
    for _ in range(5):
        store.add()
    listing = StoreListing(store.verifier.listing(store.id).store_arn)
    next(store.verifier.pages(store.id, listing))

    with pytest.raises(ValueError, match="is not complete"):
        store.verifier.prune([listing])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"set_creation_job_id": None}, "set_creation_job_id"),  # which no listing shows
        ({"set_name": "forged", "status_at": "9999-01-01T00:00:00Z"}, "set_name"),  # newer than the listing, it says
    ],
)
def test_an_archived_row_that_its_listing_cannot_judge_is_read_in_full_and_mended(
    changes: dict[str, str | None], field: str, store: Store, fill: Fill
) -> None:
    arn = store.add(status="ARCHIVED", creation_job_id="5555555555")
    store.synchronizer.refresh(arn)
    store.change_row(arn, **changes)

    assert store.drift() == [RowDrift(str(arn), DriftStatus.STALE, (field,))]
    assert outcomes(fill()) == [Outcome.UPDATED]
    assert store.drift(deep=True) == []


def test_read_sets_that_fail_in_the_examination_and_in_the_repair_count_once(store: Store) -> None:
    arns = store.synced(MOST_ALIKE - 1)
    store.sandbox.omics.faults.add("GetReadSetMetadata", "AccessDeniedException")

    verifier = store.verifier
    found = [each for page in verifier.verify(store.id, StoreListing(store.own_arn), deep=True) for each in page]
    repaired = verifier.repair(found)

    assert [each.status for each in found] == [DriftStatus.FAILED] * len(arns)
    assert [each.change for each in repaired] == [None] * len(arns)


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
    assert store.synchronizer.refresh(arns[7]).outcome is Outcome.CREATED
    complete = store.row(arns[7])
    assert (complete["tags"], bool(complete["files"]), "sync_state" in complete) == ([{"n": "7"}], True, False)
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


def test_a_row_that_cannot_be_written_is_reported_and_the_rest_goes_on(store: Store, passes: Passes) -> None:
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
    uploading = store.add(status="PROCESSING_UPLOAD")
    before = list(store.table.arns("arn:"))

    [findings] = store.verifier.dry_run(store.id, StoreListing(arn.store_arn))

    assert {each.arn: each.status for each in findings} == dict.fromkeys(
        map(str, (arn, uploading)), DriftStatus.MISSING
    )
    assert list(store.table.arns("arn:")) == before, "a plan writes nothing"
    # AND a verification misses no row of an upload in progress
    assert store.drift() == [RowDrift(str(arn), DriftStatus.STALE, ("sync_state",))]


def test_the_second_pass_begins_while_the_first_goes_on_and_costs_no_more(store: Store) -> None:
    for _ in range(10):
        store.add()
    pending = PendingRefreshes(store.own_arn)
    store.sandbox.omics.calls.clear()
    counted_in: Counter[BackfillPass] = Counter()
    backfill = Backfill(
        store.source, store.table, store.executor, on_read_set=lambda done_in: counted_in.update([done_in])
    )

    def listed() -> Generator[Batch]:
        for batch in backfill.create_listed_rows(pending):
            yield batch
            # All four threads meet only when each has ended what was begun before.
            meeting = Barrier(4)
            for future in [store.executor.submit(meeting.wait, 300) for _ in range(4)]:
                future.result()

    batches = list(backfill.refresh_pending([pending], listed()))

    listing, refresh = BackfillPass.LISTING, BackfillPass.REFRESH
    assert [batch.done_in for batch in batches] == [listing, listing, refresh, listing, refresh, refresh]
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
        list(passes.both())

    assert store.sandbox.omics.calls["ListReadSets"] < 6


def archived_in_the_second_of_the_listing(store: Store, arn: ReadSetArn, listed_at: datetime) -> None:
    store.set_status(arn, "ARCHIVED")
    store.change_row(arn, set_status="ARCHIVED", status_at=format_timestamp(listed_at))


def renamed(store: Store, arn: ReadSetArn, _: datetime) -> None:
    store.rename(arn)
    store.synchronizer.refresh(arn)


def deleted(store: Store, arn: ReadSetArn, _: datetime) -> None:
    store.set_status(arn, "DELETED")
    assert store.table.delete(str(arn))


def created(store: Store, _arn: ReadSetArn, _: datetime) -> None:
    store.synced(1)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("happens", [archived_in_the_second_of_the_listing, renamed, deleted, created])
def test_what_a_listing_does_not_show_yet_is_in_flight_at_the_most(
    happens: Happens, deep: bool, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN rows that have followed a change, and a listing of the moment before it
    arn, _ = store.synced(2)
    pages = store.source.pages

    def behind(store_id: str) -> Iterator[ListingPage]:
        listed = list(pages(store_id))
        happens(store, arn, listed[-1].as_of)
        yield from listed

    monkeypatch.setattr(store.source, "pages", behind)

    findings = store.drift(deep=deep)

    # THEN whatever differs from it is in flight, once it is looked at again
    assert {each.status for each in store.verifier.look_again(findings)} <= {DriftStatus.IN_FLIGHT}
    assert {each.arn for each in findings} <= {str(arn)}
