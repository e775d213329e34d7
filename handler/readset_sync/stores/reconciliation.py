"""Compares whole stores with their rows inside the deployed pipeline, and has what differs refreshed.

A reconciliation goes through three phases (`ReconciliationStep.phase`), in steps that each fit into one queue message:

1. Each row is added to checksums (`BucketChecksums`). Rows of stores that are gone are refreshed at once.
2. Each read set that a listing shows is compared with its row, and added to the same checksums, so that the two cancel
   out. Rows that are missing, differ, or have not been refreshed for long (no listing shows tags) are refreshed.
3. If some checksums are not 0, there are rows that no listing shows: the rows of those buckets are refreshed.

Beside each page of a listing, the tags of its read sets are told in bulk (`BulkTags`). A row with other ones is
refreshed, and one that has them is left for longer. Should what is told prove wrong, the third phase refreshes the rows
that were left.

Where a table has never been filled, the second phase gives each read set without a row one that holds what the listing
says, and another phase completes them at the end, 200 a minute: so the quota of HealthOmics is left to others too.

A store whose listing fails is put off until the others are done. If it fails again, so does the step, and the third
phase is not reached: what is not in an incomplete listing is no ghost.

To be refreshed is to get a message of one's own in the same queue. So a row is deleted by that message alone, when
HealthOmics answers 404 for its read set, and never because a listing does not show it.

A step ends after a few seconds, or as soon as it has asked for a few hundred refreshes. Its successor goes into the
queue behind them, so that live events never wait for more refreshes than those.
"""

import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from readset_sync.constants import BULK_MAX_AGE_DAYS, FILL_A_MINUTE, KEY, STEP_SECONDS
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.model.comparison import compare
from readset_sync.model.errors import (
    StoreNotFoundError,
    UnlistedStoreError,
    describe_error,
    has_bad_credentials,
    is_passing,
    is_throttle,
)
from readset_sync.model.record import CREATED_AT, LISTED, REFERENCE_NAME, STORE_ID, SYNC_STATE, SYNCED_AT
from readset_sync.model.timestamp import format_timestamp
from readset_sync.model.trust import Trust
from readset_sync.sync import told_tags

if TYPE_CHECKING:
    from readset_sync.aws.bulk_tags import BulkTags
    from readset_sync.aws.healthomics import HealthOmics, ListingPage, Store
    from readset_sync.aws.message_sender import MessageSender
    from readset_sync.aws.table import Table
    from readset_sync.messages.queue_message import ReconcileRequest, StoreEvent
    from readset_sync.model.comparison import Comparison
    from readset_sync.model.record import Row
    from readset_sync.sync import Synchronizer

_REFRESHES: Final = 200
"""After which a step begins no other page: 40 seconds' worth at 5 calls a second."""

_MANY: Final = 100
"""Missing rows below which a table that has rows is not taken for one that has never been filled."""


class Count(StrEnum):
    """What a reconciliation found about rows and read sets."""

    ROWS = "rows"
    """Rows in question."""
    LISTED = "listed"
    """Read sets that the listings showed."""
    MISSING = "missing"
    """Read sets without a row."""
    STALE = "stale"
    """Rows that the listing contradicts, or that cannot be right."""
    FILLED = "filled"
    """Read sets without a row, of a table that has never been filled: they got one from the listing."""
    UNFINISHED = "unfinished"
    """Rows that a backfill has made, and not completed yet."""
    RENAMED = "renamed"
    """Rows that differed in what they say of their store, or of their reference's name, and were mended at once."""
    RETAGGED = "retagged"
    """Rows with other tags than those told in bulk."""
    AGED = "aged"
    """Rows that have not been refreshed for long."""
    STORELESS = "storeless"
    """Rows of a store that is gone."""
    UNLISTED = "unlisted"
    """Rows that may be those that no listing shows."""
    UNREADABLE = "unreadable"
    """Rows whose key is not the ARN of a read set."""


_COMPARED_AT_ONCE: Final = 20
"""Of a page, the rows with other tags than those told in bulk that are looked at before any is refreshed."""

_COMPARING_SECONDS: Final = 3 * STEP_SECONDS
"""After which no more tags of a page are asked for singly: the step must end where few calls are granted, too."""

_DIFFERING: Final = frozenset({Count.MISSING, Count.STALE, Count.STORELESS, Count.UNLISTED})
"""What an event may be about to mend, and is drift if none does."""


