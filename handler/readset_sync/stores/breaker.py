"""Stops work on many read sets when all of them fail alike: nothing can succeed until somebody mends the cause."""

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeVar

from botocore.exceptions import ClientError

from readset_sync.model.errors import EXPECTED_ERRORS, SyncError, error_code, is_fatal, is_passing

_Outcome = TypeVar("_Outcome")

MOST_ALIKE: Final = 30
"""Failures in a row, of one operation with one error code, that are taken for the failure of everything."""


class CircuitBreaker:
    """Tries work on one read set after the other. Safe to share among threads."""

    def __init__(self) -> None:
        self._kind = ("", "")
        self._alike = 0
        self._lock = Lock()

    def attempt(self, work: Callable[[], _Outcome], failed: Callable[[Exception], _Outcome]) -> _Outcome:
        """Return what work has come to, or what `failed` makes of its error.

        Raises:
            Exception: The error, if everything else would fail for it too: by its nature, or because `MOST_ALIKE` in a
                row have failed so, none has succeeded meanwhile, and it does not pass by itself.
        """
        try:
            outcome = work()
        except EXPECTED_ERRORS as error:
            if is_fatal(error) or self._breaks(error):
                raise
            return failed(error)
        with self._lock:
            self._alike = 0
        return outcome

    def _breaks(self, error: Exception) -> bool:
        if is_passing(error) or isinstance(error, SyncError):  # the latter concern a single read set
            return False
        kind = (error.operation_name if isinstance(error, ClientError) else "", error_code(error))
        with self._lock:
            self._alike = self._alike + 1 if kind == self._kind else 1
            self._kind = kind
            if self._alike < MOST_ALIKE:
                return False
        error.add_note(f"{MOST_ALIKE} in a row failed like this, and none succeeded")
        return True
