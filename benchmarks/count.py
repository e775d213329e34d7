"""How fast `omics-meta count` is, and how much memory it takes, beside an export and a script that counts its lines.

The table is simulated in the process: it answers scans with whole rows, or with the attributes that are asked for, in
pages as DynamoDB does. So what is measured is the product, and not the way to AWS. Each command is a process of its
own: `python -m benchmarks.count COMMAND ROWS`.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from omics_meta.app import app

from benchmarks.growth import BYTES, SMALL_PARENT
from benchmarks.report import Figure, scaled
from benchmarks.simulated import REGION, SimulatedTable, whole_item

FEW: Final = 20_000
MANY: Final = 200_000

COHORTS: Final = 50
UNKNOWN_OF: Final = 5
"""Of so many rows, one is of an archived read set, whose size is not known."""

_ROW_BYTES: Final = 1_700
_PAGE: Final = 2**20 // _ROW_BYTES

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "count": ("count", "--by", "status,tag:cohort", "--json"),
    "export": ("export", "--format", "jsonl"),
}

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


class ScannedTable(SimulatedTable):
    """A table of which all attributes are read, in several segments at a time."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self._size = rows

    def describe_table(self, **_: Any) -> Mapping[str, Any]:
        """DescribeTable."""
        size = {"ItemCount": self._size, "TableSizeBytes": self._size * _ROW_BYTES}
        return {"Table": {**super().describe_table()["Table"], **size}}

    def scan(self, **given: Any) -> Mapping[str, Any]:
        """Scan, of a segment."""
        segment, segments = given["Segment"], given["TotalSegments"]
        first, end = (self._size * number // segments for number in (segment, segment + 1))
        start = int(given["ExclusiveStartKey"]["set_arn"]["S"]) if "ExclusiveStartKey" in given else first
        stop = min(start + _PAGE, end)
        wanted = given.get("ExpressionAttributeNames", {}).values() if "ProjectionExpression" in given else None
        items = [_item(number, wanted) for number in range(start, stop)]
        return {"Items": items, **({"LastEvaluatedKey": {"set_arn": {"S": str(stop)}}} if stop < end else {})}


def _item(number: int, wanted: Any) -> dict[str, Any]:
    item = whole_item(number)
    item["tags"] = {"L": [{"M": {"cohort": {"S": f"cohort-{number % COHORTS}"}}}]}
    if number % UNKNOWN_OF == 0:
        item["set_status"] = {"S": "ARCHIVED"}
        del item["set_total_size"], item["files"]
    return item if wanted is None else {name: item[name] for name in wanted if name in item}


def measure(scale: float) -> Iterator[Figure]:
    """Count few rows and many, and export the many to a script: some forty seconds at 1, or a part of it."""
    few, many = scaled(FEW, scale), scaled(MANY, scale)
    peaks: list[float] = []
    taken: list[float] = []
    for rows in (few, many):
        seconds, document, peak = _run("count", rows)
        _expect(document["read_sets"], rows)
        case = f"count of {rows:,} rows"
        yield Figure(case, "seconds", seconds)
        yield Figure(case, "MB at the peak", peak)
        peaks.append(peak)
        taken.append(seconds)
    yield Figure(f"count, from {few:,} to {many:,} rows", "MB more at the peak", max(peaks[1] - peaks[0], 0), at_most=5)
    seconds, document, _ = _run("export", many, "-c", SCRIPT)
    _expect(document["read_sets"], many)
    yield Figure(f"export of {many:,} rows to a script that counts them", "seconds", seconds)
    yield Figure(f"count of {many:,} rows", "times as fast as export and script", seconds / taken[1], at_least=1.5)


def _run(command: str, rows: int, *script: str) -> tuple[float, Any, float]:
    """Run a command, with what it prints going to a script if there is one: seconds, document, and peak in MB."""
    child = [sys.executable, "-c", SMALL_PARENT, sys.executable, "-m", "benchmarks.count", command, str(rows)]
    root = Path(__file__).resolve().parent.parent
    began = time.monotonic()
    with subprocess.Popen(child, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:  # noqa: S603 - no shell
        if script:
            reader = [sys.executable, *script]
            done = subprocess.run(reader, stdin=process.stdout, capture_output=True, text=True, check=True)  # noqa: S603
            _, said = process.communicate()
            printed = done.stdout
        else:
            printed, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{command} of {rows} rows failed: {said}")
    return time.monotonic() - began, json.loads(printed), float(said.splitlines()[-1])


def _expect(found: int, rows: int) -> None:
    if found != rows:
        raise RuntimeError(f"{found} of {rows} rows were counted")


def main() -> None:
    """Run one command on so many rows, and say on stderr what its peak of memory was."""
    command, rows = sys.argv[1], int(sys.argv[2])
    table = ScannedTable(rows)

    def dynamodb_client(*_: Any, **__: Any) -> SimulatedTable:
        return table

    with patch("omics_meta.selection.connection.dynamodb_client", dynamodb_client):
        app([*COMMANDS[command], "-t", "rows", "-r", REGION], standalone_mode=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES / 1e6, file=sys.stderr)


if __name__ == "__main__":
    main()
