"""What AWS counts, measured by running the product's own code on a sample.

`omics_meta.commands.cost.footprint` has what came of it, because the command line has no deployed code to measure.
"""

import io
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics
from aws_lambda_powertools.metrics.provider.cold_start import reset_cold_start_flag
from aws_lambda_powertools.utilities.typing import LambdaContext
from omics_components.function import METRICS_NAMESPACE, SERVICE
from omics_components.settings import TABLE_INDEXES, Settings
from omics_meta.commands.cost.footprint import Kind, Observed
from readset_sync.aws.retries import Retries
from readset_sync.constants import KEY, OWN_SOURCE, RECONCILE
from readset_sync.consumer import Consumer
from readset_sync.messages.queue_message import REFRESH
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.model.record import Row, build_row, listed_row
from readset_sync.model.timestamp import format_timestamp
from readset_sync.report import Report
from readset_sync.sync import Change, Outcome, Synchronizer

if TYPE_CHECKING:
    from readset_sync.aws.message_sender import MessageSender
    from readset_sync.stores.reconciliation import Reconciler

PLATFORM_LOG_BYTES: Final = 350
"""What Lambda itself logs about an invocation (START, END, REPORT); an assumption."""

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"

_ARN: Final = f"arn:aws:omics:{REGION}:{ACCOUNT}:sequenceStore/1234567890/readSet/1122334455"
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH: Final = 10


