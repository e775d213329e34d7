"""Sends one harmless message through a pipeline, and waits for what it does."""

import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Final

from readset_sync.aws.clients import dynamodb_client, sqs_client
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.comparison import needs_row
from readset_sync.model.record import REVISION

from omics_meta.pipeline.check import Check, run_checker
from omics_meta.pipeline.stack import Stack

PROBE: Final = "probe"
"""Name of the check."""

PROBE_SECONDS: Final = 60
"""How long to wait: a cold start and a refresh take a few seconds, and a live queue has some work before this one."""

_POLL_SECONDS: Final = 0.5


def probe(stack: Stack, source: HealthOmics, store_ids: Iterable[str]) -> list[Check]:
    """Have the pipeline refresh the row of the first read set of these stores, and wait until it has.

    Stores without read sets leave nothing to probe with, which is no fault of the pipeline.
    """
    return list(run_checker(PROBE, lambda stack: _probe(stack, _first(source, store_ids)), stack))


def refresh(stack: Stack, arn: ReadSetArn) -> float | None:
    """Have the pipeline refresh the row of a read set; return after how many seconds it has, None if it has not."""
    table = Table(dynamodb_client(stack.session), stack.output("tableName"))
    sender = MessageSender(sqs_client(stack.session), stack.output("queueUrl"), account=arn.account, region=arn.region)
    before = _revision(table, arn)
    began = time.monotonic()
    sender.request_refreshes([arn], cause=f"probe-{uuid.uuid4().hex}")
    while (waited := time.monotonic() - began) < PROBE_SECONDS:
        if _revision(table, arn) != before:
            return waited
        time.sleep(_POLL_SECONDS)
    return None


def _first(source: HealthOmics, store_ids: Iterable[str]) -> ReadSetArn | None:
    pages = (page for store_id in store_ids for page in source.pages(store_id))
    arns = (entry["arn"] for page in pages for entry in page.read_sets if needs_row(entry))
    return next(map(ReadSetArn.parse, arns), None)


def _probe(stack: Stack, arn: ReadSetArn | None) -> Iterator[Check]:
    if arn is None:
        yield Check(PROBE, passed=True, found="the chosen stores have no read set to probe with")
        return
    waited = refresh(stack, arn)
    if waited is not None:
        yield Check(PROBE, passed=True, found=f"the row of {arn} was refreshed after {waited:.1f} s")
        return
    yield Check(
        PROBE,
        passed=False,
        found=f"the row of {arn} was not refreshed within {PROBE_SECONDS} s",
        remedy="fix what the other checks name; see what the function says with `aws logs tail "
        f"{stack.output('logGroupName')} --since 5m`, and what it gave up on with `omics-meta dlq show`",
    )


def _revision(table: Table, arn: ReadSetArn) -> str | None:
    """What every write of a row changes; None where there is no row."""
    row = table.get(str(arn))
    return row.get(REVISION) if row else None
