"""HealthOmics in the process, called as boto3 calls it.

    from omics_sandbox.omics.client import OmicsClient
    from omics_sandbox.omics.service import OmicsService

    events = []
    service = OmicsService("us-west-2", "123456789012", publish=lambda *event: events.append(event), clock=lambda: now)
    client = OmicsClient(service)
    store_id = service.create_store("cohort-a")
    client.list_read_sets(sequenceStoreId=store_id)["readSets"]

There is no HTTP, no moto and no thread: the same calls at the same times give the same answers. The service is the one
behind the sandbox's endpoint. So its quotas, faults and call counts (`service.limits`, `service.faults`,
`service.calls`) count here as well, and `service.page_size` makes pages short.
"""

from collections.abc import Callable, Mapping
from email.utils import format_datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError
from botocore.loaders import Loader
from botocore.paginate import Paginator, PaginatorModel
from botocore.validate import ParamValidator

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import ConnectionDroppedError
from omics_sandbox.omics.operations import OPERATIONS, perform
from omics_sandbox.omics.service import OmicsService

_OPERATIONS = {xform_name(name): name for name in OPERATIONS}


class OmicsClient:
    """A client with a method for each operation of the emulator: `client.get_read_set_metadata(…)`.

    As with boto3, parameters are checked first (ParamValidationError), an error of the service is the class of
    `client.exceptions` (a ClientError), every answer has `ResponseMetadata` with the date of the service's clock, and
    `get_paginator` lists all pages. Unlike boto3, nothing is retried.

    Attributes:
        service: The stores that it calls.
        exceptions: The errors of the service, by name.
        meta: `region_name` and `service_model`, as boto3 has them.
    """

    def __init__(self, service: OmicsService) -> None:
        self.service = service
        self.exceptions: Any = _exceptions()
        self.meta = SimpleNamespace(region_name=service.region, service_model=service_model("omics"))

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        """The method of an operation."""
        if name not in _OPERATIONS:
            raise AttributeError(f"the sandbox's HealthOmics has no {name!r}; it has {', '.join(_OPERATIONS)}")

        def call(**parameters: Any) -> dict[str, Any]:
            return self._call(_OPERATIONS[name], parameters)

        return call

    def get_paginator(self, name: str) -> Any:
        """Botocore's paginator of an operation, for example `list_read_sets`."""
        operation = _OPERATIONS[name]
        pages: Any = _paginators().get_paginator(operation)
        model = service_model("omics").operation_model(operation)
        return Paginator(getattr(self, name), pages, model)  # pyright: ignore[reportUnknownVariableType] - of any pages

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        shape: Any = service_model("omics").operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        try:
            answer = perform(self.service, operation, lambda: checked(shape, parameters))
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


@cache
def _exceptions() -> Any:
    return ClientExceptionsFactory().create_client_exceptions(service_model("omics"))


@cache
def _paginators() -> PaginatorModel:
    return PaginatorModel(Loader().load_service_model("omics", "paginators-1"))


def _copied(value: Any) -> Any:
    """A copy of JSON-like values: the caller may change what it was given."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_copied(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value
