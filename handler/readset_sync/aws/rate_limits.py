"""Keeps the calls of one process under the quotas of AWS, operation by operation."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from readset_sync.constants import BULK_OPERATION, BULK_TPS, DOCUMENTED_TPS, read_rates
from readset_sync.model.errors import THROTTLES

if TYPE_CHECKING:
    from botocore.client import BaseClient

_SLOWEST: Final = 0.1
"""Calls a second that a limiter never goes below: it has to notice when the service grants more again."""

_BACK_OFF: Final = 0.7
"""What is left of the pace after a throttle."""

_RECOVERY_SECONDS: Final = 10.0
"""How long the pace takes to come back to where throttling began."""

_LATENESS: Final = 0.1
"""Seconds that a call may be late without the calls after it being late too: threads do not wake up on time."""


@dataclass(frozen=True, slots=True)
class MaxTps:
    """Calls a second: of the operations that have a rate of their own, and of each other one of HealthOmics."""

    default: float = DOCUMENTED_TPS
    by_operation: Mapping[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def parse(cls, text: str, *, default: float = DOCUMENTED_TPS) -> Self:
        """Read a text such as `20`, `20,GetReadSetMetadata=50` or `GetReadSetMetadata=50`.

        Args:
            text: At most one number for every operation, and one for each operation by name, joined by commas.
            default: The number for every operation when the text has none.

        Raises:
            ValueError: Something in the text is not a rate; the message names it and the remedy.
        """
        rates = read_rates(text)
        return cls(rates.pop("", default), rates)

    def of(self, operation: str) -> float:
        """Calls a second of one operation."""
        return self.by_operation.get(operation, BULK_TPS if operation == BULK_OPERATION else self.default)


class RateLimiter:
    """Lets callers through at an even pace, and slows down where the service grants less.

    Even spacing rather than a burst up to the quota, because how the service counts its seconds is not documented.
    A throttle lowers the pace by three tenths; then it rises evenly, up to the limiter's rate. Threads may share it.

    Args:
        rate: Calls a second, above zero.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = rate
        self._throttled_rate = rate
        self._throttled_at = -math.inf
        self._last = -math.inf
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()
        self._state = threading.Lock()

    @property
    def rate(self) -> float:
        """The pace right now, in calls a second."""
        with self._state:
            return self._rate_at(self._clock())

    def wait(self) -> float:
        """Block until the caller may make one call; return the moment, for `throttled`."""
        # Only one caller at a time waits for a moment of its own, so that a change of pace holds for all others.
        with self._turn:
            while (now := self._clock()) < (due := self._last + 1 / self.rate):
                self._sleep(due - now)
            self._last = due if now - due < _LATENESS else now
            return now

    def throttled(self, sent: float) -> None:
        """Take note that the service refused a call for its rate.

        Args:
            sent: What `wait` returned for the call. The calls that were under way at a throttle are one signal: they
                were sent at the pace that has been lowered already.
        """
        with self._state:
            if sent > self._throttled_at:
                self._throttled_rate = self._rate_at(sent)
                self._throttled_at = self._clock()

    def _rate_at(self, moment: float) -> float:
        recovered = (moment - self._throttled_at) / _RECOVERY_SECONDS
        rate = self._throttled_rate * (_BACK_OFF + (1 - _BACK_OFF) * recovered)
        return max(min(rate, self._limit), min(_SLOWEST, self._limit))


class RateLimits:
    """One limiter for each operation of a client, shared by all threads that use the client."""

    def __init__(self, rates: MaxTps) -> None:
        """Create the limiters on demand, each with the operation's rate."""
        self._rates = rates
        self._limiters: dict[str, RateLimiter] = {}
        self._lock = threading.Lock()
        self._under_way = threading.local()

    def attach(self, client: "BaseClient") -> None:
        """Hold back every request of the client, retries included, which a limiter around the call would not see."""
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"before-send.{service}", self._before_send)
        client.meta.events.register(f"response-received.{service}", self._response_received)

    def limiter(self, operation: str) -> RateLimiter:
        """The limiter of an operation."""
        with self._lock:
            return self._limiters.setdefault(operation, RateLimiter(self._rates.of(operation)))

    def _before_send(self, event_name: str, **_: Any) -> None:
        self._under_way.sent = self.limiter(_operation(event_name)).wait()

    def _response_received(self, event_name: str, parsed_response: Any, **_: Any) -> None:
        # None: there was no response at all, which says nothing of the rate.
        if parsed_response and parsed_response.get("Error", {}).get("Code") in THROTTLES:
            self.limiter(_operation(event_name)).throttled(self._under_way.sent)


def _operation(event_name: str) -> str:
    """The operation at the end of a botocore event name such as `before-send.omics.GetReadSetMetadata`."""
    return event_name.rpartition(".")[2]
