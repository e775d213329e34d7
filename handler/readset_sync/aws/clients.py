"""AWS clients that behave well at 5 calls a second."""

from typing import TYPE_CHECKING, Final, TypeVar

import boto3
from botocore.config import Config

from readset_sync.aws.rate_limits import RateLimits
from readset_sync.aws.retries import Retries

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_omics import OmicsClient
    from types_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from types_boto3_sqs import SQSClient

    from readset_sync.aws.rate_limits import MaxTps

_Client = TypeVar("_Client", bound="BaseClient")

MAX_THREADS: Final = 32
"""Threads that can share a client without waiting for one of its connections."""

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=MAX_THREADS,
)
"""`Retries` says what is tried again; no call hangs for minutes."""

_DISPENSABLE: Final = _CONFIG.merge(Config(connect_timeout=3, read_timeout=5))
"""Of a service that is done without where it does not answer: all attempts together fit into the function's minute."""


def omics_client(session: boto3.Session, *, max_tps: "MaxTps", retries: Retries | None = None) -> "OmicsClient":
    """Return a HealthOmics client that calls each operation at its rate at the most, retries included."""
    return _paced(session.client("omics", config=_CONFIG), max_tps, retries)


def tagging_client(
    session: boto3.Session, *, max_tps: "MaxTps", retries: Retries | None = None
) -> "ResourceGroupsTaggingAPIClient":
    """Return a client of the Resource Groups Tagging API that calls each operation at its rate at the most."""
    return _paced(session.client("resourcegroupstaggingapi", config=_DISPENSABLE), max_tps, retries)


def dynamodb_client(session: boto3.Session, *, retries: Retries | None = None) -> "DynamoDBClient":
    """Return a DynamoDB client."""
    client: DynamoDBClient = session.client("dynamodb", config=_CONFIG)
    (retries or Retries()).attach(client)
    return client


def sqs_client(session: boto3.Session, *, retries: Retries | None = None) -> "SQSClient":
    """Return an SQS client."""
    client: SQSClient = session.client("sqs", config=_CONFIG)
    (retries or Retries()).attach(client)
    return client


def _paced(client: _Client, max_tps: "MaxTps", retries: Retries | None) -> _Client:
    RateLimits(max_tps).attach(client)
    (retries or Retries()).attach(client)
    return client
