"""How often HealthOmics may be called, operation by operation.

Source of the quotas: HealthOmics user guide, "HealthOmics service quotas"; 5 calls a second for each operation used
here unless the account has been granted more.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

DOCUMENTED_TPS: Final = 5.0

OPERATIONS: Final = (
    "GetReadSetMetadata",
    "GetSequenceStore",
    "ListReadSets",
    "ListSequenceStores",
    "ListTagsForResource",
)
"""The operations that are called, as the API names them."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls a second: of the operations that have a rate of their own, and of each other one."""

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
        rates: dict[str, float] = {}
        for entry in text.split(","):
            operation, equals, number = entry.strip().rpartition("=")
            if equals and operation not in OPERATIONS:
                raise ValueError(
                    f"{operation!r} is not an operation that is called: name one of {', '.join(OPERATIONS)}"
                )
            rate = _rate(number)
            if operation in rates:
                raise ValueError(f"{text!r} has two rates for {operation or 'every operation'}: give one")
            rates[operation] = rate
        return cls(rates.pop("", default), rates)

    def of(self, operation: str) -> float:
        """Calls a second of one operation."""
        return self.by_operation.get(operation, self.default)


def _rate(number: str) -> float:
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"{number!r} is not a number of calls: give one above 0")
    return rate
