"""Make sure that there is a Pulumi CLI: one on PATH, or the pinned one built from Go modules into `.engine/`.

The modules `cli` and `host` beside this file pin what is built. The Python language host is a module of its own,
because the last version of it that is published as a Go module is older than the CLI.
"""

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
    _compile(go, HERE / "cli", "github.com/pulumi/pulumi/pkg/v3", "cmd/pulumi")
    _compile(go, HERE / "host", "github.com/pulumi/pulumi/sdk/v3", "python/cmd/pulumi-language-python")
    _copy_exec_script(go)
    (BUILT / STAMP).write_text(_pins())


def _compile(go: str, module: Path, package_root: str, package: str) -> None:
    program = package.rsplit("/", 1)[-1]
    version = _pinned(module, package_root)
    print(f"  {program} {version}: fetching modules and compiling ...", flush=True)
    flags = f"-s -w -X {VERSION_VARIABLE}={version}"
    run([go, "build", "-ldflags", flags, "-o", str(BUILT / program), f"{package_root}/{package}"], module)


def _copy_exec_script(go: str) -> None:
    """Copy the script by which the language host starts Python; it is a file of the host's module."""
    command = [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"]
    listed = subprocess.run(command, cwd=HERE / "host", capture_output=True, text=True, check=True)  # noqa: S603 # ours
    script = BUILT / "pulumi-language-python-exec"
    script.write_bytes((Path(listed.stdout.strip()) / "python" / "cmd" / script.name).read_bytes())
    script.chmod(0o755)


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
    return "\n".join((module / "go.mod").read_text() for module in (HERE / "cli", HERE / "host"))


def _pinned(module: Path, package_root: str) -> str:
    found = re.search(rf"{re.escape(package_root)} (v\S+)", (module / "go.mod").read_text())
    if found is None:
        raise BuildError(f"{module / 'go.mod'} does not pin {package_root}")
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
