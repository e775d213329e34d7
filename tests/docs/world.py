"""A local AWS as a reader of the documentation has it after `make sandbox`, and a terminal that leads to it."""

import json
import os
import re
import subprocess
from collections.abc import Generator, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from omics_sandbox import Limits, Sandbox
from omics_sandbox.__main__ import seed
from omics_sandbox.provider import deploy

from tests import aws_cli
from tests.command_line import CommandLine
from tests.labs import make_tables, row, write_profiles
from tests.terminal import Done, terminal_environment
from tools import local

TABLE = "healthomics_set_metadata"
STORE_ID = "1234567890"
READ_SET_ID = "9876543210"

_SILENT = re.compile(r"^export |^python -m tools\.local -o | > \S+$")
"""Commands that print nothing when all is well."""

_NOTHING_FOUND = re.compile(r'"Count": 0|^\{\}$')
"""What an AWS CLI command prints when it found nothing."""


class World:
    """The reader's terminal: a home folder, and an environment that leads to the local AWS.

    Attributes:
        sandbox: The local AWS.
        home: The folder in which commands are typed.
    """

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        self._environment = terminal_environment(home) | sandbox.environment

    def type(self, commands: Sequence[str]) -> list[Done]:
        """Run commands one after the other, as they are typed in one terminal, whatever becomes of them."""
        environment = dict(self._environment)
        return [self._type(command, environment) for command in commands]

    def _type(self, command: str, environment: dict[str, str]) -> Done:
        # The shell makes words of the command, and knows its variables.
        split = self._bash(f"printf '%s\\0' {command}", environment).stdout.split("\0")[:-1]
        match [] if set("|&;<>") & set(command) else split:
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                environment[name] = value
                return Done(command, 0, "")
            case ["omics-meta", *arguments]:
                done = CommandLine(environment, self.home).run(*arguments)
                return Done(command, done.code, done.out, done.err)
            case ["aws", *arguments]:
                with patch.dict(os.environ, environment, clear=True):
                    return Done(command, 0, aws_cli.run(*arguments))
            case ["python", "-m", "tools.local", *_]:
                with patch.dict(os.environ, environment, clear=True), patch("sys.argv", split[2:]), chdir(self.home):
                    return Done(command, local.main(), "")
            case _:
                ended = self._bash(command, environment)
                return Done(command, ended.returncode, ended.stdout, ended.stderr)

    def _bash(self, command: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", command], env=environment, cwd=self.home, capture_output=True, text=True, check=False
        )

    def run_python(self, program: str) -> str:
        """What a program prints."""
        printed = StringIO()
        with patch.dict(os.environ, self._environment, clear=True), redirect_stdout(printed):
            exec(program, {"__name__": "__main__"})  # noqa: S102 - of the documentation
        return printed.getvalue()

    def document(self, *command: str) -> Any:
        """What `omics-meta` prints with `--json`."""
        done = CommandLine(self._environment, self.home).run(*command, "--json")
        assert done.code in {0, 1}, done.err
        return done.document

    def deploy(self, program: str) -> dict[str, Any]:
        """Deploy a program beside the project's own; return its outputs."""
        return deploy(lambda: exec(program, {}), stack="dev", environment=self.sandbox.environment).outputs  # noqa: S102

    @property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the project's own stack."""
        return json.loads((self.home / "outputs.json").read_text(encoding="utf-8"))


@contextmanager
def new_world(home: Path) -> Generator[World]:
    """A world in which nothing is deployed yet, but for the tables of other accounts and regions."""
    with Sandbox(limits=Limits.none()) as sandbox:
        seed(sandbox)
        make_tables(sandbox, {lab: [row(lab, 12878)] for lab in ("b", "c")})
        write_profiles(home)
        yield World(sandbox, home)


def went_wrong(done: Done) -> bool:
    if _SILENT.search(done.command):
        return done.code != 0
    nothing = done.command.startswith("aws ") and _NOTHING_FOUND.search(done.out)
    return done.code != 0 or not done.out or bool(nothing)