def sample_rows() -> tuple[Row, Row]:
    """Build the rows, whole and as listed, of a paired FASTQ read set with three tags and all optional attributes."""
    store, _, read_set_id = _ARN.partition("/readSet/")
    bucket = "s3://123456789012-1234567890-ajdpi90jdas90a79fh9a8ja98jdfa9jf98-s3alias"
    folder = f"{bucket}/123456789012/sequenceStore/1234567890"
    file = {"totalParts": 412, "partSize": 104_857_600, "contentLength": 43_201_331_200}
    read_set = {
        "id": read_set_id,
        "arn": _ARN,
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
        "creationTime": _NOW,
        "etag": {"algorithm": "FASTQ_MD5up", "source1": "a" * 32, "source2": "b" * 32},
        "sequenceInformation": {"totalReadCount": 400_000_000, "totalBaseCount": 60_000_000_000, "alignment": "NONE"},
        "files": {
            name: file | {"s3Access": {"s3Uri": f"{folder}/readSet/1122334455/NA12878_{name}.fastq.gz"}}
            for name in ("source1", "source2")
        },
    }
    access_point = "arn:aws:s3:us-east-1:123456789012:accesspoint/123456789012-1234567890"
    parent = {
        "id": "1234567890",
        "arn": store,
        "name": "cohort-a",
        "s3Access": {"s3Uri": f"{folder}/", "s3AccessPointArn": access_point},
    }
    tags = {"cohort": "A", "project": "rare-disease", "sequencer": "NovaSeq X"}
    listed = {name: value for name, value in read_set.items() if name not in {"files", "creationJobId"}}
    return (
        build_row(read_set, tags=tags, store=parent, store_as_of=_NOW, as_of=_NOW, previous=None),
        listed_row(listed, store=parent, store_as_of=_NOW, as_of=_NOW),
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


def index_size(row: Row, index: str) -> int:
    """Return the bytes that DynamoDB counts for a row in an index of the created table: its keys alone."""
    return row_size({name: row[name] for name in (KEY, *TABLE_INDEXES[index])})


def observe_event(kind: Kind) -> Observed:
    """Have the function's code process one event of a kind."""
    fields = ("set_status",) if kind.outcome == Outcome.UPDATED else ()
    return _observe([_event(kind.status)], Change(Outcome(kind.outcome), fields))


def observe_refresh() -> Observed:
    """Have the function's code process ten requests of a reconciliation for a refresh; the bytes are those of one."""
    body = _own(REFRESH, {"arn": _ARN})
    observed = _observe([body] * _BATCH, Change(Outcome.UNCHANGED))
    return Observed(math.ceil(observed.log_bytes / _BATCH), observed.metrics)


def observe_step() -> Observed:
    """Have the function's code process the last step of a reconciliation, which says the most."""
    counts = {"rows": 100_000, "listed": 100_000, "aged": 18_000}
    done = ReconciliationStep("4" * 32, 9, _NOW, ":sequenceStore/", (), Phase.DONE, None, BucketChecksums(), counts)
    return _observe([_own(RECONCILE, {})], done)


def _observe(bodies: Sequence[Mapping[str, Any]], result: Change | ReconciliationStep) -> Observed:
    """Have the function's code process messages, without AWS, in an environment that has just started."""
    os.environ["POWERTOOLS_METRICS_NAMESPACE"] = METRICS_NAMESPACE
    os.environ["POWERTOOLS_SERVICE_NAME"] = SERVICE
    reset_cold_start_flag()
    before = _said.tell()
    with redirect_stdout(_said):
        _process(bodies, result)
    text = _said.getvalue()[before:]
    lines = [json.loads(line) for line in text.splitlines()]
    metrics = frozenset(metric for line in lines if "_aws" in line for metric in _metrics(line))
    # Measured times have as many digits as they happen to have: take the same for all of them.
    steady = re.sub(r'(?<="milliseconds":)\d+', "0", re.sub(r"\d+\.\d+", "1234.567", text))
    return Observed(len(steady.encode()) + PLATFORM_LOG_BYTES, metrics)


_said = io.StringIO()
# Powertools keeps one logger for each service, with the stream that it was given first.
_logger = Logger(service=SERVICE, stream=_said)


def _process(bodies: Sequence[Mapping[str, Any]], result: Change | ReconciliationStep) -> None:
    metrics = Metrics(namespace=METRICS_NAMESPACE, service=SERVICE)

    def give(*_: object, **__: object) -> Change | ReconciliationStep:
        return result

    synchronizer = cast("Synchronizer", SimpleNamespace(apply=give, refresh=give))
    reconciler = cast("Reconciler", SimpleNamespace(start=give))
    name = "healthomics-metadata-sync-function-1234567"
    sender = cast("MessageSender", SimpleNamespace())
    report = Report(_logger, metrics, function_name=name)
    consumer = Consumer(
        synchronizer, reconciler, sender, Retries(), report, account=ACCOUNT, region=REGION, max_receives=5
    )

    @_logger.inject_lambda_context
    @metrics.log_metrics(capture_cold_start_metric=True)
    def handler(batch: dict[str, Any], context: LambdaContext) -> object:  # noqa: ARG001 - for the decorators
        return consumer.consume(batch["Records"], seconds=60)

    context = SimpleNamespace(
        function_name=name,
        memory_limit_in_mb=Settings().function_memory_size,
        invoked_function_arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        aws_request_id="4f1d9a0c-9f0e-4f0e-9a0c-4f1d9a0c9f0e",
    )
    records = [_record(body, number) for number, body in enumerate(bodies)]
    handler({"Records": records}, cast("LambdaContext", context))


def _event(status: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Read Set Status Change",
        "source": "aws.omics",
        "account": ACCOUNT,
        # Of an old event, no lag is measured.
        "time": format_timestamp(datetime.now(UTC)),
        "region": REGION,
        "resources": [_ARN],
        "detail": {"omicsVersion": "1.0.0", "arn": _ARN, "id": "1122334455", "status": status},
    }


def _own(detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{'4' * 32}-1234567890-1122334455",
        "source": OWN_SOURCE,
        "detail-type": detail_type,
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-01-01T00:00:00Z",
        "detail": detail,
    }


def _record(body: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-66197583{number:04}",
        "receiptHandle": "receipt",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": body["detail"].get("id", "1122334455")},
        "eventSource": "aws:sqs",
    }


def _metrics(line: Mapping[str, Any]) -> Iterator[str]:
    """Name each custom metric of an EMF line by status and outcome: each combination of them is charged for."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            values = " ".join(line[name] for name in sorted(dimensions) if name in {"Status", "Outcome"})
            for metric in directive["Metrics"]:
                yield f"{metric['Name']} {values}".strip()
