"""Works through batches of queue messages: each message fails alone, and a failure costs no other message a receive."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from readset_sync.batch import Record, side_by_side
from readset_sync.constants import ANSWER_SECONDS
from readset_sync.messages.queue_message import Message, ReconcileRequest, RefreshRequest, StoreEvent, parse_message
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import (
    EXPECTED_ERRORS,
    MalformedEventError,
    NotBegunError,
    UnfinishedError,
    is_passing,
    is_throttle,
)
from readset_sync.sync import BEHIND, Change, Outcome

if TYPE_CHECKING:
    from readset_sync.aws.message_sender import MessageSender
    from readset_sync.aws.retries import Retries
    from readset_sync.report import Report
    from readset_sync.stores.reconciliation import Reconciler
    from readset_sync.sync import Synchronizer

_NOT_BEGUN: Final = NotBegunError("the message before it in its group failed or did not end in time")
_UNFINISHED: Final = UnfinishedError("it did not end within the function's time")

_FIRST_PAUSE_SECONDS: Final = 120
"""After which a message comes again whose first attempt failed for a reason that passes."""

_BEHIND_SECONDS: Final = (5, 10, 20)
"""After which an event is applied again that HealthOmics does not know of yet; then its answer is believed."""

_LAST_SECOND: Final = 1.0
"""Seconds before the end of the function's time at which it answers, whatever SQS does with messages that failed."""

_LATER_SECONDS: Final = 60
"""After which it is looked once more for tags of a read set that had none when it became ACTIVE, and at rows that a
reconciliation found wrong: what an event mends meanwhile is no drift. A first fill pauses as long between its steps."""


