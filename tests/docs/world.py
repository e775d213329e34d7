"""A local AWS as a reader of the documentation has it: that of `make sandbox`, in a process of its own."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config

from tests.command_line import CommandLine, Finished
from tests.docs.pages import ROOT
from tests.terminal import Done, terminal_environment

TABLE = "healthomics_set_metadata"
STORE_ID = "1234567890"
READ_SET_ID = "9876543210"

DEPLOY = """
import json, sys
from omics_sandbox.provider.deployment import deploy

code = sys.stdin.read()
print(json.dumps(deploy(lambda: exec(code, {}), stack="dev").outputs))
"""


@dataclass(frozen=True)
class World:
    """The reader's terminal: a folder like that of the repository, and an environment that leads to the local AWS."""

    environment: Mapping[str, str]
    home: Path

    def type(self, commands: Sequence[str]) -> list[Done]:
        """Run commands one after the other in one shell, as they are typed, whatever becomes of them."""
        said = self.home / "said"
        said.mkdir(exist_ok=True)
        script = "".join(
            f'{{ {command}\n}} > "{said}/{number}.out" 2> "{said}/{number}.err"\necho $? > "{said}/{number}.code"\n'
            for number, command in enumerate(commands)
        )
        subprocess.run(["bash", "-s"], input=script, text=True, env=self.environment, cwd=self.home, check=True)

        def read(number: int, what: str) -> str:
            return (said / f"{number}.{what}").read_text(encoding="utf-8")

        return [
            Done(command, int(read(number, "code")), read(number, "out"), read(number, "err"))
            for number, command in enumerate(commands)
        ]

    def run(self, *command: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self.environment, cwd=self.home, input=text, capture_output=True, text=True, check=False
        )

    def omics_meta(self, *arguments: str) -> Finished:
        return CommandLine(self.environment, self.home).run(*arguments)

    def document(self, *command: str) -> Any:
        """What `omics-meta` prints with `--json`."""
        done = self.omics_meta(*command, "--json")
        assert done.code in {0, 1}, done.err
        return done.document

    @property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack."""
        return json.loads((self.home / "outputs.json").read_text(encoding="utf-8"))

    def deploy(self, program: str) -> dict[str, Any]:
        """Deploy a program beside the project's own; return its outputs."""
        done = self.run(sys.executable, "-c", DEPLOY, text=program)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def client(self, service: Literal["cloudwatch", "dynamodb", "iam", "lambda", "scheduler", "sqs"]) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(inject_host_prefix=False),
        )

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Use the sandbox's own interface."""
        url = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox{path}"
        request = urllib.request.Request(  # noqa: S310 - 127.0.0.1
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def new_world(home: Path) -> Generator[World]:
    """A world in which nothing is deployed yet."""
    (home / "tools").symlink_to(ROOT / "tools")
    with running_sandbox() as sandbox:
        yield World(terminal_environment(home) | sandbox, home)


@contextmanager
def deployed_world(home: Path) -> Generator[World]:
    """A world in which the program is deployed, and its table is filled."""
    with new_world(home) as world:
        for done in world.type(["python -m tools.local -o outputs.json", "omics-meta backfill --outputs outputs.json"]):
            assert done.code == 0, done
        yield world


@contextmanager
def running_sandbox() -> Generator[dict[str, str]]:
    """The environment of a sandbox in a process of its own, because a process can hold one only."""
    with subprocess.Popen(
        [sys.executable, "-m", "omics_sandbox", "--seed", "--port", "0", "--no-limits"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        environment: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environment[name] = value
            if name == "AWS_EC2_METADATA_DISABLED":
                break
        try:
            yield environment
        finally:
            process.terminate()
