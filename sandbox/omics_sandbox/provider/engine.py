"""Find the genuine Pulumi engine, and give it surroundings in which it deploys into a local AWS."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from omics_sandbox.provider.plugin import version

OLDEST_VERSION: Final = (3, 237, 0)
PROGRAMS: Final = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
STAMP: Final = "complete"
"""A file that the build writes last, so that an interrupted build is not taken for an engine."""


class EngineMissingError(Exception):
    """There is no suitable Pulumi CLI; the message says why, and what to do."""


def find_engine(built: Path) -> Path:
    """Return the folder of a Pulumi CLI with its Python language host."""
    on_path = shutil.which("pulumi")
    reason = "there is no pulumi on PATH" if on_path is None else _shortcoming(Path(on_path))
    if on_path is not None and reason is None:
        return Path(on_path).parent
    if (built / STAMP).is_file() and all((built / program).is_file() for program in PROGRAMS):
        return built.absolute()
    raise EngineMissingError(f"{reason}, and none was built in {built}: run `make engine`")


def _shortcoming(cli: Path) -> str | None:
    """Say why a Pulumi CLI cannot be used, if it cannot."""
    missing = [program for program in PROGRAMS if not (cli.parent / program).is_file()]
    if missing:
        return f"{cli} has no {missing[0]} beside it"
    answer = subprocess.run(
        [cli, "version"], capture_output=True, text=True, timeout=60, check=False, env=_quiet(os.environ)
    )
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout)
    oldest = ".".join(map(str, OLDEST_VERSION))
    if found is None:
        return f"{cli} does not tell its version ({oldest} or newer is needed)"
    if tuple(map(int, found.groups())) < OLDEST_VERSION:
        return f"{cli} is {found[0]}, and {oldest} or newer is needed"
    return None


def engine_environment(engine: Path, home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment to run `pulumi` in, with the stand-in as its AWS plugin and nothing of the user's.

    Args:
        engine: What `find_engine` returned.
        home: A folder for the engine's own files and, in `home/state`, for the stacks.
        environment: The variables to start from: PATH, and the `AWS_*` ones that say where the local AWS is.
    """
    _install_plugin(home)
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    folders = [str(engine), str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]
    return {
        **_quiet(environment),
        "PATH": os.pathsep.join(folders),
        "PULUMI_BACKEND_URL": state.absolute().as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_HOME": str(home.absolute()),
        # A plugin that is not here is an error of ours, and not one to look for on the Internet.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def _quiet(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}
    return {**kept, "PULUMI_SKIP_UPDATE_CHECK": "true"}


def _install_plugin(home: Path) -> None:
    """Put the stand-in where the engine looks for installed plugins."""
    folder = home / "plugins" / f"resource-aws-v{version()}"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "pulumi-resource-aws"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m omics_sandbox.provider "$@"\n')
    script.chmod(0o755)
