"""Faults of an API that a test or a demonstration switches on.

`OmicsService.faults` are those of HealthOmics, `Sandbox.faults` those of the services that moto provides and that are
called in AWS's JSON protocols: DynamoDB, SQS, EventBridge, CloudWatch Logs.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import ConnectionDroppedError

Answer = TypeVar("Answer")
Condition = Callable[[Mapping[str, Any]], bool]

# HTTP status codes as in the service's API model, and of errors that any service may answer with; others have 400.
_STATUSES: Final[Mapping[str, int]] = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "ExpiredTokenException": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServerException": 500,
    "InternalServiceException": 500,
    "InvalidSignatureException": 403,
    "RequestTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 402,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "UnrecognizedClientException": 403,
}


class InjectedError(ServiceError, status=400):
    """An error switched on with `Faults.add`, named by its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = _STATUSES.get(code, self.status)


@dataclass
class _Fault:
    operation: str
    act: Callable[[], None]
    """What happens at a call; the operation goes on when it returns."""
    is_done_first: bool
    """Whether the operation has done its work by then."""
    name: str
    remaining: int | None
    when: Condition | None

    def matches(self, operation: str, parameters: Mapping[str, Any]) -> bool:
        if self.remaining == 0 or self.operation not in {operation, "*"}:
            return False
        return self.when is None or self.when(parameters)


class Faults:
    """Faults by operation name; `"*"` is every operation.

    Each `add…` takes `times`, the number of calls that it applies to (None: until `clear`), and `when`, a function of
    the request's parameters (named as in boto3) that says whether it applies to a call. The first fault added that
    applies is the one that acts, so faults with `times` can be lined up one after the other.
    """

    def __init__(self) -> None:
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def add(self, operation: str, error_code: str, *, times: int | None = None, when: Condition | None = None) -> None:
        """Answer with an error, for example `add("GetReadSetMetadata", "InternalServerException", times=2)`."""

        def fail() -> None:
            raise InjectedError(error_code, f"Injected by the sandbox into {operation}")

        self._append(_Fault(operation, fail, False, error_code, times, when))

    def add_connection_reset(self, operation: str, *, times: int | None = None, when: Condition | None = None) -> None:
        """Close the connection without an answer, and do nothing."""
        self._append(_Fault(operation, _drop, False, "connection closed", times, when))

    def add_lost_answer(self, operation: str, *, times: int | None = None, when: Condition | None = None) -> None:
        """Do the work, and close the connection without an answer."""
        self._append(_Fault(operation, _drop, True, "answer lost", times, when))

    def add_latency(
        self, operation: str, seconds: float, *, times: int | None = None, when: Condition | None = None
    ) -> None:
        """Answer as usual, `seconds` later: 3600 for a call that hangs."""
        self._append(_Fault(operation, lambda: self.wait(seconds), False, f"{seconds:g} s later", times, when))

    def clear(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self._faults.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are on, in order, for people to read."""
        with self._lock:
            return [
                {"operation": fault.operation, "error": fault.name, "remaining": fault.remaining}
                for fault in self._faults
                if fault.remaining != 0
            ]

    def answer(self, operation: str, parameters: Mapping[str, Any], perform: Callable[[], Answer]) -> Answer:
        """Perform an operation and return its answer, as far as the first matching fault lets it.

        Raises:
            InjectedError: The call is to be answered with an error.
            ConnectionDroppedError: The call is to stay without an answer.
        """
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matches(operation, parameters)), None)
            if fault is not None and fault.remaining is not None:
                fault.remaining -= 1
        if fault is not None and not fault.is_done_first:
            fault.act()
        answer = perform()
        if fault is not None and fault.is_done_first:
            fault.act()
        return answer

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the sandbox."""
        if seconds > 0:
            self._closing.wait(seconds)

    def close(self) -> None:
        """End every wait."""
        self._closing.set()

    def _append(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)


def _drop() -> None:
    raise ConnectionDroppedError
