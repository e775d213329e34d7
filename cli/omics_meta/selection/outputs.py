"""The outputs of a deployed stack: from the Pulumi CLI, or from a file with what it printed."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from omics_meta.terminal.exits import OutputsError

NAMES: Final = (
    "tableName",
    "tableArn",
    "queueName",
    "queueUrl",
    "queueArn",
    "deadLetterQueueUrl",
    "deadLetterQueueArn",
    "undeliveredQueueUrl",
    "undeliveredQueueArn",
    "functionName",
    "functionArn",
    "ruleName",
    "ruleArn",
    "logGroupName",
    "region",
)
"""What commands look for, of what the component's `export()` exports."""

_OF_CREATED_QUEUE: Final = frozenset({"deadLetterQueueUrl", "deadLetterQueueArn"})
"""Null of an adopted queue; and Pulumi leaves out what is null."""

_EXPORT: Final = (
    "call `export()` on its MetadataSync there, or export each under its name in other languages, and run `pulumi up`"
)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a stack by name, and the file or stack that they are of, as errors name it."""

    origin: str
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """Return an output; None where the stack has none of this name."""
        return self.values.get(name)

    def text(self, name: str, otherwise: str = "") -> str:
        """Return an output that is a text.

        Args:
            name: Of the output.
            otherwise: What a user can do instead of having it exported.
        """
        value = self.get(name)
        if isinstance(value, str) and value:
            return value
        if not self.values:
            raise OutputsError(
                f"{self.origin} has no outputs: run `pulumi up` first, or if you did, {_EXPORT}{otherwise}"
            )
        if value is not None:
            raise OutputsError(f"{self.origin} has {name} = {value!r}: {_EXPORT}{otherwise}")
        null = _OF_CREATED_QUEUE if self.get("queueUrl") else ()
        lacking = [each for each in NAMES if self.get(each) is None and each not in null]
        for outer, inner in self.values.items():
            inside = next((each for each in lacking if isinstance(inner, dict) and each in inner), None)
            if inside is not None:
                remedy = f"give --outputs a file that `pulumi stack output {outer} --json` wrote"
                raise OutputsError(f"{self.origin} has {inside} in the output {outer}: {remedy}{otherwise}")
        missing = ", ".join(lacking)
        raise OutputsError(f"{self.origin} has no {missing}, which its program does not export: {_EXPORT}{otherwise}")


def outputs_of_file(path: Path) -> Outputs:
    """Read what `pulumi stack output --json` printed."""
    try:
        written = path.read_bytes()
    except OSError as error:
        raise OutputsError(
            f"cannot read --outputs {path} ({error.strerror}): write it with `pulumi stack output --json > FILE`"
        ) from error
    return Outputs(str(path), _parse(written, f"--outputs {path}"))


def outputs_of_stack(stack: str | None, cwd: Path | None) -> Outputs:
    """Ask the Pulumi CLI, so that any backend and login that it knows works here too.

    Without a name, it is asked for the stack that is selected in the folder.
    """
    command = ["pulumi", "stack", "output", "--json", "--non-interactive"]
    command += ["--stack", stack] if stack else []
    command += ["--cwd", str(cwd)] if cwd else []
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            command, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise OutputsError(
            f"cannot run the Pulumi CLI ({error.strerror}: {error.filename}): "
            "install it with `curl -fsSL https://get.pulumi.com | sh`, put `pulumi` on PATH, or give --outputs FILE"
        ) from error
    named = f"stack {stack}" if stack else f"the selected stack of {cwd}"
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("error: ") or f"exit code {done.returncode}"
        raise OutputsError(f"pulumi cannot give the outputs of {named} ({said}): {_remedy(said)}")
    return Outputs(named, _parse(done.stdout, f"the outputs of {named}"))


def _remedy(said: str) -> str:
    """What to do about what the Pulumi CLI said."""
    if "passphrase" in said.lower():
        return "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to that of the stack"
    if "pulumi login" in said or "PULUMI_ACCESS_TOKEN" in said:
        return "run `pulumi login`, or set PULUMI_ACCESS_TOKEN"
    return "check --stack and --cwd, and `pulumi stack ls` in that folder"


def _parse(written: str | bytes, origin: str) -> Mapping[str, Any]:
    try:
        outputs = json.loads(written)  # of bytes, it sees the encoding: PowerShell writes UTF-16
    except (ValueError, RecursionError) as error:  # not JSON; or too long or too deep for Python
        raise OutputsError(f"{origin}: not JSON ({error}): write it with `pulumi stack output --json`") from error
    if not isinstance(outputs, dict):
        raise OutputsError(f"{origin}: JSON, but not an object: write it with `pulumi stack output --json`")
    return cast("dict[str, Any]", outputs)
