"""How often functions have been invoked in a chain of requests, which is how Lambda knows a loop.

Lambda tells a function its chain in the trace header. The function's AWS SDK sends that on with each request, SQS keeps
it with the message, and the invocation by that message is the next link. Source: "Use Lambda recursive loop detection
to prevent infinite loops", AWS Lambda Developer Guide. How the header counts is not documented: here by pairs of a
function's hash and a number, as in `Lineage=a87bd80c:1|68fd508a:16`.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

MOST_INVOCATIONS = 16
"""How often a chain may invoke a function."""

_LINEAGE = re.compile(r"(?:^|;)Lineage=([^;]*)")
_ENTRY = re.compile(r"([0-9a-f]{8}):([0-9]+)")


@dataclass(frozen=True)
class Lineage:
    """How often a chain of requests has invoked functions so far."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    """By the function's hash."""

    @classmethod
    def of(cls, trace_headers: Iterable[str]) -> Self:
        """What the trace headers of one or more requests tell; of a function the highest number."""
        counts: dict[str, int] = {}
        for header in trace_headers:
            lineage = _LINEAGE.search(header)
            for function, count in _ENTRY.findall(lineage[1]) if lineage else ():
                counts[function] = max(counts.get(function, 0), int(count))
        return cls(counts)

    def invoking(self, function_arn: str) -> Self:
        """The same chain with another invocation of a function."""
        return type(self)({**self.counts, _hash(function_arn): self.count(function_arn) + 1})

    def count(self, function_arn: str) -> int:
        """How often the function has been invoked."""
        return self.counts.get(_hash(function_arn), 0)

    def __str__(self) -> str:
        """The part of a trace header."""
        return f"Lineage={'|'.join(f'{function}:{count}' for function, count in self.counts.items())}"


def _hash(function_arn: str) -> str:
    return hashlib.sha256(function_arn.encode()).hexdigest()[:8]
