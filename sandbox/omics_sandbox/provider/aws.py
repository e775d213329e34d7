"""Clients for the AWS that an environment and a provider configuration name."""

import json
import threading
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from pulumi.runtime.proto.provider_pb2 import CheckFailure

from omics_sandbox.provider.errors import ProviderError, describing
from omics_sandbox.provider.values import UNKNOWN, is_list, is_mapping

# Settings of the real provider that only spare it work which the stand-in never does.
_WITHOUT_EFFECT: Final = frozenset(
    {
        "maxRetries",
        "retryMode",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "version",
    }
)
_TEXT_SETTINGS: Final = frozenset({"accessKey", "profile", "region", "secretKey", "token"})


def check_settings(inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """Find what is wrong with the inputs of a provider resource."""
    failures: list[CheckFailure] = []

    def refuse(name: str, reason: str) -> None:
        failures.append(CheckFailure(property=name, reason=reason))

    for name, value in inputs.items():
        if name in _TEXT_SETTINGS:
            if value != UNKNOWN and not isinstance(value, str):
                refuse(name, f"expected aws:{name} to be a string, got {value!r}")
        elif name == "endpoints":
            try:
                _endpoints(value)
            except (ValueError, TypeError) as error:
                refuse(name, f"aws:endpoints cannot be read: {error}")
        elif name not in _WITHOUT_EFFECT and not name.startswith("__"):
            refuse(name, f"the stand-in for the AWS provider has no setting aws:{name}")
    return failures


def _endpoints(value: object) -> dict[str, str]:
    blocks: object = json.loads(value) if isinstance(value, str) else value
    if not is_list(blocks):
        raise TypeError(f"a list of objects is expected, got {value!r}")
    endpoints: dict[str, str] = {}
    for block in blocks:
        if not is_mapping(block):
            raise TypeError(f"an object of service names and addresses is expected, got {block!r}")
        endpoints.update({service: url for service, url in block.items() if url})
    return endpoints


class Aws:
    """Hands out boto3 clients, one per service and region. Safe to use from many threads.

    What the provider configuration says wins over the `AWS_*` variables of the environment.
    """

    def __init__(self, environment: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> None:
        """Args: the environment, and the checked inputs of a provider resource, in which nested values are JSON."""
        self._environment = environment
        self._settings = settings or {}
        self._endpoints = _endpoints(self._settings.get("endpoints", []))
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None
        self._clients: dict[tuple[str, str], Any] = {}

    def with_settings(self, settings: Mapping[str, Any]) -> "Aws":
        """Return clients for the same environment under another provider configuration."""
        return Aws(self._environment, settings)

    @property
    def region(self) -> str:
        """The region of the provider."""
        region = self._setting("region", "AWS_REGION", "AWS_DEFAULT_REGION") or self._open_session().region_name
        if not region:
            raise ProviderError(
                "Missing region configuration: make sure you have set your AWS region, "
                "e.g. `pulumi config set aws:region us-west-2`, or set AWS_REGION"
            )
        return region

    def partition(self, region: str) -> str:
        """The partition that a region belongs to, such as `aws` or `aws-us-gov`."""
        return self._open_session().get_partition_for_region(region)

    def require_credentials(self) -> None:
        """Make sure that there is something to sign requests with, as the real provider does first."""
        try:
            credentials = self._open_session().get_credentials()
        except BotoCoreError as error:
            raise ProviderError(f"No valid credential sources found: {error}") from error
        if credentials is None:
            raise ProviderError(
                "No valid credential sources found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or the configuration aws:profile"
            )

    def client(self, service: str) -> Any:  # one type per service
        """Return the boto3 client of a service."""
        region = self.region
        with self._lock:
            if (service, region) not in self._clients:
                session: Any = self._open_session()  # its stub wants the name of the service as a literal
                self._clients[service, region] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint(service),
                    config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
                )
            return self._clients[service, region]

    def _endpoint(self, service: str) -> str | None:
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        # Terraform, and with it Pulumi's configuration, calls the service `cloudwatchevents`, `cloudwatchlogs`.
        configured = self._endpoints.get(service) or self._endpoints.get(f"cloudwatch{service}")
        return configured or self._setting("", variable, "AWS_ENDPOINT_URL")

    def _open_session(self) -> boto3.Session:
        if self._session is None:
            access_key = self._setting("accessKey", "AWS_ACCESS_KEY_ID")
            secret_key = self._setting("secretKey", "AWS_SECRET_ACCESS_KEY")
            if bool(access_key) != bool(secret_key):
                raise ProviderError(
                    "No valid credential sources found: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                    f"only the {'first' if access_key else 'second'} is set"
                )
            with describing("loading the AWS configuration"):
                self._session = boto3.Session(
                    aws_access_key_id=access_key,
                    aws_secret_access_key=secret_key,
                    aws_session_token=self._setting("token", "AWS_SESSION_TOKEN"),
                    profile_name=self._setting("profile", "AWS_PROFILE"),
                )
        return self._session

    def _setting(self, name: str, *variables: str) -> str | None:
        values = (self._settings.get(name), *map(self._environment.get, variables))
        return next((value for value in values if value), None)
