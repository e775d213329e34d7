"""What AWS Lambda runs: handler `readset_sync.function.handler`.

Clients are built once per execution environment, while the module is imported. Environment variables:

- `TABLE_NAME`: the table.
- `SOURCE_ACCOUNT`, `SOURCE_REGION`: events of any other account or region are refused.
- `MAX_TPS`: calls a second of each HealthOmics operation that one execution environment may make, as `Rates` reads it.
- `POWERTOOLS_*`: service name, metrics namespace and log level, as Powertools documents them.

Logs and metrics name read sets by ARN only: names, subjects, samples and tags may tell who a patient is.
"""

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from readset_sync.client import dynamodb_client, omics_client
from readset_sync.consumer import Consumer
from readset_sync.rates import Rates
from readset_sync.source import Source
from readset_sync.sync import Synchronizer
from readset_sync.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

_session = boto3.Session()
_logger = Logger()
_metrics = Metrics()
_consumer = Consumer(
    Synchronizer(
        Source(omics_client(_session, max_tps=Rates.parse(os.environ["MAX_TPS"]))),
        Table(dynamodb_client(_session), os.environ["TABLE_NAME"]),
    ),
    account=os.environ["SOURCE_ACCOUNT"],
    region=os.environ["SOURCE_REGION"],
    logger=_logger,
    metrics=_metrics,
)


@_logger.inject_lambda_context
@_metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Process a batch of queue messages; return those that failed, for the queue to deliver again."""
    return _consumer.consume(event, context)
