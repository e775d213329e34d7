"""Walking whole stores."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import ReadTimeoutError
from readset_sync.model.comparison import EVERYTHING, RefreshScope
from readset_sync.model.errors import StoreNotFoundError
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.breaker import MOST_ALIKE
from readset_sync.stores.verification import DriftStatus, ReadSetResult, RowDrift, StoreListing
from readset_sync.sync import Change, Outcome, Replaced

from tests.readset_sync.conftest import Store

pytestmark = pytest.mark.usefixtures("short_pages")

Fill = Callable[..., Iterator[list[ReadSetResult]]]


@pytest.fixture(params=["one pass", "two passes"])
def fill(request: pytest.FixtureRequest, store: Store) -> Fill:
    """Backfills a store; yields the results page by page, but those of a listing pass that created rows."""

    def fill(store_id: str, scope: RefreshScope = EVERYTHING) -> Iterator[list[ReadSetResult]]:
        backfill = Backfill(store.source, store.table, store.executor, scope)
        if request.param == "one pass":
            yield from (batch.results for batch in backfill.in_one_pass(store_id))
            return
        pending = PendingRefreshes(f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{store_id}")
        for batch in backfill.refresh_pending([pending], backfill.create_listed_rows(pending)):
            if said := [each for each in batch.results if not each.change or each.change.outcome is not Outcome.LISTED]:
                yield said

    return fill


def outcomes(pages: Iterator[list[ReadSetResult]]) -> list[Outcome | None]:
    return [result.change.outcome if result.change else None for page in pages for result in page]


def test_a_backfill_writes_every_row_and_a_second_one_changes_none(store: Store, fill: Fill) -> None:
    arns = [store.add(tags={"n": str(n)}) for n in range(9)]
    archived = store.add(status="ARCHIVED")

    first = list(fill(store.id))
    again = outcomes(fill(store.id))

    assert [len(page) for page in first] == [4, 4, 2]
    assert outcomes(iter(first)) == [Outcome.CREATED] * 10
    assert again == [Outcome.UNCHANGED] * 10
    assert sorted(store.table.arns(f"{archived.store_arn}/")) == sorted(str(arn) for arn in [*arns, archived])
    assert store.drift(deep=True) == []


def test_a_repeat_costs_no_metadata_for_archived_read_sets(store: Store, fill: Fill) -> None:
    archived = [store.add(status="ARCHIVED", tags={"a": "b"}) for _ in range(3)]
    active = store.add()
    list(fill(store.id))
    store.tag(archived[0], new="tag")
    store.sandbox.omics.calls.clear()

    assert sorted(map(str, outcomes(fill(store.id)))) == ["unchanged"] * 3 + ["updated"]

    assert store.sandbox.omics.calls == {"ListReadSets": 1, "ListTagsForResource": 4, "GetReadSetMetadata": 1}
    assert store.row(archived[0])["tags"] == [{"a": "b"}, {"new": "tag"}]
    assert store.row(active)["set_status"] == "ACTIVE"


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
    row = store.row(arn) if kind != "none" else {}
    if kind == "untagged":
        store.table.delete(str(arn))
        store.synchronizer.refresh_from(arn, None, tags=False)
    elif kind == "renamed":
        store.rename(arn)
    elif kind == "of another tool":
        store.table.delete(str(arn))
        assert store.table.put({name: row[name] for name in row if not name.startswith("sync")}, replacing=None)
    elif kind == "edited":
        assert store.table.put(row | {"files": []}, replacing=row)
    store.sandbox.omics.calls.clear()

    outcomes(fill(store.id, scope))

    assert store.sandbox.omics.calls == {"ListReadSets": 1} | calls
    assert store.row(arn).get("tags") == ([{"a": "b"}] if scope.tags or kind == "complete" else None)


def test_without_tags_a_call_is_saved_and_a_row_keeps_those_that_it_has(store: Store, fill: Fill) -> None:
    known = store.add(tags={"a": "b"})
    list(fill(store.id))
    before = store.row(known)
    store.tag(known, new="tag")
    store.rename(known)
    new = store.add(tags={"c": "d"})
    store.sandbox.omics.calls.clear()

    assert sorted(map(str, outcomes(fill(store.id, RefreshScope(tags=False))))) == ["created", "updated"]

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
    assert store.sandbox.omics.calls == {"ListReadSets": 1}
    assert store.drift(deep=True)[1:] == [RowDrift(str(new), DriftStatus.STALE, ("sync_state", "tags"))]

    [results] = fill(store.id)

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
    list(fill(store.id))
    began = store.source.store(store.id).as_of
    store.rename(renamed)
    store.change_row(edited, tags=[{"a": "forged"}])
    store.table.delete(str(untagged))
    store.synchronizer.refresh_from(untagged, None, tags=False)
    store.change_row(aged, synced_at="2020-01-01T00:00:00Z")
    missing = store.add()
    store.sandbox.omics.calls.clear()

    found = [each for page in fill(store.id, RefreshScope(since=began)) for each in page]

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
    list(fill(store.id, RefreshScope(since=began)))
    assert store.sandbox.omics.calls == {"ListReadSets": 3}
    list(fill(store.id, RefreshScope(since=began + timedelta(days=1))))
    assert store.sandbox.omics.calls == {"ListReadSets": 6, "GetReadSetMetadata": 10, "ListTagsForResource": 10}


def test_a_repeat_without_tags_leaves_what_was_synced_without_tags(store: Store, fill: Fill) -> None:
    for _ in range(3):
        store.add()
    scope = RefreshScope(tags=False, since=store.source.store(store.id).as_of)
    assert outcomes(fill(store.id, scope)) == [Outcome.CREATED] * 3
    store.sandbox.omics.calls.clear()

    assert outcomes(fill(store.id, scope)) == [Outcome.UNCHANGED] * 3

    assert store.sandbox.omics.calls == {"ListReadSets": 1}


def test_a_read_set_that_fails_is_reported_and_the_rest_goes_on(store: Store, fill: Fill) -> None:
    bad, good = store.add(), store.add()
    store.sandbox.omics.faults.add(
        "GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad.read_set_id
    )

    [results] = list(fill(store.id))

    by_arn = {result.arn: result for result in results}
    assert by_arn[str(bad)] == ReadSetResult(str(bad), None, ANY)
    assert "GetReadSetMetadata: AccessDeniedException" in by_arn[str(bad)].reason
    assert store.table.get(str(good)) is not None


def test_a_store_that_does_not_exist_is_an_error(fill: Fill) -> None:
    with pytest.raises(StoreNotFoundError, match="no sequence store 9999999999 in us-west-2"):
        list(fill("9999999999"))


def test_verify_reports_every_kind_of_difference_and_nothing_else(store: Store, fill: Fill) -> None:
    same, renamed, edited, missing, gone = (store.add(tags={"a": "b"}) for _ in range(5))
    uploading = store.add(status="PROCESSING_UPLOAD")
    list(fill(store.id))
    assert store.drift() == []

    store.rename(renamed, "another name")
    store.change_row(edited, tags=[{"a": "forged"}])
    for arn in (missing, uploading):
        store.table.delete(str(arn))
    with store.events_lost():
        store.set_status(gone, "DELETED")

    found = {finding.arn: finding for finding in store.drift()}

    assert found == {
        str(renamed): RowDrift(str(renamed), DriftStatus.STALE, ("set_name",)),
        str(edited): RowDrift(str(edited), DriftStatus.STALE, ("tags",)),
        str(missing): RowDrift(str(missing), DriftStatus.MISSING),
        str(gone): RowDrift(str(gone), DriftStatus.ORPHANED),
    }
    assert str(same) not in found


def test_only_a_deep_verify_sees_tags_that_changed_at_the_source(store: Store, fill: Fill) -> None:
    arn = store.add()
    list(fill(store.id))
    store.tag(arn, new="tag")

    assert store.drift() == []
    assert store.drift(deep=True) == [RowDrift(str(arn), DriftStatus.STALE, ("tags",))]


def test_verify_costs_a_call_for_a_page_of_read_sets(store: Store, fill: Fill) -> None:
    for _ in range(6):
        store.add()
    list(fill(store.id))
    store.sandbox.omics.calls.clear()

    store.drift()

    assert store.sandbox.omics.calls == {"ListReadSets": 2}


def test_prune_deletes_rows_whose_read_set_is_gone_and_no_others(store: Store, fill: Fill) -> None:
    stays, gone = store.add(), store.add()
    other = store.another()
    elsewhere = other.add()
    list(fill(store.id))
    list(fill(other.id))
    store.set_status(gone, "DELETED")
    other.set_status(elsewhere, "DELETED")

    results = store.verifier.prune([store.verifier.listing(store.id)])

    assert [(result.arn, result.change and result.change.outcome) for result in results] == [
        (str(gone), Outcome.DELETED)
    ]
    assert sorted(store.table.arns("arn:")) == sorted([str(stays), str(elsewhere)])


def test_prune_spares_a_read_set_that_came_after_the_listing(store: Store, fill: Fill) -> None:
    listing = store.verifier.listing(store.id)
    newcomer = store.add()
    list(fill(store.id))

    assert store.verifier.prune([listing]) == []
    assert store.table.get(str(newcomer)) is not None


def test_prune_refuses_a_listing_that_is_not_complete(store: Store) -> None:
    for _ in range(5):
        store.add()
    listing = StoreListing(store.verifier.listing(store.id).store_arn)
    next(store.verifier.pages(store.id, listing))

    with pytest.raises(ValueError, match="is not complete"):
        store.verifier.prune([listing])


def test_a_plan_writes_nothing(store: Store) -> None:
    arn, uploading = store.add(), store.add(status="PROCESSING_UPLOAD")
    listing = StoreListing(arn.store_arn)

    found = [each for page in store.verifier.dry_run(store.id, listing) for each in page]

    assert {each.arn: each.status for each in found} == {
        str(arn): DriftStatus.MISSING,
        str(uploading): DriftStatus.MISSING,
    }
    assert list(store.table.arns("arn:")) == []


def test_an_archived_row_that_lacks_what_no_listing_shows_is_read_in_full_and_mended(store: Store, fill: Fill) -> None:
    arn = store.add(status="ARCHIVED", creation_job_id="5555555555")
    store.synchronizer.refresh(arn)
    row = store.row(arn)
    lacking = {name: value for name, value in row.items() if name != "set_creation_job_id"}
    assert store.table.put(lacking, replacing=row)

    assert store.drift() == [RowDrift(str(arn), DriftStatus.STALE, ("set_creation_job_id",))]
    assert outcomes(fill(store.id)) == [Outcome.UPDATED]
    assert store.drift(deep=True) == []


def test_a_row_that_claims_to_be_newer_than_the_listing_is_compared_in_full(store: Store, fill: Fill) -> None:
    arn = store.add(status="ARCHIVED")
    list(fill(store.id))
    store.change_row(arn, status_at="9999-01-01T00:00:00Z", set_name="forged")

    assert store.drift() == [RowDrift(str(arn), DriftStatus.STALE, ("set_name",))]
    assert outcomes(fill(store.id)) == [Outcome.UPDATED]


def test_rows_of_a_store_that_is_gone_are_found_when_every_store_was_listed(store: Store, fill: Fill) -> None:
    store.add()
    gone = store.another()
    orphan = gone.add()
    list(fill(gone.id))
    [arn] = store.table.arns("arn:")
    gone.set_status(orphan, "DELETED")
    store.sandbox.client("omics").delete_sequence_store(id=gone.id)
    listing = store.verifier.listing(store.id)

    assert store.verifier.orphans([listing]) == []
    assert store.verifier.orphans([listing], every_store=True) == [RowDrift(arn, DriftStatus.ORPHANED)]
    assert [result.arn for result in store.verifier.prune([listing], every_store=True)] == [arn]
    assert list(store.table.arns("arn:")) == []


def test_an_unlisted_row_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, fill: Fill
) -> None:
    unreadable, other = store.add(), store.add()
    list(fill(store.id))
    for arn in (unreadable, other):
        store.set_status(arn, "DELETED")
    get = store.table.get

    def failing(arn: str) -> Any:
        if arn == str(unreadable):
            raise ReadTimeoutError(endpoint_url="dynamodb")
        return get(arn)

    monkeypatch.setattr(store.table, "get", failing)

    states = {finding.arn: finding.status for finding in store.drift()}

    assert states == {str(unreadable): DriftStatus.FAILED, str(other): DriftStatus.ORPHANED}


def test_read_sets_that_fail_in_the_examination_and_in_the_repair_count_once(store: Store) -> None:
    arns = store.synced(MOST_ALIKE - 1)
    store.sandbox.omics.faults.add("GetReadSetMetadata", "AccessDeniedException")

    verifier = store.verifier
    found = [each for page in verifier.verify(store.id, StoreListing(store.own_arn), deep=True) for each in page]
    repaired = verifier.repair(found)

    assert [each.status for each in found] == [DriftStatus.FAILED] * len(arns)
    assert [each.change for each in repaired] == [None] * len(arns)
