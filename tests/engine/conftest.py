"""The genuine engine with the stand-in as its AWS plugin, and an empty local AWS for each test."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from omics_sandbox import Limits, Sandbox

from tests.pulumi_cli import engine_or_skip, pulumi, pulumi_environment, with_plugin

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def engine() -> Path:
    return engine_or_skip()


@pytest.fixture
def aws_environment() -> Iterator[dict[str, str]]:
    """Variables that name a local AWS with nothing in it."""
    with Sandbox(region="eu-west-1", limits=Limits.none()) as sandbox:
        yield {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": sandbox.region,
            "AWS_ENDPOINT_URL": sandbox.endpoint,
        }


@pytest.fixture
def client(aws_environment: dict[str, str]) -> Callable[[str], Any]:
    """Clients for what happens behind Pulumi's back."""

    def make(service: str) -> Any:
        session: Any = boto3.Session()  # its stub wants the name of the service as a literal
        return session.client(
            service,
            region_name=aws_environment["AWS_REGION"],
            endpoint_url=aws_environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make


@dataclass(frozen=True)
class Stack:
    """A stack of a project on disk, driven by the `pulumi` command."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run a command, which must succeed or fail as expected, and return what it prints."""
        done = pulumi(self.folder, self.environment, *arguments, fails=fails)
        return done.stdout + done.stderr

    def configure(self, **values: str) -> None:
        if values:
            given = (argument for key, value in values.items() for argument in ("--plaintext", f"{key}={value}"))
            self.run("config", "set-all", *given)

    def update(self) -> dict[str, int]:
        """Bring the stack up; return how many resources were created, updated, deleted or replaced, if any were."""
        summary = self.run("up", "--yes", "--skip-preview").rpartition("\nResources:\n")[2]
        return {done: int(number) for number, done in re.findall(r"^ +\S+ (\d+) (\w+)$", summary, flags=re.MULTILINE)}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "output", "--json"))

    def up(self) -> dict[str, Any]:
        self.update()
        return self.outputs()

    def planned(self) -> dict[str, list[str]]:
        """What `pulumi preview` would do: the names of the resources by operation."""
        steps: list[dict[str, str]] = json.loads(self.run("preview", "--json"))["steps"]
        operations: dict[str, list[str]] = {}
        for step in steps:
            operations.setdefault(step["op"], []).append(step["urn"].rsplit("::", 1)[-1])
        return {operation: sorted(names) for operation, names in operations.items()}


@pytest.fixture
def product(engine: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Make a stack of the product's own program with configuration, which may begin with settings in YAML.

    It works on copies, because `pulumi config set` writes beside `Pulumi.yaml`.
    """

    def make(environment: dict[str, str] | None = None, name: str = "dev", settings: str = "", **config: str) -> Stack:
        folder = tmp_path / "project"
        folder.mkdir()
        for file in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / file, folder)
        if settings:
            (folder / f"Pulumi.{name}.yaml").write_text(settings)
        (folder / ".venv").symlink_to(Path(sys.prefix))
        # The local AWS is started only now: a test with one of its own can have no other beside it.
        variables = request.getfixturevalue("aws_environment") if environment is None else environment
        plugin = with_plugin(pulumi_environment(engine, tmp_path / "home", variables), folder)
        stack = Stack(folder, plugins.enter_context(plugin))
        stack.run("stack", "init", name)
        stack.configure(**config)
        return stack

    with ExitStack() as plugins:
        yield make
