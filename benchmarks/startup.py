"""How long the function takes to start, beside bare boto3 with the same clients.

Both run in fresh processes like those of Lambda: the deployment package unpacked in a folder in which no bytecode is
kept, boto3 and what it needs beside it, with its bytecode, and nothing else. What is measured is the processor time of
imports and clients, which other processes on the machine disturb less than the time on the clock.
"""

import compileall
import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from omics_components.package import build_package

from benchmarks.report import Figure, scaled

RUNS: Final = 11
"""Of each. They take turns, so that both see the same machine."""

RUNTIME: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
"""What Lambda's Python runtime brings along."""

FUNCTION: Final = "import readset_sync.function"
CLIENTS: Final = """
import boto3
session = boto3.Session()
for service in ("omics", "dynamodb", "sqs"):
    session.client(service)
"""
POWERTOOLS: Final = (
    f"{CLIENTS}\nfrom aws_lambda_powertools import Logger\nfrom aws_lambda_powertools.metrics import Metrics"
)

TIMED: Final = """
import sys, time
sys.path[:0] = {folders!r}
began = time.process_time()
{code}
print(time.process_time() - began)
"""

ENVIRONMENT: Final[Mapping[str, str]] = {
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "TABLE_NAME": "rows",
    "QUEUE_URL": "https://sqs.us-west-2.amazonaws.com/123456789012/events.fifo",
    "MAX_ROW_AGE_DAYS": "7",
    "SOURCE_ACCOUNT": "123456789012",
    "SOURCE_REGION": "us-west-2",
    "MAX_TPS": "2.5",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
    "POWERTOOLS_METRICS_NAMESPACE": "Benchmark",
}


def measure(scale: float) -> Iterator[Figure]:
    """Time both in turns, and boto3 with nothing but Powertools' imports: some thirty seconds, or a part of it."""
    with TemporaryDirectory() as folder:
        folders = _unpack(Path(folder))
        seconds: dict[str, list[float]] = {code: [] for code in (FUNCTION, CLIENTS, POWERTOOLS)}
        for _ in range(scaled(RUNS, scale)):
            for code, times in seconds.items():
                times.append(_time(code, folders))
    function, clients, powertools = (statistics.median(times) for times in seconds.values())
    case = "start of the function"
    yield Figure(case, "ms of processor time", function * 1000)
    yield Figure("bare boto3 with the same clients", "ms of processor time", clients * 1000)
    yield Figure(case, "times bare boto3", function / clients, at_most=1.5)
    yield Figure("boto3 with the imports of Powertools", "times bare boto3", powertools / clients)


def _unpack(folder: Path) -> list[str]:
    """Lay out code and runtime as Lambda does; return both folders, for the path."""
    code, runtime = folder / "code", folder / "runtime"
    with zipfile.ZipFile(BytesIO(build_package())) as archive:
        archive.extractall(code)
    runtime.mkdir()
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in RUNTIME:
        # Lambda has its bytecode; a fresh installation has not.
        compiled = compileall.compile_file if name.endswith(".py") else compileall.compile_dir
        compiled(site / name, quiet=1)
        (runtime / name).symlink_to(site / name)
    return [str(code), str(runtime)]


def _time(code: str, folders: list[str]) -> float:
    done = subprocess.run(  # noqa: S603 - no shell
        [sys.executable, "-I", "-S", "-B", "-c", TIMED.format(folders=folders, code=code)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, **ENVIRONMENT},
    )
    return float(done.stdout)
