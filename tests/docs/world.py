"""A local AWS as a reader of the documentation has it after `make sandbox`, and a terminal that leads to it."""

import json
import os
from collections.abc import Generator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from omics_sandbox import Limits, Sandbox
from omics_sandbox.__main__ import seed
from omics_sandbox.provider import deploy

from tests.command_line import CommandLine
from tests.labs import make_tables, row, write_profiles
from tests.terminal import Done, Terminal
from tools import local

TABLE = "healthomics_set_metadata"
STORE_ID = "1234567890"
READ_SET_ID = "9876543210"


class World(Terminal):
    """The reader's terminal."""

    def _type(self, command: str, environment: dict[str, str]) -> Done:
        match command.split():
            case ["python", "-m", "tools.local", *words]:
                with (
                    patch.dict(os.environ, environment, clear=True),
                    patch("sys.argv", ["tools.local", *words]),
                    chdir(self.home),
                ):
                    return Done(command, local.main(), "")
            case _:
                return super()._type(command, environment)

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
