"""Pulumi's command line with the genuine engine, for the tests of the folders `engine` and `reuse`."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from omics_sandbox.provider.engine import EngineMissingError, engine_environment, find_engine
from omics_sandbox.provider.plugin import serving

ROOT = Path(__file__).parents[1]
BUILT = ROOT / ".engine"
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
    # A command is over before Go's garbage collector, which takes a fifth of its start, has earned anything. And pip
    # takes as long as the rest of it, to list what is installed.
    cheap = {"GOGC": "off", "PYTHONPATH": str(Path(__file__).parent / "pip_list")}
    return engine_environment(engine, home, {**kept, **cheap, **variables})


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


@dataclass(frozen=True)
class Project:
    """A project on disk with one stack, driven by the `pulumi` command."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run a command, and return what it prints: on stdout, and if it is to fail on stderr, too."""
        done = pulumi(self.folder, self.environment, *arguments, fails=fails)
        return done.stdout + done.stderr if fails else done.stdout

    def configure(self, **values: str) -> None:
        given = (argument for key, value in values.items() for argument in ("--plaintext", f"{key}={value}"))
        self.pulumi("config", "set-all", *given)

    def update(self) -> dict[str, int]:
        """Bring the stack up; return how many resources were created, updated, deleted or replaced, if any were."""
        summary = self.pulumi("up", "--yes", "--skip-preview").rpartition("\nResources:\n")[2]
        return {done: int(number) for number, done in re.findall(r"^ +\S+ (\d+) (\w+)$", summary, flags=re.MULTILINE)}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))

    def planned(self) -> list[dict[str, str]]:
        """What `pulumi preview` would do."""
        return json.loads(self.pulumi("preview", "--json"))["steps"]

    def destroy(self) -> None:
        self.pulumi("destroy", "--yes", "--skip-preview")


def copy_program(folder: Path) -> None:
    """Copy the product's own program, because `pulumi config set` writes beside `Pulumi.yaml`."""
    folder.mkdir()
    for file in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / file, folder)
    (folder / ".venv").symlink_to(sys.prefix)
