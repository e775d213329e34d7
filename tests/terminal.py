"""What a terminal needs in which the documentation's commands are typed: stand-ins for the CLIs of AWS and Pulumi."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import aws_cli

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


def terminal_environment(home: Path) -> dict[str, str]:
    """Variables by which `aws` and `pulumi` are the stand-ins, and `outputs.json` in this folder is the stack's."""
    tools = home / "bin"
    tools.mkdir()
    for name, script in (("aws", _AWS), ("pulumi", _PULUMI)):
        (tools / name).write_text(script, encoding="utf-8")
        (tools / name).chmod(0o755)
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home), "STACK_OUTPUTS": str(home / "outputs.json")}
