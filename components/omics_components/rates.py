"""How often the function may call HealthOmics: the format of `maxTps`, and an execution's share of it.

The function reads the same format (`readset_sync.aws.rates`), which this package takes into the deployment package
without importing it.
"""

import math
from collections.abc import Mapping

OPERATIONS = ("GetReadSetMetadata", "GetSequenceStore", "ListReadSets", "ListSequenceStores", "ListTagsForResource")
"""The operations that can have a rate of their own."""

DOCUMENTED_TPS = 5.0
"""The quota of a new account. Source: HealthOmics user guide, "HealthOmics service quotas"."""

_EVERY = ""


def read_rates(text: str) -> Mapping[str, float]:
    """Read `20`, `20,GetReadSetMetadata=50` or `GetReadSetMetadata=50`; "" is every operation without a rate.

    Raises:
        ValueError: It is none of these.
    """
    rates: dict[str, float] = {}
    for entry in text.split(","):
        operation, equals, number = entry.strip().rpartition("=")
        rate = float(number)
        if (equals and operation not in OPERATIONS) or operation in rates or not (math.isfinite(rate) and rate > 0):
            raise ValueError
        rates[operation] = rate
    return {_EVERY: DOCUMENTED_TPS} | rates


def slowest(text: str) -> float:
    """Calls a second of the slowest operation."""
    return min(read_rates(text).values())


def share(text: str, executions: int) -> str:
    """What one of so many executions may do: they do not know of each other."""
    rates = {operation: f"{rate / executions:g}" for operation, rate in read_rates(text).items()}
    return ",".join(f"{operation}={rate}" if operation else rate for operation, rate in rates.items())