_WAITS: Final = 1
"""How often a step of a reconciliation is received only to wait."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One receive of a message, and what has come of it.

    Attributes:
        record: The message as it was received.
        message: What it says; None where nobody can read it.
        result: What was done; None where the attempt failed.
        error: Why it failed, or has not ended.
        milliseconds: How long it took.
    """

    record: Record
    message: Message | None
    result: Change | ReconciliationStep | None = None
    error: Exception | None = _NOT_BEGUN
    milliseconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether the message is not done with."""
        return self.error is not None or self.looks_again

    @property
    def looks_again(self) -> bool:
        """Whether nothing failed, but the message is to come again for what the source may not have shown yet."""
        return isinstance(self.result, Change) and self.result.look_again

    @property
    def shares_group(self) -> bool:
        """Whether the message came in the message group of other read sets.

        EventBridge fills in the path that the rule gives it as message group, or takes the path for the group's name.
        """
        # An event of tags has no read set's id to be filled in, and so comes in a group of its own.
        return self.record.group not in {self.group, self.message.id if self.message else None}

    @property
    def group(self) -> str:
        """The message group that the message should be in."""
        match self.message:
            case ReadSetEvent() | RefreshRequest():
                return self.message.arn.read_set_id
            case _:
                return self.record.id if self.record.group.startswith("$") else self.record.group


class Consumer:
    """Does what queue messages say.

    Args:
        synchronizer: Writes the rows.
        reconciler: Compares whole stores with their rows.
        sender: The way back into the queue.
        retries: Of the clients that the work is done with; told of the deadline.
        report: Told of every message.
        account: The account whose messages are taken.
        region: The region whose messages are taken.
        max_receives: How often a message is received before it becomes a dead letter.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        synchronizer: "Synchronizer",
        reconciler: "Reconciler",
        sender: "MessageSender",
        retries: "Retries",
        report: "Report",
        *,
        account: str,
        region: str,
        max_receives: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._synchronizer = synchronizer
        self._reconciler = reconciler
        self._sender = sender
        self._retries = retries
        self._report = report
        self._account = account
        self._region = region
        self._max_receives = max_receives
        self._looks = min(len(_BEHIND_SECONDS), max_receives - 1)
        self._clock = clock
        self._reconciling = False

    def consume(self, records: Iterable[Mapping[str, Any]], *, seconds: float) -> list[str]:
        """Process the records of a batch, and return the ids of those that failed.

        Messages of different read sets go on side by side, those of one read set one after the other: what follows a
        failed message is left.

        Args:
            records: `Records` of the event of an SQS event source.
            seconds: How long the function may still run.
        """
        end = self._clock() + seconds
        deadline = end - ANSWER_SECONDS
        batch = self._retries.begin(deadline)
        attempts = {attempt.record.id: attempt for attempt in map(self._read, records)}
        # SQS hands out the messages of a group together, and so a request with the step that it waited behind.
        self._reconciling = any(_is_of_all_stores(attempt.message) for attempt in attempts.values())
        begun: set[str] = set()
        groups: dict[str, list[Callable[[], Attempt | bool]]] = {}
        for attempt in attempts.values():
            groups.setdefault(attempt.group, []).append(partial(self._process, attempt, begun, batch))
        if any(attempt.record.receives > 1 and not _waited(attempt) for attempt in attempts.values()):
            # Is a message that fails again to blame, or AWS? This is asked beside the work, so that it takes no time.
            groups["AWS"] = [self._aws_answers]
        aws_answers = False
        for ended in side_by_side(groups.values(), goes_on=_succeeded, deadline=deadline, clock=self._clock):
            if isinstance(ended, Attempt):
                attempts[ended.record.id] = ended
                begun.remove(ended.record.id)
            else:
                aws_answers = ended
        attempts |= {each: replace(attempts[each], error=_UNFINISHED) for each in list(begun)}
        self._report.batch(attempts.values())
        failed = {each.record.id: each for each in attempts.values() if each.failed}
        self._retries.begin(end - _LAST_SECOND)
        sends = [[partial(self._sent_on, each, aws_answers=aws_answers)] for each in failed.values()]
        for sent_on in side_by_side(sends, goes_on=bool, deadline=end - _LAST_SECOND, clock=self._clock):
            failed.pop(sent_on, None)
        return list(failed)

    def _read(self, record: Mapping[str, Any]) -> Attempt:
        received = Record.read(record)
        try:
            return Attempt(received, parse_message(received.body, account=self._account, region=self._region))
        except MalformedEventError as error:
            return Attempt(received, None, error=error)

    def _process(self, attempt: Attempt, begun: set[str], batch: object) -> Attempt:
        self._retries.join(batch)
        begun.add(attempt.record.id)
        if attempt.message is None:
            return attempt
        began = self._clock()
        try:
            result = self._apply(attempt.message, attempt.record)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported, and the other messages go on
            attempt = replace(attempt, error=error)
        else:
            attempt = replace(attempt, result=result, error=None)
        return replace(attempt, milliseconds=(self._clock() - began) * 1000)

    def _aws_answers(self) -> bool:
        """Whether the services answer, for a read set that is not there: its status is written, and it is read."""
        nobody = ReadSetArn("aws", self._region, self._account, "0" * 10, "0" * 10)
        try:
            self._synchronizer.apply(ReadSetEvent("", nobody, "ARCHIVED", None, datetime.now(UTC)))
        except EXPECTED_ERRORS as error:
            return not is_passing(error)
        return True

    def _apply(self, message: Message, record: Record) -> Change | ReconciliationStep:
        match message:
            case ReadSetEvent():
                is_recent = _is_recent(message)
                return self._synchronizer.apply(
                    message,
                    may_be_behind=is_recent and record.receives <= self._looks,
                    may_come=is_recent and record.receives < self._max_receives,
                )
            case RefreshRequest():
                if message.others:
                    self._sender.request_refreshes(message.others, cause=message.id)
                # What asked may know of a store that has another name than the one remembered here.
                change = self._synchronizer.refresh(
                    message.arn,
                    # An event of tags says nothing of the store.
                    store_after=None if message.retagged else message.time,
                    compared=message.compared,
                    retagged=message.retagged,
                )
                # It has seen a row, or the read set in a listing. If there is neither, HealthOmics may be behind.
                may_be_behind = change.outcome is Outcome.ABSENT and record.receives <= self._looks
                return Change(Outcome.BEHIND, look_again=True) if may_be_behind else change
            case ReconcileRequest():
                return Change(Outcome.DROPPED) if self._reconciling else self._reconciler.start(message)
            case StoreEvent():
                return self._reconciler.start_store(message) if message.concerns_rows else Change(Outcome.IGNORED)
            case ReconciliationStep():
                if message.waits and record.receives == _WAITS and self._looks:
                    return Change(Outcome.WAITING, look_again=True)
                return self._reconciler.run_step(message)

    def _sent_on(self, attempt: Attempt, *, aws_answers: bool) -> str:
        """See to it that a failed message comes again in time; return its id if that is as a copy, and "" otherwise.

        A copy begins to be counted anew, so that throttles and outages never make a message a dead letter. It may come
        after younger messages of its read set: whatever the order, a row is made what its read set is then.
        """
        record, error = attempt.record, attempt.error
        blameless = isinstance(error, NotBegunError) or is_throttle(error) or (is_passing(error) and not aws_answers)
        try:
            if attempt.shares_group or (blameless and record.receives > 1):
                self._sender.send_again(record.body, group=attempt.group)
                return record.id
            if pause := _pause(attempt):
                self._sender.hide(record.receipt, seconds=pause)
        except EXPECTED_ERRORS as refusal:
            # The message comes again all the same, when the queue's visibility timeout is over.
            self._report.not_sent_on(attempt, refusal)
        return ""


def _is_of_all_stores(message: Message | None) -> bool:
    return isinstance(message, ReconciliationStep) and not message.of_one_store


def _waited(attempt: Attempt) -> bool:
    """Whether a message that comes again has done so for what was to come, and not for a failure."""
    match attempt.message:
        case ReconciliationStep() as step:
            return step.waits and attempt.record.receives == 1 + _WAITS
        case message:
            return _is_recent(message, 2)


def _is_recent(message: Message | None, times: int = 1) -> bool:
    """Whether HealthOmics may not know yet of an event, or so many times as long ago."""
    return isinstance(message, ReadSetEvent) and datetime.now(UTC) - message.time < times * BEHIND


def _pause(attempt: Attempt) -> int | None:
    """The seconds after which a message is to come again; None for the queue's visibility timeout."""
    receives = attempt.record.receives
    if isinstance(attempt.result, Change):
        return _BEHIND_SECONDS[receives - 1] if attempt.result.outcome is Outcome.BEHIND else _LATER_SECONDS
    return _FIRST_PAUSE_SECONDS if is_passing(attempt.error) and receives == 1 else None


def _succeeded(ended: Attempt | bool) -> bool:
    return isinstance(ended, Attempt) and ended.error is None
