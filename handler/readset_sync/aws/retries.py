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

from readset_sync.model.errors import LeftBehindError, ServiceAwayError, describe_error, is_passing, is_passing_answer

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

ATTEMPTS: Final = 6
"""Attempts at a call whose failure may be its own, such as an internal error or a time-out."""

ATTEMPTS_AT_A_PAGE: Final = 3 * ATTEMPTS
"""Attempts at a call that many read sets or rows wait for, by whoever waits for services: without it, a run ends."""

_PAGES: Final = frozenset({"BatchGetItem", "GetReferenceMetadata", "ListReadSets", "Query", "Scan"})

_FIRST_PAUSE: Final = 0.3
_LONGEST_PAUSE: Final = 8.0
"""Seconds. The pause doubles from attempt to attempt; a random share of it is waited, so that threads spread out."""


_PROBE_SECONDS: Final = 1.0
"""Between two calls that ask whether a service answers again, whoever makes them: they have a quota too."""


class Outage:
    """Whether a service is away, and what somebody who waits for it is told.

    Safe to share among threads.

    Args:
        service: The service's name.
        patience: Seconds to wait for a service that is away, counted from its last answer.
        answers: Calls the service once, and tells whether it answers.
        tell: Given a line when a wait begins, and when the service answers again.
        given_up: Whether nobody waits any more.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        service: str,
        patience: float,
        answers: Callable[[], bool],
        *,
        tell: Callable[[str], None],
        given_up: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._patience = patience
        self._answers = answers
        self._tell = tell
        self.given_up = given_up
        self._clock = clock
        self._answered: float | None = None
        self._asked = -math.inf
        self._told = False
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Take note of an answer."""
        with self._lock:
            now = self._clock()
            seconds, self._answered = now - (self._answered or now), now
            told, self._told = self._told, False
        if told:
            self._tell(f"{self._service} answers again, after {seconds:.0f} s")

    def answered_since(self, moment: float) -> bool:
        """Whether any call has been answered since a moment of the clock."""
        return self._answered is not None and self._answered >= moment

    def is_worth_waiting(self, reason: str) -> bool:
        """Whether a service, of which a call keeps failing and no other is answered, may still answer it.

        Raises:
            ServiceAwayError: It has been away for too long.
        """
        if self._answered is None:
            return False
        with self._lock:
            now = self._clock()
            asks = now - self._asked >= _PROBE_SECONDS
            self._asked = now if asks else self._asked
        if asks and self._answers():
            self.answered()
            return True
        away = f"{self._service} has not answered for {now - self._answered:.0f} s ({reason})"
        if now - self._answered >= self._patience:
            raise ServiceAwayError(f"{away}: try again when it does")
        with self._lock:
            told, self._told = self._told, True
        if not told:
            self._tell(f"{away}: waiting up to {self._patience:.0f} s")
        return True


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
        self._batch: object = None
        self._threads = threading.local()

    def begin(self, deadline: float) -> object:
        """Begin a batch of work, no pause of which goes beyond a moment of the clock; return what stands for it."""
        self.deadline, self._batch = deadline, object()
        return self._batch

    def join(self, batch: object) -> None:
        """Take note that this thread works on a batch: it makes no call any more once another one has begun.

        An environment of Lambda is frozen between two batches, and what hangs in a thread then would be sent when
        others have long changed what it is about.
        """
        self._threads.batch = batch

    def attach(self, client: "BaseClient") -> None:
        """Make the decisions for a client, whose configuration must leave one attempt to botocore."""
        service = client.meta.service_model.service_id.hyphenize()
        handler: Any = self._needs_retry  # the stubs know no handler that returns something
        client.meta.events.register(f"needs-retry.{service}", handler)
        client.meta.events.register(f"before-send.{service}", self._before_send)

    def _before_send(self, **_: Any) -> None:
        if getattr(self._threads, "batch", self._batch) is not self._batch:
            raise LeftBehindError("the function has gone on to other messages")

    def _needs_retry(
        self,
        response: Any,
        caught_exception: Exception | None,
        operation: "OperationModel",
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
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempts - 1, 9)))  # noqa: S311
        now = self._clock()
        if now + pause >= self.deadline or (self._outage and self._outage.given_up()):
            return None
        context = request_dict["context"]
        failed_before = context.get("failed_at")
        context["failed_at"] = now
        if self._outage is None or failed_before is None or self._outage.answered_since(failed_before):
            # While other calls are answered, it is the fault of what this one asks for. No outage costs an attempt.
            context["own_failures"] = context.get("own_failures", 0) + 1
        most = ATTEMPTS_AT_A_PAGE if self._outage and operation.name in _PAGES else ATTEMPTS
        if context["own_failures"] >= most:
            return None
        if attempts < most or (self._outage and self._outage.is_worth_waiting(reason)):
            return pause
        return None


def _passing_reason(response: Any, error: Exception | None) -> str | None:
    """Why an attempt failed, if that may pass; None for an answer, also for one that refuses."""
    if error is not None:
        return describe_error(error) if is_passing(error) else None
    http, parsed = response
    code = parsed.get("Error", {}).get("Code", "")
    return (code or f"HTTP status {http.status_code}") if is_passing_answer(http.status_code, code) else None
