"""What the function says of its work: a line in the log for each message, and metrics.

Logs and metrics name read sets by ARN only: names, subjects, samples and tags may tell who a patient is.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from readset_sync.constants import (
    DRIFT_METRIC,
    EVENTS_METRIC,
    LAG_METRIC,
    MESSAGES_METRIC,
    OVERWRITTEN,
    RECONCILIATIONS_METRIC,
    REFRESH_METRIC,
    SHARED_GROUPS_METRIC,
)
from readset_sync.messages.queue_message import ReconcileRequest, RefreshRequest, StoreEvent
from readset_sync.messages.read_set_event import ACTIONS, Action, ReadSetEvent
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.errors import EXPECTED_ERRORS, NotBegunError, describe_error
from readset_sync.model.timestamp import format_timestamp
from readset_sync.sync import Change, Outcome, Replaced

if TYPE_CHECKING:
    from collections.abc import Collection

    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics

    from readset_sync.consumer import Attempt
    from readset_sync.messages.queue_message import Message

_FUNCTION: Final = "function_name"
"""The dimension that tells stacks apart, as Powertools names it for its own metric `ColdStart`."""

_NOT_REFRESHED: Final = frozenset({Outcome.IGNORED, Outcome.FRESH, Outcome.DROPPED, Outcome.BEHIND, Outcome.WAITING})

_LONGEST_LAG: Final = timedelta(hours=24)
"""For so long EventBridge tries to deliver an event. An older one was replayed or redriven, and tells of no lag."""


class Report:
    """Logs what becomes of messages, and counts it.

    Args:
        logger: Told of every message.
        metrics: Given counts of messages, refresh durations, the time from the source's change to the row, and what
            reconciliations find.
        function_name: Tells the metrics of stacks apart.
    """

    def __init__(self, logger: "Logger", metrics: "Metrics", *, function_name: str) -> None:
        self._logger = logger
        self._metrics = metrics
        self._function_name = function_name
        self._warned = False

    def batch(self, attempts: "Collection[Attempt]") -> None:
        """Report what came of a batch."""
        # Stacks of one account and region have the namespace and the service in common.
        self._metrics.add_dimension(_FUNCTION, self._function_name)
        self._count(MESSAGES_METRIC, len(attempts))
        self._shared_groups(attempts)
        counts = Counter(map(self._attempt, attempts))
        for (status, outcome), count in counts.items():
            with single_metric(EVENTS_METRIC, unit=MetricUnit.Count, value=count) as metric:
                metric.add_dimension(_FUNCTION, self._function_name)
                metric.add_dimension("Status", status)
                metric.add_dimension("Outcome", outcome)

    def not_sent_on(self, attempt: "Attempt", refusal: Exception) -> None:
        """Report that SQS did not let a failed message come again sooner than its visibility timeout says."""
        self._logger.warning("message comes again late", **_identity(attempt), reason=describe_error(refusal))

    def _shared_groups(self, attempts: "Collection[Attempt]") -> None:
        sharing = [attempt.record for attempt in attempts if attempt.shares_group]
        if not sharing:
            return
        # A metric costs money, and so there is none where all is well.
        self._count(SHARED_GROUPS_METRIC, len(sharing))
        if not self._warned:
            self._warned = True
            self._logger.warning(
                "read sets share a message group: EventBridge took the rule's path for its name, "
                "and so events are worked off one after the other",
                message_group=sharing[0].group,
            )

    def _attempt(self, attempt: "Attempt") -> tuple[str, str]:
        """Log what came of a message, and return what it counts as."""
        match attempt.result:
            case Change() as change:
                self._change(attempt, change)
                return _kind(attempt.message), change.outcome
            case ReconciliationStep() as step:
                self._step(attempt, step)
                return _kind(attempt.message), step.phase
            case None:
                self._failure(attempt)
                return _kind(attempt.message), "held back" if isinstance(attempt.error, NotBegunError) else "failed"

    def _failure(self, attempt: "Attempt") -> None:
        error = attempt.error
        told: dict[str, Any] = _identity(attempt) | {"receive_count": attempt.record.receives}
        match error:
            case NotBegunError():
                self._logger.info("event held back", **told, reason=str(error))
            case _ if attempt.message is None:
                self._logger.error("message refused", **told, reason=str(error))
            case Exception() if isinstance(error, EXPECTED_ERRORS):
                self._logger.error("event failed", **told, reason=describe_error(error))
            case _:
                self._logger.error("event failed unexpectedly", **told, exc_info=error)

    def _change(self, attempt: "Attempt", change: Change) -> None:
        message, told = attempt.message, _identity(attempt)
        if attempt.shares_group:
            told["message_group"] = attempt.record.group
        if change.replaced is Replaced.OVERWRITTEN:
            told[OVERWRITTEN] = True
        self._logger.info(
            "event applied",
            **told,
            outcome=change.outcome,
            fields=change.fields,
            milliseconds=round(attempt.milliseconds),
        )
        if change.outcome in _NOT_REFRESHED:
            return
        if isinstance(message, RefreshRequest) and message.drift and _is_drift(change):
            self._count(DRIFT_METRIC, 1)
        if isinstance(message, ReadSetEvent) and change.outcome is not Outcome.UNCHANGED:
            lag = max(datetime.now(UTC) - message.time, timedelta())
            if lag <= _LONGEST_LAG and not message.replayed:
                self._measure(LAG_METRIC, lag / timedelta(milliseconds=1))
        if not isinstance(message, ReadSetEvent) or message.action is Action.REFRESH:
            self._measure(REFRESH_METRIC, attempt.milliseconds)

    def _step(self, attempt: "Attempt", step: ReconciliationStep) -> None:
        told: dict[str, Any] = {"failed_stores": {each: stop.reason for each, stop in step.failed.items()}}
        self._logger.info(
            "reconciliation finished" if step.is_done else "reconciliation goes on",
            event_id=step.id,
            phase=step.phase,
            started=format_timestamp(step.started),
            found=dict(step.counts),
            tags_in_bulk=str(step.trust),
            tags_told=step.trust.coverage,
            milliseconds=round(attempt.milliseconds),
            **(told if step.failed else {}),
        )
        if step.of_one_store:
            return
        if step.is_done:
            self._count(RECONCILIATIONS_METRIC, 1)
        elif step.phase is Phase.FILL:
            # It goes on for days, and is no reason for an alarm.
            self._count(RECONCILIATIONS_METRIC, 0)
        if isinstance(attempt.message, ReconcileRequest):
            # What an earlier reconciliation found stands until here.
            self._count(DRIFT_METRIC, 0)

    def _count(self, name: str, value: int) -> None:
        self._metrics.add_metric(name, unit=MetricUnit.Count, value=value)

    def _measure(self, name: str, milliseconds: float) -> None:
        self._metrics.add_metric(name, unit=MetricUnit.Milliseconds, value=milliseconds)


def _is_drift(change: Change) -> bool:
    """Whether a row was wrong because an event was lost, if none had announced the change."""
    changed = change.outcome in {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
    return changed and change.replaced is Replaced.OURS


def _kind(message: "Message | None") -> str:
    """The first dimension of the metric of a message.

    Whatever comes from outside could be anything, and each value of a dimension is a metric of its own.
    """
    match message:
        case None:
            return "MALFORMED"
        case ReadSetEvent():
            return message.status if message.status in ACTIONS else "OTHER"
        case RefreshRequest():
            return "REFRESH"
        case StoreEvent() | ReconcileRequest() | ReconciliationStep():
            return "RECONCILE"


def _identity(attempt: "Attempt") -> dict[str, Any]:
    """What tells a message from others, for the logs."""
    match attempt.message:
        case None:
            return {"message_id": attempt.record.id}
        case ReadSetEvent() as event:
            return {"event_id": event.id, "set_arn": str(event.arn), "status": event.status}
        case RefreshRequest() as request:
            return {"event_id": request.id, "set_arn": str(request.arn)}
        case StoreEvent() as event:
            return {"event_id": event.id, "store_arn": str(event.arn), "status": event.status}
        case ReconcileRequest() | ReconciliationStep() as request:
            return {"event_id": request.id}
