"""HealthOmics in the process, and what the tagging API knows of it, called as boto3 calls them.

    from omics_sandbox.omics.client import OmicsClient, TaggingClient
    from omics_sandbox.omics.service import OmicsService

    events = []
    service = OmicsService("us-west-2", "123456789012", publish=lambda *event: events.append(event), clock=lambda: now)
    client = OmicsClient(service)
    store_id = service.create_store("cohort-a")
    client.list_read_sets(sequenceStoreId=store_id)["readSets"]
    TaggingClient(service).get_resources(ResourceARNList=[service.store(store_id).arn])["ResourceTagMappingList"]

There is no HTTP, no moto and no thread: the same calls at the same times give the same answers. The service is the one
behind the sandbox's endpoint. So its quotas, faults and call counts (`service.limits`, `service.faults`,
`service.calls`) count here as well, and `service.page_size` makes pages short.
"""

from collections.abc import Callable, Mapping
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError
from botocore.validate import ParamValidator

from omics_sandbox.api_model import checked, client_exceptions, paginator, service_model
from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import ConnectionDroppedError
from omics_sandbox.omics.operations import HEALTHOMICS, Api, perform
from omics_sandbox.omics.service import OmicsService
from omics_sandbox.omics.tagging import TAGGING


class _Client:
    """A client with a method for each operation of the emulator: `client.get_read_set_metadata(…)`.

    As with boto3, parameters are checked first (ParamValidationError), an error of the service is the class of
    `client.exceptions` (a ClientError), every answer has `ResponseMetadata` with the date of the service's clock, and
    `get_paginator` lists all pages. Unlike boto3, nothing is retried.

    Attributes:
        service: The stores that it calls.
        exceptions: The errors of the service, by name.
        meta: `region_name` and `service_model`, as boto3 has them.
    """

    _api: Api

    def __init__(self, service: OmicsService) -> None:
        self.service = service
        self.exceptions: Any = client_exceptions(self._api.name)
        self.meta = SimpleNamespace(region_name=service.region, service_model=service_model(self._api.name))
        self._operations = {xform_name(name): name for name in self._api.operations}

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """The method of an operation."""
        if name not in self._operations:
            raise AttributeError(
                f"the sandbox has no {name!r} of {self._api.name}; it has {', '.join(self._operations)}"
            )

        def call(**parameters: Any) -> dict[str, Any]:
            return self._call(self._operations[name], parameters)

        return call

    def get_paginator(self, name: str) -> Any:
        """Botocore's paginator of an operation, for example `list_read_sets`."""
        return paginator(self._api.name, name, getattr(self, name))

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        shape: Any = service_model(self._api.name).operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        try:
            answer = perform(self.service, operation, lambda: checked(shape, parameters), self._api)
        except ConnectionDroppedError as error:
            raise ConnectionClosedError(endpoint_url=operation) from error
        except ServiceError as error:
            details: Any = {
                "Error": {"Code": error.code, "Message": str(error)},
                "ResponseMetadata": self._metadata(error.status),
            }
            kind: type[ClientError] = self.exceptions.from_code(error.code)
            raise kind(details, operation) from error
        return {**_copied(answer or {}), "ResponseMetadata": self._metadata(200)}

    def _metadata(self, status: int) -> dict[str, Any]:
        date = format_datetime(self.service.now(), usegmt=True)
        return {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}, "RetryAttempts": 0}


class OmicsClient(_Client):
    """A client of HealthOmics."""

    _api = HEALTHOMICS


class TaggingClient(_Client):
    """A client of the Resource Groups Tagging API: `client.get_resources(…)`."""

    _api = TAGGING


def _copied(value: Any) -> Any:
    """A copy of JSON-like values: the caller may change what it was given."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_copied(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
