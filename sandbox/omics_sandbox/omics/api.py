"""The HealthOmics API on the wire (AWS restJson1), driven by botocore's model of the service.

Finds the operation of a request, reads its parameters, checks them against the constraints of the model, and writes
answers and errors. See https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import ServiceError, ValidationException
from omics_sandbox.http import Request, Response
from omics_sandbox.omics.operations import OPERATIONS, perform
from omics_sandbox.omics.service import OmicsService


class OmicsApi:
    """Answers the API calls of all regions."""

    def __init__(self, service_of: Callable[[str], OmicsService]) -> None:
        self._service_of = service_of

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        if request.operation not in OPERATIONS:
            raise NotEmulatedError(f"The sandbox does not emulate {request.operation} of HealthOmics")
        model = service_model("omics").operation_model(request.operation)
        service = self._service_of(str(request.region))
        return _answer(model, perform(service, model.name, lambda: _parameters(model, request)))


class NotEmulatedError(ServiceError, status=404, code="UnknownOperationException"):
    """The request calls an operation that the emulator does not have."""


def _parameters(model: OperationModel, request: Request) -> dict[str, Any]:
    """The parameters of a request by name, as boto3 names them, checked against the model."""
    shape = model.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    payload = shape.serialization.get("payload")
    try:
        body = {payload: request.body} if payload else request.json()
    except ValueError as error:
        raise ValidationException(f"The request body cannot be read: {error}") from error
    given = {**body, **request.parameters}
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if where == "querystring":
            if texts := request.query.get(wire_name):
                values[name] = texts if isinstance(member, ListShape) else _from_text(name, member, texts[-1])
        elif given.get(wire_name) is not None:
            values[name] = given[wire_name]
    return checked(shape, values)


def _answer(model: OperationModel, output: dict[str, Any] | None) -> Response:
    """The successful answer of an operation."""
    status = int(model.http.get("responseCode", 200))
    if status == 204:
        return Response(status)
    body = json.dumps(output or {}, default=_iso8601, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json"})


def _from_text(name: str, shape: Shape, text: str) -> Any:
    if shape.type_name not in {"integer", "long"}:
        return text
    try:
        return int(text)
    except ValueError as error:
        raise ValidationException(f"Value '{text}' at '{name}' is not a number") from error


def _iso8601(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"an answer cannot hold {value!r}")
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
