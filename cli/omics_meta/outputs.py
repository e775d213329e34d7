"""The outputs of a deployed stack: from the Pulumi CLI, or from a file with what it printed."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from omics_meta.exits import CommandError


def outputs_of_file(path: Path) -> Mapping[str, Any]:
    """Read what `pulumi stack output --json` printed.

    Raises:
        CommandError: The file cannot be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some shells write a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(
            f"cannot read --outputs {path} ({reason}): write it with `pulumi stack output --json > FILE`"
        ) from error
    return _parse(text, f"--outputs {path}")


def outputs_of_stack(stack: str | None, cwd: Path | None) -> Mapping[str, Any]:
    """Ask the Pulumi CLI, so that any backend and login that it knows works here too.

    Args:
        stack: The stack's name; None for the one that is selected in the folder.
        cwd: Folder of the Pulumi project; None for the current one.

    Raises:
        CommandError: The Pulumi CLI is not there, or does not give the outputs.
    """
    command = ["pulumi", "stack", "output", "--json", "--non-interactive"]
    command += ["--stack", stack] if stack else []
    command += ["--cwd", str(cwd)] if cwd else []
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            command, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CommandError(
            f"cannot run the Pulumi CLI ({error.strerror}: {error.filename}): "
            "put `pulumi` on PATH, or give --outputs FILE, or -s, -t and -r"
        ) from error
    named = f"stack {stack}" if stack else f"the selected stack of {cwd}"
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("error: ") or f"exit code {done.returncode}"
        raise CommandError(
            f"pulumi cannot give the outputs of {named} ({said}): "
            "check --stack and --cwd, and `pulumi stack ls` in that folder"
        )
    return _parse(done.stdout, f"the outputs of {named}")


def _parse(text: str, origin: str) -> Mapping[str, Any]:
    try:
        outputs = json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON; or too long or too deep for Python
        raise CommandError(f"{origin}: not JSON ({error}): write it with `pulumi stack output --json`") from error
    if not isinstance(outputs, dict):
        raise CommandError(f"{origin}: JSON, but not an object: write it with `pulumi stack output --json`")
    return cast("dict[str, Any]", outputs)
