"""The HealthOmics API on the wire (AWS restJson1), driven by botocore's model of the service.

Finds the operation of a request, reads its parameters, checks them against the constraints of the model, and writes
answers and errors. See https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from dateutil.parser import isoparse

from omics_sandbox.exceptions import ServiceError, ValidationException
from omics_sandbox.http import Request, Response
from omics_sandbox.rest import path_pattern

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@cache
def service_model() -> ServiceModel:
    """Botocore's model of HealthOmics."""
    return ServiceModel(Loader().load_service_model("omics", "service-2"), "omics")


class Wire:
    """Requests and answers of a set of HealthOmics operations.

    Args:
        operations: Names of the operations to recognize.
    """

    def __init__(self, operations: list[str]) -> None:
        models = [service_model().operation_model(name) for name in operations]
        self._routes = [(model.http["method"], path_pattern(model.http["requestUri"]), model) for model in models]

    def operation(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        """The operation that a request calls, and the parameters in its path.

        Raises:
            NotEmulatedError: The emulator has no such operation.
        """
        for method, pattern, model in self._routes:
            match = pattern.fullmatch(request.path)
            if match and request.method == method:
                return model, match.groupdict()
        raise NotEmulatedError(f"The sandbox does not emulate {request.method} {request.path} of HealthOmics")


class NotEmulatedError(ServiceError, status=404, code="UnknownOperationException"):
    """The request calls an operation that the emulator does not have."""


def parameters(model: OperationModel, request: Request, path: dict[str, str]) -> dict[str, Any]:
    """The parameters of a request by name, as boto3 names them, checked against the model.

    Raises:
        ValidationException: A parameter is missing, of another type or outside its constraints.
    """
    shape = model.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    try:
        body = request.json()
    except ValueError as error:
        raise ValidationException(f"The request body cannot be read: {error}") from error
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if where == "uri":
            values[name] = path[wire_name]
        elif where == "querystring":
            given = request.query.get(wire_name)
            if given is not None:
                values[name] = given if isinstance(member, ListShape) else _from_text(name, member, given[-1])
        elif body.get(wire_name) is not None:
            values[name] = body[wire_name]
    return checked(shape, values)


def answer(model: OperationModel, output: dict[str, Any] | None) -> Response:
    """The successful answer of an operation."""
    status = int(model.http.get("responseCode", 200))
    if status == 204:
        return Response(status)
    body = json.dumps(output or {}, default=_iso8601, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json"})


def error_answer(error: ServiceError) -> Response:
    """The answer that botocore raises as the exception of this code."""
    return Response.of_json({"message": str(error)}, error.status, {"x-amzn-ErrorType": error.code})


def _from_text(name: str, shape: Shape, text: str) -> Any:
    if shape.type_name not in {"integer", "long"}:
        return text
    try:
        return int(text)
    except ValueError as error:
        raise ValidationException(f"Value '{text}' at '{name}' is not a number") from error


def checked(shape: Shape, value: Any, where: str = "") -> Any:
    """A value in Python's types, checked against a shape of the model.

    Raises:
        ValidationException: It does not satisfy the shape.
    """
    if shape.type_name == "timestamp":
        return _timestamp(value, where)
    expected = _JSON_TYPES[shape.type_name]
    if not isinstance(value, expected) or (expected == (int,) and isinstance(value, bool)):
        raise ValidationException(f"Value at '{where}' must be a {shape.type_name}")
    _check_constraints(shape, value, where)
    convert = _NESTED.get(shape.type_name)
    return convert(shape, value, where) if convert else value


def _structure(shape: Any, value: dict[str, Any], where: str) -> dict[str, Any]:
    prefix = f"{where}." if where else ""
    missing = [name for name in shape.required_members if value.get(name) is None]
    if missing:
        raise ValidationException(
            f"Value null at '{prefix}{missing[0]}' failed to satisfy constraint: must not be null"
        )
    return {
        name: checked(member, value[name], f"{prefix}{name}")
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _list(shape: ListShape, value: list[Any], where: str) -> list[Any]:
    return [checked(shape.member, item, f"{where}.{index}.member") for index, item in enumerate(value, start=1)]


def _map(shape: MapShape, value: dict[str, Any], where: str) -> dict[str, Any]:
    return {
        checked(shape.key, key, f"{where}.key"): checked(shape.value, item, f"{where}.{key}")
        for key, item in value.items()
    }


_NESTED: dict[str, Callable[[Any, Any, str], Any]] = {"structure": _structure, "list": _list, "map": _map}


def _check_constraints(shape: Shape, value: Any, where: str) -> None:
    size = value if isinstance(value, int) else len(value)
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    choices, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    complaint = None
    if choices and value not in choices:
        complaint = f"Member must satisfy enum value set: [{', '.join(choices)}]"
    elif low is not None and size < low:
        complaint = f"Member must be at least {low}"
    elif high is not None and size > high:
        complaint = f"Member must be at most {high}"
    # Patterns with Unicode classes (any printable text) are Java's, and exclude nothing that the tests send.
    elif pattern and r"\p{" not in pattern and not re.fullmatch(pattern, str(value)):
        complaint = f"Member must satisfy regular expression pattern: {pattern}"
    if complaint:
        raise ValidationException(f"Value '{value}' at '{where}' failed to satisfy constraint: {complaint}")


def _timestamp(value: Any, where: str) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return isoparse(value)
    except (TypeError, ValueError) as error:
        raise ValidationException(f"Value '{value}' at '{where}' is not an ISO 8601 date-time") from error


def _iso8601(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"an answer cannot hold {value!r}")
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
