"""How close a backfill comes to what the HealthOmics quotas allow, beside a serial one.

HealthOmics is the sandbox, in this process, with its quotas enforced and a latency for each call. What is measured is
`omics-meta backfill` as its users run it, a process of its own from start to end. The serial one works as the
documentation of the pipeline's reference implementation describes its backfill: it lists a store, and for each read set
in turn gets the metadata, lists the tags, puts the item, and sleeps for a fixed time.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import boto3
from omics_sandbox import Limits, Sandbox

from benchmarks.process import OMICS_META, run
from benchmarks.report import Figure, scaled
from tests.existing import create_table

LATENCY_SECONDS: Final = 0.04
"""Of each HealthOmics call."""


@dataclass(frozen=True, slots=True)
class Backfilled:
    """A backfill of a store of so many read sets; `throttled` is a share of all its calls."""

    read_sets: int
    seconds: float
    busiest: int
    throttled: float

    @property
    def pace(self) -> float:
        """Read sets a second."""
        return self.read_sets / self.seconds

    def reached(self, tps: float) -> float:
        """Percents of a rate of `tps` that the busiest operation reached."""
        return 100 * self.busiest / self.seconds / tps


def _backfilled(sandbox: Sandbox, command: Sequence[str], read_sets: int, granted: float | None) -> Backfilled:
    """Have a command fill a table of its own; `granted` is the quota of each operation, None for no quotas."""
    omics, dynamodb = sandbox.omics, sandbox.client("dynamodb")
    store = omics.create_store("cohort")
    table = f"read-sets-of-{store}"
    for number in range(read_sets):
        omics.create_read_set(store, name=f"sample {number}", tags={"number": str(number)})
    create_table(dynamodb, table)
    omics.limits = Limits(default=granted)
    omics.calls.clear()
    omics.throttled.clear()
    done = run([part.format(store=store, table=table) for part in command], sandbox.environment)
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, Select="COUNT")
    rows = sum(page["Count"] for page in pages)
    if rows != read_sets:
        raise RuntimeError(f"{rows} of {read_sets} rows: {done.said}")
    answered, throttled = omics.calls.total(), omics.throttled.total()
    return Backfilled(read_sets, done.seconds, max(omics.calls.values()), throttled / (answered + throttled))


def measure(scale: float) -> Iterator[Figure]:
    """Run all cases, at a part of their full size: some five minutes at 1."""
    python = [sys.executable, "-m", "benchmarks.quotas", "{store}", "{table}"]
    ours = [OMICS_META, "backfill", "-s", "{store}", "-t", "{table}", "--json", "--max-tps"]
    with Sandbox(limits=Limits.none(), latency=LATENCY_SECONDS) as sandbox:
        sandbox.omics.emit_events = False
        # Without quotas, which it is too slow to reach.
        serial = _backfilled(sandbox, python, scaled(100, scale), None)
        for size, tps, granted, at_least in ((300, 5, 5, 95), (3000, 50, 50, 95), (300, 50, 5, 87)):
            done = _backfilled(sandbox, [*ours, str(tps)], scaled(size, scale), granted)
            case = f"{done.read_sets} read sets at {tps}/s of {granted}/s granted"
            yield Figure(case, "seconds", done.seconds)
            yield Figure(case, "% of the quota reached", done.reached(granted), at_least=at_least)
            yield Figure(case, "% throttled", done.throttled * 100, at_most=1 if tps == granted else None)
            yield Figure(case, "times as fast as the serial one", done.pace / serial.pace)
        done = _backfilled(sandbox, [*ours, "10000"], scaled(2000, scale), None)
    case = f"{done.read_sets} read sets without quotas"
    yield Figure(case, "read sets a second", done.pace)
    yield Figure(f"{serial.read_sets} read sets by the serial one", "read sets a second", serial.pace)
    yield Figure(case, "times as fast as the serial one", done.pace / serial.pace, at_least=10)


def main() -> None:
    """Run the serial backfill: write an item for each read set of a store."""
    store_id, table_name = sys.argv[1:]
    omics, table = boto3.client("omics"), boto3.resource("dynamodb").Table(table_name)
    store = omics.get_sequence_store(id=store_id)
    for page in omics.get_paginator("list_read_sets").paginate(sequenceStoreId=store_id):
        for listed in page["readSets"]:
            read_set = omics.get_read_set_metadata(sequenceStoreId=store_id, id=listed["id"])
            tags = omics.list_tags_for_resource(resourceArn=listed["arn"])["tags"]
            table.put_item(
                Item={
                    "set_arn": listed["arn"],
                    "set_id": listed["id"],
                    "set_status": read_set["status"],
                    "set_type": read_set["fileType"],
                    "files": read_set.get("files", {}),
                    "store": {"store_id": store_id, "store_arn": store["arn"]},
                    "tags": [{key: value} for key, value in tags.items()],
                }
            )
            time.sleep(0.2)  # stays below 5 calls a second of each operation


if __name__ == "__main__":
    main()
