"""A terminal in which the documentation's commands are typed, with stand-ins for the CLIs of AWS and Pulumi."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from string import Template
from unittest.mock import patch

from omics_sandbox import Sandbox

from tests import aws_cli
from tests.command_line import LONGEST_COMMAND_SECONDS, CommandLine

# `omics-meta` asks for the outputs of a stack, and for nothing else.
_PULUMI = """#!/bin/sh
[ "$1 $2" = "stack output" ] && exec cat "$STACK_OUTPUTS"
echo "unexpected: pulumi $*" >&2
exit 1
"""
_AWS = f"""#!/bin/sh
exec {sys.executable} {aws_cli.__file__} "$@"
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    command: str
    code: int
    out: str
    err: str = ""

    def __str__(self) -> str:
        return f"{self.command}\n{self.code} {self.out} {self.err}"


_SILENT = re.compile(r"^export |^python -m tools\.local -o |^aws \w+ wait | > \S+$")
"""Commands that print nothing when all is well."""

_NOTHING_FOUND = re.compile(r'"Count": 0|^\{\}$')
"""What `aws dynamodb` prints when it found nothing."""


def failures(done: Iterable[Done]) -> list[str]:
    """Those that failed, or that printed or found nothing and should have."""
    return [str(each) for each in done if each.code != 0 or not (_SILENT.search(each.command) or _found(each))]


def _found(done: Done) -> bool:
    return bool(done.out) and not (done.command.startswith("aws dynamodb ") and _NOTHING_FOUND.search(done.out))


class Terminal:
    """Runs what is typed.

    Attributes:
        sandbox: The local AWS that commands lead to.
        home: The user's home folder, in which commands are typed. Its `outputs.json` has the stack's outputs.
    """

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        tools = home / "bin"
        tools.mkdir()
        for name, script in (("aws", _AWS), ("pulumi", _PULUMI)):
            (tools / name).write_text(script, encoding="utf-8")
            (tools / name).chmod(0o755)
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        variables = {"PATH": path, "HOME": str(home), "PWD": str(home), "STACK_OUTPUTS": str(home / "outputs.json")}
        self._environment = variables | sandbox.environment

    def type(self, *commands: str) -> list[Done]:
        """Run commands one after the other, whatever becomes of them. What is exported, the later ones know."""
        environment = dict(self._environment)
        return [self._type(command, environment) for command in commands]

    def _type(self, command: str, environment: dict[str, str]) -> Done:
        is_for_the_shell = re.search(r"[|&;<>]|\$\(", command)
        match [] if is_for_the_shell else shlex.split(Template(command).safe_substitute(environment)):
            case ["export", assignment]:
                name, _, value = assignment.partition("=")
                environment[name] = value
                return Done(command, 0, "")
            case ["omics-meta", *words]:
                done = CommandLine(environment, self.home).run(*words)
                return Done(command, done.code, done.out, done.err)
            case ["aws", *words]:
                with patch.dict(os.environ, environment, clear=True):
                    return Done(command, 0, aws_cli.run(*words))
            case _:
                ended = subprocess.run(
                    ["bash", "-c", command],
                    env=environment,
                    cwd=self.home,
                    capture_output=True,
                    text=True,
                    timeout=LONGEST_COMMAND_SECONDS,
                    check=False,
                )
                return Done(command, ended.returncode, ended.stdout, ended.stderr)

    def run_python(self, program: str) -> str:
        """What a program prints."""
        printed = StringIO()
        with (
            patch.dict(os.environ, self._environment, clear=True),
            patch("boto3.DEFAULT_SESSION", None),
            redirect_stdout(printed),
        ):
            exec(program, {"__name__": "__main__"})  # noqa: S102 - of the documentation
        return printed.getvalue()
