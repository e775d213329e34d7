"""What AWS counts, measured by running the product's own code on a sample."""

import io
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics
from aws_lambda_powertools.metrics.provider.cold_start import reset_cold_start_flag
from aws_lambda_powertools.utilities.typing import LambdaContext
from omics_components.function import METRICS_NAMESPACE, SERVICE
from omics_components.settings import TABLE_INDEXES, Settings
from omics_components.table import HASH_KEY
from readset_sync.consumer import Consumer
from readset_sync.record import Row, build_row
from readset_sync.sync import Change, Outcome, Synchronizer

if TYPE_CHECKING:
    from readset_sync.reconcile import Reconciler

PLATFORM_LOG_BYTES: Final = 350
"""What Lambda itself logs about an invocation (START, END, REPORT); an assumption."""

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Kind:
    """One kind of event: how many of it come in a month for each read set, and what it does to the row."""

    share: float
    status: str
    outcome: Outcome
    reads: bool
    writes: bool


MONTH: Final = (
    Kind(0.05, "PROCESSING_UPLOAD", Outcome.IGNORED, reads=False, writes=False),
    Kind(0.05, "ACTIVE", Outcome.CREATED, reads=True, writes=True),
    Kind(0.05, "ARCHIVED", Outcome.UPDATED, reads=False, writes=True),
    Kind(0.02, "ACTIVATING", Outcome.UPDATED, reads=False, writes=True),
    Kind(0.02, "ACTIVE", Outcome.UPDATED, reads=True, writes=True),
    Kind(0.01, "DELETING", Outcome.UPDATED, reads=False, writes=True),
    Kind(0.01, "DELETED", Outcome.DELETED, reads=False, writes=True),
)
"""A month: 5 % of the read sets imported, 5 % archived, 2 % activated, 1 % deleted."""


def sample_row() -> Row:
    """Build the row of a paired FASTQ read set with three tags, all optional attributes present."""
    store = "arn:aws:omics:us-east-1:123456789012:sequenceStore/1234567890"
    bucket = "s3://123456789012-1234567890-ajdpi90jdas90a79fh9a8ja98jdfa9jf98-s3alias"
    folder = f"{bucket}/123456789012/sequenceStore/1234567890"
    file = {"totalParts": 412, "partSize": 104_857_600, "contentLength": 43_201_331_200}
    read_set = {
        "id": "1122334455",
        "arn": f"{store}/readSet/1122334455",
        "sequenceStoreId": "1234567890",
        "name": "NA12878-L001",
        "description": "Whole genome, 30x, lane 1",
        "status": "ACTIVE",
        "fileType": "FASTQ",
        "referenceArn": "arn:aws:omics:us-east-1:123456789012:referenceStore/2345678901/reference/3456789012",
        "subjectId": "subject-0001",
        "sampleId": "NA12878",
        "creationType": "IMPORT",
        "creationJobId": "5566778899",
        "creationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "etag": {"algorithm": "FASTQ_MD5up", "source1": "a" * 32, "source2": "b" * 32},
        "sequenceInformation": {"totalReadCount": 400_000_000, "totalBaseCount": 60_000_000_000, "alignment": "NONE"},
        "files": {
            name: file | {"s3Access": {"s3Uri": f"{folder}/readSet/1122334455/NA12878_{name}.fastq.gz"}}
            for name in ("source1", "source2")
        },
    }
    access_point = "arn:aws:s3:us-east-1:123456789012:accesspoint/123456789012-1234567890"
    return build_row(
        read_set,
        tags={"cohort": "A", "project": "rare-disease", "sequencer": "NovaSeq X"},
        store={
            "id": "1234567890",
            "arn": store,
            "name": "cohort-a",
            "s3Access": {"s3Uri": f"{folder}/", "s3AccessPointArn": access_point},
        },
        store_as_of=datetime(2026, 1, 1, tzinfo=UTC),
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        previous=None,
    )


