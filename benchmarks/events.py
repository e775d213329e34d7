"""What events cost in HealthOmics calls, and how fast a burst of them is worked through.

The program is deployed into the sandbox twice, without quotas and with a latency for each HealthOmics call: as it is by
default (a message group for each read set, batches of ten, partial responses, two executions at a time), and with the
queue set up as the pipeline's reference implementation documents it (one message group, batches of one message, no
maximum of executions), with the same function. Both executions share the machine's processors with the sandbox.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

from benchmarks.report import Figure, scaled

ROOT: Final = Path(__file__).resolve().parent.parent
LATENCY_SECONDS: Final = 0.04
"""Of each HealthOmics call."""

ROUNDS: Final = 5
"""Events of each read set in a burst."""

STATUS_EVENTS: Final = ("ARCHIVED", "ACTIVATING", "DELETING", "DELETED")
"""In the order in which a read set may have them."""

RESOLUTION_SECONDS: Final = 1.1
"""Events tell their time in whole seconds: one of the same second as its row may be late, and costs a refresh."""


class Pipeline:
    """The deployed program, and one store of read sets without rows."""

    def __init__(self, sandbox: Sandbox, read_sets: int, *, one_by_one: bool) -> None:
        self._sandbox = sandbox
        self.omics = sandbox.omics
        self._lambda: Any = sandbox.client("lambda")
        outputs = deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs
        (mapping,) = self._lambda.list_event_source_mappings(FunctionName=outputs["functionName"])[
            "EventSourceMappings"
        ]
        self._mapping: str = mapping["UUID"]
        if one_by_one:
            self._set_up_one_by_one(outputs["ruleName"])
        self.omics.emit_events = False
        self._store = self.omics.create_store("cohort")
        self.read_sets = [self.omics.create_read_set(self._store, name=f"set {n}") for n in range(read_sets)]
        self.omics.emit_events = True
        self.omics.calls.clear()

    def _set_up_one_by_one(self, rule: str) -> None:
        """One message group and one message at a time, as many executions as Lambda starts by itself."""
        events: Any = self._sandbox.client("events")
        (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
        events.put_targets(Rule=rule, Targets=[target | {"SqsParameters": {"MessageGroupId": "all"}}])
        self._lambda.update_event_source_mapping(
            UUID=self._mapping, BatchSize=1, FunctionResponseTypes=[], ScalingConfig={}
        )

    def change(self, status: str) -> None:
        """Give every read set a status, and wait until each event of it is done."""
        for read_set in self.read_sets:
            self.omics.set_status(self._store, read_set, status)
        self._sandbox.drain(timeout=600)

    @property
    def size(self) -> int:
        """Events of a burst."""
        return ROUNDS * len(self.read_sets)

    def burst(self) -> float:
        """Fill the queue with events that each cost a full refresh; return how many of them are done in a second."""
        self._lambda.update_event_source_mapping(UUID=self._mapping, Enabled=False)
        for _ in range(ROUNDS):
            for read_set in self.read_sets:
                self.omics.set_status(self._store, read_set, "ACTIVE")
        began = time.monotonic()
        self._lambda.update_event_source_mapping(UUID=self._mapping, Enabled=True)
        self._sandbox.drain(timeout=600)
        return self.size / (time.monotonic() - began)


def measure(scale: float) -> Iterator[Figure]:
    """Count calls, then time a burst in both pipelines, at a part of the full size: some two minutes at 1.

    A fifth of the burst is enough for the second pipeline, which does one event after another at a steady pace.
    """
    with _sandbox() as sandbox:
        yield from _count_calls(Pipeline(sandbox, scaled(20, scale), one_by_one=False))
    with _sandbox() as sandbox:
        grouped = Pipeline(sandbox, scaled(200, scale), one_by_one=False)
        pace = grouped.burst()
        stores = grouped.omics.calls["GetSequenceStore"]
    with _sandbox() as sandbox:
        single = Pipeline(sandbox, scaled(40, scale), one_by_one=True)
        single_pace = single.burst()
    case = f"burst of {grouped.size} events over {len(grouped.read_sets)} read sets"
    yield Figure(case, "events a second", pace)
    yield Figure(f"burst of {single.size} events in one group, one by one", "events a second", single_pace)
    yield Figure(case, "times as fast as one by one", pace / single_pace)
    yield Figure(case, "GetSequenceStore calls of two executions", stores, at_most=2)


def _sandbox() -> Sandbox:
    return Sandbox(limits=Limits.none(), latency=LATENCY_SECONDS)


def _count_calls(pipeline: Pipeline) -> Iterator[Figure]:
    for status in ("ACTIVE", *STATUS_EVENTS):
        pipeline.omics.calls.clear()
        pipeline.change(status)
        # The store is remembered, and counted in the burst.
        calls = pipeline.omics.calls.total() - pipeline.omics.calls["GetSequenceStore"]
        at_most = 2 if status == "ACTIVE" else 0
        yield Figure(f"event {status}", "HealthOmics calls", calls / len(pipeline.read_sets), at_most=at_most)
        time.sleep(RESOLUTION_SECONDS)
