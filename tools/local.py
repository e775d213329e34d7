"""Deploys the program into the local AWS of `make sandbox`: `python -m tools.local > outputs.json`.

The Pulumi CLI is not needed. Prints what `pulumi stack output --json` does. There is no state, so nothing can be
deployed twice: to begin anew, start the local AWS again.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from omics_sandbox.provider.deployment import DeploymentError, deploy

ROOT: Final = Path(__file__).resolve().parent.parent
_ENDPOINT: Final = "AWS_ENDPOINT_URL"


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether the environment leads to this machine. In an AWS account, resources would be left without a state."""
    return urlsplit(environment.get(_ENDPOINT, "")).hostname == "127.0.0.1"


def main() -> int:
    """Deploy the program; return the exit code."""
    if not is_local(os.environ):
        print(
            f"{_ENDPOINT} = {os.environ.get(_ENDPOINT)!r} is not the local AWS: start it with `make sandbox`, and paste"
            " the export lines that it prints into this terminal",
            file=sys.stderr,
        )
        return 2
    try:
        outputs = deploy(ROOT, stack="dev").outputs
    except DeploymentError as error:
        print(f"{error}\nTo begin anew, start the local AWS again.", file=sys.stderr)
        return 1
    print(json.dumps(outputs, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
