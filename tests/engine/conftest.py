"""The genuine engine with the stand-in as its AWS plugin."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from omics_sandbox import Limits, Sandbox

from tests.pulumi_cli import Project, copy_program, engine_or_skip, pulumi_environment, with_plugin


@pytest.fixture(scope="session")
def engine() -> Path:
    return engine_or_skip()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        yield running


@pytest.fixture
def product(engine: Path, tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Make a stack of the product's own program in an environment, with settings in YAML."""

    def make(environment: dict[str, str], name: str, settings: str) -> Project:
        folder = tmp_path / "project"
        copy_program(folder)
        (folder / f"Pulumi.{name}.yaml").write_text(settings)
        plugin = with_plugin(pulumi_environment(engine, tmp_path / "home", environment), folder)
        project = Project(folder, plugins.enter_context(plugin))
        project.pulumi("stack", "init", name)
        return project

    with ExitStack() as plugins:
        yield make
