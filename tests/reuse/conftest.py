"""A local AWS, and the genuine engine with the component as a package."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from omics_sandbox import Limits, Sandbox

from tests.pulumi_cli import BUILT, ROOT, Project, engine_or_skip, pulumi_environment, skip, with_plugin

PACKAGE = "healthomics-metadata-sync"
VERSION = "0.0.1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="record the state of the newest version")


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
    """The schema of the package, which tests/components compares with the code, and a version."""
    return json.dumps({**json.loads((ROOT / "components" / "schema.json").read_text()), "version": VERSION})


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


@pytest.fixture
def new_project(engine: Path, sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Make a stack in a folder whose programs run with this environment's Python, and can use the package."""

    def make(folder: Path, *, own_plugins: bool = False, **variables: str) -> Project:
        if not (folder / ".venv").exists():
            (folder / ".venv").symlink_to(sys.prefix)
        home = tmp_path / "home"
        environment = pulumi_environment(engine, home, {**sandbox.environment, **variables})
        if not own_plugins:
            environment = plugins.enter_context(with_plugin(environment, folder))
        project = Project(folder, environment)
        _install_package(home)
        project.pulumi("stack", "init", "dev")
        return project

    with ExitStack() as plugins:
        yield make


def _install_package(home: Path) -> None:
    """Put the component where the engine looks for packages that `pulumi package add` has fetched.

    Such a package has an environment of its own with this repository in it; here it is this one.
    """
    folder = home / "plugins" / f"resource-{PACKAGE}-v{VERSION}"
    folder.mkdir(parents=True)
    script = folder / f"pulumi-resource-{PACKAGE}"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT / "components"))} "$@"\n')
    script.chmod(0o755)
