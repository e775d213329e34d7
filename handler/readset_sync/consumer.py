"""Works through batches of queue messages, each message failing alone, and says what it did."""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import (
    SqsFifoPartialProcessor,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType] - Powertools leaves the handler untyped
)

from readset_sync.constants import (
    DRIFT_METRIC,
    EVENTS_METRIC,
    LAG_METRIC,
    MESSAGES_METRIC,
    RECONCILIATIONS_METRIC,
    REFRESH_METRIC,
)
from readset_sync.messages.queue_message import ReconcileRequest, RefreshRequest, StoreEvent, parse_message
from readset_sync.messages.read_set_event import ACTIONS, Action, ReadSetEvent
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.errors import EXPECTED_ERRORS, MalformedEventError, describe_error
from readset_sync.stores.reconciliation import drift
from readset_sync.sync import Change, Outcome

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from readset_sync.messages.queue_message import Message
    from readset_sync.stores.reconciliation import Reconciler
    from readset_sync.sync import Synchronizer

_FUNCTION: Final = "function_name"
"""The dimension that tells stacks apart, as Powertools names it for its own metric `ColdStart`."""


class Consumer:
    """Does what queue messages of one account and region say.

    Logs name every message by ARNs and no other names. Metrics have refresh durations, the time from the source's
    change to the row, and what reconciliations find.
    """

    def __init__(
        self,
        synchronizer: "Synchronizer",
        reconciler: "Reconciler",
        *,
        account: str,
        region: str,
        logger: "Logger",
        metrics: "Metrics",
    ) -> None:
        self._synchronizer = synchronizer
        self._reconciler = reconciler
        self._account = account
        self._region = region
        self._logger = logger
        self._metrics = metrics
        # A failed message holds back the rest of its own message group only, so that order within a read set stays.
        self._processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        # A batch in which all failed is reported like any other: raising would only lose the reasons.
        self._processor.raise_on_entire_batch_failure = False
        self._counts: Counter[tuple[str, str]] = Counter()

    def consume(self, batch: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
        """Process a batch of an SQS event source; return the messages that failed."""
        self._counts.clear()
        # Stacks of one account and region have the namespace and the service in common.
        self._metrics.add_dimension(_FUNCTION, context.function_name)
        self._metrics.add_metric(MESSAGES_METRIC, unit=MetricUnit.Count, value=len(batch["Records"]))
        response = process_partial_response(batch, self._process, self._processor, context)
        for (status, outcome), count in self._counts.items():
            with single_metric(EVENTS_METRIC, unit=MetricUnit.Count, value=count) as metric:
                metric.add_dimension(_FUNCTION, context.function_name)
                metric.add_dimension("Status", status)
                metric.add_dimension("Outcome", outcome)
        return response

    def _process(self, record: "SQSRecord") -> None:
        """Process one message. The processor passes `record` by name, and takes an exception as a failure."""
        try:
            message = parse_message(record.body, account=self._account, region=self._region)
        except MalformedEventError as error:
            self._counts["MALFORMED", "failed"] += 1
            self._logger.error(  # noqa: TRY400 - the reason says it all, and a traceback would only bury it
                "message refused",
                message_id=record.message_id,
                reason=str(error),
                receive_count=record.attributes.approximate_receive_count,
            )
            raise
        kind = _kind(message)
        started = time.perf_counter()
        try:
            done = self._apply(message)
        except EXPECTED_ERRORS as error:
            self._counts[kind, "failed"] += 1
            self._logger.error(  # noqa: TRY400 - as above
                "event failed",
                **_identity(message),
                reason=describe_error(error),
                receive_count=record.attributes.approximate_receive_count,
            )
            raise
        except Exception:
            self._counts[kind, "failed"] += 1
            self._logger.exception("event failed unexpectedly", **_identity(message))
            raise
        milliseconds = (time.perf_counter() - started) * 1000
        if isinstance(done, ReconciliationStep):
            self._counts[kind, done.phase] += 1
            self._report_step(done, milliseconds)
        else:
            self._counts[kind, done.outcome] += 1
            self._report_change(message, done, milliseconds)

    def _apply(self, message: "Message") -> Change | ReconciliationStep:
        match message:
            case ReadSetEvent():
                return self._synchronizer.apply(message)
            case RefreshRequest():
                # What asked may know of a store that has another name than the one remembered here.
                return self._synchronizer.refresh(message.arn, store_after=message.time)
            case ReconcileRequest():
                return self._reconciler.start(message)
            case StoreEvent():
                return self._reconciler.start_store(message) if message.settled else Change(Outcome.IGNORED)
            case ReconciliationStep():
                return self._reconciler.run_step(message)

    def _report_change(self, message: "Message", change: Change, milliseconds: float) -> None:
        self._logger.info(
            "event applied",
            **_identity(message),
            outcome=change.outcome,
            fields=change.fields,
            milliseconds=round(milliseconds),
        )
        if change.outcome is Outcome.IGNORED:
            return
        if isinstance(message, ReadSetEvent):
            lag = (datetime.now(UTC) - message.time).total_seconds() * 1000
            self._metrics.add_metric(LAG_METRIC, unit=MetricUnit.Milliseconds, value=max(lag, 0))
        if not isinstance(message, ReadSetEvent) or message.action is Action.REFRESH:
            self._metrics.add_metric(REFRESH_METRIC, unit=MetricUnit.Milliseconds, value=milliseconds)

    def _report_step(self, step: ReconciliationStep, milliseconds: float) -> None:
        done = step.phase is Phase.DONE
        self._logger.info(
            "reconciliation finished" if done else "reconciliation goes on",
            **_identity(step),
            milliseconds=round(milliseconds),
        )
        if done:
            self._metrics.add_metric(RECONCILIATIONS_METRIC, unit=MetricUnit.Count, value=1)
            self._metrics.add_metric(DRIFT_METRIC, unit=MetricUnit.Count, value=drift(step.counts))


def _kind(message: "Message") -> str:
    """The first dimension of the metric of a message.

    Whatever comes from outside could be anything, and each value of a dimension is a metric of its own.
    """
    match message:
        case ReadSetEvent():
            return message.status if message.status in ACTIONS else "OTHER"
        case RefreshRequest():
            return "REFRESH"
        case StoreEvent() | ReconcileRequest() | ReconciliationStep():
            return "RECONCILE"


def _identity(message: "Message") -> dict[str, Any]:
    """What tells a message from others, for the logs."""
    match message:
        case ReadSetEvent():
            return {"event_id": message.id, "set_arn": str(message.arn), "status": message.status}
        case RefreshRequest():
            return {"event_id": message.id, "set_arn": str(message.arn)}
        case StoreEvent():
            return {"event_id": message.id, "store_arn": str(message.arn), "status": message.status}
        case ReconcileRequest():
            return {"event_id": message.id}
        case ReconciliationStep():
            identity = {"event_id": message.id, "phase": message.phase, "found": dict(message.counts)}
            failed = {store_id: stop.reason for store_id, stop in message.failed.items()}
            return identity | ({"failed_stores": failed} if failed else {})
