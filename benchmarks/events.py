"""What events cost in HealthOmics calls, how fast a burst of them is worked through, and what one failure delays.

The program is deployed into the sandbox, without quotas and with a latency for each HealthOmics call, and works as it
does by default: a message group for each read set, batches of ten, partial responses, two executions at a time. The
executions share the machine's processors with the sandbox.

Five events of each of two hundred read sets are processed twice, the second time with one read set that HealthOmics
always refuses. The time is that from the first event until the last one of the others was applied, by the function's
own log. The sandbox hands a failed message out again after a second, where AWS waits for the queue's visibility timeout
(six minutes): what fails takes far more of the function's time here than there.
"""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

from benchmarks.report import ROOT, Figure, scaled

ROUNDS: Final = 5
"""Events of each read set in a burst."""

COUNTED: Final = ("ACTIVE", "ARCHIVED", "ACTIVATING", "DELETING", "DELETED")
"""In the order in which a read set may have them."""

WITH_FAILURE: Final = ("ARCHIVED", "ACTIVATING", "ACTIVE", "ARCHIVED", "ACTIVE")

RESOLUTION_SECONDS: Final = 1.1
"""Events tell their time in whole seconds: one of the same second as its row may be late, and costs a refresh."""


class Pipeline:
    """The deployed program."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.omics = sandbox.omics
        self._lambda: Any = sandbox.client("lambda")
        self._outputs = deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs
        mappings = self._lambda.list_event_source_mappings(FunctionName=self._outputs["functionName"])
        self._mapping: str = mappings["EventSourceMappings"][0]["UUID"]

    def cohort(self, count: int) -> tuple[str, list[str]]:
        """Create a store with so many read sets without rows; return its id, and theirs."""
        # The event of a new store would have all of its read sets refreshed beside the events that are counted.
        self.omics.emit_events = False
        store = self.omics.create_store("cohort")
        # With tags: a read set that has none is looked at again, because its tags may come late.
        read_sets = [self.omics.create_read_set(store, name="a", tags={"lane": str(number)}) for number in range(count)]
        self.omics.emit_events = True
        self.omics.calls.clear()
        return store, read_sets

    def burst(self, count: int) -> float:
        """Fill the queue with events that each cost a full refresh; return how many of them are done in a second."""
        store, read_sets = self.cohort(count)
        self._lambda.update_event_source_mapping(UUID=self._mapping, Enabled=False)
        for _ in range(ROUNDS):
            for read_set in read_sets:
                self.omics.set_status(store, read_set, "ACTIVE")
        began = time.monotonic()
        self._lambda.update_event_source_mapping(UUID=self._mapping, Enabled=True)
        self._sandbox.drain(timeout=600)
        return ROUNDS * count / (time.monotonic() - began)

    def calls(self, count: int) -> Iterator[tuple[str, float]]:
        """Yield each status, and the calls that an event of it costs."""
        store, read_sets = self.cohort(count)
        for status in COUNTED:
            self.omics.calls.clear()
            for read_set in read_sets:
                self.omics.set_status(store, read_set, status)
            self._sandbox.drain(timeout=600)
            # The store is remembered, and counted in the burst.
            yield status, (self.omics.calls.total() - self.omics.calls["GetSequenceStore"]) / count
            time.sleep(RESOLUTION_SECONDS)

    def seconds_of_others(self, count: int, *, failing: bool) -> float:
        """Send events; return the seconds until those of all read sets but one were applied, which may fail."""
        store, read_sets = self.cohort(count)
        bad = read_sets.pop(count // 2)
        if failing:
            self.omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad)
        started = time.time()
        for status in WITH_FAILURE:
            for read_set in (*read_sets, bad):
                self.omics.set_status(store, read_set, status)
        self._sandbox.drain(timeout=600)
        lines = self._sandbox.lambda_logs(self._outputs["functionName"])
        entries = (json.loads(line) for line in lines if '"event applied"' in line)
        others = {f"sequenceStore/{store}/readSet/{read_set}" for read_set in read_sets}
        # A status that is no more when its event comes is looked at again.
        applied = [
            entry for entry in entries if entry["set_arn"].rpartition(":")[2] in others and entry["outcome"] != "behind"
        ]
        if len(applied) != len(others) * len(WITH_FAILURE):
            raise RuntimeError(f"{len(applied)} events of the others were applied")
        last = max(datetime.strptime(entry["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z") for entry in applied)
        return last.timestamp() - started


def measure(scale: float) -> Iterator[Figure]:
    """Run all, at a part of the full size: some six minutes at 1."""
    with Sandbox(limits=Limits.none(), latency=0.04, retry_delay=1) as sandbox:
        pipeline, read_sets = Pipeline(sandbox), scaled(200, scale)
        pace = pipeline.burst(read_sets)
        stores = pipeline.omics.calls["GetSequenceStore"]
        for status, calls in pipeline.calls(scaled(20, scale)):
            yield Figure(f"event {status}", "HealthOmics calls", calls, at_most=2 if status == "ACTIVE" else 0)
        pipeline.omics.latency = 0.02
        several = max(read_sets, 2)
        seconds, with_failure = (pipeline.seconds_of_others(several, failing=failing) for failing in (False, True))
    case = f"burst of {ROUNDS * read_sets} events over {read_sets} read sets"
    yield Figure(case, "events a second", pace)
    # Each of ten threads asks for the store first, and then remembers it.
    yield Figure(case, "GetSequenceStore calls of two executions", stores, at_most=2)
    case = f"{len(WITH_FAILURE) * several} events over {several} read sets"
    yield Figure(f"{case}, of which all succeed", "seconds until the others are done", seconds)
    failing = f"{case}, of which one always fails"
    yield Figure(failing, "seconds until the others are done", with_failure)
    yield Figure(failing, "times as long with one that fails", with_failure / seconds, at_most=1.2)