class Reconciler:
    """Takes a reconciliation of one account and region from step to step.

    A row whose last full refresh is older than `max_age` is refreshed, or than `BULK_MAX_AGE_DAYS` if that is more and
    its tags were compared in bulk; None is for any age. `bulk` gives each step the tags in bulk, with the trust of its
    reconciliation.
    """

    def __init__(
        self,
        source: "HealthOmics",
        table: "Table",
        synchronizer: "Synchronizer",
        sender: "MessageSender",
        *,
        account: str,
        region: str,
        partition: str = "aws",
        max_age: timedelta | None,
        bulk: "Callable[[Trust], BulkTags] | None" = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._table = table
        self._synchronizer = synchronizer
        self._sender = sender
        self._every_store = f"arn:{partition}:omics:{region}:{account}:sequenceStore/"
        self._max_age = max_age
        self._bulk = bulk
        self._clock = clock
        self._now = now

    def start(self, request: "ReconcileRequest") -> ReconciliationStep:
        """Begin a reconciliation of all stores of the account and region, and return its first step."""
        return self._start(request.id, request.time, self._every_store, self._source.store_ids())

    def start_store(self, event: "StoreEvent") -> ReconciliationStep:
        """Begin a reconciliation of the one store that an event says has changed."""
        stores = [] if event.status == "DELETED" else [event.arn.store_id]
        return self._start(event.id, event.time, f"{event.arn}/readSet/", stores)

    def run_step(self, step: ReconciliationStep) -> ReconciliationStep:
        """Do a step, send the next one, and return it; its phase is DONE when nothing is left to do.

        Raises:
            UnlistedStoreError: Nothing is left but stores whose listing fails. As above.
        """
        if step.differing:
            left = [ReadSetArn.parse(arn) for arn in step.differing]
            self._sender.request_refreshes(left, cause=step.run, compared=step.compared, drift=True)
            return self._hand_on(replace(step, differing=()))
        began, asked = self._clock(), 0
        try:
            while step.phase is not Phase.DONE and asked < _REFRESHES and self._clock() - began < STEP_SECONDS:
                step, refreshes = self._turn_page(step)
                asked += refreshes
        except (UnlistedStoreError, ClientError):
            # What the step has found in other stores goes into the queue first.
            if not step.differing:
                raise
        except _StoreGoneError as gone:
            # The store has gone since its rows were added to the checksums, which would never match.
            return self._start(step.id, step.started, step.within, () if step.of_one_store else gone.left)
        return self._hand_on(step)

    def _start(self, request_id: str, requested: datetime, within: str, stores: Iterable[str]) -> ReconciliationStep:
        # A request that is delivered twice has one run, so that SQS drops what the second sends.
        run = uuid.uuid5(uuid.NAMESPACE_OID, request_id).hex
        # The request may have waited for long. What was written meanwhile needs a look like everything else.
        started = max(requested, self._now())
        first = ReconciliationStep(run, -1, started, within, tuple(stores), Phase.ROWS, None, BucketChecksums(), {})
        first = replace(first, trust=Trust(offset=int(run[:8], 16) / 2**32))
        return self._hand_on(first)

    def _hand_on(self, step: ReconciliationStep) -> ReconciliationStep:
        step = replace(step, number=step.number + 1, compared=self._now() if step.differing else None)
        if not step.is_done:
            self._sender.send_step(step)
        return step

    def _turn_page(self, step: ReconciliationStep) -> tuple[ReconciliationStep, int]:
        """Do one page; return where that leads, and how many refreshes it wants."""
        match step.phase:
            case Phase.ROWS:
                page = self._add_rows(step)
            case Phase.LISTING:
                page = self._compare_listing(step)
            case Phase.FILL:
                page = self._complete_listed(step)
            case Phase.GHOSTS | Phase.DONE:
                page = self._look_for_ghosts(step)
        # An event of a store has announced whatever is found in it.
        waiting = [] if step.of_one_store else page.differing
        asked = page.refreshes + ([] if waiting else page.differing)
        self._sender.request_refreshes(asked, cause=step.run, compared=self._now())
        counts = dict(Counter(step.counts) + page.found)
        if page.following.phase is Phase.DONE and step.phase is not Phase.FILL and counts.get(Count.FILLED):
            page.following = replace(page.following, phase=Phase.FILL, cursor=None)
        differing = (*step.differing, *map(str, waiting))
        return replace(page.following, counts=counts, differing=differing), len(page.refreshes) + len(page.differing)

    def _add_rows(self, step: ReconciliationStep) -> "_Page":
        """Add a page of rows to the checksums, except those of read sets that are younger than the reconciliation."""
        rows, cursor = self._table.scan_page(step.within, after=step.cursor)
        page = _Page(replace(step, cursor=cursor))
        for row, arn in page.readable(rows):
            page.found[Count.ROWS] += 1
            if arn.store_id not in step.stores:
                page.refresh(arn, Count.STORELESS)
            elif row.get(CREATED_AT, "") < format_timestamp(step.started):
                step.checksums.toggle(row[KEY])
        if cursor is None:
            page.following = replace(step, phase=Phase.LISTING if step.stores else Phase.DONE, cursor=None)
        return page

    def _compare_listing(self, step: ReconciliationStep) -> "_Page":
        """Compare a page of the first store's listing with its rows, and add those that have a row to the checksums."""
        try:
            store, listing = self._read_listing(step)
        except (StoreNotFoundError, ClientError) as error:
            return _Page(_without_listing(step, error))
        arns = [entry["arn"] for entry in listing.read_sets]
        rows = self._table.get_many(arns)
        bulk = self._bulk(step.trust) if self._bulk else None
        tags = bulk.of(arns) if bulk else {}
        page = _Page(replace(step, cursor=listing.next_token), compares_until=self._clock() + _COMPARING_SECONDS)
        page.is_passed_over = tags is None
        fills = _is_first_fill(step, len(listing.read_sets) - len(rows))
        for comparison in compare(
            listing.read_sets, rows, store.metadata, listed_at=listing.as_of, unknown=self._source.unknown, tags=tags
        ):
            page.found[Count.LISTED] += 1
            if comparison.row and format_timestamp(comparison.listed["creationTime"]) < format_timestamp(step.started):
                step.checksums.toggle(comparison.listed["arn"])
            finding = self._judge(comparison, store, bulk, page)
            if finding is Count.RENAMED:
                page.found[finding] += 1
            elif finding is Count.MISSING and fills:
                page.found[Count.FILLED] += 1
                self._synchronizer.write_listed(
                    comparison.listed, store, as_of=comparison.listed_at, tags=comparison.tags
                )
            elif finding is not None:
                page.refresh(ReadSetArn.parse(comparison.listed["arn"]), finding)
        if listing.next_token is None:
            following = step.turn_to(step.stores[1:])
            is_over = step.checksums.all_match and not step.trust.was_misplaced
            last = Phase.DONE if is_over else Phase.GHOSTS
            page.following = replace(following, phase=Phase.LISTING if following.stores else last)
        return page

    def _read_listing(self, step: ReconciliationStep) -> tuple["Store", "ListingPage"]:
        """Read the first store, and the next page of its listing.

        Raises:
            _StoreGoneError: The store is gone, as ListSequenceStores confirms.
            StoreNotFoundError: It is gone, and yet among those that exist.
        """
        store_id = step.stores[0]
        try:
            return self._source.store(store_id, after=step.started), self._source.page(store_id, step.cursor)
        except StoreNotFoundError:
            left = self._source.store_ids()
            if store_id in left:
                # HealthOmics contradicts itself. To begin again at once would be to do so without end.
                raise
            raise _StoreGoneError(left) from None

    def _judge(self, comparison: "Comparison", store: "Store", bulk: "BulkTags | None", page: "_Page") -> Count | None:
        """Say what is wrong with a row, if anything; mend it on the way if that is a name which is not its own."""
        row = comparison.row
        has_right_tags = self._has_right_tags(comparison, bulk, page)
        if row is None:
            return Count.MISSING if comparison.missing else None
        if comparison.suspect:
            return Count.STALE
        is_named_otherwise = set(comparison.fields) <= {"store", STORE_ID, REFERENCE_NAME}
        if is_named_otherwise and has_right_tags is False:
            return Count.RETAGGED
        if comparison.fields:
            if is_named_otherwise and self._synchronizer.replace_names(row, comparison.listed, store):
                return Count.RENAMED
            return Count.UNFINISHED if SYNC_STATE in row else Count.STALE
        compared = has_right_tags is True or page.is_passed_over
        return Count.AGED if self._is_due(row, comparison.listed_at, compared=compared) else None

    def _has_right_tags(self, comparison: "Comparison", bulk: "BulkTags | None", page: "_Page") -> bool | None:
        """Whether a row has the tags of its read set; None where what is told in bulk does not say."""
        if bulk is None or comparison.tags is None or bulk.trust.contradiction:
            return None
        arn = ReadSetArn.parse(comparison.listed["arn"])
        has_time = self._clock() < page.compares_until
        if comparison.row is None or not comparison.contradicts_tags:
            may_be_behind = comparison.tags_may_be_behind
            taken = bulk.takes(arn, comparison.tags, may_be_behind=may_be_behind) if has_time else None
            return taken if comparison.confirms_tags else None
        asks = has_time and page.found[Count.RETAGGED] < _COMPARED_AT_ONCE
        if asks and self._has_tags(arn, comparison.row):
            bulk.agrees(arn, comparison.tags, may_be_behind=comparison.tags_may_be_behind)
            return None
        return False

    def _has_tags(self, arn: ReadSetArn, row: "Row") -> bool:
        try:
            return self._synchronizer.has_tags(arn, row)
        except ClientError as error:
            if has_bad_credentials(error) or is_throttle(error):
                raise
            return False  # its refresh meets the error, and fails alone

    def _look_for_ghosts(self, step: ReconciliationStep) -> "_Page":
        """Have the rows refreshed that may be those which no listing shows."""
        rows, cursor = self._table.scan_page(step.within, after=step.cursor)
        page = _Page(replace(step, phase=Phase.DONE if cursor is None else step.phase, cursor=cursor))
        for row, arn in page.readable(rows):
            seen_since = row.get(SYNCED_AT, "") > format_timestamp(step.started)
            if not seen_since and not step.checksums.matches(row[KEY]):
                page.refresh(arn, Count.UNLISTED)
            elif step.trust.was_misplaced and SYNC_STATE not in row and self._is_due(row, step.started, compared=False):
                page.refresh(arn, Count.AGED)
        return page

    def _complete_listed(self, step: ReconciliationStep) -> "_Page":
        """Have the rows refreshed that hold what a listing says, and nothing else."""
        rows, cursor = self._table.scan_page(step.within, after=step.cursor, limit=FILL_A_MINUTE)
        page = _Page(replace(step, phase=Phase.DONE if cursor is None else step.phase, cursor=cursor))
        listed = [arn for row, arn in page.readable(rows) if row.get(SYNC_STATE) == LISTED]
        page.refreshes += [arn for arn in listed if not self._completed(arn, step)]
        return page

    def _completed(self, arn: ReadSetArn, step: ReconciliationStep) -> bool:
        """Complete the row of an archived read set without a call, if its tags were told in bulk."""
        row = self._table.get(str(arn)) if step.trust.is_earned else None
        known = told_tags(row, step.started) if row else None
        if row is None or known is None or row.get("set_status") != "ARCHIVED":
            return False
        self._synchronizer.refresh_tags(arn, row, as_of=known.as_of, known=known)
        return True

    def _is_due(self, row: "Row", now: datetime, *, compared: bool) -> bool:
        """Whether a row, whose tags were `compared` in bulk, is so old that it is to be refreshed.

        Each row has an age of its own for that, between half of the greatest and the greatest, so that rows which
        were written together are not refreshed together ever after.
        """
        if self._max_age is None:
            return False
        max_age = max(self._max_age, timedelta(days=BULK_MAX_AGE_DAYS)) if compared else self._max_age
        share = 0.5 + zlib.crc32(row[KEY].encode()) / 2**33
        return row.get(SYNCED_AT, "") <= format_timestamp(now - max_age * share)


def _is_first_fill(step: ReconciliationStep, missing: int) -> bool:
    """Whether so many more missing rows tell of a table that was never filled, and not of events that were lost."""
    rows = step.counts.get(Count.ROWS, 0)
    missing += step.counts.get(Count.MISSING, 0) + step.counts.get(Count.FILLED, 0)
    return not step.of_one_store and (rows == 0 or missing > max(2 * rows, _MANY))


class _StoreGoneError(Exception):
    """A store has gone while its reconciliation was under way; these are left."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__(left)
        self.left = left


def _without_listing(step: ReconciliationStep, error: StoreNotFoundError | ClientError) -> ReconciliationStep:
    """Go on with the other stores, now that a page of the first one's listing could not be read.

    Raises:
        ClientError: The error as it is, which is not the store's: the others would meet it too, or have met it if it is
            one that passes.
        UnlistedStoreError: The listings of the others have failed as well, if there are any.
    """
    if is_throttle(error) or has_bad_credentials(error):
        raise error
    following = step.put_off(describe_error(error))
    if len(step.stores) == 1 or step.stores[0] in step.failed:
        if is_passing(error):
            raise error
        reasons = "; ".join(f"{store_id}: {stop.reason}" for store_id, stop in following.failed.items())
        raise UnlistedStoreError(f"sequence stores that could not be listed: {reasons}") from error
    return following


class _Page:
    """What came of one page."""

    def __init__(self, following: ReconciliationStep, *, compares_until: float = 0.0) -> None:
        self.following = following
        self.compares_until = compares_until
        self.is_passed_over = False  # by the call for its tags, for now
        self.refreshes: list[ReadSetArn] = []
        self.differing: list[ReadSetArn] = []
        self.found: Counter[str] = Counter()

    def refresh(self, arn: ReadSetArn, finding: Count) -> None:
        """Have a row refreshed."""
        (self.differing if finding in _DIFFERING else self.refreshes).append(arn)
        self.found[finding] += 1

    def readable(self, rows: Iterable["Row"]) -> Iterator[tuple["Row", ReadSetArn]]:
        """Yield rows with their ARNs; count those whose key is none."""
        for row in rows:
            try:
                yield row, ReadSetArn.parse(row[KEY])
            except MalformedArnError:
                self.found[Count.UNREADABLE] += 1
