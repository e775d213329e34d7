"""Errors, classed by the reaction that they call for.

`SetupError` stops the work: nothing can succeed until somebody mends the cause. Every other error concerns a
single message or a single read set, and the rest goes on.
"""

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NetworkError


class SyncError(Exception):
    """An error whose message says what is wrong, with which value."""


class SetupError(SyncError):
    """The work cannot be done at all: a missing table, a store that does not exist, ... ."""


class MalformedEventError(SyncError):
    """A message that `queue_message` cannot read, or of another account or region. Retrying cannot help."""


class ReadSetNotFoundError(SyncError):
    """HealthOmics says that there is no such read set (404), or that it has been deleted."""


class TableError(SetupError):
    """There is no such table, or its key is another one."""


class StoreNotFoundError(SetupError):
    """HealthOmics says that there is no such sequence store in this account and region (404)."""


class ServiceAwayError(SetupError):
    """A service that has answered before has not answered for longer than somebody wanted to wait."""


class UnlistedStoreError(SyncError):
    """The listings of some sequence stores failed, so that nobody knows what is in them. Trying again may help."""


class ContendedRowError(SyncError):
    """A row, or its read set, kept changing under every attempt to write it. Trying again later helps."""


class UnfinishedError(SyncError):
    """Work that did not end within the time that there was for it."""


class LeftBehindError(SyncError):
    """A call that nobody waits for any more."""


class NotBegunError(UnfinishedError):
    """Work that was not begun, because what comes before it failed or took too long."""


EXPECTED_ERRORS: Final = (SyncError, ClientError, BotoCoreError)
"""Everything that AWS, the network or the data can do to one read set. Any other exception is a fault of ours."""

NOT_FOUND: Final = "ResourceNotFoundException"
"""The error code of a 404, with which HealthOmics says that there is no such thing."""

_BAD_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "KmsAccessDenied", "UnauthorizedOperation"})

THROTTLES: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The error codes with which AWS services throttle (botocore, `retries/standard.py`)."""


_REPLICA_CONFLICT: Final = "ReplicatedWriteConflictException"
"""DynamoDB's word that another region is writing to the same item of a global table just now."""


def is_passing_answer(status: int, code: str) -> bool:
    """Whether an answer refuses a call for now only: a throttle, a time-out or an internal error.

    Args:
        status: The HTTP status.
        code: The AWS error code; empty where the answer has none.
    """
    return status >= 500 or status in {408, 429} or code in THROTTLES or code == _REPLICA_CONFLICT


def is_throttle(error: Exception | None) -> bool:
    """Whether AWS refused a call for the rate of calls, whoever made the others."""
    return isinstance(error, ClientError) and error_code(error) in THROTTLES


def is_passing(error: Exception | None) -> bool:
    """Whether the same work may succeed later without anybody mending anything."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return is_passing_answer(status, error_code(error))
    passing = HTTPClientError | NetworkError | UnfinishedError | ContendedRowError
    return isinstance(error, passing) and not isinstance(error, SSLError)


def error_code(error: Exception) -> str:
    """The AWS error code of a client error, such as `ThrottlingException`, and the class name of any other."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") or type(error).__name__
    return type(error).__name__


def describe_error(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, ClientError):
        message = error.response.get("Error", {}).get("Message", "").strip()
        return " ".join(f"{error.operation_name}: {error_code(error)}: {message}".split())
    return " ".join(str(error).split())


def has_bad_credentials(error: Exception) -> bool:
    """Whether AWS, or the credential chain, refused the caller's credentials: every further call would fail too."""
    if isinstance(error, ClientError):
        return error_code(error) in _BAD_CREDENTIALS
    return isinstance(
        error,
        NoCredentialsError
        | PartialCredentialsError
        | CredentialRetrievalError
        | MetadataRetrievalError
        | TokenRetrievalError
        | SSOError,
    )


def is_denied(error: Exception) -> bool:
    """Whether the caller lacks a permission."""
    return error_code(error) in _DENIED


def is_fatal(error: Exception) -> bool:
    """Whether the whole run must stop, because every other read set would fail for the same reason."""
    return isinstance(error, SetupError | EndpointConnectionError | ProxyConnectionError) or has_bad_credentials(error)
