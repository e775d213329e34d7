"""How fast `omics-meta count` and `omics-meta export` read a table, and how much memory they take.

Counts are beside an export and a script that counts its lines; exports write Parquet to a file and to S3, and in
segments beside one scan. The table is simulated in the process: it answers scans with the rows of twenty stores, in
pages as DynamoDB does; for the segments it takes a second for each, as long as a megabyte takes at 8 Mbit/s. S3 is the
sandbox's, in another process. Each command is a process of its own: `python -m benchmarks.export ROWS SECONDS COMMAND`.
"""

import re
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from omics_sandbox import Sandbox

from benchmarks.process import run_module, say_peak
from benchmarks.report import Figure, scaled
from benchmarks.simulated import SimulatedTable, omics_meta, whole_item

SIZES: Final = (20_000, 200_000)
SEGMENTS: Final = 4
COHORTS: Final = 50
STORES: Final = 20
PAGE_SECONDS: Final = 1.0
UNKNOWN_OF: Final = 5
"""Of so many rows, one is of an archived read set, whose size is not known."""

_ROW_BYTES: Final = 1_700
_PAGE: Final = 2**20 // _ROW_BYTES
_BUCKET: Final = "read-sets"

SCRIPT: Final = """
import json, sys
from collections import Counter
read_sets, sizes = Counter(), Counter()
for line in sys.stdin:
    row = json.loads(line)
    group = row["set_status"], next((tag["cohort"] for tag in row["tags"] if "cohort" in tag), None)
    read_sets[group] += 1
    sizes[group] += row.get("set_total_size", 0)
print(json.dumps({"read_sets": sum(read_sets.values()), "groups": len(sizes)}))
"""


class _Table(SimulatedTable):
    """A table of which all attributes are read, in several segments at a time, and whose pages take their time."""

    def __init__(self, rows: int, seconds: float) -> None:
        super().__init__(rows)
        self._seconds = seconds

    def describe_table(self, **_: Any) -> Mapping[str, Any]:
        """DescribeTable."""
        size = {"ItemCount": self._rows, "TableSizeBytes": self._rows * _ROW_BYTES}
        return {"Table": {**super().describe_table()["Table"], **size}}

    def scan(self, **given: Any) -> Mapping[str, Any]:
        """Scan, of a segment."""
        time.sleep(self._seconds)
        segment, segments = given["Segment"], given["TotalSegments"]
        first, end = (self._rows * number // segments for number in (segment, segment + 1))
        start = int(given["ExclusiveStartKey"]["set_arn"]["S"]) if "ExclusiveStartKey" in given else first
        stop = min(start + _PAGE, end)
        wanted = given.get("ExpressionAttributeNames", {}).values() if "ProjectionExpression" in given else None
        items = [_item(number, wanted) for number in range(start, stop)]
        return {"Items": items, **({"LastEvaluatedKey": {"set_arn": {"S": str(stop)}}} if stop < end else {})}


def _item(number: int, wanted: Any) -> dict[str, Any]:
    item = whole_item(number)
    store, _, read_set = item["set_arn"]["S"].partition("/readSet/")
    item["set_arn"] = {"S": f"{store[:-2]}{number % STORES + 10}/readSet/{read_set}"}
    item["tags"] = {"L": [{"M": {"cohort": {"S": f"cohort-{number % COHORTS}"}}}]}
    if number % UNKNOWN_OF == 0:
        item["set_status"] = {"S": "ARCHIVED"}
        del item["set_total_size"], item["files"]
    return item if wanted is None else {name: item[name] for name in wanted if name in item}


def measure(scale: float) -> Iterator[Figure]:
    """Count and export few rows and many, and some in segments: some four minutes at 1, or a part of it."""
    sizes = [scaled(size, scale) for size in SIZES]
    few, many = sizes[0], sizes[-1]
    with TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.client("s3").create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.region}
        )
        done = partial(_run, sandbox.environment)
        path = str(Path(folder) / "rows.parquet")
        to_file = ("export", "-o", path)
        seconds: dict[str, float] = {}
        for what, at_most, command in (
            ("count", 5, ("count", "--by", "status,tag:cohort", "--json")),
            ("export to a file", 30, to_file),
            ("export to S3", 30, ("export", "-o", f"s3://{_BUCKET}/omics/")),
        ):
            runs = [done(rows, *command) for rows in sizes]
            (_, before), (seconds[what], peak) = runs[0], runs[-1]
            case = f"{what}, {many:,} rows"
            yield Figure(case, "seconds", seconds[what])
            yield Figure(case, "MB at the peak", peak)
            yield Figure(case, "MB more than for a tenth of the rows", max(peak - before, 0), at_most=at_most)
        scripted, _ = done(many, "export", "--format", "jsonl", script=SCRIPT)
        yield Figure(f"export to a script that counts, {many:,} rows", "seconds", scripted)
        faster = scripted / seconds["count"]
        yield Figure(f"count, {many:,} rows", "times as fast as export and script", faster, at_least=1.5)
        alone, together = (
            done(few, *to_file, "--segments", str(segments), page_seconds=PAGE_SECONDS)[0] for segments in (1, SEGMENTS)
        )
    case = f"export to a file, {few:,} rows in {SEGMENTS} segments"
    yield Figure(case, "seconds", together)
    yield Figure(case, "times as fast as one scan", alone / together, at_least=1.5)


def _run(
    environment: Mapping[str, str], rows: int, *command: str, page_seconds: float = 0.0, script: str = ""
) -> tuple[float, float]:
    """Run a command: its seconds, and its peak of memory in MB."""
    run = run_module("export", str(rows), str(page_seconds), *command, environment=environment, script=script)
    if rows not in {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", run.printed)}:
        raise RuntimeError(f"{command} of {rows} rows said: {run.printed}")
    return run.seconds, run.peak_mb


def main() -> None:
    """Run one command on so many rows."""
    rows, seconds, *command = sys.argv[1:]
    omics_meta(command, _Table(int(rows), float(seconds)))
    say_peak()


if __name__ == "__main__":
    main()
