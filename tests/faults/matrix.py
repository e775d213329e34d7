"""The tables of docs/errors.md, and each error of each operation that they speak of, made to happen."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import Mock

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session
from botocore.model import OperationModel
from omics_sandbox.api_model import service_model

from tests.in_process import Hooked

_PAGE = (Path(__file__).parents[2] / "docs/errors.md").read_text(encoding="utf-8")

OPERATIONS = {
    "omics": (
        "ListSequenceStores",
        "GetSequenceStore",
        "ListReadSets",
        "GetReferenceMetadata",
        "GetReadSetMetadata",
        "ListTagsForResource",
    ),
    "dynamodb": ("DescribeTable", "GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan"),
    "sqs": ("SendMessageBatch", "GetQueueAttributes"),
}
"""What the function and the commands call; the tests fail when they call anything else."""

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "SendMessageBatch"})

REPLY_LOST = "ReadTimeoutError after a write took effect"

_ANY_OPERATION = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "ServiceUnavailable",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnrecognizedClientException",
    "ValidationException",
)
"""Common errors of AWS, which models do not declare everywhere."""

_CONNECTION: dict[str, Callable[[str], Exception]] = {
    "ConnectTimeoutError": lambda url: ConnectTimeoutError(endpoint_url=url),
    "ReadTimeoutError": lambda url: ReadTimeoutError(endpoint_url=url),
    REPLY_LOST: lambda url: ReadTimeoutError(endpoint_url=url),
    "ConnectionClosedError": lambda url: ConnectionClosedError(endpoint_url=url),
    "EndpointConnectionError": lambda url: EndpointConnectionError(endpoint_url=url, error="refused"),
    "ProxyConnectionError": lambda url: ProxyConnectionError(proxy_url=url, error="refused"),
}

# Where a model does not tell the HTTP status.
_STATUS = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalServerError": 500,
    "InvalidSignatureException": 403,
    "ServiceUnavailable": 503,
    "TooManyRequestsException": 429,
    "UnrecognizedClientException": 403,
}


@dataclass(frozen=True)
class Documented:
    """What the first table says of an error."""

    kind: str
    retried: bool


@dataclass(frozen=True)
class Case:
    """One error of one operation, and what is documented to be done about it. An empty reaction: not called."""

    operation: str
    error: str
    kind: str
    retried: bool
    function: str
    backfill: str
    via_queue: str
    verify: str
    repair: str

    def __str__(self) -> str:
        return f"{self.operation}-{self.error}"


def declared(operation: str) -> set[str]:
    """The errors that botocore's model declares for an operation."""
    return {shape.name for shape in _model(operation).error_shapes}


def errors_of(operation: str) -> list[str]:
    """All errors to play for an operation."""
    connection = [name for name in _CONNECTION if name != REPLY_LOST or operation in WRITES]
    return sorted({*declared(operation), *_ANY_OPERATION}) + connection


def documented_errors() -> dict[str, Documented]:
    """The first table."""
    return {
        _error(cell): Documented(kind, retried == "yes")
        for kind, retried, errors in _table("## Errors")
        for cell in errors.split(", ")
    }


def cases() -> Iterator[Case]:
    """Every error of every operation. An error without a line in the first table is left out: another test says so."""
    known = documented_errors()
    reactions = _table("## Reactions")
    for operations in OPERATIONS.values():
        for operation in operations:
            for error in errors_of(operation):
                if error in known:
                    kind = known[error].kind
                    _, _, *columns = next(line for line in reactions if _fits(line, operation, kind))
                    yield Case(operation, error, kind, known[error].retried, *columns)


def _fits(line: list[str], operation: str, kind: str) -> bool:
    return line[0] == operation and (line[1] == "any" or kind in line[1].split(", "))


def _error(cell: str) -> str:
    """The name in a cell such as `ConnectionClosedError` (a reset)."""
    return re.sub(r" \(.*\)$", "", cell.replace("`", ""))


def _table(heading: str) -> list[list[str]]:
    section = _PAGE.split(f"\n{heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _model(operation: str) -> OperationModel:
    service = next(name for name, operations in OPERATIONS.items() if operation in operations)
    return service_model(service).operation_model(operation)


class Injection:
    """Answers the calls of boto3 clients with an error, in place of AWS.

    Attributes:
        calls: Attempts at each operation since `clear`.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._error = ""
        self._operations: frozenset[str] = frozenset()
        self._lock = Lock()

    def attach(self, client: Any) -> None:
        """Stand before AWS."""
        client.meta.events.register_first("before-send", self._before_send)

    def set(self, error: str, *operations: str) -> None:
        """Let every call of these operations fail."""
        self._error, self._operations = error, frozenset(operations)
        self.calls.clear()

    def clear(self) -> None:
        """Let every call pass."""
        self.set("")

    def hook(self, service: str, client: Any) -> Any:
        """Return the client of a model in the process, with this standing before it."""
        names = {xform_name(operation): operation for operation in OPERATIONS[service]}

        def around(name: str, call: Callable[[], Any]) -> Any:
            operation = names[name]
            with self._lock:
                self.calls[operation] += 1
                if operation not in self._operations:
                    return call()
                if self._error == REPLY_LOST:
                    call()
            if self._error in _CONNECTION:
                raise _CONNECTION[self._error](service)
            details: dict[str, Any] = {"Error": {"Code": self._error, "Message": "a fault of the test"}}
            if self._error == "ConditionalCheckFailedException":
                details["Item"] = {"sync_revision": {"S": "of somebody else"}}
            raise client.exceptions.from_code(self._error)(details, operation)

        return Hooked(service, client, around)

    def _before_send(self, event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self.calls[operation] += 1
        if operation not in self._operations:
            return None
        if self._error == REPLY_LOST:
            with closing(URLLib3Session()) as session:
                session.send(request)
        if self._error in _CONNECTION:
            raise _CONNECTION[self._error](request.url)
        return _answer(request, operation, self._error)


def _answer(request: AWSPreparedRequest, operation: str, error: str) -> AWSResponse:
    shapes = {shape.name: shape for shape in _model(operation).error_shapes}
    modeled = shapes[error].metadata.get("error", {}).get("httpStatusCode") if error in shapes else None
    status = modeled or _STATUS.get(error, 400)
    body = Mock()
    body.stream.return_value = iter([json.dumps({"__type": error, "message": "a fault of the test"}).encode()])
    headers = {"x-amzn-errortype": error, "content-type": "application/json"}
    return AWSResponse(request.url, status, headers, body)  # pyright: ignore[reportArgumentType] - any mapping of headers
