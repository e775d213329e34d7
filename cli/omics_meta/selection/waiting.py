"""Waiting for a service that is away: laptops sleep, and networks drop."""

from collections.abc import Callable
from functools import cache
from typing import Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from readset_sync.aws.retries import Outage, Retries
from readset_sync.model.errors import is_passing

from omics_meta.terminal.exits import INTERRUPTED
from omics_meta.terminal.output import print_note

_ONE_ATTEMPT: Final = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20)


def retries_of_omics(session: boto3.Session, patience: float) -> Retries:
    """Retries that wait for HealthOmics so many seconds."""
    if not patience:
        return Retries()
    client = cache(lambda: session.client("omics", config=_ONE_ATTEMPT))  # made in the first outage
    return _waiting("HealthOmics", patience, lambda: client().list_sequence_stores(maxResults=1))


def retries_of_dynamodb(session: boto3.Session, patience: float) -> Retries:
    """Retries that wait for DynamoDB so many seconds."""
    if not patience:
        return Retries()
    client = cache(lambda: session.client("dynamodb", config=_ONE_ATTEMPT))
    return _waiting("DynamoDB", patience, lambda: client().list_tables(Limit=1))


def _waiting(service: str, patience: float, call: Callable[[], object]) -> Retries:
    def answers() -> bool:
        try:
            call()
        except ClientError as error:
            return not is_passing(error)  # a refusal, such as of a permission, is an answer
        except BotoCoreError:
            return False
        return True

    return Retries(Outage(service, patience, answers, tell=print_note, given_up=INTERRUPTED.is_set))
