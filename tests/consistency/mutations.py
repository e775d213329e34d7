# Mutations reach into what they break.
# pyright: reportPrivateUsage=false
"""Deliberate faults in the write protocol. A test that cannot tell them from the real thing is worth nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from readset_sync.aws import table as table_module
from readset_sync.aws.bulk_tags import BulkTags, Tags
from readset_sync.aws.healthomics import HealthOmics, ListingPage, ReadSet
from readset_sync.aws.table import Table
from readset_sync.constants import KEY
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model import comparison
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.model.comparison import Comparison, Need, RefreshScope
from readset_sync.model.errors import ReadSetNotFoundError
from readset_sync.model.record import STATUS_AT, SYNC_STATE, Response, Row, listed_row, store_attributes, tag_list
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.verification import StoreListing, Verifier
from readset_sync.sync import Change, KnownTags, Outcome, Synchronizer


@dataclass(frozen=True)
class Mutation:
    """A fault: what it is called, how it is brought in, and the scenario that finds it."""

    name: str
    bring_in: Callable[[pytest.MonkeyPatch], None]
    scenario: str


MUTATIONS: list[Mutation] = []
_BringIn = Callable[[pytest.MonkeyPatch], None]


def _mutation(name: str, *, scenario: str) -> Callable[[_BringIn], _BringIn]:
    def add(bring_in: _BringIn) -> _BringIn:
        MUTATIONS.append(Mutation(name, bring_in, scenario))
        return bring_in

    return add


def _put_without_a_condition(table: Table, row: Row) -> None:
    item = {name: table_module._serialize(value) for name, value in row.items()}
    table._client.put_item(TableName=table.name, Item=item)


@_mutation("overwrite without a condition", scenario="ARCHIVED 1 s later, after 3 calls of a refresh with a row")
def _overwrite_without_a_condition(patch: pytest.MonkeyPatch) -> None:
    def put(self: Table, row: Row, *, replacing: Row | None) -> bool:
        _put_without_a_condition(self, row)
        return True

    patch.setattr(Table, "put", put)


@_mutation(
    "after a conflict, read the row again but not the source",
    scenario="ARCHIVED 1 s later, after 3 calls of a refresh with a row",
)
def _read_the_source_before_the_row(patch: pytest.MonkeyPatch) -> None:
    read = HealthOmics.read_set

    def refresh_from(
        self: Synchronizer,
        arn: ReadSetArn,
        row: Row | None,
        *,
        store_after: datetime | None = None,
        tags: bool = True,
        known: KnownTags | None = None,
        **event: Any,
    ) -> Change:
        reads: list[ReadSet] = []

        def once(arn: ReadSetArn, *, tags: bool) -> ReadSet:
            if not reads:
                reads.append(read(self._source, arn, tags=tags))
            return reads[0]

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(self._source, "read_set", once)
            for _ in range(5):
                change = self._try_refresh(arn, row, store_after, tags=tags, known=known, **event)
                if change is not None:
                    return change
                row = self._table.get(str(arn))
        return Change(Outcome.UNCHANGED)

    patch.setattr(Synchronizer, "refresh_from", refresh_from)


@_mutation("apply a status however late it comes", scenario="ARCHIVED 1 s later, after 5 calls of a refresh with a row")
def _apply_late_statuses(patch: pytest.MonkeyPatch) -> None:
    def set_status(self: Table, arn: str, status: str, *, message: str | None, as_of: datetime) -> bool:
        return self._try(
            self._client.update_item,
            revision=as_of.isoformat(),
            Key=table_module._key(arn),
            UpdateExpression="SET set_status = :status, sync_revision = :revision",
            ConditionExpression=f"attribute_exists({KEY})",
            ExpressionAttributeValues=table_module._values({":status": status, ":revision": as_of.isoformat()}),
        )

    patch.setattr(Table, "set_status", set_status)


@_mutation("let a status create a row", scenario="ARCHIVED 0 s later, after 1 calls of a refresh without a row")
def _create_rows_by_status(patch: pytest.MonkeyPatch) -> None:
    def set_status(self: Table, arn: str, status: str, *, message: str | None, as_of: datetime) -> bool:
        self._client.update_item(
            TableName=self.name,
            Key=table_module._key(arn),
            UpdateExpression="SET set_status = :status",
            ExpressionAttributeValues=table_module._values({":status": status}),
        )
        return True

    patch.setattr(Table, "set_status", set_status)


@_mutation("write without a new revision", scenario="ARCHIVED 1 s later, after 3 calls of a refresh with a row")
def _keep_the_revision(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(table_module, "new_revision", lambda: "always the same")
    patch.setattr("readset_sync.model.record.new_revision", lambda: "always the same")


@_mutation("take a throttle for a 404", scenario="call 6 of a backfill is throttled")
def _take_a_throttle_for_a_404(patch: pytest.MonkeyPatch) -> None:
    real = HealthOmics.metadata

    def metadata(self: HealthOmics, arn: ReadSetArn) -> Any:
        try:
            return real(self, arn)
        except ClientError as error:
            raise ReadSetNotFoundError(str(arn)) from error

    patch.setattr(HealthOmics, "metadata", metadata)
    _believe_a_single_404(patch)


@_mutation("believe a single 404", scenario="call 2 of a refresh with a row is told that there is no such read set")
def _believe_a_single_404(patch: pytest.MonkeyPatch) -> None:
    def is_doubtful(row: Row, read_set: ReadSet | None) -> bool:
        return False

    patch.setattr("readset_sync.sync._is_doubtful", is_doubtful)


@_mutation("prune by the first page of a listing", scenario="newcomers that nobody hears of, then backfill")
def _prune_by_the_first_page(patch: pytest.MonkeyPatch) -> None:
    def listing(self: Verifier, store_id: str) -> StoreListing:
        partial = StoreListing(self._source.store(store_id).metadata["arn"])
        partial.read_set_ids.update(entry["id"] for entry in next(self._source.pages(store_id)).read_sets)
        partial.complete = True
        return partial

    patch.setattr(Verifier, "listing", listing)
    _prune_without_asking(patch)


@_mutation("prune without asking the source", scenario="a newcomer after 9 calls, then backfill")
def _prune_without_asking(patch: pytest.MonkeyPatch) -> None:
    def prune(self: Synchronizer, arn: ReadSetArn) -> Change:
        self._table.delete(str(arn))
        return Change(Outcome.DELETED)

    patch.setattr(Synchronizer, "prune", prune)


@_mutation("leave ghosts", scenario="a deletion that nobody hears of, then backfill")
def _leave_ghosts(patch: pytest.MonkeyPatch) -> None:
    def prune(self: Verifier, listings: Iterable[StoreListing]) -> list[Any]:
        return []

    patch.setattr(Verifier, "prune", prune)


@_mutation("trust what is remembered of a store", scenario="a renaming that one process missed")
def _trust_what_is_remembered_of_a_store(patch: pytest.MonkeyPatch) -> None:
    real = HealthOmics.store

    def store(self: HealthOmics, store_id: str, *, after: datetime | None = None) -> Any:
        return real(self, store_id)

    patch.setattr(HealthOmics, "store", store)


@_mutation(
    "take the checksums of a reconciliation for equal",
    scenario="a deletion that nobody hears of, then a backfill that dies, and a reconciliation",
)
def _take_the_checksums_for_equal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BucketChecksums, "all_match", True)


@_mutation(
    "reconcile the first page of a listing alone",
    scenario="newcomers that nobody hears of, then a backfill that dies, and a reconciliation",
)
def _reconcile_the_first_page_alone(patch: pytest.MonkeyPatch) -> None:
    real = HealthOmics.page

    def page(self: HealthOmics, store_id: str, token: str | None = None) -> Any:
        first = real(self, store_id, token)
        return ListingPage(first.read_sets, first.as_of, None)

    patch.setattr(HealthOmics, "page", page)
    patch.setattr(BucketChecksums, "all_match", True)


@_mutation("rename the store in a row without a condition", scenario="ACTIVE after 3 calls of a renaming")
def _rename_without_a_condition(patch: pytest.MonkeyPatch) -> None:
    def replace_names(self: Synchronizer, row: Row, listed: Response, store: Any) -> bool:
        fresh = row | store_attributes(store.metadata, as_of=store.as_of)
        _put_without_a_condition(self._table, fresh)
        return True

    patch.setattr(Synchronizer, "replace_names", replace_names)


@_mutation("list over rows that are there", scenario="a first event after 3 calls of a backfill")
def _list_over_rows_that_are_there(patch: pytest.MonkeyPatch) -> None:
    def write_listed(self: Synchronizer, listed: Response, store: Any, *, as_of: datetime, **_: Any) -> bool:
        row = listed_row(listed, store=store.metadata, store_as_of=store.as_of, as_of=as_of)
        _put_without_a_condition(self._table, row)
        return True

    patch.setattr(Synchronizer, "write_listed", write_listed)


@_mutation("take what is listed for complete", scenario="newcomers that nobody hears of, then backfill")
def _take_what_is_listed_for_complete(patch: pytest.MonkeyPatch) -> None:
    def without_state(listed: Response, **of: Any) -> Row:
        return {name: value for name, value in listed_row(listed, **of).items() if name != SYNC_STATE}

    patch.setattr("readset_sync.sync.listed_row", without_state)


@_mutation(
    "leave rows that are not complete",
    scenario="nothing but a backfill that dies, and a reconciliation, dead after 4 calls",
)
def _leave_rows_that_are_not_complete(patch: pytest.MonkeyPatch) -> None:
    real = comparison.listed_differences

    def listed_differences(row: Row, *of: Any) -> list[str]:
        return [name for name in real(row, *of) if name != SYNC_STATE]

    patch.setattr(comparison, "listed_differences", listed_differences)


@_mutation(
    "leave young rows whatever the listing says",
    scenario="nothing but a backfill that dies, and another that leaves what it has done, dead after 4 calls",
)
def _forget_what_the_listing_contradicts(patch: pytest.MonkeyPatch) -> None:
    real = Comparison.need

    def need(self: Comparison, scope: RefreshScope) -> Need:
        is_young = scope.since and (self.row or {}).get(STATUS_AT, "") >= format_timestamp(scope.since)
        return Need.NOTHING if is_young else real(self, scope)

    patch.setattr(Comparison, "need", need)


@_mutation(
    "drop a store that cannot be listed",
    scenario="newcomers that nobody hears of, and page 2 of the listing is refused",
)
def _drop_a_store_that_cannot_be_listed(patch: pytest.MonkeyPatch) -> None:
    def put_off(self: ReconciliationStep, reason: str) -> ReconciliationStep:
        return self.turn_to(self.stores[1:])

    patch.setattr(ReconciliationStep, "put_off", put_off)


@_mutation("trust tags in bulk without comparing", scenario="older tags are told in bulk of 4 of 4 ACTIVE read sets")
def _trust_without_comparing(patch: pytest.MonkeyPatch) -> None:
    def takes(self: BulkTags, arn: ReadSetArn, tags: Tags, **_: bool) -> bool:
        return True

    patch.setattr(BulkTags, "takes", takes)


@_mutation(
    "take absence from an answer in bulk for no tags",
    scenario="newcomers, and the API of tags knows some read sets only, then backfill",
)
def _take_absence_for_no_tags(patch: pytest.MonkeyPatch) -> None:
    real = BulkTags.of

    def of(self: BulkTags, arns: Iterable[str]) -> dict[str, Tags]:
        wanted = list(arns)
        told = real(self, wanted) or {}
        return {arn: told.get(arn, {}) for arn in wanted}

    patch.setattr(BulkTags, "of", of)


@_mutation(
    "do not compare tags in a reconciliation",
    scenario="nobody hears of other tags, the API of tags lags, then a backfill that dies, and a reconciliation",
)
def _do_not_compare_tags(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Comparison, "contradicts_tags", False)


@_mutation(
    "do not take back what was told before a contradiction",
    scenario="older tags are told in bulk of 2 of 4 ARCHIVED read sets",
)
def _do_not_take_back(patch: pytest.MonkeyPatch) -> None:
    def takes_back(self: Backfill, stores: Iterable[PendingRefreshes]) -> bool:
        return False

    patch.setattr(Backfill, "_takes_back", takes_back)


@_mutation(
    "after a conflict, keep the tags that were told in bulk",
    scenario="other tags after 20 calls of a backfill of ACTIVE read sets without rows",
)
def _keep_known_tags_after_a_conflict(patch: pytest.MonkeyPatch) -> None:
    def refresh_from(
        self: Synchronizer,
        arn: ReadSetArn,
        row: Row | None,
        *,
        store_after: datetime | None = None,
        tags: bool = True,
        known: KnownTags | None = None,
        expected: str | None = None,
        tags_may_come: bool = False,
    ) -> Change:
        of = {"tags": tags, "known": known, "expected": expected, "tags_may_come": tags_may_come}
        while (change := self._try_refresh(arn, row, store_after, **of)) is None:  # pyright: ignore[reportArgumentType]
            row = self._table.get(str(arn))
        return change

    patch.setattr(Synchronizer, "refresh_from", refresh_from)


@_mutation(
    "take tags that were told in bulk for a row that has others by now",
    scenario="other tags after 14 calls of a backfill of ACTIVE read sets with rows",
)
def _take_known_tags_for_any_row(patch: pytest.MonkeyPatch) -> None:
    add, told = PendingRefreshes.add, dict[str, KnownTags]()

    def remember(self: PendingRefreshes, comparison: Comparison, need: Need) -> None:
        add(self, comparison, need)
        if comparison.tags is not None:
            told[comparison.listed["arn"]] = KnownTags(comparison.tags, comparison.listed_at)

    def known_tags(self: PendingRefreshes, arn: ReadSetArn, row: Row) -> KnownTags | None:
        return told.get(str(arn))

    patch.setattr(PendingRefreshes, "add", remember)
    patch.setattr(PendingRefreshes, "known_tags", known_tags)


@_mutation(
    "write a listing's tags to a row that was refreshed meanwhile",
    scenario="other tags after 9 calls of a backfill of ARCHIVED read sets without rows",
)
def _write_listed_tags_over_newer_ones(patch: pytest.MonkeyPatch) -> None:
    real = Synchronizer.write_listed

    def write_listed(self: Synchronizer, listed: Response, store: Any, *, tags: Tags | None = None, **of: Any) -> bool:
        written = real(self, listed, store, tags=tags, **of)
        if not written and tags is not None and (row := self._table.get(listed["arn"])):
            self._table.put(row | {"tags": tag_list(tags)}, replacing=row)
        return written

    patch.setattr(Synchronizer, "write_listed", write_listed)
