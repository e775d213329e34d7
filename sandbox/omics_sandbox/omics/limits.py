"""Request quotas: how often per second each operation may be called before it throttles."""

import threading
import time
from collections.abc import Callable, Mapping

# "AWS HealthOmics endpoints and quotas", AWS General Reference: requests per second, default, per region. Operations
# that are not in the table of storage quotas are taken to have the same one.
_DOCUMENTED_TPS = 5.0
# "AWS Resource Groups and Tagging endpoints and quotas", AWS General Reference.
_TAGGING_TPS = 15.0


class Limits:
    """A token bucket per operation; each holds one second's worth of requests.

    Args:
        per_second: Requests per second by operation name.
        default: Requests per second of every other operation; None is without limit.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self,
        per_second: Mapping[str, float] | None = None,
        default: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = dict(per_second or {})
        self._default = default
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    @classmethod
    def documented(cls, *, clock: Callable[[], float] = time.monotonic) -> "Limits":
        """The default quotas of an AWS account: 5 requests per second for each operation, and 15 for GetResources."""
        return cls({"GetResources": _TAGGING_TPS}, default=_DOCUMENTED_TPS, clock=clock)

    @classmethod
    def none(cls) -> "Limits":
        """No throttling at all."""
        return cls()

    def admit(self, region: str, operation: str) -> bool:
        """Take one token of the operation's bucket in this region; False when it is empty."""
        rate = self._rates.get(operation, self._default)
        if rate is None:
            return True
        capacity = max(rate, 1.0)
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get((region, operation), (capacity, now))
            tokens = min(capacity, tokens + (now - since) * rate)
            admitted = tokens >= 1.0
            self._buckets[region, operation] = (tokens - 1.0 if admitted else tokens, now)
        return admitted
