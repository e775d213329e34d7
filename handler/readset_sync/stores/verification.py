"""Whole sequence stores: tells how their rows stand, and mends what `verify` has found.

`verify` is the plan, and `backfill` applies it. Both walk a store's listing page by page, so memory does not
grow with the store but for the ids of its read sets.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.comparison import EVERYTHING, Comparison, RefreshScope, compare, full_differences
from readset_sync.model.errors import ContendedRowError, ReadSetNotFoundError, describe_error, is_passing
from readset_sync.model.record import LISTED, SYNC_STATE
from readset_sync.stores.breaker import CircuitBreaker
from readset_sync.stores.pages import map_pages
from readset_sync.sync import ATTEMPTS, Change, Outcome, Synchronizer

if TYPE_CHECKING:
    from readset_sync.aws.bulk_tags import BulkTags
    from readset_sync.aws.healthomics import HealthOmics, ListingPage
    from readset_sync.aws.table import Table
    from readset_sync.model.record import Response, Row


_Item = TypeVar("_Item")
_Outcome = TypeVar("_Outcome")


class DriftStatus(StrEnum):
    """How a row stands to its read set."""

    IN_SYNC = "in_sync"
    IN_FLIGHT = "in_flight"
    """It differed, and did no longer when it was looked at again."""
    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RowDrift:
    """How one row stands to its read set; `fields` names what is stale, `reason` why it could not be told."""

    arn: str
    status: DriftStatus
    fields: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def failed(cls, arn: str, error: Exception) -> Self:
        """A row that could not be judged."""
        return cls(arn, DriftStatus.FAILED, reason=describe_error(error))


@dataclass(frozen=True, slots=True)
class ReadSetResult:
    """What a backfill did for one read set: a change, or the reason of its failure, and whether that may pass."""

    arn: str
    change: Change | None
    reason: str = ""
    may_pass: bool = False

    @classmethod
    def failed(cls, arn: str, error: Exception) -> Self:
        """A read set about which nothing could be done."""
        return cls(arn, None, describe_error(error), may_pass=is_passing(error))


@dataclass(slots=True)
class StoreListing:
    """The read sets of one store that its listing has shown so far. `complete` once there was no page left."""

    store_arn: str
    read_set_ids: set[str] = field(default_factory=set[str])
    complete: bool = False


class Verifier:
    """Compares and mends the rows of whole stores.

    The threads of the executor share the source's rate limits. Tags are compared with those that are told in `bulk`, if
    any are. `on_read_set` is called from the calling thread after each read set.
    """

    def __init__(
        self,
        source: "HealthOmics",
        table: "Table",
        executor: Executor,
        *,
        bulk: "BulkTags | None" = None,
        on_read_set: Callable[[], None] = lambda: None,
    ) -> None:
        self._source = source
        self._table = table
        self._synchronizer = Synchronizer(source, table)
        self._executor = executor
        self._bulk = bulk
        self._breaker = CircuitBreaker()
        self._on_read_set = on_read_set

    def pages(self, store_id: str, listing: StoreListing | None = None) -> Iterator[Iterator[Comparison]]:
        """List a store, for a HealthOmics call for a hundred read sets, and fill the `listing` on the way.

        A page is compared with its rows when it is iterated over: so the next can be listed meanwhile.
        """
        store = self._source.store(store_id).metadata
        for page in self._source.pages(store_id):
            if listing:
                listing.read_set_ids.update(entry["id"] for entry in page.read_sets)
            yield self._compared(page, store)
        if listing:
            listing.complete = True

    def _compared(self, page: "ListingPage", store: "Response") -> Iterator[Comparison]:
        arns = [entry["arn"] for entry in page.read_sets]
        rows = self._table.get_many(arns)
        tags = self._bulk.of(arns) if self._bulk else None
        yield from compare(page.read_sets, rows, store, listed_at=page.as_of, unknown=self._source.unknown, tags=tags)

    def listing(self, store_id: str) -> StoreListing:
        """Return a fresh listing of a store, for pruning."""
        listing = StoreListing(self._source.store(store_id).metadata["arn"])
        for _ in self.pages(store_id, listing):
            pass  # No page is iterated over, and so none is compared.
        return listing

    def verify(self, store_id: str, listing: StoreListing, *, deep: bool) -> Iterator[list[RowDrift]]:
        """Tell for every read set of a store how its row stands; yield page by page.

        The listing is filled with what was seen, for `orphans`. `deep` costs two calls for each read set.
        """
        examine = self._examine_deeply if deep else self._examine
        return map_pages(self._executor, examine, self.pages(store_id, listing), self._on_read_set)

    def dry_run(
        self, store_id: str, listing: StoreListing, scope: RefreshScope = EVERYTHING
    ) -> Iterator[list[RowDrift]]:
        """Tell for every read set of a store what a backfill would change; writes nothing."""
        foresee = partial(self._foresee, scope)
        return map_pages(self._executor, foresee, self.pages(store_id, listing), self._on_read_set)

    def orphans(self, listings: Iterable[StoreListing], *, every_store: bool = False) -> list[RowDrift]:
        """Find rows whose read set is gone, each proved by a 404 of the source.

        Args:
            listings: Of the stores whose rows are looked at.
            every_store: The listings are those of all stores of the account and region, so rows of any other store
                there are looked at too: it must have been deleted.

        Raises:
            ValueError: A listing is not complete, so that absence from it proves nothing.
        """
        findings = self._each(self._examine_unlisted, self._unlisted(listings, every_store=every_store))
        return [finding for finding in findings if finding.status is not DriftStatus.IN_SYNC]

    def look_again(self, findings: Iterable[RowDrift]) -> list[RowDrift]:
        """Tell anew of rows that differed a moment ago: two calls for each. What has gone by now was in flight.

        What cannot be told anew stays as it is.
        """
        return self._each(self._examine_again, findings)

    def prune(self, listings: Iterable[StoreListing], *, every_store: bool = False) -> list[ReadSetResult]:
        """Delete the rows that `orphans` finds.

        Raises:
            ValueError: A listing is not complete, so that absence from it proves nothing.
        """
        return self.prune_again(self._unlisted(listings, every_store=every_store))

    def prune_again(self, arns: Iterable[str]) -> list[ReadSetResult]:
        """Delete those of these rows, which no listing has shown, whose read set is gone."""
        results = self._each(partial(self._try, self._synchronizer.prune), arns)
        return [each for each in results if each.change is None or each.change.outcome is Outcome.DELETED]

    def repair(self, findings: Iterable[RowDrift]) -> list[ReadSetResult]:
        """Make each of these rows what its read set is now; a row is deleted on a 404 of its read set.

        A row whose key is not the ARN of a read set is not repaired: nothing could prove that it may go.
        """
        return self._each(partial(self._try, self._synchronizer.refresh), (finding.arn for finding in findings))

    def _try(self, write: Callable[[ReadSetArn], Change], arn: str) -> ReadSetResult:
        return self._breaker.attempt(
            lambda: ReadSetResult(arn, write(ReadSetArn.parse(arn))), failed=partial(ReadSetResult.failed, arn)
        )

    def _foresee(self, scope: RefreshScope, comparison: Comparison) -> RowDrift:
        # A backfill writes a row for every read set, even for one whose upload has not ended.
        if comparison.row is None or comparison.row.get(SYNC_STATE) == LISTED:
            return RowDrift(comparison.listed["arn"], DriftStatus.MISSING)
        if comparison.confirms_row and not scope.tags:
            return RowDrift(comparison.listed["arn"], DriftStatus.IN_SYNC)
        return self._examine(comparison)

    def _examine(self, comparison: Comparison) -> RowDrift:
        if comparison.suspect:
            return self._examine_deeply(comparison)
        if comparison.confirms_tags or comparison.contradicts_tags:
            return self._breaker.attempt(
                lambda: self._examine_tags(comparison), failed=partial(RowDrift.failed, comparison.listed["arn"])
            )
        return _finding(comparison)

    def _examine_tags(self, comparison: Comparison) -> RowDrift:
        """Take tags that were told in bulk for right in a row that has them, and for nothing in one that has others."""
        arn, bulk, row, tags = ReadSetArn.parse(comparison.listed["arn"]), self._bulk, comparison.row, comparison.tags
        if bulk is None or row is None or tags is None or bulk.trust.contradiction:
            return _finding(comparison)
        may_be_behind = comparison.tags_may_be_behind
        if comparison.confirms_tags and bulk.takes(arn, tags, may_be_behind=may_be_behind):
            return _finding(comparison)
        finding = self._compare_in_full(arn, row)
        if comparison.contradicts_tags and finding.status is DriftStatus.IN_SYNC:
            bulk.agrees(arn, tags, may_be_behind=may_be_behind)
        return finding

    def _examine_deeply(self, comparison: Comparison) -> RowDrift:
        row, arn = comparison.row, comparison.listed["arn"]
        if row is None:
            return _finding(comparison)
        return self._breaker.attempt(
            lambda: self._compare_in_full(ReadSetArn.parse(arn), row), failed=partial(RowDrift.failed, arn)
        )

    def _compare_in_full(self, arn: ReadSetArn, row: "Row") -> RowDrift:
        """Compare a row with what would be written now, again for as long as somebody else writes it meanwhile."""
        for _ in range(ATTEMPTS):
            try:
                read_set = self._source.read_set(arn)
            except ReadSetNotFoundError:
                fields, gone = (), True
            else:
                expected = self._synchronizer.row_of(arn, read_set, previous=row)
                fields, gone = tuple(full_differences(row, expected)), False
            if not fields and not gone:
                return RowDrift(str(arn), DriftStatus.IN_SYNC)
            current = self._table.get(str(arn))
            if current is None:
                return RowDrift(str(arn), DriftStatus.IN_SYNC if gone else DriftStatus.MISSING)
            if current == row:
                return RowDrift(str(arn), DriftStatus.ORPHANED if gone else DriftStatus.STALE, fields)
            row = current
        raise ContendedRowError(f"{arn} kept changing: each of {ATTEMPTS} looks at its row found another one")

    def _examine_again(self, finding: RowDrift) -> RowDrift:
        if finding.status is DriftStatus.FAILED:
            return finding
        now = self._breaker.attempt(lambda: self._state(ReadSetArn.parse(finding.arn)), failed=lambda _: finding)
        return replace(finding, status=DriftStatus.IN_FLIGHT) if now.status is DriftStatus.IN_SYNC else now

    def _state(self, arn: ReadSetArn) -> RowDrift:
        row = self._table.get(str(arn))
        if row is not None:
            return self._compare_in_full(arn, row)
        return RowDrift(str(arn), DriftStatus.IN_SYNC if self._synchronizer.is_absent(arn) else DriftStatus.MISSING)

    def _examine_unlisted(self, arn: str) -> RowDrift:
        try:
            parsed = ReadSetArn.parse(arn)
        except MalformedArnError as error:
            return RowDrift(arn, DriftStatus.ORPHANED, reason=str(error))
        return self._breaker.attempt(lambda: self._state_of_unlisted(parsed), failed=partial(RowDrift.failed, arn))

    def _state_of_unlisted(self, arn: ReadSetArn) -> RowDrift:
        is_orphaned = self._synchronizer.is_absent(arn) and self._table.get(str(arn)) is not None
        return RowDrift(str(arn), DriftStatus.ORPHANED if is_orphaned else DriftStatus.IN_SYNC)

    def _unlisted(self, listings: Iterable[StoreListing], *, every_store: bool) -> list[str]:
        """ARNs of rows whose read set no listing shows."""
        by_store = {listing.store_arn: listing for listing in listings}
        for listing in by_store.values():
            if not listing.complete:
                raise ValueError(f"the listing of {listing.store_arn} is not complete")
        unlisted: list[str] = []
        for prefix in {store_arn.rpartition("/")[0] + "/" for store_arn in by_store}:
            for arn in self._table.arns(prefix):
                store_arn, _, read_set_id = arn.partition("/readSet/")
                listing = by_store.get(store_arn)
                if every_store if listing is None else read_set_id not in listing.read_set_ids:
                    unlisted.append(arn)
        return unlisted

    def _each(self, function: Callable[[_Item], _Outcome], items: Iterable[_Item]) -> list[_Outcome]:
        self._breaker = CircuitBreaker()  # what failed before may fail here again, and is not more for that
        outcomes: list[_Outcome] = []
        for outcome in self._executor.map(function, items):
            outcomes.append(outcome)
            self._on_read_set()
        return outcomes


def _finding(comparison: Comparison) -> RowDrift:
    """What the listing alone shows."""
    arn = comparison.listed["arn"]
    if comparison.missing:
        return RowDrift(arn, DriftStatus.MISSING)
    return RowDrift(arn, DriftStatus.STALE if comparison.fields else DriftStatus.IN_SYNC, comparison.fields)
