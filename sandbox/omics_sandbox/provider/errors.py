"""What the stand-in says when it cannot do what a program asks, in the words of the real AWS provider."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class ProviderError(Exception):
    """The provider cannot do what was asked; the message is for the author of the Pulumi program."""


class IncompleteCreationError(ProviderError):
    """A resource exists in AWS, but a later step of its creation failed.

    Pulumi keeps such a resource in its state, so that the next update or destroy finds it.
    """

    def __init__(self, message: str, resource_id: str, state: dict[str, Any], inputs: dict[str, Any]) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.state = state
        self.inputs = inputs


@contextmanager
def describing(action: str) -> Generator[None]:
    """Turn an AWS error into a ProviderError that tells what was being done."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise ProviderError(
            f"{action}: operation error {error.operation_name}, "
            f"https response error StatusCode: {status}, "
            f"api error {details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        ) from error
    except BotoCoreError as error:
        raise ProviderError(f"{action}: {error}") from error
