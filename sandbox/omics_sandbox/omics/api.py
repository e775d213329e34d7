"""The HealthOmics API: from a request to its answer."""

from collections.abc import Callable

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import Request, Response
from omics_sandbox.omics import wire
from omics_sandbox.omics.operations import OPERATIONS, perform
from omics_sandbox.omics.service import OmicsService


class OmicsApi:
    """Answers the API calls of all regions."""

    def __init__(self, service_of: Callable[[str], OmicsService]) -> None:
        self._service_of = service_of
        self._wire = wire.Wire(list(OPERATIONS))

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        if request.region is None:
            raise ValueError("an unsigned request has no region")
        service = self._service_of(request.region)
        try:
            model, path = self._wire.operation(request)
            return wire.answer(model, perform(service, model.name, lambda: wire.parameters(model, request, path)))
        except ServiceError as error:
            return wire.error_answer(error)
