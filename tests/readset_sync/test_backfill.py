"""Walking whole stores."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import ReadTimeoutError
from omics_sandbox import Sandbox
from readset_sync.backfill import Finding, Listing, Result, State, StoreWalker
from readset_sync.errors import StoreNotFoundError
from readset_sync.source import Source
from readset_sync.sync import Outcome
from readset_sync.table import Table


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def walker(source: Source, table: Table, executor: Executor) -> StoreWalker:
    return StoreWalker(source, table, executor)


def outcomes(pages: Iterator[list[Result]]) -> list[Outcome | None]:
    return [result.change.outcome if result.change else None for page in pages for result in page]


def drift(walker: StoreWalker, store_id: str, *, deep: bool = False) -> list[Finding]:
    listing = Listing(f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{store_id}")
    found = [each for page in walker.verify(store_id, listing, deep=deep) for each in page]
    return [each for each in found + walker.orphans([listing]) if each.state is not State.IN_SYNC]


def test_a_backfill_writes_every_row_and_a_second_one_changes_none(
    store: Any, walker: StoreWalker, table: Table, source: Source
) -> None:
    arns = [store.add(tags={"n": str(n)}) for n in range(205)]
    archived = store.add(status="ARCHIVED")

    first = list(walker.backfill(store.id))
    again = outcomes(walker.backfill(store.id))

    assert [len(page) for page in first] == [100, 100, 6]
    assert outcomes(iter(first)) == [Outcome.CREATED] * 206
    assert again == [Outcome.UNCHANGED] * 206
    assert sorted(table.arns(f"{archived.store_arn}/")) == sorted(str(arn) for arn in [*arns, archived])
    assert drift(walker, store.id, deep=True) == []


def test_a_repeat_costs_no_metadata_for_archived_read_sets(
    store: Any, sandbox: Sandbox, walker: StoreWalker, table: Table
) -> None:
    archived = [store.add(status="ARCHIVED", tags={"a": "b"}) for _ in range(5)]
    active = store.add()
    list(walker.backfill(store.id))
    sandbox.client("omics").tag_resource(resourceArn=str(archived[0]), tags={"new": "tag"})
    sandbox.omics.calls.clear()

    assert sorted(map(str, outcomes(walker.backfill(store.id)))) == ["unchanged"] * 5 + ["updated"]

    assert sandbox.omics.calls == {"ListReadSets": 1, "ListTagsForResource": 6, "GetReadSetMetadata": 1}
    assert (table.get(str(archived[0])) or {})["tags"] == [{"a": "b"}, {"new": "tag"}]
    assert (table.get(str(active)) or {})["set_status"] == "ACTIVE"


def test_a_read_set_that_fails_is_reported_and_the_rest_goes_on(
    store: Any, sandbox: Sandbox, walker: StoreWalker, table: Table
) -> None:
    bad, good = store.add(), store.add()
    sandbox.omics.faults.add(
        "GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad.read_set_id
    )

    [results] = list(walker.backfill(store.id))

    by_arn = {result.arn: result for result in results}
    assert by_arn[str(bad)] == Result(str(bad), None, ANY)
    assert "GetReadSetMetadata: AccessDeniedException" in by_arn[str(bad)].reason
    assert table.get(str(good)) is not None


def test_a_store_that_does_not_exist_is_an_error(walker: StoreWalker) -> None:
    with pytest.raises(StoreNotFoundError, match="no sequence store 9999999999 in us-west-2"):
        list(walker.backfill("9999999999"))


def test_verify_reports_every_kind_of_difference_and_nothing_else(
    store: Any, sandbox: Sandbox, walker: StoreWalker, table: Table
) -> None:
    same, renamed, edited, missing, gone = (store.add(tags={"a": "b"}) for _ in range(5))
    uploading = store.add(status="PROCESSING_UPLOAD")
    list(walker.backfill(store.id))
    assert drift(walker, store.id) == []

    sandbox.omics.update_read_set(store.id, renamed.read_set_id, name="another name")
    row = table.get(str(edited)) or {}
    assert table.put(row | {"tags": [{"a": "forged"}]}, replacing=row)
    for arn in (missing, uploading):
        table.delete(str(arn))
    sandbox.omics.emit_events = False
    store.set_status(gone, "DELETED")
    sandbox.omics.emit_events = True

    found = {finding.arn: finding for finding in drift(walker, store.id)}

    assert found == {
        str(renamed): Finding(str(renamed), State.STALE, ("set_name",)),
        str(edited): Finding(str(edited), State.STALE, ("tags",)),
        str(missing): Finding(str(missing), State.MISSING),
        str(gone): Finding(str(gone), State.ORPHANED),
    }
    assert str(same) not in found


def test_only_a_deep_verify_sees_tags_that_changed_at_the_source(
    store: Any, sandbox: Sandbox, walker: StoreWalker
) -> None:
    arn = store.add()
    list(walker.backfill(store.id))
    sandbox.client("omics").tag_resource(resourceArn=str(arn), tags={"new": "tag"})

    assert drift(walker, store.id) == []
    assert drift(walker, store.id, deep=True) == [Finding(str(arn), State.STALE, ("tags",))]


def test_verify_costs_a_call_for_a_hundred_read_sets(store: Any, sandbox: Sandbox, walker: StoreWalker) -> None:
    for _ in range(150):
        store.add()
    list(walker.backfill(store.id))
    sandbox.omics.calls.clear()

    drift(walker, store.id)

    assert sandbox.omics.calls == {"ListReadSets": 2}


def test_prune_deletes_rows_whose_read_set_is_gone_and_no_others(
    store: Any, sandbox: Sandbox, walker: StoreWalker, table: Table
) -> None:
    stays, gone = store.add(), store.add()
    other_store = sandbox.omics.create_store("other")
    elsewhere = store.arn(sandbox.omics.create_read_set(other_store, name="x"))
    list(walker.backfill(store.id))
    list(walker.backfill(other_store))
    store.set_status(gone, "DELETED")
    sandbox.omics.set_status(other_store, elsewhere.read_set_id, "DELETED")

    results = walker.prune([walker.listing(store.id)])

    assert [(result.arn, result.change and result.change.outcome) for result in results] == [
        (str(gone), Outcome.DELETED)
    ]
    prefix = "arn:aws:omics:us-west-2:123456789012:sequenceStore/"
    assert sorted(table.arns(prefix)) == sorted([str(stays), f"{prefix}{other_store}/readSet/{elsewhere.read_set_id}"])


def test_prune_spares_a_read_set_that_came_after_the_listing(store: Any, walker: StoreWalker, table: Table) -> None:
    listing = walker.listing(store.id)
    newcomer = store.add()
    list(walker.backfill(store.id))

    assert walker.prune([listing]) == []
    assert table.get(str(newcomer)) is not None


def test_prune_refuses_a_listing_that_is_not_complete(store: Any, sandbox: Sandbox, walker: StoreWalker) -> None:
    for _ in range(101):
        store.add()
    listing = Listing(walker.listing(store.id).store_arn)
    next(walker.pages(store.id, listing))

    with pytest.raises(ValueError, match="is not complete"):
        walker.prune([listing])


def test_a_plan_writes_nothing(store: Any, walker: StoreWalker, table: Table) -> None:
    arn, uploading = store.add(), store.add(status="PROCESSING_UPLOAD")
    listing = Listing(arn.store_arn)

    found = [each for page in walker.plan(store.id, listing) for each in page]

    assert {each.arn: each.state for each in found} == {str(arn): State.MISSING, str(uploading): State.MISSING}
    assert list(table.arns("arn:")) == []


def test_an_archived_row_that_lacks_what_no_listing_shows_is_read_in_full_and_mended(
    store: Any, walker: StoreWalker, table: Table
) -> None:
    arn = store.add(status="ARCHIVED", creation_job_id="5555555555")
    list(walker.backfill(store.id))
    row = table.get(str(arn)) or {}
    lacking = {name: value for name, value in row.items() if name != "set_creation_job_id"}
    assert table.put(lacking, replacing=row)

    assert drift(walker, store.id) == [Finding(str(arn), State.STALE, ("set_creation_job_id",))]
    assert outcomes(walker.backfill(store.id)) == [Outcome.UPDATED]
    assert drift(walker, store.id, deep=True) == []


def test_a_row_that_claims_to_be_newer_than_the_listing_is_compared_in_full(
    store: Any, walker: StoreWalker, table: Table
) -> None:
    arn = store.add(status="ARCHIVED")
    list(walker.backfill(store.id))
    row = table.get(str(arn)) or {}
    assert table.put(row | {"status_at": "9999-01-01T00:00:00Z", "set_name": "forged"}, replacing=row)

    assert drift(walker, store.id) == [Finding(str(arn), State.STALE, ("set_name",))]
    assert outcomes(walker.backfill(store.id)) == [Outcome.UPDATED]


def test_rows_of_a_store_that_is_gone_are_found_when_every_store_was_listed(
    store: Any, sandbox: Sandbox, walker: StoreWalker, table: Table
) -> None:
    store.add()
    gone = sandbox.omics.create_store("gone")
    orphan = store.arn(sandbox.omics.create_read_set(gone, name="x"))
    list(walker.backfill(gone))
    [arn] = table.arns("arn:")
    sandbox.omics.set_status(gone, orphan.read_set_id, "DELETED")
    sandbox.client("omics").delete_sequence_store(id=gone)
    listing = walker.listing(store.id)

    assert walker.orphans([listing]) == []
    assert walker.orphans([listing], every_store=True) == [Finding(arn, State.ORPHANED)]
    assert [result.arn for result in walker.prune([listing], every_store=True)] == [arn]
    assert list(table.arns("arn:")) == []


def test_an_unlisted_row_that_cannot_be_read_is_reported_and_the_rest_goes_on(
    store: Any, walker: StoreWalker, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable, other = store.add(), store.add()
    list(walker.backfill(store.id))
    for arn in (unreadable, other):
        store.set_status(arn, "DELETED")
    get = table.get

    def failing(arn: str) -> Any:
        if arn == str(unreadable):
            raise ReadTimeoutError(endpoint_url="dynamodb")
        return get(arn)

    monkeypatch.setattr(table, "get", failing)

    states = {finding.arn: finding.state for finding in drift(walker, store.id)}

    assert states == {str(unreadable): State.FAILED, str(other): State.ORPHANED}
