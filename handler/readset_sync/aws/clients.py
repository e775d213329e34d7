"""AWS clients that behave well at 5 calls a second."""

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from readset_sync.aws.rate_limits import RateLimits

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_omics import OmicsClient
    from types_boto3_sqs import SQSClient

    from readset_sync.aws.rate_limits import MaxTps

MAX_THREADS: Final = 32
"""Threads that can share a client without waiting for one of its connections."""

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=MAX_THREADS,
)
"""Throttles, timeouts, resets and 5xx are tried again with exponential backoff; nothing hangs for minutes."""


def omics_client(session: boto3.Session, *, max_tps: "MaxTps") -> "OmicsClient":
    """Return a HealthOmics client that calls each operation at its rate at the most, retries included."""
    client: OmicsClient = session.client("omics", config=_CONFIG)
    RateLimits(max_tps).attach(client)
    return client


def dynamodb_client(session: boto3.Session) -> "DynamoDBClient":
    """Return a DynamoDB client."""
    return session.client("dynamodb", config=_CONFIG)


def sqs_client(session: boto3.Session) -> "SQSClient":
    """Return an SQS client."""
    return session.client("sqs", config=_CONFIG)
