"""Turns what can go wrong into one line that says what, with which value, and what to do about it."""

import re
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
)
from readset_sync.constants import OPERATIONS
from readset_sync.model.errors import EXPECTED_ERRORS, describe_error, error_code, has_bad_credentials

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "KmsAccessDenied", "UnauthorizedOperation"})
_ACTION: Final = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")
"""What most services say when they refuse (IAM user guide, "Troubleshoot access denied error messages")."""


def has_known_cause(error: Exception) -> bool:
    """Whether an error comes from AWS, the network or the user's data, and not from a fault in this program."""
    return isinstance(error, EXPECTED_ERRORS)


def is_denied(error: Exception) -> bool:
    """Whether the caller lacks a permission."""
    return error_code(error) in _DENIED


def denied_action(error: ClientError) -> str:
    """The IAM action that the caller lacks; the operation where the service does not name the action."""
    named = _ACTION.search(describe_error(error))
    return named["action"] if named else error.operation_name


def explain(error: Exception) -> str:
    """Say in one line why a command could not do its work, and what to do."""
    if has_bad_credentials(error):
        return (
            f"AWS credentials are missing, expired or refused ({describe_error(error)}): "
            "set AWS_PROFILE or --profile, or renew them with `aws sso login` or `aws configure`"
        )
    if isinstance(error, ClientError):
        return _explain_client_error(error)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError):
        return (
            f"AWS cannot be reached ({describe_error(error)}): "
            "check the network, the region, and AWS_ENDPOINT_URL if it is set"
        )
    if isinstance(error, NoRegionError):
        return "no AWS region is set: give --region, or set AWS_REGION"
    if isinstance(error, ProfileNotFound):
        return f"{describe_error(error)}: name one of `aws configure list-profiles` with --profile or AWS_PROFILE"
    if isinstance(error, BotoCoreError):
        return (
            f"AWS could not be called ({describe_error(error)}): "
            "check your AWS configuration files and the AWS_ variables of your environment"
        )
    return describe_error(error)


def _explain_client_error(error: ClientError) -> str:
    said = describe_error(error)
    if is_denied(error):
        return f"permission is missing ({said}): allow the action to the identity that runs this command"
    match error_code(error):
        case "ProvisionedThroughputExceededException":
            return f"DynamoDB kept throttling ({said}): try again later, or give the table more capacity"
        case "ThrottlingException" | "TooManyRequestsException" if error.operation_name in OPERATIONS:
            return f"HealthOmics kept throttling ({said}): try again later, or lower --max-tps"
        case "Throttling" | "ThrottlingException" | "TooManyRequestsException":
            return f"AWS kept throttling ({said}): try again later"
        case _:
            return f"AWS refused a call ({said}): try again; if that does not help, check the table and the region"
