"""A terminal in which the commands of the page are typed, with stand-ins for the AWS CLI and the Pulumi CLI."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

from omics_sandbox import Sandbox
from omics_sandbox.provider import Deployment, deploy

from tests import aws_cli
from tests.command_line import LONGEST_COMMAND_SECONDS, CommandLine
from tests.docs.pages import ROOT
from tests.terminal import Done, terminal_environment


class Terminal:
    """Runs what is typed.

    Attributes:
        sandbox: The local AWS that commands lead to.
    """

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self._environment = terminal_environment(home) | sandbox.environment
        self._outputs = home / "outputs.json"
        self._command_line = CommandLine(self._environment, home)
        self._config: dict[str, Any] = {}
        self._deployment: Deployment | None = None

    def type(self, *commands: str) -> list[Done]:
        """Run commands one after the other, whatever becomes of them."""
        return [self._type(command) for command in commands]

    def run_python(self, program: str) -> Done:
        """Run a program in Python."""
        return self._run("python", sys.executable, "-W", "error", "-c", program)

    def _type(self, command: str) -> Done:
        match [] if set("|&;<>$") & set(command) else shlex.split(command):
            case ["pulumi", *words]:
                return Done(command, 0, self._pulumi(words))
            case ["omics-meta", *words]:
                done = self._command_line.run(*words)
                return Done(command, done.code, done.out, done.err)
            case ["aws", *words]:
                with patch.dict(os.environ, self._environment, clear=True):
                    return Done(command, 0, aws_cli.run(*words))
            case _:
                return self._run(command, "bash", "-c", command)

    def _run(self, shown: str, *command: str) -> Done:
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=LONGEST_COMMAND_SECONDS, check=False
        )
        return Done(shown, done.returncode, done.stdout, done.stderr)

    def _pulumi(self, words: list[str]) -> str:
        """Do with the sandbox's deployment what the Pulumi CLI would do with its engine."""
        match words:
            case ["stack", "init", name]:
                self._config = {}
                return f"Created stack '{name}'"
            case ["config", "set", key, value]:
                self._config[key] = value
                return f"{key} = {value}"
            case ["up"]:
                self._deployment = deploy(ROOT, stack="dev", config=self._config, environment=self.sandbox.environment)
                outputs = {name: value for name, value in self._deployment.outputs.items() if value is not None}
                self._outputs.write_text(json.dumps(outputs), encoding="utf-8")
                return json.dumps(outputs)
            case ["destroy"] if self._deployment:
                self._deployment.destroy()
                return "destroyed"
            case _:
                raise AssertionError(f"unexpected: pulumi {words}")
