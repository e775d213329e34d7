# Mutations reach into what they break.
# pyright: reportPrivateUsage=false
"""Deliberate faults in the write protocol. A test that cannot tell them from the real thing is worth nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError
from readset_sync import sync as sync_module
from readset_sync.aws import table as table_module
from readset_sync.aws.bulk_tags import BulkTags, Tags
from readset_sync.aws.healthomics import HealthOmics, ListingPage, ReadSet
from readset_sync.aws.table import Table
from readset_sync.constants import KEY
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model import comparison, record
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
    """A fault: what it is called, what it puts in place of what, and the scenario that finds it."""

    name: str
    replacements: tuple[tuple[object, str, object], ...]
    scenario: str

    def bring_in(self, patch: pytest.MonkeyPatch) -> None:
        for owner, name, replacement in self.replacements:
            patch.setattr(owner, name, replacement)


_ONE_ANSWER = (sync_module, "_is_doubtful", Mock(return_value=False))
MUTATIONS = [
    Mutation(
        "write without a new revision",
        tuple((module, "new_revision", Mock(return_value="always the same")) for module in (table_module, record)),
        "ARCHIVED 1 s later, after 3 calls of a refresh with a row",
    ),
    Mutation(
        "believe a single 404",
        (_ONE_ANSWER,),
        "call 2 of a refresh with a row is told that there is no such read set",
    ),
    Mutation(
        "leave ghosts", ((Verifier, "prune", Mock(return_value=[])),), "a deletion that nobody hears of, then backfill"
    ),
    Mutation(
        "take the checksums of a reconciliation for equal",
        ((BucketChecksums, "all_match", True),),
        "a deletion that nobody hears of, then a backfill that dies, and a reconciliation",
    ),
    Mutation(
        "trust tags in bulk without comparing",
        ((BulkTags, "takes", Mock(return_value=True)),),
        "older tags are told in bulk of 4 of 4 ACTIVE read sets",
    ),
    Mutation(
        "do not compare tags in a reconciliation",
        ((Comparison, "contradicts_tags", False),),
        "nobody hears of other tags, the API of tags lags, then a backfill that dies, and a reconciliation",
    ),
    Mutation(
        "do not take back what was told before a contradiction",
        ((Backfill, "_takes_back", Mock(return_value=False)),),
        "older tags are told in bulk of 2 of 4 ARCHIVED read sets",
    ),
]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Replacement = tuple[object, str, object]


def _mutation(
    name: str, owner: object, of: str, *and_: _Replacement, scenario: str
) -> Callable[[_Function], _Function]:
    """Add a fault: that a function takes the place of another, and what else it replaces."""

    def add(function: _Function) -> _Function:
        MUTATIONS.append(Mutation(name, ((owner, of, function), *and_), scenario))
        return function

    return add


# As they are before anything is replaced.
_read_set, _metadata, _store, _page = (HealthOmics.read_set, HealthOmics.metadata, HealthOmics.store, HealthOmics.page)
_listed_differences, _need, _of = comparison.listed_differences, Comparison.need, BulkTags.of
_add, _write_listed = PendingRefreshes.add, Synchronizer.write_listed


def _put_without_a_condition(table: Table, row: Row) -> None:
    table._client.put_item(TableName=table.name, Item=table_module._values(row))


def _try_refresh(synchronizer: Synchronizer, arn: ReadSetArn, row: Row | None, **given: Any) -> Change | None:
    """Make one attempt at a refresh."""
    options: dict[str, Any] = {"tags": True, "known": None, "expected": None, "tags_may_come": False} | given
    return synchronizer._try_refresh(arn, row, options.pop("store_after", None), **options)


@_mutation(
    "overwrite without a condition", Table, "put", scenario="ARCHIVED 1 s later, after 3 calls of a refresh with a row"
)
def _(self: Table, row: Row, *, replacing: Row | None) -> bool:
    _put_without_a_condition(self, row)
    return True


@_mutation(
    "after a conflict, read the row again but not the source",
    Synchronizer,
    "refresh_from",
    scenario="ARCHIVED 1 s later, after 3 calls of a refresh with a row",
)
def _(self: Synchronizer, arn: ReadSetArn, row: Row | None, **given: Any) -> Change:
    reads: list[ReadSet] = []

    def once(arn: ReadSetArn, *, tags: bool) -> ReadSet:
        if not reads:
            reads.append(_read_set(self._source, arn, tags=tags))
        return reads[0]

    with pytest.MonkeyPatch.context() as inner:
        inner.setattr(self._source, "read_set", once)
        for _ in range(5):
            if (change := _try_refresh(self, arn, row, **given)) is not None:
                return change
            row = self._table.get(str(arn))
    return Change(Outcome.UNCHANGED)


@_mutation(
    "apply a status however late it comes",
    Table,
    "set_status",
    scenario="ARCHIVED 1 s later, after 5 calls of a refresh with a row",
)
def _(self: Table, arn: str, status: str, *, message: str | None, as_of: datetime) -> bool:
    return self._try(
        self._client.update_item,
        revision=as_of.isoformat(),
        Key=table_module._key(arn),
        UpdateExpression="SET set_status = :status, sync_revision = :revision",
        ConditionExpression=f"attribute_exists({KEY})",
        ExpressionAttributeValues=table_module._values({":status": status, ":revision": as_of.isoformat()}),
    )


@_mutation(
    "let a status create a row",
    Table,
    "set_status",
    scenario="ARCHIVED 0 s later, after 1 calls of a refresh without a row",
)
def _(self: Table, arn: str, status: str, *, message: str | None, as_of: datetime) -> bool:
    self._client.update_item(
        TableName=self.name,
        Key=table_module._key(arn),
        UpdateExpression="SET set_status = :status",
        ExpressionAttributeValues=table_module._values({":status": status}),
    )
    return True


@_mutation(
    "take a throttle for a 404", HealthOmics, "metadata", _ONE_ANSWER, scenario="call 6 of a backfill is throttled"
)
def _(self: HealthOmics, arn: ReadSetArn) -> Any:
    try:
        return _metadata(self, arn)
    except ClientError as error:
        raise ReadSetNotFoundError(str(arn)) from error


@_mutation("prune without asking the source", Synchronizer, "prune", scenario="a newcomer after 9 calls, then backfill")
def _prune_without_asking(self: Synchronizer, arn: ReadSetArn) -> Change:
    self._table.delete(str(arn))
    return Change(Outcome.DELETED)


@_mutation(
    "prune by the first page of a listing",
    Verifier,
    "listing",
    (Synchronizer, "prune", _prune_without_asking),
    scenario="newcomers that nobody hears of, then backfill",
)
def _(self: Verifier, store_id: str) -> StoreListing:
    partial = StoreListing(self._source.store(store_id).metadata["arn"])
    partial.read_set_ids.update(entry["id"] for entry in next(self._source.pages(store_id)).read_sets)
    partial.complete = True
    return partial


@_mutation("trust what is remembered of a store", HealthOmics, "store", scenario="a renaming that one process missed")
def _(self: HealthOmics, store_id: str, *, after: datetime | None = None) -> Any:
    return _store(self, store_id)


@_mutation(
    "reconcile the first page of a listing alone",
    HealthOmics,
    "page",
    (BucketChecksums, "all_match", True),
    scenario="newcomers that nobody hears of, then a backfill that dies, and a reconciliation",
)
def _(self: HealthOmics, store_id: str, token: str | None = None) -> Any:
    first = _page(self, store_id, token)
    return ListingPage(first.read_sets, first.as_of, None)


@_mutation(
    "rename the store in a row without a condition",
    Synchronizer,
    "replace_names",
    scenario="ACTIVE after 3 calls of a renaming",
)
def _(self: Synchronizer, row: Row, listed: Response, store: Any) -> bool:
    fresh = row | store_attributes(store.metadata, as_of=store.as_of)
    _put_without_a_condition(self._table, fresh)
    return True


@_mutation(
    "list over rows that are there", Synchronizer, "write_listed", scenario="a first event after 3 calls of a backfill"
)
def _(self: Synchronizer, listed: Response, store: Any, *, as_of: datetime, **_: Any) -> bool:
    row = listed_row(listed, store=store.metadata, store_as_of=store.as_of, as_of=as_of)
    _put_without_a_condition(self._table, row)
    return True


@_mutation(
    "take what is listed for complete",
    sync_module,
    "listed_row",
    scenario="newcomers that nobody hears of, then backfill",
)
def _(listed: Response, **of: Any) -> Row:
    return {name: value for name, value in listed_row(listed, **of).items() if name != SYNC_STATE}


@_mutation(
    "leave rows that are not complete",
    comparison,
    "listed_differences",
    scenario="nothing but a backfill that dies, and a reconciliation, dead after 4 calls",
)
def _(row: Row, *of: Any) -> list[str]:
    return [name for name in _listed_differences(row, *of) if name != SYNC_STATE]


@_mutation(
    "leave young rows whatever the listing says",
    Comparison,
    "need",
    scenario="nothing but a backfill that dies, and another that leaves what it has done, dead after 4 calls",
)
def _(self: Comparison, scope: RefreshScope) -> Need:
    is_young = scope.since and (self.row or {}).get(STATUS_AT, "") >= format_timestamp(scope.since)
    return Need.NOTHING if is_young else _need(self, scope)


@_mutation(
    "drop a store that cannot be listed",
    ReconciliationStep,
    "put_off",
    scenario="newcomers that nobody hears of, and page 2 of the listing is refused",
)
def _(self: ReconciliationStep, reason: str) -> ReconciliationStep:
    return self.turn_to(self.stores[1:])


@_mutation(
    "take absence from an answer in bulk for no tags",
    BulkTags,
    "of",
    scenario="newcomers, and the API of tags knows some read sets only, then backfill",
)
def _(self: BulkTags, arns: Iterable[str]) -> dict[str, Tags]:
    wanted = list(arns)
    told = _of(self, wanted) or {}
    return {arn: told.get(arn, {}) for arn in wanted}


@_mutation(
    "after a conflict, keep the tags that were told in bulk",
    Synchronizer,
    "refresh_from",
    scenario="other tags after 20 calls of a backfill of ACTIVE read sets without rows",
)
def _(self: Synchronizer, arn: ReadSetArn, row: Row | None, **given: Any) -> Change:
    while (change := _try_refresh(self, arn, row, **given)) is None:
        row = self._table.get(str(arn))
    return change


_told: dict[str, KnownTags] = {}


def _known_tags(self: PendingRefreshes, arn: ReadSetArn, row: Row) -> KnownTags | None:
    return _told.get(str(arn))


@_mutation(
    "take tags that were told in bulk for a row that has others by now",
    PendingRefreshes,
    "add",
    (PendingRefreshes, "known_tags", _known_tags),
    scenario="other tags after 14 calls of a backfill of ACTIVE read sets with rows",
)
def _(self: PendingRefreshes, comparison: Comparison, need: Need) -> None:
    _add(self, comparison, need)
    if comparison.tags is not None:
        _told[comparison.listed["arn"]] = KnownTags(comparison.tags, comparison.listed_at)


@_mutation(
    "write a listing's tags to a row that was refreshed meanwhile",
    Synchronizer,
    "write_listed",
    scenario="other tags after 9 calls of a backfill of ARCHIVED read sets without rows",
)
def _(self: Synchronizer, listed: Response, store: Any, *, tags: Tags | None = None, **of: Any) -> bool:
    written = _write_listed(self, listed, store, tags=tags, **of)
    if not written and tags is not None and (row := self._table.get(listed["arn"])):
        self._table.put(row | {"tags": tag_list(tags)}, replacing=row)
    return written
