"""How often HealthOmics may be called, operation by operation.

Source of the quotas: HealthOmics user guide, "HealthOmics service quotas"; 5 calls a second for each operation used
here unless the account has been granted more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from readset_sync.constants import DOCUMENTED_TPS, read_rates


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
        rates = read_rates(text)
        return cls(rates.pop("", default), rates)

    def of(self, operation: str) -> float:
        """Calls a second of one operation."""
        return self.by_operation.get(operation, self.default)
