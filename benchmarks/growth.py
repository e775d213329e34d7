"""How run time, calls and memory of backfill, verify and reconcile grow with the number of read sets.

HealthOmics, the table and the queue are simulated in the process (`benchmarks.simulated`), so that what is measured is
the product alone. Each size runs in a process of its own: `python -m benchmarks.growth WORK READ_SETS`.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import partial
from typing import Final

from benchmarks.process import run_module, say_peak
from benchmarks.report import Figure, scaled
from benchmarks.simulated import STORE_ID, SimulatedTable, omics_meta, omics_of
from benchmarks.tags import World, reconcile

SIZES: Final = (1_000, 100_000)


def measure(scale: float) -> Iterator[Figure]:
    """Run each work at each size, or a part of it: some eighty seconds at 1."""
    for work in WORKS:
        counted: list[tuple[int, float, float]] = []
        for read_sets in (scaled(size, scale) for size in SIZES):
            run = run_module("growth", work, str(read_sets))
            seconds, omics_calls, table_calls = json.loads(run.printed)
            case = f"{work} of {read_sets:,} read sets"
            yield Figure(case, "ms / read set", seconds * 1000 / read_sets)
            yield Figure(case, "HealthOmics calls / read set", omics_calls / read_sets)
            yield Figure(case, "DynamoDB calls / read set", table_calls / read_sets)
            yield Figure(case, "MB at the peak", run.peak_mb)
            counted.append((read_sets, omics_calls, run.peak_mb))
        (few, few_calls, small), (many, many_calls, large) = counted[0], counted[-1]
        case = f"{work}, from {few:,} to {many:,} read sets"
        yield Figure(case, "calls, over linear growth", many_calls / few_calls / (many / few), at_most=1)
        yield Figure(case, "MB more at the peak", large - small, at_most=50)


def _command(name: str, outcome: str, table_of: Callable[[int], SimulatedTable], read_sets: int) -> tuple[int, int]:
    omics, table, said = omics_of(read_sets), table_of(read_sets), io.StringIO()
    with redirect_stdout(said):
        omics_meta([name, "-s", STORE_ID, "--max-tps", "1000", "--json"], table, omics)
    _expect(json.loads(said.getvalue())["totals"][outcome], read_sets)
    return omics.service.calls.total(), table.calls.total()


def _reconcile(read_sets: int) -> tuple[int, int]:
    world = World(read_sets, rows=True, bulk=False)
    _expect(reconcile(world), 0)
    return world.omics_calls, world.client.calls.total()


WORKS: Final[Mapping[str, Callable[[int], tuple[int, int]]]] = {
    "backfill": partial(_command, "backfill", "created", lambda read_sets: SimulatedTable(0, room=read_sets)),
    "verify": partial(_command, "verify", "in_sync", SimulatedTable),
    "reconcile": _reconcile,
}
"""Each does what there is to do for so many read sets, and returns its calls of HealthOmics and of DynamoDB."""


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} of {wanted} read sets were done")


def main() -> None:
    """Run one work at one size: print its seconds and its calls."""
    work, read_sets = sys.argv[1], int(sys.argv[2])
    began = time.monotonic()
    calls = WORKS[work](read_sets)
    print(json.dumps([time.monotonic() - began, *calls]))
    say_peak()


if __name__ == "__main__":
    main()