def item_size(value: Any) -> int:
    """Return the bytes that DynamoDB counts for a value (Developer Guide, "DynamoDB item sizes and formats")."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, int):
        return math.ceil(len(str(value).strip("-0")) / 2) + 1
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return 3 + sum(1 + len(name.encode()) + item_size(member) for name, member in members.items())
    return 3 + sum(1 + item_size(element) for element in cast("list[Any]", value))


def row_size(row: Row) -> int:
    """Return the bytes that DynamoDB counts for an item."""
    return sum(len(name.encode()) + item_size(value) for name, value in row.items())


@dataclass(frozen=True)
class Observed:
    """What the function writes for one event of a kind: bytes of logs, and the custom metrics in them."""

    log_bytes: int
    metrics: frozenset[str]


def observe(kind: Kind) -> Observed:
    """Have the function's code process one event of a kind, without AWS, in an environment that has just started."""
    os.environ["POWERTOOLS_METRICS_NAMESPACE"] = METRICS_NAMESPACE
    os.environ["POWERTOOLS_SERVICE_NAME"] = SERVICE
    reset_cold_start_flag()
    before = _said.tell()
    with redirect_stdout(_said):
        _process(kind)
    text = _said.getvalue()[before:]
    lines = [json.loads(line) for line in text.splitlines()]
    metrics = frozenset(metric for line in lines if "_aws" in line for metric in _metrics(line))
    # Measured times have as many digits as they happen to have: take the same for all of them.
    steady = re.sub(r"\d+\.\d+", "1234.567", text)
    return Observed(len(steady.encode()) + PLATFORM_LOG_BYTES, metrics)


_said = io.StringIO()
# Powertools keeps one logger for each service, with the stream that it was given first.
_logger = Logger(service=SERVICE, stream=_said)


def _process(kind: Kind) -> None:
    change = Change(kind.outcome, ("set_status",) if kind.outcome is Outcome.UPDATED else ())
    metrics = Metrics(namespace=METRICS_NAMESPACE, service=SERVICE)

    def apply(_: object) -> Change:
        return change

    synchronizer = cast("Synchronizer", SimpleNamespace(apply=apply))
    # No message of these kinds has to do with a reconciliation.
    reconciler = cast("Reconciler", SimpleNamespace())
    consumer = Consumer(synchronizer, reconciler, account=ACCOUNT, region=REGION, logger=_logger, metrics=metrics)

    @_logger.inject_lambda_context
    @metrics.log_metrics(capture_cold_start_metric=True)
    def handler(batch: dict[str, Any], context: LambdaContext) -> object:
        return consumer.consume(batch, context)

    name = "healthomics-metadata-sync-function-1234567"
    context = SimpleNamespace(
        function_name=name,
        memory_limit_in_mb=Settings().function_memory_size,
        invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        aws_request_id="4f1d9a0c-9f0e-4f0e-9a0c-4f1d9a0c9f0e",
    )
    handler({"Records": [_message(kind)]}, cast("LambdaContext", context))


def _message(kind: Kind) -> dict[str, Any]:
    arn = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/1234567890/readSet/1122334455"
    event = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Read Set Status Change",
        "source": "aws.omics",
        "account": ACCOUNT,
        "time": "2026-01-01T00:00:00Z",
        "region": REGION,
        "resources": [arn],
        "detail": {"omicsVersion": "1.0.0", "arn": arn, "id": "1122334455", "status": kind.status},
    }
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "receipt",
        "body": json.dumps(event),
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "1122334455"},
        "eventSource": "aws:sqs",
    }


def _metrics(line: Mapping[str, Any]) -> Iterator[str]:
    """Name each custom metric of an EMF line: CloudWatch charges for every combination of dimension values."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            values = ", ".join(f"{name}={line[name]}" for name in sorted(dimensions))
            for metric in directive["Metrics"]:
                yield f"{metric['Name']} ({values})"


ROW_BYTES: Final = row_size(sample_row())
WRITES: Final = math.ceil(ROW_BYTES / 1024)
"""Write request units of a put, an update or a delete of the row: DynamoDB counts whole items, by the kilobyte."""

INDEX_BYTES: Final = {
    name: row_size({key: sample_row()[key] for key in (HASH_KEY, *keys)}) for name, keys in TABLE_INDEXES.items()
}
"""Bytes of a row in each index that the created table can have: its keys. Each is a write request unit to write."""

READS: Final = math.ceil(ROW_BYTES / 4096)
"""Read request units of a strongly consistent read of the row."""
