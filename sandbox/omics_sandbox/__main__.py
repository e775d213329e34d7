"""`omics-sandbox`: the local AWS for a person at a terminal."""

import argparse
import os
import shlex
import signal
import sys
import threading
from types import FrameType

from omics_sandbox import Limits, Sandbox

HINTS = """\
A local AWS listens on {endpoint} (account {account}, region {region}). Paste the lines above into another terminal;
the AWS CLI, boto3 and everything built on them use it from then on. Ctrl-C stops it, and its contents are gone.

Play HealthOmics from there (all requests: python -c 'help("omics_sandbox.control")'):
  curl -X POST $AWS_ENDPOINT_URL/_sandbox/stores -d '{{"name": "cohort-a"}}'
  curl -X POST $AWS_ENDPOINT_URL/_sandbox/stores/STORE/readsets -d '{{"name": "NA12878", "tags": {{"cohort": "a"}}}}'
  curl -X PUT  $AWS_ENDPOINT_URL/_sandbox/stores/STORE/readsets/READSET/status -d '{{"status": "ARCHIVED"}}'
  curl -X POST $AWS_ENDPOINT_URL/_sandbox/faults -d '{{"operation": "GetReadSetMetadata", "error_code": "ThrottlingException", "times": 3}}'
  curl -X POST $AWS_ENDPOINT_URL/_sandbox/schedules/SCHEDULE/run
  curl         $AWS_ENDPOINT_URL/_sandbox
"""  # noqa: E501 - commands to paste, each on one line


def main() -> int:
    """Start the sandbox and serve until interrupted.

    Returns:
        Exit code: 0 after an orderly stop, 2 when the port is taken.
    """
    parser = argparse.ArgumentParser(prog="omics-sandbox", description="Start a local AWS with HealthOmics.")
    parser.add_argument("--port", type=int, default=4566, help="port on 127.0.0.1; 0 takes a free one (default: 4566)")
    parser.add_argument("--region", default="us-west-2", help="region of the printed environment (default: us-west-2)")
    parser.add_argument(
        "--no-limits", action="store_true", help="no request quotas for HealthOmics (default: 5 a second)"
    )
    parser.add_argument("--seed", action="store_true", help="start with a store of ten read sets")
    given = parser.parse_args()

    profiles = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} & os.environ.keys()
    sandbox = Sandbox(given.region, port=given.port, limits=Limits.none() if given.no_limits else Limits.documented())
    try:
        sandbox.start()
    except OSError as error:
        print(
            f"Port {given.port} cannot be listened on ({error.strerror}): choose another with --port 4567, or with "
            "`make sandbox PORT=4567`",
            file=sys.stderr,
        )
        return 2
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        if given.seed:
            seed(sandbox)
        for name in profiles:
            print(f"unset {name}")  # wherever the lines are pasted, it would be looked for
        for name, value in sandbox.environment.items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        hints = HINTS.format(endpoint=sandbox.endpoint, account=sandbox.account, region=sandbox.region)
        print(hints, file=sys.stderr, flush=True)
        stopping.wait()
    finally:
        sandbox.stop()  # its threads would keep the process
    return 0


def seed(sandbox: Sandbox) -> None:
    """Create the read sets that the documentation's examples speak of: a family's.

    One is archived, and the last two have the same content.
    """
    content = {"algorithm": "FASTQ_MD5up", "source1": "1" * 32, "source2": "2" * 32}
    reference = sandbox.omics.create_reference("GRCh38")
    store_id = sandbox.omics.create_store("cohort-a", description="Ten read sets to play with", store_id="1234567890")
    for number in range(12877, 12887):
        sandbox.omics.create_read_set(
            store_id,
            read_set_id=str(9_876_543_210 + number - 12878),
            name=f"NA{number} exome",
            subject_id=f"CEPH1463-{number - 12876:02}",
            sample_id=f"NA{number}",
            reference_arn=reference,
            status="ARCHIVED" if number == 12886 else "ACTIVE",
            tags={"cohort": "a", "assay": "exome"},
            etag=content if number in {12885, 12886} else True,
        )


if __name__ == "__main__":
    sys.exit(main())
