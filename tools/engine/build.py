"""Make sure that there is a Pulumi CLI: one on PATH, or the pinned one built from Go modules into `.engine/`.

`cli/go.mod` beside this file pins the CLI, and `HOST` the Python language host: the last version of it that is
published as a Go module is older than the CLI. What they need follows from their own pins, and Go checks all that it
downloads against its checksum database.
"""

import json
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
    version = _pinned("github.com/pulumi/pulumi/pkg/v3")
    print(f"  pulumi {version}: fetching modules and compiling ...", flush=True)
    build_of_cli(go, "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", *_naming(version))
    version = HOST.partition("@")[2]
    print(f"  pulumi-language-python {version}: fetching modules and compiling ...", flush=True)
    host = build_published(go, HOST, "python/cmd/pulumi-language-python", *_naming(version))
    script = BUILT / "pulumi-language-python-exec"
    script.write_bytes((host / "python" / "cmd" / script.name).read_bytes())
    script.chmod(0o755)
    (BUILT / STAMP).write_text(_pins())


def _naming(version: str) -> tuple[str, str]:
    return "-ldflags", f"-s -w -X {VERSION_VARIABLE}={version}"


def build_of_cli(go: str, program: str, package: str, *flags: str) -> None:
    """Build a program of the module `cli`, in a copy of it, to which Go adds what follows from its pins."""
    module = BUILT / "cli"
    shutil.copytree(HERE / "cli", module, dirs_exist_ok=True)
    run([go, "build", "-mod=mod", *flags, "-o", str(BUILT / program), package], module)


def build_published(go: str, module: str, package: str, *flags: str) -> Path:
    """Build a program of a published module, in its folder, which is returned."""
    done = subprocess.run([go, "mod", "download", "-json", module], capture_output=True, text=True, check=False)  # noqa: S603 # ours
    if done.returncode:
        raise BuildError(f"{module} cannot be downloaded: {done.stdout}{done.stderr}")
    folder = Path(json.loads(done.stdout)["Dir"])
    run([go, "build", *flags, "-o", str(BUILT / package.rsplit("/", 1)[-1]), f"./{package}"], folder)
    return folder


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


def _pinned(module: str) -> str:
    found = re.search(rf"{re.escape(module)} (v\S+)", (HERE / "cli" / "go.mod").read_text())
    if found is None:
        raise BuildError(f"{HERE / 'cli' / 'go.mod'} does not pin {module}")
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
