"""How much one read set that always fails delays the others.

The pipeline is deployed into the sandbox twice, and gets the same five events of each of two hundred read sets, the
second time with one read set that HealthOmics always refuses. The time is that from the first event until the last one
of the others was applied, by the function's own log.

The sandbox hands a failed message out again after a second, where AWS waits for the queue's visibility timeout (six
minutes): what fails takes far more of the function's time here than there.
"""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

from benchmarks.report import Figure, scaled

ROOT: Final = Path(__file__).resolve().parent.parent
READ_SETS: Final = 200
STATUSES: Final = ("ARCHIVED", "ACTIVATING", "ACTIVE", "ARCHIVED", "ACTIVE")
LATENCY_SECONDS: Final = 0.02
"""Of each HealthOmics call."""


def measure(scale: float) -> Iterator[Figure]:
    """Run both, at a part of the full size: some three minutes at 1."""
    read_sets = max(scaled(READ_SETS, scale), 2)
    without, with_poison = run(read_sets, poisoned=False), run(read_sets, poisoned=True)
    events = f"{read_sets * len(STATUSES)} events over {read_sets} read sets"
    yield Figure(f"{events}, of which all succeed", "seconds until the others are done", without)
    yield Figure(f"{events}, of which one always fails", "seconds until the others are done", with_poison)
    yield Figure(events, "times as long with one that fails", with_poison / without, at_most=1.2)


def run(count: int, *, poisoned: bool) -> float:
    """Send the events through a pipeline of their own; return the seconds until those of all others were applied."""
    with Sandbox(limits=Limits.none(), latency=LATENCY_SECONDS, retry_delay=1) as sandbox:
        outputs = deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs
        omics = sandbox.omics
        # The event of a new store would have all of its read sets refreshed beside the events that are counted.
        omics.emit_events = False
        store = omics.create_store("cohort")
        read_sets = [
            omics.create_read_set(store, name=f"set {number}", tags={"project": "x"}) for number in range(count)
        ]
        omics.emit_events = True
        bad = read_sets[count // 2]
        if poisoned:
            omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad)
        started = time.time()
        for status in STATUSES:
            for read_set in read_sets:
                omics.set_status(store, read_set, status)
        sandbox.drain(timeout=600)
        lines = [line for line in sandbox.lambda_logs(outputs["functionName"]) if '"event applied"' in line]
        entries = (entry for entry in map(json.loads, lines) if not entry["set_arn"].endswith(bad))
        # A status that is no more when its event comes is looked at again.
        applied = [entry for entry in entries if entry["outcome"] != "behind"]
        if len(applied) != (count - 1) * len(STATUSES):
            raise RuntimeError(f"{len(applied)} events of the others were applied")
        last = max(datetime.strptime(entry["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z") for entry in applied)
        return last.timestamp() - started
