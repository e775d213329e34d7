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
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from omics_components.package import build_package

from benchmarks.report import Figure, scaled
from benchmarks.runtime import ENVIRONMENT, link_packages

RUNS: Final = 11
"""Of each. They take turns, so that both see the same machine."""

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
    for path in link_packages(runtime):
        # Lambda has its bytecode; a fresh installation has not.
        compiled = compileall.compile_dir if path.is_dir() else compileall.compile_file
        compiled(path, quiet=1)
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
