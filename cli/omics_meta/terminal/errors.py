"""Turns what can go wrong into one line that says what, with which value, and what to do about it."""

import os
import re
from collections.abc import Sequence
from typing import Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoRegionError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from readset_sync.constants import OPERATIONS
from readset_sync.model.errors import describe_error, error_code, has_bad_credentials, is_denied

_OMICS: Final = re.compile(r"\bomics\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
"""The host name of HealthOmics' endpoint, after the prefix of an operation."""
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_ACTION: Final = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")
"""What most services say when they refuse (IAM user guide, "Troubleshoot access denied error messages")."""


def denied_action(error: ClientError) -> str:
    """The IAM action that the caller lacks; the operation where the service does not name the action."""
    named = _ACTION.search(describe_error(error))
    return named["action"] if named else error.operation_name


def explain(error: Exception, profile: str | None = None) -> str:
    """Say in one line why a command could not do its work, and what to do.

    Args:
        error: What was raised.
        profile: The AWS profile that the command was given.
    """
    said, profile = describe_error(error), profile or os.environ.get("AWS_PROFILE")
    if has_bad_credentials(error):
        return f"AWS credentials are missing, expired or refused ({said}): {_credentials_remedy(error, profile)}"
    if isinstance(error, ClientError):
        return _explain_client_error(error, profile)
    if isinstance(error, AwsConnectionError | HTTPClientError):
        return f"AWS cannot be reached ({said}): {_network_remedy(error)}"
    if isinstance(error, NoRegionError):
        return "no AWS region is set: give --region, or set AWS_REGION"
    if isinstance(error, ProfileNotFound):
        if not error.kwargs["profile"]:
            return "AWS_PROFILE is set to nothing, which AWS's tools take for the name of a profile: unset it"
        return f"{said}: name one of `aws configure list-profiles` with --profile or AWS_PROFILE"
    if isinstance(error, BotoCoreError):
        return (
            f"AWS could not be called ({said}): "
            "check your AWS configuration files and the AWS_ variables of your environment"
        )
    return said


def _credentials_remedy(error: Exception, profile: str | None) -> str:
    """What helps depends on which of botocore's credential providers was asked."""
    match error:
        case SSOError() | TokenRetrievalError():
            return f"run `aws sso login{f' --profile {profile}' if profile else ''}`"
        case CredentialRetrievalError():
            named = profile or "default"
            return f"run the command that is its credential_process by hand, or mend the settings of profile {named}"
        case MetadataRetrievalError():
            return "check that the container or instance has a role, and that its credentials can be fetched here"
        case _:
            return "set AWS_PROFILE or --profile, or renew them with `aws sso login` or `aws configure`"


def _network_remedy(error: BotoCoreError) -> str:
    match error:
        case ProxyConnectionError():
            named = " or ".join(each for each in _PROXIES if each in os.environ) or "the AWS configuration"
            return f"check the proxy that {named} names, or set NO_PROXY"
        case SSLError():
            return "check the certificates, AWS_CA_BUNDLE if it is set, and who answers in between, such as a proxy"
        case _ if (named := _OMICS.search(str(error))) and named["region"] not in (known := _omics_regions()):
            return f"{named['region']} has no HealthOmics: give --region one of {', '.join(known)}"
        case _:
            return "check the network, the region, and AWS_ENDPOINT_URL if it is set"


def _omics_regions() -> Sequence[str]:
    return boto3.Session().get_available_regions("omics")


def _explain_client_error(error: ClientError, profile: str | None) -> str:
    said = describe_error(error)
    if error.operation_name.startswith("AssumeRole"):
        role = f"the role of profile {profile or 'default'}"
        return f"{role} cannot be assumed ({said}): check role_arn and source_profile, and who the role trusts"
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
