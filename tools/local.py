"""Deploys the program into the local AWS of `make sandbox`: `python -m tools.local -o outputs.json`.

The Pulumi CLI is not needed. Writes what `pulumi stack output --json` prints, and says on stderr what it deployed and
what to type next. There is no state, so nothing can be deployed twice: to begin anew, start the local AWS again.
"""

import argparse
import json
import os
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from omics_meta.terminal.exits import CommandError
from omics_meta.terminal.output_file import replacing
from omics_sandbox.provider.deployment import DeploymentError, deploy

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Deploy the program; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.local", description="Deploy into the local AWS.")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the outputs there, once all is deployed; or to stdout"
    )
    output: Path | None = parser.parse_args().output
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    # In an AWS account, resources would be left without a state.
    if urlsplit(endpoint or "").hostname != "127.0.0.1":
        print(
            f"AWS_ENDPOINT_URL = {endpoint!r} is not the local AWS: start it with `make sandbox`, and paste"
            " the export lines that it prints into this terminal",
            file=sys.stderr,
        )
        return 2
    print(f"Deploying into the local AWS at {endpoint} ...", file=sys.stderr)
    try:
        with replacing(output) if output else nullcontext(sys.stdout.buffer) as file:
            outputs = deploy(ROOT, stack="dev").outputs
            file.write(f"{json.dumps(outputs, indent=2)}\n".encode())
            file.flush()  # before what is said below
    except DeploymentError as error:
        print(f"{error}\nTo begin anew, start the local AWS again.", file=sys.stderr)
        return 1
    except CommandError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"Deployed: table {outputs['tableName']}, queue {outputs['queueName']}, function {outputs['functionName']}.\n"
        f"The outputs are {'above' if output is None else f'in {output}'}. Type next:\n"
        f"  omics-meta backfill --outputs {'FILE' if output is None else shlex.quote(str(output))}",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
