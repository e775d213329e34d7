"""How run time, calls and memory of backfill, verify and reconcile grow with the number of read sets.

HealthOmics, the table and the queue are simulated in the process (`benchmarks.simulated`), so that what is measured is
the product alone. Each size runs in a process of its own: `python -m benchmarks.growth WORK READ_SETS`.
"""

import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch

from omics_meta.app import app
from omics_sandbox.omics.client import OmicsClient, TaggingClient
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.messages.queue_message import ReconcileRequest, parse_message
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from benchmarks.report import Figure, scaled
from benchmarks.simulated import ACCOUNT, REGION, STORE_ID, SimulatedQueue, SimulatedTable, omics_of

SIZES: Final = (1_000, 10_000, 100_000)

SMALL_PARENT: Final = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
"""Between this process and the one that is measured: a process inherits its parent's peak of memory on Linux."""

BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""In a unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one size took."""

    read_sets: int
    seconds: float
    omics_calls: int
    table_calls: int
    peak_mb: float


def measure(scale: float) -> Iterator[Figure]:
    """Run each work at each size, or a part of it: some ninety seconds at 1."""
    for work in WORKS:
        runs = [_measured(work, scaled(size, scale)) for size in SIZES]
        for run in runs:
            case = f"{work} of {run.read_sets:,} read sets"
            yield Figure(case, "ms / read set", run.seconds * 1000 / run.read_sets)
            yield Figure(case, "HealthOmics calls / read set", run.omics_calls / run.read_sets)
            yield Figure(case, "DynamoDB calls / read set", run.table_calls / run.read_sets)
            yield Figure(case, "MB at the peak", run.peak_mb)
        first, last = runs[0], runs[-1]
        case = f"{work}, from {first.read_sets:,} to {last.read_sets:,} read sets"
        size = last.read_sets / first.read_sets
        yield Figure(case, "calls, over linear growth", last.omics_calls / first.omics_calls / size, at_most=1)
        yield Figure(case, "MB more at the peak", last.peak_mb - first.peak_mb, at_most=50)


def _measured(work: str, read_sets: int) -> Run:
    command = [sys.executable, "-m", "benchmarks.growth", work, str(read_sets)]
    done = subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-c", SMALL_PARENT, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    if done.returncode:
        raise RuntimeError(f"{work} of {read_sets} read sets failed: {done.stderr}")
    return Run(**json.loads(done.stdout))


def _backfill(omics: OmicsClient, read_sets: int) -> SimulatedTable:
    table = SimulatedTable(0, room=read_sets)
    document = _command("backfill", omics, table)
    _expect(document["totals"]["created"], read_sets)
    return table


def _verify(omics: OmicsClient, read_sets: int) -> SimulatedTable:
    table = SimulatedTable(read_sets)
    document = _command("verify", omics, table)
    _expect(document["totals"]["in_sync"], read_sets)
    return table


def _reconcile(omics: OmicsClient, read_sets: int) -> SimulatedTable:
    table, queue = SimulatedTable(read_sets), SimulatedQueue()
    source, rows = HealthOmics(cast("Any", omics)), Table(cast("Any", table), "rows")
    sender = MessageSender(cast("Any", queue), "queue", account=ACCOUNT, region=REGION)
    reconciler = Reconciler(
        source, rows, Synchronizer(source, rows), sender, account=ACCOUNT, region=REGION, max_age=None
    )
    step = reconciler.start(ReconcileRequest("growth", datetime.now(UTC)))
    while queue.bodies:
        message = parse_message(queue.bodies.pop())
        if not isinstance(message, ReconciliationStep):
            raise TypeError(f"a reconciliation of what is in sync asked for {message}")
        step = reconciler.run_step(message)
    _expect(step.counts["listed"], read_sets)
    return table


WORKS: Final[Mapping[str, Callable[[OmicsClient, int], SimulatedTable]]] = {
    "backfill": _backfill,
    "verify": _verify,
    "reconcile": _reconcile,
}


def _command(name: str, omics: OmicsClient, table: SimulatedTable) -> Mapping[str, Any]:
    """Run a command of `omics-meta` against the simulation; return what it printed."""
    said = io.StringIO()

    def omics_client(*_: Any, **__: Any) -> OmicsClient:
        return omics

    def dynamodb_client(*_: Any, **__: Any) -> SimulatedTable:
        return table

    def tagging_client(*_: Any, **__: Any) -> TaggingClient:
        return TaggingClient(omics.service)

    with (
        patch("omics_meta.selection.connection.omics_client", omics_client),
        patch("omics_meta.selection.connection.tagging_client", tagging_client),
        patch("omics_meta.selection.connection.dynamodb_client", dynamodb_client),
        redirect_stdout(said),
    ):
        app(
            [name, "-s", STORE_ID, "-t", "rows", "-r", REGION, "--max-tps", "1000", "--json"],
            standalone_mode=False,
        )
    return json.loads(said.getvalue())


def _expect(found: int, read_sets: int) -> None:
    if found != read_sets:
        raise RuntimeError(f"{found} of {read_sets} read sets were done")


def main() -> None:
    """Run one work at one size, and print what it took."""
    work, read_sets = sys.argv[1], int(sys.argv[2])
    omics = omics_of(read_sets)
    began = time.monotonic()
    table = WORKS[work](omics, read_sets)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES / 1e6
    print(json.dumps(asdict(Run(read_sets, seconds, omics.service.calls.total(), table.calls.total(), peak))))


if __name__ == "__main__":
    main()
