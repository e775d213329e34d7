"""Keeps the calls of one process under the quotas of HealthOmics, operation by operation.

Source of the quotas: HealthOmics user guide, "HealthOmics service quotas"; 5 calls a second for each operation used
here unless the account has been granted more.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from botocore.client import BaseClient

DOCUMENTED_TPS: Final = 5.0

_SLOWEST: Final = 0.1
"""Calls a second that a limiter never goes below: it has to notice when the service grants more again."""


class RateLimiter:
    """Lets callers through at an even pace; slows down when the service throttles, and recovers by and by.

    Even spacing rather than a burst up to the quota, because how the service counts its seconds is not documented.
    Each throttled call takes a quarter off the pace, and each call that passes gives a fiftieth of the configured
    rate back: additive increase, multiplicative decrease. Safe to share among threads.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Create a limiter.

        Args:
            rate: Calls a second at the most.
            clock: Seconds, monotonic.
            sleep: Waits for so many seconds.

        Raises:
            ValueError: The rate is not above zero.
        """
        if not rate > 0:  # Not `rate <= 0`, which NaN passes.
            raise ValueError(f"a rate of {rate} calls a second lets no call through: give one above 0")
        self._limit = rate
        self._rate = rate
        self._next = clock()
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """The pace right now, in calls a second."""
        return self._rate

    def wait(self) -> None:
        """Block until the caller may make one call."""
        with self._lock:
            now = self._clock()
            due = max(self._next, now)
            self._next = due + 1 / self._rate
        if due > now:
            self._sleep(due - now)

    def throttled(self) -> None:
        """Take note that the service refused a call for its rate."""
        with self._lock:
            self._rate = max(self._rate * 0.75, min(_SLOWEST, self._limit))

    def passed(self) -> None:
        """Take note that the service took a call."""
        with self._lock:
            self._rate = min(self._rate + self._limit / 50, self._limit)


class RateLimits:
    """One limiter for each operation of a client, shared by all threads that use the client."""

    def __init__(self, tps: float = DOCUMENTED_TPS) -> None:
        """Create the limiters on demand, each with `tps` calls a second at the most."""
        self._tps = tps
        self._limiters: dict[str, RateLimiter] = {}
        self._lock = threading.Lock()

    def attach(self, client: "BaseClient") -> None:
        """Hold back every request of the client, retries included, which a limiter around the call would not see."""
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-send.{service}", self._before_send)
        client.meta.events.register(f"response-received.{service}", self._response_received)

    def _limiter(self, operation: str) -> RateLimiter:
        with self._lock:
            return self._limiters.setdefault(operation, RateLimiter(self._tps))

    def _before_send(self, event_name: str, **_: Any) -> None:
        self._limiter(_operation(event_name)).wait()

    def _response_received(self, event_name: str, parsed_response: Any, **_: Any) -> None:
        if parsed_response is None:
            return
        limiter = self._limiter(_operation(event_name))
        if parsed_response.get("Error", {}).get("Code") == "ThrottlingException":
            limiter.throttled()
        else:
            limiter.passed()


def _operation(event_name: str) -> str:
    """The operation at the end of a botocore event name such as `before-send.omics.GetReadSetMetadata`."""
    return event_name.rpartition(".")[2]
