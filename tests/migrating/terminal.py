"""A terminal in which the commands of the page are typed, with a stand-in for more of the Pulumi CLI."""

import json
import shlex
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox
from omics_sandbox.provider import Deployment, deploy

from tests import terminal
from tests.docs.pages import ROOT
from tests.terminal import Done


class Terminal(terminal.Terminal):
    """Runs what is typed, `pulumi` too."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        super().__init__(sandbox, home)
        self._config: dict[str, Any] = {}
        self._deployment: Deployment | None = None

    def _type(self, command: str, environment: dict[str, str]) -> Done:
        if command.startswith("pulumi "):
            return Done(command, 0, self._pulumi(shlex.split(command)[1:]))
        return super()._type(command, environment)

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
                (self.home / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
                return json.dumps(outputs)
            case ["destroy"] if self._deployment:
                self._deployment.destroy()
                return "destroyed"
            case _:
                raise AssertionError(f"unexpected: pulumi {words}")
