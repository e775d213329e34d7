"""A point in the sequence of API calls at which something happens: a process is killed, say."""

import threading
from collections.abc import Callable
from typing import Literal

from omics_sandbox.http import ConnectionDroppedError, Request, Response

Side = Literal["before", "after"]
"""Before the call takes effect, or after it has, and before its answer is sent."""

_SERVICES = frozenset({"omics", "dynamodb"})
_OPERATIONS = frozenset({"SendMessageBatch"})


class CallPoint:
    """Counts the API calls to HealthOmics and DynamoDB and the batches sent to SQS, and acts at one of them.

    The call at which it acts stays without an answer. Whoever armed it counts, so nobody else should call meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count()

    @property
    def calls(self) -> list[str]:
        """The calls since `arm` or `count`: the names of operations."""
        with self._lock:
            return list(self._calls)

    def count(self) -> None:
        """Count from zero, and act at no call."""
        self.arm(None, "before", lambda: None)

    def arm(self, index: int | None, side: Side, act: Callable[[], None], *, operation: str | None = None) -> None:
        """Count from zero, and act at the call with this index (the first is 0; None for none).

        Args:
            index: See above.
            side: Whether the call has taken effect by then.
            act: Called once, in the thread that serves the call.
            operation: The calls that the index counts; all when not given.
        """
        with self._lock:
            self._calls: list[str] = []
            self._operation, self._index, self._side, self._act = operation, index, side, act

    def answer(self, request: Request, serve: Callable[[], Response]) -> Response:
        """Serve a request, unless it is the one to act at, which stays without an answer."""
        if request.service not in _SERVICES and request.operation not in _OPERATIONS:
            return serve()
        with self._lock:
            counted = [call for call in self._calls if self._operation in {None, call}]
            reached = self._operation in {None, request.operation} and len(counted) == self._index
            side, act = self._side, self._act
            self._calls.append(request.operation)
        if not reached:
            return serve()
        if side == "after":
            serve()
        act()
        raise ConnectionDroppedError
