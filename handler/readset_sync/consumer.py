"""Works through batches of queue messages, each message failing alone, and says what it did."""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import (
    SqsFifoPartialProcessor,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType] - Powertools leaves the handler untyped
)

from readset_sync.errors import FAILURES, MalformedEventError, describe_error
from readset_sync.event import ACTIONS, Action, parse_event
from readset_sync.sync import Outcome

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from readset_sync.event import ReadSetEvent
    from readset_sync.sync import Change, Synchronizer


class Consumer:
    """Applies the events of queue messages.

    Args:
        synchronizer: Writes the rows.
        account: The account whose events are taken.
        region: The region whose events are taken.
        logger: Told of every event, by ARN.
        metrics: Given refresh durations and the time from the source's change to the row.
    """

    def __init__(
        self, synchronizer: "Synchronizer", *, account: str, region: str, logger: "Logger", metrics: "Metrics"
    ) -> None:
        self._synchronizer = synchronizer
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
        self._metrics.add_metric("Messages", unit=MetricUnit.Count, value=len(batch["Records"]))
        response = process_partial_response(batch, self._process, self._processor, context)
        for (status, outcome), count in self._counts.items():
            with single_metric("Events", unit=MetricUnit.Count, value=count) as metric:
                metric.add_dimension("Status", status)
                metric.add_dimension("Outcome", outcome)
        return response

    def _process(self, record: "SQSRecord") -> None:
        """Process one message. The processor passes `record` by name, and takes an exception as a failure."""
        try:
            event = parse_event(record.body, account=self._account, region=self._region)
        except MalformedEventError as error:
            self._counts["MALFORMED", "failed"] += 1
            self._logger.error(  # noqa: TRY400 - the reason says it all, and a traceback would only bury it
                "message refused",
                message_id=record.message_id,
                reason=str(error),
                receive_count=record.attributes.approximate_receive_count,
            )
            raise
        # Whatever comes from outside could be anything, and each value of a dimension is a metric of its own.
        status = event.status if event.status in ACTIONS else "OTHER"
        started = time.perf_counter()
        try:
            change = self._synchronizer.apply(event)
        except FAILURES as error:
            self._counts[status, "failed"] += 1
            self._logger.error(  # noqa: TRY400 - as above
                "event failed",
                **_identity(event),
                reason=describe_error(error),
                receive_count=record.attributes.approximate_receive_count,
            )
            raise
        except Exception:
            self._counts[status, "failed"] += 1
            self._logger.exception("event failed unexpectedly", **_identity(event))
            raise
        self._counts[status, change.outcome] += 1
        self._report(event, change, milliseconds=(time.perf_counter() - started) * 1000)

    def _report(self, event: "ReadSetEvent", change: "Change", *, milliseconds: float) -> None:
        self._logger.info(
            "event applied",
            **_identity(event),
            outcome=change.outcome,
            fields=change.fields,
            milliseconds=round(milliseconds),
        )
        if change.outcome is Outcome.IGNORED:
            return
        lag = (datetime.now(UTC) - event.time).total_seconds() * 1000
        self._metrics.add_metric("SourceToRowLag", unit=MetricUnit.Milliseconds, value=max(lag, 0))
        if event.action is Action.REFRESH:
            self._metrics.add_metric("RefreshDuration", unit=MetricUnit.Milliseconds, value=milliseconds)


def _identity(event: "ReadSetEvent") -> dict[str, Any]:
    return {"event_id": event.id, "set_arn": str(event.arn), "status": event.status}
