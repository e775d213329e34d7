"""Set up what the tests of the component package's SDKs and of the workflows need, into `.engine/`.

These are Pulumi's own SDK generators and its language host for YAML, built from Go modules; what a generated Python SDK
imports; TypeScript with the packages of `examples/typescript`, as its lock pins them; and actionlint. Each is made
again only when its pins change. What cannot be made because Go or npm is missing is named and left out: the tests that
need it say so too.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.engine.build import BUILT, HERE, BuildError, run

GENERATOR: Final = BUILT / "generate_sdk"
YAML: Final = BUILT / "pulumi-language-yaml"
ACTIONLINT: Final = BUILT / "actionlint"
PYTHON: Final = BUILT / "sdk-python"
TYPESCRIPT: Final = BUILT / "typescript"
_EXAMPLE: Final = HERE.parent.parent / "examples" / "typescript"


@dataclass(frozen=True)
class Step:
    """A file or folder to make, anew when the files that pin it have changed."""

    made: Path
    pins: Sequence[Path]
    make: Callable[[], None]

    def ensure(self) -> None:
        """Make it, unless it is there and its pins are the same."""
        stamp = self.made.with_name(f"{self.made.name}.pins")
        pins = hashlib.sha256(b"\0".join(pin.read_bytes() for pin in self.pins)).hexdigest()
        if self.made.exists() and stamp.is_file() and stamp.read_text() == pins:
            return
        stamp.unlink(missing_ok=True)
        print(f"Setting up {self.made.name} ...", flush=True)
        self.make()
        stamp.write_text(pins)


def main() -> int:
    """Set everything up that can be. Returns the exit code."""
    BUILT.mkdir(exist_ok=True)
    code = 0
    for step in _STEPS:
        try:
            step.ensure()
        except MissingProgramError as error:
            print(f"No {step.made.name}: {error}", file=sys.stderr)
        except BuildError as error:
            print(f"No {step.made.name}: {error}", file=sys.stderr)
            code = 1
    return code


class MissingProgramError(BuildError):
    """A program that is needed is not on PATH."""


def _on_path(program: str, source: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise MissingProgramError(f"there is no `{program}` on PATH; it comes with {source}")
    return found


def _build(made: Path, package: str, module: str) -> None:
    go = _on_path("go", "Go 1.25 or newer (https://go.dev/doc/install)")
    run([go, "build", "-o", str(made), package], HERE / module)


def _build_generator() -> None:
    _build(GENERATOR, "./generate_sdk", "cli")


def _build_yaml_host() -> None:
    _build(YAML, "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", "cli")


def _build_actionlint() -> None:
    # The package of that name on PyPI downloads a program when it is installed.
    _build(ACTIONLINT, "github.com/rhysd/actionlint/cmd/actionlint", "actionlint")


def _install_python() -> None:
    shutil.rmtree(PYTHON, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    run([*pip, "--target", str(PYTHON), "--requirement", "sdk-requirements.txt"], HERE)


def _install_typescript() -> None:
    npm = _on_path("npm", "Node.js 20 or newer (https://nodejs.org)")
    TYPESCRIPT.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_EXAMPLE / name, TYPESCRIPT)
    # Nothing that is installed is run but the compiler, so that no package needs its scripts.
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], TYPESCRIPT)


_STEPS: Final = (
    Step(GENERATOR, (HERE / "cli" / "go.mod", HERE / "cli" / "generate_sdk" / "main.go"), _build_generator),
    Step(YAML, (HERE / "cli" / "go.mod", HERE / "cli" / "go.sum"), _build_yaml_host),
    Step(ACTIONLINT, (HERE / "actionlint" / "go.mod", HERE / "actionlint" / "go.sum"), _build_actionlint),
    Step(PYTHON, (HERE / "sdk-requirements.txt",), _install_python),
    Step(TYPESCRIPT, (_EXAMPLE / "package.json", _EXAMPLE / "package-lock.json"), _install_typescript),
)

if __name__ == "__main__":
    sys.exit(main())
