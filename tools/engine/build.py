"""Make sure that there is a Pulumi CLI: one on PATH, or the pinned one built from Go modules into `.engine/`.

The module `cli` beside this file pins the CLI. The Python language host is built in the folder of a module of its own,
because the last version of it that is published as a Go module is older than the CLI: `HOST_HASH` pins that folder, and
the go.sum in it pins all that it needs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from omics_sandbox.provider.engine import STAMP, EngineMissingError, find_engine

HERE: Final = Path(__file__).parent
BUILT: Final = HERE.parent.parent / ".engine"
HOST: Final = "github.com/pulumi/pulumi/sdk/v3@v3.68.0"
HOST_HASH: Final = "h1:JWn3DGJhzoWL8bNbUdyLSSPeKS2F9mv14/EL9QeVT3w="
VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
SECONDS_BETWEEN_SIGNS_OF_LIFE: Final = 15


class BuildError(Exception):
    """The engine cannot be built; the message says why."""


def main() -> int:
    """Find or build the engine, and say which it is. Returns the exit code."""
    try:
        print(f"Pulumi engine: {ensure_engine()}")
    except (BuildError, EngineMissingError) as error:
        print(f"No Pulumi engine: {error}", file=sys.stderr)
        return 1
    return 0


def ensure_engine() -> Path:
    """Return the folder of a suitable Pulumi CLI, which is built if need be."""
    try:
        engine = find_engine(BUILT)
    except EngineMissingError as reason:
        print(f"{reason.args[0].split(', and none')[0]}. Building it (about 5 minutes the first time) ...")
        build()
        return find_engine(BUILT)
    if engine == BUILT and (BUILT / STAMP).read_text() != _pins():
        print("The pinned versions have changed. Building the engine anew ...")
        build()
    return engine


def build() -> None:
    """Build the CLI and the Python language host."""
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            "building it needs Go 1.25 or newer (https://go.dev/doc/install), and there is no `go` on PATH. "
            "Install Go, or the Pulumi CLI itself (https://www.pulumi.com/docs/install/)"
        )
    BUILT.mkdir(exist_ok=True)
    (BUILT / STAMP).unlink(missing_ok=True)
    found = re.search(r"github.com/pulumi/pulumi/pkg/v3 (v\S+)", (HERE / "cli" / "go.mod").read_text())
    if found is None:
        raise BuildError(f"{HERE / 'cli' / 'go.mod'} does not pin github.com/pulumi/pulumi/pkg/v3")
    _compile(go, HERE / "cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", found[1])
    host = _download_host(go)
    _compile(go, host, "./python/cmd/pulumi-language-python", HOST.partition("@")[2])
    # The script by which the host starts Python.
    script = BUILT / "pulumi-language-python-exec"
    script.write_bytes((host / "python" / "cmd" / script.name).read_bytes())
    script.chmod(0o755)
    (BUILT / STAMP).write_text(_pins())


def _compile(go: str, module: Path, package: str, version: str) -> None:
    program = package.rsplit("/", 1)[-1]
    print(f"  {program} {version}: fetching modules and compiling ...", flush=True)
    flags = f"-s -w -X {VERSION_VARIABLE}={version}"
    run([go, "build", "-ldflags", flags, "-o", str(BUILT / program), package], module)


def _download_host(go: str) -> Path:
    """Return the folder of the host's module."""
    # Its hash is known, so that no database of hashes is asked.
    environment = os.environ | {"GONOSUMDB": HOST.partition("@")[0]}
    command = [go, "mod", "download", "-json", HOST]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 # ours
    if done.returncode:
        raise BuildError(f"{HOST} cannot be downloaded: {done.stdout}{done.stderr}")
    module = json.loads(done.stdout)
    if module["Sum"] != HOST_HASH:
        raise BuildError(f"{HOST} has the hash {module['Sum']}, and not {HOST_HASH}")
    return Path(module["Dir"])


def run(command: list[str], folder: Path) -> None:
    """Run a command that may take minutes, with a sign of life now and then."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder)  # noqa: S603 # a command of this module
    while True:
        try:
            code = process.wait(SECONDS_BETWEEN_SIGNS_OF_LIFE)
        except subprocess.TimeoutExpired:
            print(f"    ... {time.monotonic() - start:.0f} s", flush=True)
            continue
        except KeyboardInterrupt:
            process.terminate()
            raise
        if code != 0:
            raise BuildError(f"`{' '.join(command[:3])}` failed in {folder} with exit code {code}")
        return


def _pins() -> str:
    return f"{(HERE / 'cli' / 'go.mod').read_text()}{HOST}\n"


if __name__ == "__main__":
    sys.exit(main())
