"""What AWS Lambda runs: handler `readset_sync.function.handler`.

Clients are built once per execution environment, while the module is imported. Environment variables:

- `TABLE_NAME`: the table.
- `QUEUE_URL`: the queue that feeds the function, for what a reconciliation wants done.
- `MAX_RECEIVE_COUNT`: how often that queue delivers a message before it becomes a dead letter.
- `SOURCE_ACCOUNT`, `SOURCE_REGION`: messages of any other account or region are refused.
- `MAX_ROW_AGE_DAYS`: how old a row may become, if its tags were not compared in bulk, before a reconciliation has it
  refreshed; 0 for any age.
- `RECONCILE_SCHEDULE`: how often reconciliations are scheduled, for those who look; not read here.
- `MAX_TPS`: calls a second of each operation that one execution environment may make, as `MaxTps` reads it.
- `POWERTOOLS_*`: service name, metrics namespace and log level, as Powertools documents them.

Logs and metrics name read sets by ARN only: names, subjects, samples and tags may tell who a patient is.
"""

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from readset_sync.aws.bulk_tags import BulkTags
from readset_sync.aws.clients import dynamodb_client, omics_client, sqs_client, tagging_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.aws.retries import Retries
from readset_sync.aws.table import Table
from readset_sync.consumer import Consumer
from readset_sync.report import Report
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_NEEDS: Final = "the function's role needs"

_session = boto3.Session()
_logger = Logger()
_metrics = Metrics()


def _build_consumer() -> Consumer:
    account, region = os.environ["SOURCE_ACCOUNT"], os.environ["SOURCE_REGION"]
    days = float(os.environ["MAX_ROW_AGE_DAYS"])
    retries = Retries()
    max_tps = MaxTps.parse(os.environ["MAX_TPS"])
    source = HealthOmics(omics_client(_session, max_tps=max_tps, retries=retries), tell=_logger.warning, needs=_NEEDS)
    tagging = tagging_client(_session, max_tps=max_tps, retries=retries)
    table = Table(dynamodb_client(_session, retries=retries), os.environ["TABLE_NAME"])
    sender = MessageSender(
        sqs_client(_session, retries=retries), os.environ["QUEUE_URL"], account=account, region=region
    )
    synchronizer = Synchronizer(source, table)
    reconciler = Reconciler(
        source,
        table,
        synchronizer,
        sender,
        account=account,
        region=region,
        partition=_session.get_partition_for_region(region),
        max_age=timedelta(days=days) if days else None,
        bulk=lambda trust: BulkTags(tagging, source, trust=trust, tell=_logger.warning, needs=_NEEDS),
    )
    return Consumer(
        synchronizer,
        reconciler,
        sender,
        retries,
        Report(_logger, _metrics, function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"]),
        account=account,
        region=region,
        max_receives=int(os.environ["MAX_RECEIVE_COUNT"]),
    )


_consumer = _build_consumer()


@_logger.inject_lambda_context
@_metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, list[dict[str, str]]]:
    """Process a batch of queue messages; return those that failed, for the queue to deliver again."""
    failed = _consumer.consume(event["Records"], seconds=context.get_remaining_time_in_millis() / 1000)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
