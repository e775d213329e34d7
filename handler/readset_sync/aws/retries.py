"""Tries AWS calls again, by the reaction that their failure calls for.

botocore's own retries are switched off in favour of these: the five attempts of its standard mode are over within
0.6 seconds, and after eight failed calls its retry quota leaves a single attempt to each further one.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from readset_sync.model.errors import describe_error, is_passing, is_passing_answer

if TYPE_CHECKING:
    from botocore.client import BaseClient

ATTEMPTS: Final = 6
"""Attempts at a call whose failure may be its own, such as an internal error or a time-out."""

_FIRST_PAUSE: Final = 0.3
_LONGEST_PAUSE: Final = 8.0
"""Seconds. The pause doubles from attempt to attempt; a random share of it is waited, so that threads spread out."""


class Outage:
    """Whether a service is away, and what somebody who waits for it is told.

    A service that has answered before is away while no call to it is answered. One call that keeps failing, while
    others are answered or would be, is a fault of what it asks for.

    Safe to share among threads.

    Args:
        patience: Seconds to wait for a service that is away, counted from its last answer.
        answers: Calls the service once, and tells whether it answers.
        on_away: Called once when a wait begins, with what failed and the seconds since the last answer.
        on_back: Called once when the service answers again, with the seconds that it was away.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        patience: float,
        answers: Callable[[], bool],
        *,
        on_away: Callable[[str, float], None],
        on_back: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience
        self._answers = answers
        self._on_away = on_away
        self._on_back = on_back
        self._clock = clock
        self._answered: float | None = None
        self._back: float | None = None
        self._told = False
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Take note of an answer."""
        with self._lock:
            now = self._clock()
            seconds, self._answered = now - (self._answered or now), now
            told, self._told = self._told, False
            self._back = now if told else self._back
        if told:
            self._on_back(seconds)

    def is_waited_for(self, reason: str, since: float) -> bool:
        """Whether a call that has failed since a moment of the clock, for a reason that may pass, is to go on."""
        if self._answered is None or self._answered >= since or self._clock() - self._answered >= self._patience:
            return False
        if self._answers():
            self.answered()
            return False
        with self._lock:
            seconds = self._clock() - self._answered
            told, self._told = self._told, True
        if not told:
            self._on_away(reason, seconds)
        return True

    def ended_since(self, moment: float) -> bool:
        """Whether the service was away and has come back after a moment of the clock."""
        return self._back is not None and self._back >= moment


class Retries:
    """Decides for all calls of a client whether they are tried again, and when.

    Args:
        outage: Waits for the service while it is away; without it, a call has its attempts and no more.
        clock: Seconds, monotonic.
    """

    def __init__(self, outage: Outage | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._outage = outage
        self._clock = clock
        self.deadline = math.inf
        """The moment of the clock by which a call must have ended: no pause goes beyond it."""

    def attach(self, client: "BaseClient") -> None:
        """Make the decisions for a client, whose configuration must leave one attempt to botocore."""
        service = client.meta.service_model.service_id.hyphenize()
        handler: Any = self._needs_retry  # the stubs know no handler that returns something
        client.meta.events.register(f"needs-retry.{service}", handler)

    def _needs_retry(
        self,
        response: Any,
        caught_exception: Exception | None,
        attempts: int,
        request_dict: Mapping[str, Any],
        **_: Any,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, and None where there is none (botocore's protocol)."""
        reason = _passing_reason(response, caught_exception)
        if reason is None:
            if self._outage:
                self._outage.answered()
            return None
        # Full jitter, as AWS recommends; it is no secret.
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempts - 1)))  # noqa: S311
        context = request_dict["context"]
        failing_since = context.setdefault("failing_since", self._clock())
        if self._clock() + pause >= self.deadline:
            return None
        if attempts - context.setdefault("attempts_before", 0) < ATTEMPTS:
            return pause
        if self._outage and self._outage.is_waited_for(reason, failing_since):
            return pause
        if self._outage and self._outage.ended_since(failing_since):
            # Its attempts were used up by the outage, so that it gets as many again.
            context.update(attempts_before=attempts, failing_since=self._clock())
            return pause
        return None


def _passing_reason(response: Any, error: Exception | None) -> str | None:
    """Why an attempt failed, if that may pass; None for an answer, also for one that refuses."""
    if error is not None:
        return describe_error(error) if is_passing(error) else None
    http, parsed = response
    code = parsed.get("Error", {}).get("Code", "")
    return (code or f"HTTP status {http.status_code}") if is_passing_answer(http.status_code, code) else None
