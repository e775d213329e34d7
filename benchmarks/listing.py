"""How soon a first backfill lets every read set be found: its listing pass, at the default quota.

HealthOmics and the table are simulated in the process (`benchmarks.simulated`); the pace of the listings is that of the
product's own limiter.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

from omics_sandbox.omics.client import OmicsClient
from readset_sync.aws.clients import MAX_THREADS
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.rate_limits import RateLimiter
from readset_sync.aws.table import Table
from readset_sync.constants import DOCUMENTED_TPS
from readset_sync.stores.backfill import Backfill, PendingRefreshes

from benchmarks.report import Figure, scaled
from benchmarks.simulated import STORE_ID, SimulatedTable, omics_of

READ_SETS: Final = 10_000


class _PacedOmics(OmicsClient):
    """HealthOmics whose listings are asked for at the documented rate."""

    def __init__(self, read_sets: int) -> None:
        super().__init__(omics_of(read_sets).service)
        self._limiter = RateLimiter(DOCUMENTED_TPS)

    def list_read_sets(self, **given: Any) -> dict[str, Any]:
        """ListReadSets, when its turn has come."""
        self._limiter.wait()
        return self.__getattr__("list_read_sets")(**given)


def measure(scale: float) -> Iterator[Figure]:
    """Run the listing pass over a store without rows: some twenty seconds at 1."""
    read_sets = scaled(READ_SETS, scale)
    omics, table = _PacedOmics(read_sets), SimulatedTable(0, room=read_sets)
    with ThreadPoolExecutor(MAX_THREADS) as executor:
        source = HealthOmics(cast("Any", omics))
        backfill = Backfill(source, Table(cast("Any", table), "rows"), executor)
        pending = PendingRefreshes(source.store(STORE_ID).metadata["arn"])
        began = time.monotonic()
        listed = sum(len(batch.results) for batch in backfill.create_listed_rows(pending))
        seconds = time.monotonic() - began
    if listed != read_sets:
        raise RuntimeError(f"{listed} of {read_sets} read sets got a row")
    calls = omics.service.calls["ListReadSets"]
    case = f"listing pass of {read_sets:,} read sets at {DOCUMENTED_TPS:g}/s"
    yield Figure(case, "seconds until every read set can be found", seconds)
    yield Figure(case, "that time / (listing calls / rate)", seconds * DOCUMENTED_TPS / calls, at_most=1.05)
    yield Figure(case, "HealthOmics calls / read set", omics.service.calls.total() / read_sets)
