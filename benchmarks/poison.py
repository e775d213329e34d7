"""How much one read set that always fails delays the others: `python -m benchmarks.poison`.

Deploys the pipeline into a local AWS twice and sends the same 1,000 events of 200 read sets through it, the second
time with one read set that HealthOmics always refuses. Prints the time from the first event until the last event of a
read set that does not fail was applied, by the function's own log, and the ratio of both times.

The local AWS hands a failed message out again after a second, where AWS waits for the queue's visibility timeout (six
minutes): what fails takes far more of the function's time here than there.
"""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

ROOT: Final = Path(__file__).resolve().parent.parent
READ_SETS: Final = 200
STATUSES: Final = ("ARCHIVED", "ACTIVATING", "ACTIVE", "ARCHIVED", "ACTIVE")
LATENCY_SECONDS: Final = 0.02
"""Of each HealthOmics call."""


def main() -> None:
    """Run both, and print both times and their ratio."""
    print(f"{READ_SETS} read sets, {READ_SETS * len(STATUSES)} messages")
    without = run(poisoned=False)
    print(f"all succeed:       {without:6.1f} s until the others are done")
    with_poison = run(poisoned=True)
    print(f"one always fails:  {with_poison:6.1f} s until the others are done")
    print(f"ratio:             {with_poison / without:6.2f}")


def run(*, poisoned: bool) -> float:
    """Send the events through a pipeline of their own; return the seconds until those of all others were applied."""
    with Sandbox(limits=Limits.none(), latency=LATENCY_SECONDS, retry_delay=1) as sandbox:
        outputs = deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs
        omics = sandbox.omics
        # The event of a new store would have all of its read sets refreshed beside the events that are counted.
        omics.emit_events = False
        store = omics.create_store("cohort")
        read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(READ_SETS)]
        omics.emit_events = True
        bad = read_sets[READ_SETS // 2]
        if poisoned:
            omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad)
        started = time.time()
        for status in STATUSES:
            for read_set in read_sets:
                omics.set_status(store, read_set, status)
        sandbox.drain(timeout=600)
        lines = [line for line in sandbox.lambda_logs(outputs["functionName"]) if '"event applied"' in line]
        applied = [entry for entry in map(json.loads, lines) if not entry["set_arn"].endswith(bad)]
        if len(applied) != (READ_SETS - 1) * len(STATUSES):
            raise RuntimeError(f"{len(applied)} events of the others were applied")
        last = max(datetime.strptime(entry["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z") for entry in applied)
        return last.timestamp() - started


if __name__ == "__main__":
    main()
