"""How close a backfill comes to what the HealthOmics quotas allow, beside a serial one.

HealthOmics is the sandbox, in this process, with its quotas enforced and a latency for each call. What is measured is
`omics-meta backfill` as its users run it, a process of its own from start to end.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from omics_sandbox import Limits, Sandbox

from benchmarks.baseline import SLEEP_SECONDS
from benchmarks.report import Figure, scaled

LATENCY_SECONDS: Final = 0.04
"""Of each HealthOmics call."""

OMICS_META: Final = str(Path(sys.executable).with_name("omics-meta"))


@dataclass(frozen=True, slots=True)
class Run:
    """A backfill of a store of so many read sets; `throttled` is a share of all its calls."""

    read_sets: int
    seconds: float
    busiest: int
    throttled: float

    @property
    def pace(self) -> float:
        """Read sets a second."""
        return self.read_sets / self.seconds

    def over_bound(self, tps: float) -> float:
        """Its time as a multiple of what the busiest operation needs at a rate of `tps`."""
        return self.seconds * tps / self.busiest


class Stage:
    """Runs backfills against the sandbox, each into a table of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._names = (f"read-sets-{number}" for number in count(1))
        sandbox.omics.emit_events = False

    def ours(self, read_sets: int, *, max_tps: float, granted: float | None) -> Run:
        """Run `omics-meta backfill`; `granted` is the quota of each operation, None for no quotas."""
        return self._run(
            [OMICS_META, "backfill", "--max-tps", f"{max_tps:g}", "-s", "{store}", "-t", "{table}", "--json"],
            read_sets,
            granted,
        )

    def baseline(self, read_sets: int) -> Run:
        """Run the serial backfill, without quotas, which it is too slow to reach."""
        return self._run([sys.executable, "-m", "benchmarks.baseline", "{store}", "{table}"], read_sets, None)

    def _run(self, command: list[str], read_sets: int, granted: float | None) -> Run:
        omics, dynamodb = self._sandbox.omics, self._sandbox.client("dynamodb")
        store, table = omics.create_store("cohort"), next(self._names)
        for number in range(read_sets):
            omics.create_read_set(store, name=f"sample {number}", tags={"number": str(number)})
        dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "set_arn", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "set_arn", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        omics.limits = Limits(default=granted)
        omics.calls.clear()
        omics.throttled.clear()
        started = time.monotonic()
        done = subprocess.run(  # noqa: S603 - no shell
            [part.format(store=store, table=table) for part in command],
            env=self._sandbox.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, Select="COUNT")
        rows = sum(page["Count"] for page in pages)
        if done.returncode or rows != read_sets:
            raise RuntimeError(f"{rows} of {read_sets} rows, exit code {done.returncode}: {done.stderr}")
        answered, throttled = omics.calls.total(), omics.throttled.total()
        return Run(read_sets, seconds, max(omics.calls.values()), throttled / (answered + throttled))


def measure(scale: float) -> Iterator[Figure]:
    """Run all cases, at a part of their full size: some five minutes at 1."""
    with Sandbox(limits=Limits.none(), latency=LATENCY_SECONDS) as sandbox:
        stage = Stage(sandbox)
        baseline = stage.baseline(scaled(100, scale))
        yield from _at_the_quota(stage, baseline, read_sets=scaled(300, scale), tps=5)
        yield from _at_the_quota(stage, baseline, read_sets=scaled(3000, scale), tps=50)
        yield from _above_the_quota(stage, read_sets=scaled(300, scale))
        yield from _without_quotas(stage, baseline, read_sets=scaled(2000, scale))


def _at_the_quota(stage: Stage, baseline: Run, *, read_sets: int, tps: float) -> Iterator[Figure]:
    run = stage.ours(read_sets, max_tps=tps, granted=tps)
    case = f"{read_sets} read sets at {tps:g}/s of {tps:g}/s granted"
    yield Figure(case, "seconds", run.seconds)
    yield Figure(case, "time / bound", run.over_bound(tps), at_most=1.05)
    yield Figure(case, "% of the quota reached", 100 / run.over_bound(tps))
    yield Figure(case, "% throttled", run.throttled * 100, at_most=1)
    yield Figure(case, "times as fast as the serial one", run.pace / baseline.pace)


def _above_the_quota(stage: Stage, *, read_sets: int) -> Iterator[Figure]:
    run = stage.ours(read_sets, max_tps=50, granted=5)
    case = f"{read_sets} read sets at 50/s of 5/s granted"
    yield Figure(case, "seconds", run.seconds)
    yield Figure(case, "time / bound", run.over_bound(5), at_most=1.15)
    yield Figure(case, "% of the quota reached", 100 / run.over_bound(5))
    yield Figure(case, "% throttled", run.throttled * 100)


def _without_quotas(stage: Stage, baseline: Run, *, read_sets: int) -> Iterator[Figure]:
    run = stage.ours(read_sets, max_tps=10_000, granted=None)
    sleepless = baseline.read_sets / (baseline.seconds - baseline.read_sets * SLEEP_SECONDS)
    case = f"{read_sets} read sets without quotas"
    yield Figure(case, "read sets a second", run.pace)
    yield Figure(f"{baseline.read_sets} read sets by the serial one", "read sets a second", baseline.pace)
    yield Figure(case, "times as fast as the serial one", run.pace / baseline.pace, at_least=10)
    yield Figure(case, "times as fast as the serial one without its sleep", run.pace / sleepless)
