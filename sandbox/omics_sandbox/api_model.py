"""Botocore's models of the services' APIs: what clients are made of, paths of operations, constraints of parameters."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape
from botocore.paginate import Paginator, PaginatorModel
from dateutil.parser import isoparse

from omics_sandbox.exceptions import ValidationException

_LABEL = re.compile(r"\{(\w+)\}")
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "blob": (bytes,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation_of(service: str, method: str) -> OperationModel:
    """The operation that a method of boto3's client calls: `get_read_set_metadata`."""
    model = service_model(service)
    return model.operation_model(next(name for name in model.operation_names if xform_name(name) == method))


@cache
def client_exceptions(service: str) -> Any:
    """The errors of a service, as `exceptions` of boto3's client has them."""
    return ClientExceptionsFactory().create_client_exceptions(service_model(service))


def paginator(service: str, name: str, method: Any) -> Any:
    """Botocore's paginator of a method of boto3's client, for another method that stands in for it."""
    operation = operation_of(service, name)
    pages: Any = _paginators(service).get_paginator(operation.name)
    return Paginator(method, pages, operation)  # pyright: ignore[reportUnknownVariableType] - of any pages


@cache
def _paginators(service: str) -> PaginatorModel:
    return PaginatorModel(Loader().load_service_model(service, "paginators-1"))


def rest_operation(service: str, method: str, path: str) -> tuple[OperationModel | None, dict[str, str]]:
    """The operation of a REST API that a request calls, if botocore has one, and the parameters in its path."""
    for model, pattern in _rest_operations(service):
        match = pattern.fullmatch(path)
        if match and model.http["method"] == method:
            return model, match.groupdict()
    return None, {}


@cache
def _rest_operations(service: str) -> list[tuple[OperationModel, re.Pattern[str]]]:
    """The operations of a service with the patterns of their paths; none for a service that botocore does not know."""
    try:
        model = service_model(service)
    except UnknownServiceError:
        return []
    operations = [model.operation_model(name) for name in model.operation_names]
    return [(operation, _path_pattern(operation.http["requestUri"])) for operation in operations]


def _path_pattern(uri: str) -> re.Pattern[str]:
    """A `requestUri` of a model, such as `/tags/{resourceArn}`, as a pattern with a group for each label.

    An ARN holds slashes, which arrive decoded.
    """
    pattern = _LABEL.sub(lambda label: f"(?P<{label[1]}>{'.+' if label[1].endswith('Arn') else '[^/]+'})", uri)
    return re.compile(f"{pattern.rstrip('/')}/?")


def checked(shape: Shape, value: Any, where: str = "") -> Any:
    """A value in Python's types; a ValidationException where a shape of the model does not allow it."""
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
