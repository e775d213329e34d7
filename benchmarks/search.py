"""How soon the read sets of many samples are found by their index, beside a search for each sample.

DynamoDB is the sandbox's, in this process; each `omics-meta find` is a process of its own from start to end, as its
users run it. A few of the single searches are measured, and the time of all computed from theirs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from moto.dynamodb.models import dynamodb_backends
from omics_sandbox import Limits, Sandbox

from benchmarks.process import OMICS_META, run
from benchmarks.report import Figure, scaled
from benchmarks.simulated import whole_item

ROWS: Final = 100_000
SAMPLES: Final = 5_000

SINGLE: Final = 20
"""Searches for one sample that are measured."""

TABLE: Final = "read-sets"


def measure(scale: float) -> Iterator[Figure]:
    """Search a table at full size, or a part of it: some five minutes at 1."""
    rows, samples, single = (scaled(size, scale) for size in (ROWS, SAMPLES, SINGLE))
    names = [f"sample-{number * rows // samples}" for number in range(samples)]
    with Sandbox(limits=Limits.none()) as sandbox, TemporaryDirectory() as folder:
        _fill(sandbox, rows)
        path = Path(folder) / "samples.txt"
        path.write_text("\n".join(names), encoding="utf-8")
        together = _seconds(sandbox.environment, ["--samples-from", str(path)], names)
        alone = sum(_seconds(sandbox.environment, ["--sample", name], [name]) for name in names[:single])
    alone *= samples / min(single, samples)
    case = f"read sets of {samples:,} samples among {rows:,} rows"
    yield Figure(case, "seconds", together)
    yield Figure(case, "seconds by a search for each sample, computed", alone)
    yield Figure(case, "times as fast", alone / together, at_least=20)


def _fill(sandbox: Sandbox, rows: int) -> None:
    """Write rows past the wire, which would take as long as the rest."""
    attributes = ("set_arn", "set_sample_id")
    sandbox.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "set_arn", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "sample",
                "KeySchema": [{"AttributeName": "set_sample_id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    table = dynamodb_backends[sandbox.account][sandbox.region].get_table(TABLE)
    for number in range(rows):
        table.put_item({**whole_item(number), "set_sample_id": {"S": f"sample-{number}"}})


def _seconds(environment: Mapping[str, str], options: Sequence[str], names: Sequence[str]) -> float:
    """Return how long a search took that found the read sets of all these samples, and no others."""
    done = run([OMICS_META, "find", "-t", TABLE, "--jsonl", *options], environment)
    found = {json.loads(line)["set_sample_id"] for line in done.printed.splitlines()}
    if found != set(names):
        raise RuntimeError(f"{options} found {len(found)} of {len(set(names))} samples")
    return done.seconds
