"""The function's code, and queue messages as Lambda hands them to it."""

import io
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics
from botocore.exceptions import ClientError
from readset_sync.aws.retries import Retries
from readset_sync.aws.table import Table
from readset_sync.constants import OWN_SOURCE
from readset_sync.consumer import Consumer
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.record import Row
from readset_sync.model.timestamp import format_timestamp
from readset_sync.report import Report

Body = dict[str, Any] | str


class Rows:
    """What has a table: a test looks at its rows, and changes them."""

    table: Table

    def row(self, arn: ReadSetArn) -> Row:
        """The row of a read set, which has one."""
        row = self.table.get(str(arn))
        assert row
        return row

    def change_row(self, arn: ReadSetArn, **attributes: Any) -> None:
        """Give the row of a read set other attributes, as somebody else would; None takes one out."""
        row = self.row(arn)
        theirs = {name: value for name, value in (row | attributes).items() if value is not None}
        assert self.table.put(theirs, replacing=row)


class Function:
    """The function's code on what a test gives it.

    Attributes:
        measured: The values of each metric of the last batch; none of one that was not sent.
    """

    def __init__(
        self, synchronizer: Any, reconciler: Any, sender: Any, *, max_receives: int = 5, **options: Any
    ) -> None:
        self.measured: dict[str, list[float]] = defaultdict(list)
        self._log = io.StringIO()
        self._metrics = Metrics(namespace="Test", service="sync")
        # Loggers of one service share a handler, so each test has a service of its own.
        logger = Logger(service=f"sync-{uuid4().hex}", level="INFO", stream=self._log)
        self._consumer = Consumer(
            synchronizer,
            reconciler,
            sender,
            Retries(),
            Report(logger, self._metrics, function_name="sync"),
            account="123456789012",
            region="us-west-2",
            max_receives=max_receives,
            **options,
        )

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def consume(self, *records: dict[str, Any]) -> list[str]:
        """Consume a batch, and return the messages that failed."""
        failed = self._consumer.consume(records, seconds=60)
        self.measured = defaultdict(list)
        self.measured |= {name: metric["Value"] for name, metric in self._metrics.metric_set.items()}
        # Powertools' metrics are the process's.
        self._metrics.flush_metrics()
        return failed


def record(message_id: str, body: Body, *, group: str | None = None, receives: int = 1) -> dict[str, Any]:
    """A message of a batch; without a group, in that of its read set, and in one of its own if it names none."""
    arn = body.get("detail", {}).get("arn", "") if isinstance(body, dict) else ""
    own = arn.rpartition("/readSet/")[2] or message_id
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt of {message_id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives), "MessageGroupId": group or own},
    }


def tag_change(arn: ReadSetArn, *, time: datetime | None = None) -> dict[str, Any]:
    """An event about the tags of a read set, of this moment if no other is given."""
    said = {"source": "aws.tag", "detail-type": "Tag Change on Resource", "resources": [str(arn)]}
    return event(arn, time=time) | said | {"detail": {}}


def own_message(
    detail_type: str, detail: dict[str, Any] | None = None, *, id_: str = "a-message", time: datetime | None = None
) -> dict[str, Any]:
    """A message that the pipeline sends to itself, of this moment if no other is given."""
    return {
        "id": id_,
        "source": OWN_SOURCE,
        "detail-type": detail_type,
        "account": "123456789012",
        "region": "us-west-2",
        "time": format_timestamp(time or datetime.now(UTC)),
        "detail": detail or {},
    }


def event(arn: ReadSetArn, status: str = "ACTIVE", *, time: datetime | None = None, **extra: Any) -> dict[str, Any]:
    """An event of a read set, of this moment if no other is given."""
    return {
        "id": "an-event",
        "source": "aws.omics",
        "detail-type": "Read Set Status Change",
        "account": arn.account,
        "region": arn.region,
        "time": format_timestamp(time or datetime.now(UTC)),
        "detail": {"arn": str(arn), "sequenceStoreId": arn.store_id, "id": arn.read_set_id, "status": status},
        **extra,
    }


def refusal(code: str, status: int = 400, *, operation: str = "GetReadSetMetadata", message: str = "no") -> ClientError:
    """What a client raises for an answer of this error and HTTP status."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)  # pyright: ignore[reportArgumentType] - botocore reads no more
