"""How fast an export writes Parquet, and how much memory it takes, to a file and to S3; segments beside one scan.

The table is simulated in the process: it answers scans with the rows of twenty stores, in pages as DynamoDB does; for
the segments it takes a second for each, as long as a megabyte takes at 8 Mbit/s. S3 is the sandbox's, in
another process. Each export is a process of its own: `python -m benchmarks.export OUTPUT ROWS SECONDS [OPTION ...]`.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

from omics_meta.app import app
from omics_sandbox import Sandbox

from benchmarks.count import ScannedTable
from benchmarks.growth import BYTES, SMALL_PARENT
from benchmarks.report import Figure, scaled
from benchmarks.simulated import REGION, SimulatedTable

FEW: Final = 20_000
MANY: Final = 200_000
SCANNED: Final = 20_000
SEGMENTS: Final = 4

STORES: Final = 20
PAGE_SECONDS: Final = 1.0

BUCKET: Final = "read-sets"


class _Table(ScannedTable):
    """A table of several stores whose pages take their time."""

    def __init__(self, rows: int, seconds: float) -> None:
        super().__init__(rows)
        self._seconds = seconds

    def scan(self, **given: Any) -> Mapping[str, Any]:
        """Scan, of a segment."""
        time.sleep(self._seconds)
        page = super().scan(**given)
        for item in page["Items"]:
            arn = item["set_arn"]["S"]
            store, _, read_set = arn.partition("/readSet/")
            item["set_arn"] = {"S": f"{store[:-2]}{int(read_set) % STORES + 10}/readSet/{read_set}"}
        return page


def measure(scale: float) -> Iterator[Figure]:
    """Export few rows and many, and some in segments: some three minutes at 1, or a part of it."""
    few, many, scanned = (scaled(size, scale) for size in (FEW, MANY, SCANNED))
    with TemporaryDirectory() as folder, Sandbox() as sandbox:
        sandbox.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.region}
        )
        environment = {**os.environ, **sandbox.environment}
        path = str(Path(folder) / "rows.parquet")
        for place, output in (("a file", path), ("S3", f"s3://{BUCKET}/omics/")):
            (_, before), (seconds, peak) = (_run(environment, output, rows) for rows in (few, many))
            case = f"export of {many:,} rows to {place}"
            yield Figure(case, "seconds", seconds)
            yield Figure(case, "MB at the peak", peak)
            grown = f"export to {place}, from {few:,} to {many:,} rows"
            yield Figure(grown, "MB more at the peak", max(peak - before, 0), at_most=30)
        alone, together = (
            _run(environment, path, scanned, "--segments", str(segments), seconds=PAGE_SECONDS)[0]
            for segments in (1, SEGMENTS)
        )
    case = f"export of {scanned:,} rows in {SEGMENTS} segments"
    yield Figure(case, "seconds", together)
    yield Figure(case, "times as fast as one scan", alone / together, at_least=1.5)


def _run(
    environment: Mapping[str, str], output: str, rows: int, *options: str, seconds: float = 0.0
) -> tuple[float, float]:
    """Run an export: its seconds, and its peak of memory in MB."""
    command = [sys.executable, "-m", "benchmarks.export", output, str(rows), str(seconds), *options]
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-c", SMALL_PARENT, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    if f"{rows:,} read set" not in done.stdout.replace(f"{rows} ", f"{rows:,} "):
        raise RuntimeError(f"an export of {rows} rows said: {done.stdout} {done.stderr}")
    return time.monotonic() - began, float(done.stderr.splitlines()[-1])


def main() -> None:
    """Export so many rows, and say on stderr what the peak of memory was."""
    output, rows, seconds, *options = sys.argv[1:]
    table = _Table(int(rows), float(seconds))

    def dynamodb_client(*_: Any, **__: Any) -> SimulatedTable:
        return table

    with patch("omics_meta.selection.connection.dynamodb_client", dynamodb_client):
        app(["export", "-t", "rows", "-r", REGION, "-o", output, *options], standalone_mode=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES / 1e6, file=sys.stderr)


if __name__ == "__main__":
    main()
