"""Runs what is measured as a process of its own, and tells how long it took and how much memory."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.report import ROOT

OMICS_META: Final = str(Path(sys.executable).with_name("omics-meta"))

_SMALL_PARENT: Final = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
"""Between this process and the one that is measured: a process inherits its parent's peak of memory on Linux."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a process printed on stdout and stderr, and how long it took."""

    printed: str
    said: str
    seconds: float

    @property
    def peak_mb(self) -> float:
        """Its peak of memory, if `say_peak` was the last that it called."""
        return float(self.said.splitlines()[-1])


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, *, script: str = "") -> Run:
    """Run a command to its end, with its stdout going to a script of Python if there is one.

    Raises:
        RuntimeError: It failed.
    """
    reader = [sys.executable, "-c", script] if script else ["cat"]
    given = {**os.environ, **(environment or {})}
    began = time.monotonic()
    # A file, because a pipe that nobody reads while the reader reads stdout would be full at some time.
    with tempfile.TemporaryFile("w+") as stderr:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT, env=given) as process:  # noqa: S603 - no shell
            done = subprocess.run(reader, stdin=process.stdout, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
        seconds = time.monotonic() - began
        stderr.seek(0)
        said = stderr.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {said}")
    return Run(done.stdout, said, seconds)


def run_module(module: str, *arguments: str, environment: Mapping[str, str] | None = None, script: str = "") -> Run:
    """Run a module of this package, which tells its peak of memory."""
    python = sys.executable
    command = [python, "-c", _SMALL_PARENT, python, "-m", f"benchmarks.{module}", *arguments]
    return run(command, environment, script=script)


def say_peak() -> None:
    """Print the most memory that this process has had, in MB, on stderr."""
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, file=sys.stderr)
