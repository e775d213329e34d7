"""A local AWS, the genuine engine with the component as a package, and what has been recorded of both."""

import difflib
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox

from tests.pulumi_cli import BUILT, engine_or_skip, pulumi, pulumi_environment, skip, with_plugin

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
PACKAGE = "healthomics-metadata-sync"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="record the resources anew")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none()) as running:
        yield running


def _set_up(name: str) -> Path:
    made = BUILT / name
    if not (made.exists() and made.with_name(f"{name}.pins").is_file()):
        skip(f"there is no {made}: run `make sdks`, which says why it cannot be made, if it cannot")
    return made


@pytest.fixture(scope="session")
def engine() -> Path:
    return engine_or_skip()


@pytest.fixture(scope="session")
def schema() -> str:
    """The schema as the package makes it, in the process of its own in which the engine would start it."""
    code = "import runpy; print(runpy.run_path('components/__main__.py')['Package']().schema)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.fixture(scope="session")
def generate_sdk(schema: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], None]:
    """Write the SDK for a language into a folder."""
    generator = _set_up("generate_sdk")
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    file.write_text(schema)

    def generate(language: str, folder: Path) -> None:
        subprocess.run([generator, language, file, folder], check=True, timeout=60)

    return generate


@pytest.fixture(scope="session")
def yaml_host() -> Path:
    """Pulumi's language host for YAML."""
    return _set_up("pulumi-language-yaml")


@pytest.fixture(scope="session")
def sdk_imports() -> Path:
    """The folder with what a generated Python SDK imports beside Pulumi's."""
    return _set_up("sdk-python")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The packages of the TypeScript example."""
    return _set_up("typescript") / "node_modules"


@dataclass(frozen=True)
class Project:
    """A Pulumi project on disk with one stack, driven by the `pulumi` command."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run a command, which must succeed or fail as expected, and return what it prints on stdout."""
        return pulumi(self.folder, self.environment, *arguments, fails=fails).stdout

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))


@pytest.fixture
def new_project(engine: Path, schema: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Make a stack in a folder whose programs run with this environment's Python, and can use the package."""

    def make(folder: Path, *, own_plugins: bool = False, **variables: str) -> Project:
        (folder / ".venv").symlink_to(sys.prefix)
        home = tmp_path / "home"
        environment = pulumi_environment(engine, home, {**sandbox.environment, **variables})
        if not own_plugins:
            environment = plugins.enter_context(with_plugin(environment, folder))
        project = Project(folder, environment)
        _install_package(home, json.loads(schema)["version"])
        project.pulumi("stack", "init", "dev")
        return project

    with ExitStack() as plugins:
        yield make


def _install_package(home: Path, version: str) -> None:
    """Put the component where the engine looks for packages that `pulumi package add` has fetched.

    Such a package has an environment of its own with this repository in it; here it is this one.
    """
    folder = home / "plugins" / f"resource-{PACKAGE}-v{version}"
    folder.mkdir(parents=True)
    script = folder / f"pulumi-resource-{PACKAGE}"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT / "components"))} "$@"\n')
    script.chmod(0o755)


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Compare a text with the recorded one, and fail with their difference and what to do about it."""

    def compare(name: str, text: str, remedy: str) -> None:
        file = RECORDED / name
        if request.config.getoption("--renew", default=False):
            file.write_text(text)
        before = file.read_text().splitlines()
        difference = list(difflib.unified_diff(before, text.splitlines(), "recorded", "now", lineterm="", n=2))
        if difference:
            pytest.fail("\n".join([remedy, *difference]), pytrace=False)

    return compare
