"""What the code itself decides about the bill: bytes of a row and of logs, metrics, settings by default.

Measured by `tools.cost.measured`, which runs the function's code, and taken from the component's settings; a test
(`tests/tools/test_cost.py`) tells when they have changed, and what to write here.
"""

import math
from dataclasses import dataclass
from typing import Final

ROW_BYTES: Final = 1794
"""Of the row of a paired FASTQ read set with three tags and every optional attribute."""

LISTED_BYTES: Final = 1096
"""Of the same row as a listing pass writes it, without what no listing shows."""

WRITES: Final = math.ceil(ROW_BYTES / 1024)
"""Write request units of a put, an update or a delete of the row: DynamoDB counts whole items, by the kilobyte."""

LISTED_WRITES: Final = math.ceil(LISTED_BYTES / 1024)
"""The same of a put of the row that a listing pass writes."""

READS: Final = math.ceil(ROW_BYTES / 4096)
"""Read request units of a strongly consistent read of the row."""

INDEX_BYTES: Final = {"subject": 113, "sample": 107, "store": 121}
"""Of the same row in each index that a created table can have: its keys. Each is a write request unit to write."""

INDEXES: Final = ("subject", "sample")
"""Those that a created table has by default."""

INDEXES_BY_STATUS: Final = frozenset({"store"})
"""Those that have the status as a key."""

MEMORY_MIB: Final = 256
LOG_RETENTION_DAYS: Final = 30
MAX_ROW_AGE_DAYS: Final = 7
RECONCILE_SCHEDULE: Final = "cron(0 3 * * ? *)"
ALARMS: Final = 7


@dataclass(frozen=True, slots=True)
class Observed:
    """What the function writes for a message: bytes of logs, and the custom metrics in them."""

    log_bytes: int
    metrics: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event. `share` is how many come in a month for each read set, which is an assumption."""

    share: float
    status: str
    outcome: str
    reads: bool
    writes: bool
    observed: Observed


def _observed(log_bytes: int, *metrics: str) -> Observed:
    return Observed(log_bytes, frozenset({"ColdStart", "Messages", *metrics}))


_LAG: Final = "SourceToRowLag"
_REFRESH: Final = "RefreshDuration"

EVENTS: Final = (
    Kind(0.05, "PROCESSING_UPLOAD", "ignored", False, False, _observed(1990, "Events ignored PROCESSING_UPLOAD")),
    Kind(0.05, "ACTIVE", "created", True, True, _observed(2123, "Events created ACTIVE", _LAG, _REFRESH)),
    Kind(0.05, "ARCHIVED", "updated", False, True, _observed(2061, "Events updated ARCHIVED", _LAG)),
    Kind(0.02, "ACTIVATING", "updated", False, True, _observed(2065, "Events updated ACTIVATING", _LAG)),
    Kind(0.02, "ACTIVE", "updated", True, True, _observed(2135, "Events updated ACTIVE", _LAG, _REFRESH)),
    Kind(0.01, "DELETING", "updated", False, True, _observed(2061, "Events updated DELETING", _LAG)),
    Kind(0.01, "DELETED", "deleted", False, True, _observed(2047, "Events deleted DELETED", _LAG)),
)
"""A month: 5 % of the read sets imported, 5 % archived, 2 % activated, 1 % deleted."""

REFRESH: Final = _observed(786, "Events unchanged REFRESH", _REFRESH)
"""Of one refresh that a reconciliation asks for, of ten that share an invocation."""

STEP: Final = _observed(2140, "Events done RECONCILE", "Reconciliations", "ReconciliationDrift")
"""Of one step of a reconciliation: the last, which says the most."""
