"""Pulumi's command line with the genuine engine, for the tests of the folders `engine` and `reuse`."""

import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from omics_sandbox.provider.engine import EngineMissingError, engine_environment, find_engine
from omics_sandbox.provider.plugin import serving

BUILT = Path(__file__).parents[1] / ".engine"
LONGEST_COMMAND_SECONDS = 300


def skip(reason: str) -> NoReturn:
    """Skip a test for what may be missing on somebody's machine, but not where everything is tested."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def engine_or_skip() -> Path:
    """The folder of the engine."""
    try:
        return find_engine(BUILT)
    except EngineMissingError as error:
        skip(f"no Pulumi engine: {error}")


def pulumi_environment(engine: Path, home: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: nothing of the caller's AWS configuration or Pulumi login is in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # A command is over before Go's garbage collector, which takes a fifth of its start, has earned anything.
    return engine_environment(engine, home, {**kept, "GOGC": "off", **variables})


@contextmanager
def with_plugin(variables: dict[str, str], folder: Path) -> Generator[dict[str, str]]:
    """An environment in which the engine finds its plugin running, so that no command has to start one."""
    with serving(variables, folder) as (_, port):
        yield variables | {"PULUMI_DEBUG_PROVIDERS": f"aws:{port}"}


def pulumi(
    folder: Path, variables: dict[str, str], *arguments: str, fails: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run a command in the folder of a project; it must succeed, or fail, as expected."""
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=LONGEST_COMMAND_SECONDS,
        check=False,
    )
    said = f"pulumi {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    assert (done.returncode != 0) == fails, said
    return done
