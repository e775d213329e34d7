"""Walks a store in a process that can be killed: `python walk.py`, with the environment of the AWS to work in.

Each line of JSON on stdin (`{"table": …, "store_id": …}`) is a backfill with pruning, in a process forked after the
slow imports. Lines of JSON on stdout: its `pid`; what it did (`changes`, outcomes by ARN) unless it was killed; and its
`status`, as `subprocess` has it.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from readset_sync.aws.clients import dynamodb_client, omics_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.aws.table import Table
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.verification import Verifier


def say(**members: Any) -> None:
    """Write a line at once: both processes write to the same stdout."""
    os.write(sys.stdout.fileno(), f"{json.dumps(members)}\n".encode())


def walk(source: HealthOmics, table: Table, store_id: str) -> dict[str, str]:
    """Backfill and prune; return the last outcomes by ARN."""
    with ThreadPoolExecutor(1) as executor:
        backfill, verifier = Backfill(source, table, executor), Verifier(source, table, executor)
        pending = PendingRefreshes(source.store(store_id).metadata["arn"])
        batches = backfill.refresh_pending([pending], backfill.create_listed_rows(pending))
        results = [result for batch in batches for result in batch.results]
        results += verifier.prune([verifier.listing(store_id)])
    return {result.arn: result.change.outcome if result.change else f"failed: {result.reason}" for result in results}


def main() -> None:
    """Serve until stdin ends."""
    session = boto3.Session()
    omics, dynamodb = omics_client(session, max_tps=MaxTps(10_000)), dynamodb_client(session)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            say(changes=walk(HealthOmics(omics), Table(dynamodb, order["table"]), order["store_id"]))
            os._exit(0)
        say(pid=pid)
        say(status=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
