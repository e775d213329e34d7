"""The API calls that were made, as IAM sees them."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A call by one principal of one action on certain resources."""

    action: str
    """IAM's name of the action, for example `omics:GetReadSetMetadata`."""
    resources: tuple[str, ...]
    """What IAM checks the action on: ARNs, or `*` alone for an action without a resource type."""
    refused: bool = False
    """Whether it was answered with AccessDenied for want of a permission."""


class Calls:
    """How often each principal made each call.

    Equal calls are counted instead of listed: a poller makes thousands of them in a minute.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[Call]] = {}

    def of(self, principal: str) -> Counter[Call]:
        """The calls of a principal since the start or `clear`.

        Args:
            principal: ARN of a role for a Lambda function, and for the poller and the logs of it; else of a user.
        """
        with self._lock:
            return Counter(self._counts.get(principal, {}))

    def clear(self) -> None:
        """Count from zero."""
        with self._lock:
            self._counts.clear()

    def record(self, principal: str, call: Call) -> None:
        """Count a call."""
        with self._lock:
            self._counts.setdefault(principal, Counter())[call] += 1
