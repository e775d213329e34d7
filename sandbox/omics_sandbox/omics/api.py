"""The HealthOmics API: from a request to its answer."""

from collections.abc import Callable

from omics_sandbox.exceptions import ServiceError, ThrottlingException
from omics_sandbox.http import Request, Response
from omics_sandbox.omics import wire
from omics_sandbox.omics.operations import OPERATIONS
from omics_sandbox.omics.service import OmicsService


class OmicsApi:
    """Answers the API calls of all regions.

    Args:
        service_of: The service of a region.
    """

    def __init__(self, service_of: Callable[[str], OmicsService]) -> None:
        self._service_of = service_of
        self._wire = wire.Wire(list(OPERATIONS))

    def handle(self, request: Request) -> Response:
        """Answer a request: quotas first, then faults, then the operation itself.

        Raises:
            ConnectionDroppedError: A fault wants the request to stay without an answer.
        """
        if request.region is None:
            raise ValueError("an unsigned request has no region")
        service = self._service_of(request.region)
        try:
            return self._answer(service, request)
        except ServiceError as error:
            return wire.error_answer(error)

    def _answer(self, service: OmicsService, request: Request) -> Response:
        model, path = self._wire.operation(request)
        if not service.limits.admit(service.region, model.name):
            service.throttled[model.name] += 1
            raise ThrottlingException("Rate exceeded")
        service.calls[model.name] += 1
        service.faults.wait(service.latency)
        given = wire.parameters(model, request, path)
        service.faults.apply(model.name, given)
        with service.lock:
            return wire.answer(model, OPERATIONS[model.name](service, given))
