"""A backfill of whole stores: every row is brought up to date, in one pass or in two.

The first of two passes lists the stores, and gives each read set without a row one that holds what the listing says:
a call for a hundred read sets, so that all can be found within minutes. The second reads what no listing shows.

A row that the first pass has made is there before its read set is read. So the second pass sees when the read set has
gone meanwhile, and no row is left of it; one pass alone cannot tell "still no row" from "no row again". Of an archived
read set whose tags were told in bulk, nothing is read any more: should it go between its listing and its row, the
DELETED event finds the row when it is applied once more.

The second pass begins while the first goes on: they call different operations, each with a quota of its own, and what
the first pass leaves of the second's quota unused would be lost.
"""

import random
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final

from readset_sync.aws.healthomics import PAGE_SIZE
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.model.comparison import EVERYTHING, Comparison, Need, RefreshScope
from readset_sync.model.record import LISTED, REVISION, STATUS_AT, SYNC_STATE, SYNCED_AT, is_own, tag_map
from readset_sync.model.timestamp import format_timestamp, parse_timestamp
from readset_sync.stores.breaker import CircuitBreaker
from readset_sync.stores.pages import PagesInProgress, map_pages
from readset_sync.stores.verification import ReadSetResult, Verifier
from readset_sync.sync import Change, KnownTags, Outcome, Synchronizer, told_tags

if TYPE_CHECKING:
    from readset_sync.aws.bulk_tags import BulkTags
    from readset_sync.aws.healthomics import HealthOmics, Store
    from readset_sync.aws.table import Table
    from readset_sync.model.record import Row


_NEVER: Final = datetime.min.replace(tzinfo=UTC)

_PAGES_IN_HAND: Final = 2
"""While one is worked off, threads that have nothing left to do in it go on with the other."""


class BackfillPass(Enum):
    """Which pass something was done in. A backfill in one pass has the second alone."""

    LISTING = auto()
    REFRESH = auto()


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done about a page of one store's read sets."""

    store_id: str
    done_in: BackfillPass
    results: list[ReadSetResult]


@dataclass(slots=True)
class PendingRefreshes:
    """What the first pass over a store leaves to the second: about a hundred bytes for a read set.

    Attributes:
        store_arn: ARN of the store.
        read_set_ids: The read sets whose rows are still to be refreshed.
        confirmed: Those of which the tags alone are to be read: the revision of the row that the listing has confirmed,
            and when it was listed.
        tagged: Those whose rows were complete, and had the tags that were told in bulk.
        began: When the first of them was listed.
        listed_at: When the last of them was listed. A row that has been refreshed since is right.
        taken: Those whose rows have taken tags that were told in bulk.
    """

    store_arn: str
    read_set_ids: deque[str] = field(default_factory=deque[str])
    confirmed: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])
    tagged: set[str] = field(default_factory=set[str])
    began: datetime | None = None
    listed_at: datetime = _NEVER
    taken: list[str] = field(default_factory=list[str])

    @property
    def store_id(self) -> str:
        """Id of the store."""
        return StoreArn.parse(self.store_arn).store_id

    def add(self, comparison: Comparison, need: Need) -> None:
        """Take note of a read set."""
        read_set_id = comparison.listed["id"]
        self.read_set_ids.append(read_set_id)
        self.began = self.began or comparison.listed_at
        self.listed_at = comparison.listed_at
        if comparison.confirms_tags:
            self.tagged.add(read_set_id)
        if comparison.row and need is Need.TAGS:
            self.confirmed[read_set_id] = comparison.row[REVISION], comparison.listed_at

    def pages(self, *, whole: bool = False) -> Iterator[list[ReadSetArn]]:
        """Take out the read sets, a hundred at a time; with `whole`, as long as there are as many as that."""
        while self.read_set_ids and (len(self.read_set_ids) >= PAGE_SIZE or not whole):
            ids = [self.read_set_ids.popleft() for _ in range(min(PAGE_SIZE, len(self.read_set_ids)))]
            yield [ReadSetArn.parse(f"{self.store_arn}/readSet/{read_set_id}") for read_set_id in ids]

    def confirmed_at(self, arn: ReadSetArn, row: "Row") -> datetime | None:
        """When the listing has confirmed this very row, if it has."""
        if row.get(SYNC_STATE) == LISTED:
            is_of_this_run = self.began and row.get(STATUS_AT, "") >= format_timestamp(self.began)
            return self.began if is_of_this_run and row.get("set_status") == "ARCHIVED" else None
        revision, listed_at = self.confirmed.get(arn.read_set_id, (None, None))
        return listed_at if row.get(REVISION) == revision else None

    def known_tags(self, arn: ReadSetArn, row: "Row") -> KnownTags | None:
        """The tags of a row which were told in bulk, and are as new or newer, whoever else has written it since."""
        if self.began is None:
            return None
        if arn.read_set_id in self.tagged and "tags" in row and is_own(row):
            known_at = max(format_timestamp(self.began), row.get(SYNCED_AT, ""))
            return KnownTags(tag_map(row), parse_timestamp(known_at))
        return told_tags(row, self.began)


