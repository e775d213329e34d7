"""Waiting for a service that is away: laptops sleep, and networks drop."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from readset_sync.aws.retries import Outage, Retries
from readset_sync.model.errors import is_passing

from omics_meta.selection.session import Session
from omics_meta.terminal.exits import INTERRUPTED
from omics_meta.terminal.output import print_note

_ONE_ATTEMPT: Final = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20)

_QUESTIONS: Final[Mapping[str, tuple[str, Callable[[Any], object]]]] = {
    "omics": ("HealthOmics", lambda client: client.list_sequence_stores(maxResults=1)),
    "dynamodb": ("DynamoDB", lambda client: client.list_tables(Limit=1)),
}
"""The names of services, and how to find out whether they are there."""


def retries_of(service: str, session: Session, patience: float) -> Retries:
    """Retries that wait so many seconds for `omics` or `dynamodb`."""
    if not patience:
        return Retries()
    name, ask = _QUESTIONS[service]
    client = cache(lambda: session.client(service, config=_ONE_ATTEMPT))  # made in the first outage

    def answers() -> bool:
        try:
            ask(client())
        except ClientError as error:
            return not is_passing(error)  # a refusal, such as of a permission, is an answer
        except BotoCoreError:
            return False
        return True

    return Retries(Outage(name, patience, answers, tell=print_note, given_up=INTERRUPTED.is_set))
