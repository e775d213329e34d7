"""Stops work on many read sets when all of them fail alike: nothing can succeed until somebody mends the cause."""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from botocore.exceptions import ClientError

from readset_sync.model.errors import EXPECTED_ERRORS, SyncError, error_code, is_fatal, is_passing

_Outcome = TypeVar("_Outcome")

MOST_ALIKE: Final = 30
"""Failures of one operation with one error code, without a success meanwhile, that are taken for the failure of all."""


class CircuitBreaker:
    """Tries work on one read set after the other. Safe to share among threads."""

    def __init__(self) -> None:
        self._failures: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def attempt(self, work: Callable[[], _Outcome], failed: Callable[[Exception], _Outcome]) -> _Outcome:
        """Return what work has come to, or what `failed` makes of its error.

        Raises:
            Exception: The error, if everything else would fail for it too: by its nature, or because `MOST_ALIKE`
                have failed so, none has succeeded meanwhile, and it does not pass by itself.
        """
        try:
            outcome = work()
        except EXPECTED_ERRORS as error:
            if is_fatal(error) or self._breaks(error):
                raise
            return failed(error)
        with self._lock:
            self._failures.clear()
        return outcome

    def _breaks(self, error: Exception) -> bool:
        if is_passing(error) or isinstance(error, SyncError):  # the latter concern a single read set
            return False
        kind = (error.operation_name if isinstance(error, ClientError) else "", error_code(error))
        with self._lock:
            self._failures[kind] += 1
            if self._failures[kind] < MOST_ALIKE:
                return False
        error.add_note(f"{MOST_ALIKE} failed like this, and none succeeded meanwhile")
        return True
