"""Deploys the program into the local AWS of `make sandbox`: `python -m tools.local -o outputs.json`.

The Pulumi CLI is not needed. Writes what `pulumi stack output --json` prints. There is no state, so nothing can be
deployed twice: to begin anew, start the local AWS again.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output_file import replacing
from omics_sandbox.provider.deployment import DeploymentError, deploy

ROOT: Final = Path(__file__).resolve().parent.parent
_ENDPOINT: Final = "AWS_ENDPOINT_URL"


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether the environment leads to this machine. In an AWS account, resources would be left without a state."""
    return urlsplit(environment.get(_ENDPOINT, "")).hostname == "127.0.0.1"


def main() -> int:
    """Deploy the program; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.local", description="Deploy into the local AWS.")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the outputs there, once all is deployed; or to stdout"
    )
    output: Path | None = parser.parse_args().output
    if not is_local(os.environ):
        print(
            f"{_ENDPOINT} = {os.environ.get(_ENDPOINT)!r} is not the local AWS: start it with `make sandbox`, and paste"
            " the export lines that it prints into this terminal",
            file=sys.stderr,
        )
        return 2
    try:
        if output is None:
            print(_deploy())
        else:
            with replacing(output) as file:
                file.write(f"{_deploy()}\n".encode())
    except DeploymentError as error:
        print(f"{error}\nTo begin anew, start the local AWS again.", file=sys.stderr)
        return 1
    except CommandError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _deploy() -> str:
    return json.dumps(deploy(ROOT, stack="dev").outputs, indent=2)


if __name__ == "__main__":
    sys.exit(main())