@dataclass(frozen=True, slots=True)
class _Task:
    """A read set whose row is to be refreshed, and what the first pass has left of its store."""

    arn: ReadSetArn
    pending: PendingRefreshes


class Backfill:
    """Brings the rows of whole stores up to date. A read set that fails is reported, and the rest goes on.

    The threads of the executors share the source's rate limits. `listing_executor` runs the first of two passes, so
    that it never waits for the second. Of read sets whose tags are told in `bulk`, these are taken as far as that is
    trusted. `on_read_set` is called from the calling thread after each read set.
    """

    def __init__(
        self,
        source: "HealthOmics",
        table: "Table",
        executor: Executor,
        scope: RefreshScope = EVERYTHING,
        *,
        listing_executor: Executor | None = None,
        bulk: "BulkTags | None" = None,
        on_read_set: Callable[[BackfillPass], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._table = table
        self._bulk = bulk if scope.tags else None
        self._verifier = Verifier(source, table, executor, bulk=self._bulk)
        self._synchronizer = Synchronizer(source, table)
        self._executor = executor
        self._listing_executor = listing_executor or executor
        self._scope = scope
        # What one pass can do says nothing of what the other can.
        self._breakers = {each: CircuitBreaker() for each in BackfillPass}
        self._on_read_set = on_read_set

    def in_one_pass(self, store_id: str) -> Iterator[Batch]:
        """List a store, and refresh its rows page by page; yield what was done."""
        on_outcome = partial(self._on_read_set, BackfillPass.REFRESH)
        pages = map_pages(self._executor, self._judge_and_refresh, self._verifier.pages(store_id), on_outcome)
        return (Batch(store_id, BackfillPass.REFRESH, results) for results in pages)

    def create_listed_rows(self, pending: PendingRefreshes) -> Generator[Batch]:
        """List a store, and give each read set without a row one; yield what was done page by page.

        Args:
            pending: Is given the read sets of its store whose rows are to be refreshed, except those of which there is
                nothing to read, and those that failed.
        """
        list_row = partial(self._list_row, self._source.store(pending.store_id))
        on_outcome = partial(self._on_read_set, BackfillPass.LISTING)
        for page in map_pages(self._listing_executor, list_row, self._verifier.pages(pending.store_id), on_outcome):
            results: list[ReadSetResult] = []
            for comparison, result in page:
                need = comparison.need(self._scope)
                if need is not Need.NOTHING and (result is None or result.change):
                    pending.add(comparison, need)
                results += [result] if result else []
            yield Batch(pending.store_id, BackfillPass.LISTING, results)

    def refresh_pending(self, stores: Sequence[PendingRefreshes], listing: Generator[Batch]) -> Iterator[Batch]:
        """Refresh the rows that the first pass leaves, beginning while it goes on; yield what both do."""
        in_hand = PagesInProgress(self._executor, self._refresh_present)
        on_outcome = partial(self._on_read_set, BackfillPass.REFRESH)
        with closing(listing), closing(in_hand):
            for batch in listing:
                yield batch
                yield from map(_refreshed, in_hand.finished(on_outcome))
                whole_pages = self._tasks(stores, whole=True)
                while len(in_hand) < _PAGES_IN_HAND and (tasks := next(whole_pages, None)):
                    in_hand.begin(tasks)
            while True:
                for tasks in self._tasks(stores):
                    in_hand.begin(tasks)
                    yield from map(_refreshed, in_hand.wait(on_outcome, leaving=_PAGES_IN_HAND - 1))
                yield from map(_refreshed, in_hand.wait(on_outcome))
                if not self._takes_back(stores):
                    return

    def _takes_back(self, stores: Sequence[PendingRefreshes]) -> bool:
        """Have the rows refreshed once more that took tags in bulk which are not trusted any more, if there are any."""
        if self._bulk is None or not self._bulk.trust.contradiction:
            return False
        for pending in stores:
            pending.tagged.clear()
            pending.read_set_ids.extend(pending.taken)
            pending.taken.clear()
        return any(pending.read_set_ids for pending in stores)

    def refresh_again(self, arns: Sequence[str]) -> Iterator[list[ReadSetResult]]:
        """Refresh the rows of read sets that failed in either pass; yield what was done."""
        pages = (list(arns[start : start + PAGE_SIZE]) for start in range(0, len(arns), PAGE_SIZE))
        on_outcome = partial(self._on_read_set, BackfillPass.REFRESH)
        return map_pages(self._executor, self._refresh_again, pages, on_outcome)

    def _list_row(self, store: "Store", comparison: Comparison) -> tuple[Comparison, ReadSetResult | None]:
        """Write the row of a read set that has none. Return what was done about the read set, if anything."""
        arn, row = comparison.listed["arn"], comparison.row
        is_left = row is not None and (
            # It knows of a later status than the listing does.
            comparison.suspect or row.get(SYNC_STATE) != LISTED or ("tags" in row and comparison.tags is None)
        )
        if is_left:
            left = comparison.need(self._scope) is Need.NOTHING
            return comparison, ReadSetResult(arn, Change(Outcome.UNCHANGED)) if left else None

        def write() -> ReadSetResult | None:
            written = self._synchronizer.write_listed(
                comparison.listed, store, as_of=comparison.listed_at, tags=comparison.tags, replacing=row
            )
            return ReadSetResult(arn, Change(Outcome.LISTED)) if written and row is None else None

        failed = partial(ReadSetResult.failed, arn)
        return comparison, self._breakers[BackfillPass.LISTING].attempt(write, failed)

    def _tasks(self, stores: Sequence[PendingRefreshes], *, whole: bool = False) -> Iterator[list[_Task]]:
        for pending in stores:
            for arns in pending.pages(whole=whole):
                # Two backfills at once that went in one order would do all of it twice.
                random.shuffle(arns)
                yield [_Task(arn, pending) for arn in arns]

    def _refresh_present(self, task: _Task) -> ReadSetResult:
        def refresh() -> Change:
            row = self._table.get(str(task.arn))
            if row is None:
                # There was a row when the store was listed. Rows go on proof alone, and ids are not used again.
                return Change(Outcome.ABSENT)
            if self._synchronizer.is_fresh(task.arn, row, task.pending.listed_at):
                return Change(Outcome.UNCHANGED)
            known = task.pending.known_tags(task.arn, row)
            is_taken = known and self._bulk and self._bulk.takes(task.arn, known.tags)
            taken = known if is_taken else None
            change = self._refresh(task.arn, row, task.pending.confirmed_at(task.arn, row), taken)
            if taken:
                task.pending.taken.append(task.arn.read_set_id)
            return change

        return self._attempt(task.arn, refresh)

    def _judge_and_refresh(self, comparison: Comparison) -> ReadSetResult:
        need = comparison.need(self._scope)
        if need is Need.NOTHING:
            return ReadSetResult(comparison.listed["arn"], Change(Outcome.UNCHANGED))
        confirmed_at = comparison.listed_at if need is Need.TAGS else None
        arn = ReadSetArn.parse(comparison.listed["arn"])
        return self._attempt(arn, partial(self._refresh, arn, comparison.row, confirmed_at))

    def _refresh(
        self, arn: ReadSetArn, row: "Row | None", confirmed_at: datetime | None, known: KnownTags | None = None
    ) -> Change:
        if row and confirmed_at and self._scope.tags:
            return self._synchronizer.refresh_tags(arn, row, as_of=confirmed_at, known=known)
        return self._synchronizer.refresh_from(arn, row, tags=self._scope.tags, known=known)

    def _refresh_again(self, arn: str) -> ReadSetResult:
        def refresh() -> Change:
            row = self._table.get(arn)
            change = self._synchronizer.refresh_from(ReadSetArn.parse(arn), row, tags=self._scope.tags)
            if row is None and (created := self._table.get(arn)):
                # As in two passes, a look after the row is there sees when the read set has gone meanwhile.
                again = self._synchronizer.refresh_from(ReadSetArn.parse(arn), created, tags=self._scope.tags)
                change = again if again.outcome is Outcome.DELETED else change
            return change

        return self._attempt(ReadSetArn.parse(arn), refresh)

    def _attempt(self, arn: ReadSetArn, refresh: Callable[[], Change]) -> ReadSetResult:
        def attempt() -> ReadSetResult:
            return ReadSetResult(str(arn), refresh())

        return self._breakers[BackfillPass.REFRESH].attempt(attempt, partial(ReadSetResult.failed, str(arn)))


def _refreshed(results: list[ReadSetResult]) -> Batch:
    """Of a page, which is never empty, and of one store's read sets."""
    return Batch(ReadSetArn.parse(results[0].arn).store_id, BackfillPass.REFRESH, results)
