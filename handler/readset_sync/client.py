"""AWS clients that behave well at 5 calls a second."""

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from readset_sync.limiter import DOCUMENTED_TPS, RateLimits

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_omics import OmicsClient
    from types_boto3_sqs import SQSClient

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=32,
)
"""Throttles, timeouts, resets and 5xx are tried again with exponential backoff; nothing hangs for minutes."""


def omics_client(session: boto3.Session, *, max_tps: float = DOCUMENTED_TPS) -> "OmicsClient":
    """Return a HealthOmics client that makes at most `max_tps` calls a second of each operation, retries included."""
    client: OmicsClient = session.client("omics", config=_CONFIG)
    RateLimits(max_tps).attach(client)
    return client


def dynamodb_client(session: boto3.Session) -> "DynamoDBClient":
    """Return a DynamoDB client."""
    return session.client("dynamodb", config=_CONFIG)


def sqs_client(session: boto3.Session) -> "SQSClient":
    """Return an SQS client."""
    return session.client("sqs", config=_CONFIG)
