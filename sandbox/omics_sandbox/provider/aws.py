"""Clients for the AWS that an environment and a provider configuration name."""

import json
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config

from omics_sandbox.provider.errors import ProviderError, describing

_WITH_EFFECT: Final = frozenset({"accessKey", "endpoints", "profile", "region", "secretKey", "token"})
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


class Aws:
    """Hands out boto3 clients, one per service and region. Safe to use from many threads.

    What the provider configuration says wins over the `AWS_*` variables of the environment.
    """

    def __init__(self, environment: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> None:
        """Args: the environment, and the inputs of a provider resource, in which nested values may be JSON strings.

        Raises:
            ProviderError: There is a setting that the stand-in does not have.
        """
        self._environment = environment
        self._settings = settings or {}
        unknown = [name for name in self._settings if name not in _WITH_EFFECT | _WITHOUT_EFFECT and name[:2] != "__"]
        if unknown:
            raise ProviderError(f"the stand-in for the AWS provider has no setting aws:{unknown[0]}")
        endpoints: Any = self._settings.get("endpoints", [])
        blocks: list[dict[str, str]] = json.loads(endpoints) if isinstance(endpoints, str) else endpoints
        self._endpoints = {service: url for block in blocks for service, url in block.items()}
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def with_settings(self, settings: Mapping[str, Any]) -> "Aws":
        """Return clients for the same environment under another provider configuration."""
        return Aws(self._environment, settings)

    @property
    def region(self) -> str:
        """The region of the provider."""
        region = self._setting("region", "AWS_REGION", "AWS_DEFAULT_REGION") or self._session.region_name
        if not region:
            raise ProviderError(
                "Missing region configuration: make sure you have set your AWS region, "
                "e.g. `pulumi config set aws:region us-west-2`, or set AWS_REGION"
            )
        return region

    def partition(self, region: str) -> str:
        """The partition that a region belongs to, such as `aws` or `aws-us-gov`."""
        return self._session.get_partition_for_region(region)

    def require_credentials(self) -> None:
        """Make sure that there is something to sign requests with, as the real provider does first."""
        with describing("No valid credential sources found"):
            credentials = self._session.get_credentials()
        if credentials is None:
            raise ProviderError("No valid credential sources found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and so on")

    def client(self, service: str) -> Any:  # one type per service
        """Return the boto3 client of a service."""
        region = self.region
        with self._lock:
            if (service, region) not in self._clients:
                session: Any = self._session  # its stub wants the name of the service as a literal
                self._clients[service, region] = session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint(service),
                    config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
                )
            return self._clients[service, region]

    def _endpoint(self, service: str) -> str | None:
        # Terraform, and with it Pulumi's configuration, calls the service `cloudwatchevents`, `cloudwatchlogs`.
        configured = self._endpoints.get(service) or self._endpoints.get(f"cloudwatch{service}")
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        return configured or self._environment.get(variable) or self._environment.get("AWS_ENDPOINT_URL") or None

    @cached_property
    def _session(self) -> boto3.Session:
        with describing("No valid credential sources found"):
            return boto3.Session(
                aws_access_key_id=self._setting("accessKey", "AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=self._setting("secretKey", "AWS_SECRET_ACCESS_KEY"),
                aws_session_token=self._setting("token", "AWS_SESSION_TOKEN"),
                profile_name=self._setting("profile", "AWS_PROFILE"),
            )

    def _setting(self, name: str, *variables: str) -> str | None:
        values = (self._settings.get(name), *map(self._environment.get, variables))
        return next((value for value in values if value), None)
