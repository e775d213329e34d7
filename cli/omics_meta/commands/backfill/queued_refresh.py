"""`backfill --via-queue`: hands read sets to the deployed pipeline, no faster than it works them off."""

import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from readset_sync.aws.clients import sqs_client
from readset_sync.aws.healthomics import PAGE_SIZE
from readset_sync.aws.message_sender import MessageSender
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.model.record import SYNC_STATE, SYNCED_AT, Row
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.backfill import PendingRefreshes
from readset_sync.stores.verification import ReadSetResult
from readset_sync.sync import Change, Outcome

from omics_meta.pipeline.queue import count_messages
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import Connection
from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.progress import Reporter

BACKLOG: Final = 200
"""Messages in the queue beyond which no more are sent: a live event waits for 40 seconds' worth at 5 calls a second."""

_POLL_SECONDS: Final = 1.0

_LATE_SECONDS: Final = 60.0
"""After which SQS is right about a queue that it says is empty."""

_STALLED_SECONDS: Final = 900.0
"""Without any row refreshed, after which the pipeline is not waited for any more."""


class QueuedRefresh:
    """Refreshes of rows that the pipeline is asked for through its queue.

    Args:
        connection: The pipeline's table, and the session that the queue is called with.
        stack: The pipeline.
        began: When the backfill began: a row that was synced since has been refreshed.
        reporter: Told of each row that has been refreshed.
        wait: Whether to wait for room in the queue, and for the rows.
    """

    def __init__(
        self, connection: Connection, stack: Stack, *, began: datetime, reporter: Reporter, wait: bool
    ) -> None:
        in_use = {"tableName": connection.table.name, "region": connection.region}
        for output, value in in_use.items():
            if stack.output(output) != value:
                raise CommandError(
                    f"--via-queue cannot fill {value!r}, because the stack's {output} is {stack.output(output)!r}: "
                    "leave -t and -r out"
                )
        self._url = stack.output("queueUrl")
        self._sqs = sqs_client(connection.session)
        self._table = connection.table
        self._began = format_timestamp(began)
        self._reporter = reporter
        self._wait = wait
        self._cause = f"fill-{uuid.uuid4().hex}"
        self._pending: deque[ReadSetArn] = deque()
        self._moved_at = 0.0

    def send(self, pending: PendingRefreshes) -> Iterator[list[ReadSetResult]]:
        """Have the rows of these read sets refreshed, as far as the queue has room; yield what was sent, by page."""
        store = StoreArn.parse(pending.store_arn)
        sender = MessageSender(self._sqs, self._url, account=store.account, region=store.region)
        for arns in pending.pages():
            self._moved_at = time.monotonic()
            self._wait_for_room()
            sender.request_refreshes(arns, cause=self._cause)
            self._pending.extend(arns if self._wait else ())
            yield [ReadSetResult(str(arn), Change(Outcome.ENQUEUED)) for arn in arns]

    def follow(self) -> Iterator[list[ReadSetResult]]:
        """Wait until all rows that were asked for have been refreshed; yield those that the pipeline gave up on."""
        self._moved_at = time.monotonic()
        self._reporter.begin("pipeline")
        while self._pending and not self._is_given_up():
            if refreshed := self._take_out_refreshed():
                self._reporter.batch(Counter(refreshed=refreshed))
            else:
                time.sleep(_POLL_SECONDS)
        yield [
            ReadSetResult(str(arn), None, "the pipeline has not refreshed its row: see `omics-meta dlq list`, or wait")
            for arn in self._pending
        ]

    def _wait_for_room(self) -> None:
        while self._wait and count_messages(self._sqs, self._url) > BACKLOG - PAGE_SIZE:
            if self._take_out_refreshed():
                continue
            if self._seconds_without_progress() > _STALLED_SECONDS:
                raise CommandError(
                    f"the pipeline has refreshed no row for {_STALLED_SECONDS / 60:.0f} minutes, and {self._url} is "
                    "full: see what is wrong with `omics-meta verify`"
                )
            time.sleep(_POLL_SECONDS)

    def _is_given_up(self) -> bool:
        idle = self._seconds_without_progress()
        is_empty = idle > _LATE_SECONDS and count_messages(self._sqs, self._url) == 0
        return is_empty or idle > _STALLED_SECONDS

    def _seconds_without_progress(self) -> float:
        return time.monotonic() - self._moved_at

    def _take_out_refreshed(self) -> int:
        """Look at some of the rows that were asked for; take out those that have been refreshed, and count them."""
        looked_at = list(islice(self._pending, PAGE_SIZE))
        rows = self._table.get_many(map(str, looked_at))
        left = [arn for arn in looked_at if not self._is_refreshed(rows.get(str(arn)))]
        for _ in looked_at:
            self._pending.popleft()
        self._pending.extend(left)
        refreshed = len(looked_at) - len(left)
        for _ in range(refreshed):
            self._reporter.advance()
            self._moved_at = time.monotonic()
        return refreshed

    def _is_refreshed(self, row: Row | None) -> bool:
        # A row is refreshed in full, or deleted because its read set is gone.
        return row is None or (SYNC_STATE not in row and row.get(SYNCED_AT, "") >= self._began)
