"""A terminal in which the commands of the page are typed, with stand-ins for the Pulumi CLI and the AWS CLI."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox
from omics_sandbox.provider import Deployment, deploy

from tests.docs.pages import ROOT

# Answers what `omics-meta` asks of the Pulumi CLI.
PULUMI = """#!/bin/sh
[ "$1 $2" = "stack output" ] && exec cat "$STACK_OUTPUTS"
echo "unexpected: pulumi $*" >&2
exit 1
"""

# Calls the operation that a command names. Options are read by the types that botocore's model gives them, as the AWS
# CLI does: JSON, or its shorthand of words such as A=1,B=2.
AWS = """#!{python}
import json, sys
import boto3, jmespath
from botocore import xform_name

def read(shape, words):
    if words and words[0][:1] in ("[", "{{"):
        return json.loads(words[0])
    if shape.type_name == "list":
        return [read(shape.member, [word]) for word in words]
    if shape.type_name == "structure":
        pairs = (pair.split("=", 1) for pair in words[0].split(","))
        return {{name: read(shape.members[name], [value]) for name, value in pairs}}
    if shape.type_name == "boolean":
        return words != ["false"]
    return words[0]

service, operation, *words = sys.argv[1:]
client = boto3.client(service)
waiter = words.pop(0) if operation == "wait" else None
options = {{}}
for word in words:
    if word.startswith("--"):
        options[word[2:]] = []
    else:
        options[list(options)[-1]].append(word)
query, output = (options.pop(name, [None])[0] for name in ("query", "output"))
called = client.get_waiter(waiter.replace("-", "_")).config if waiter else None
name = called.operation if waiter else client.meta.method_to_api_mapping[operation.replace("-", "_")]
members = client.meta.service_model.operation_model(name).input_shape.members
known = {{xform_name(member, "-"): (member, shape) for member, shape in members.items()}}
given = {{known[option][0]: read(known[option][1], words) for option, words in options.items()}}
if waiter:
    client.get_waiter(waiter.replace("-", "_")).wait(**given)
    sys.exit()
answer = getattr(client, operation.replace("-", "_"))(**given)
answer.pop("ResponseMetadata")
shown = jmespath.search(query, answer) if query else answer
print(shown if output == "text" else json.dumps(shown, default=str))
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


class Terminal:
    """Runs what is typed.

    Attributes:
        sandbox: The local AWS that commands lead to.
    """

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self._outputs = home / "outputs.json"
        for name, script in (("pulumi", PULUMI), ("aws", AWS.format(python=sys.executable))):
            (home / name).write_text(script, encoding="utf-8")
            (home / name).chmod(0o755)
        path = os.pathsep.join([str(home), str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {
            "PATH": path,
            "HOME": str(home),
            "STACK_OUTPUTS": str(self._outputs),
            **sandbox.environment,
        }
        self._config: dict[str, Any] = {}
        self._deployment: Deployment | None = None

    def type(self, *commands: str) -> list[Done]:
        """Run commands one after the other, whatever becomes of them."""
        return [self._type(command) for command in commands]

    def run_python(self, program: str) -> Done:
        """Run a program in Python."""
        return self._run("python", sys.executable, "-W", "error", "-c", program)

    def _type(self, command: str) -> Done:
        if command.startswith("pulumi "):
            return Done(command, 0, self._pulumi(shlex.split(command)[1:]))
        return self._run(command, "bash", "-c", command)

    def _run(self, shown: str, *command: str) -> Done:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=300, check=False)
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
