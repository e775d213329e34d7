"""Waits until the table says that read sets are active."""

import time
from collections.abc import Mapping
from itertools import chain, repeat
from typing import Final

from readset_sync.aws.table import Table
from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIVATING, ACTIVE, ARCHIVED
from readset_sync.model.errors import EXPECTED_ERRORS, describe_error, is_passing
from readset_sync.model.record import Row

from omics_meta.commands.activate.starting import Job, Work
from omics_meta.search.reader import read_named
from omics_meta.terminal.output import print_note
from omics_meta.terminal.progress import Reporter

_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds between one look at the rows and the next; the last of them goes on."""

_STALLED_SECONDS: Final = 15 * 60.0
"""Without a change of any row, after which the table is not waited for any more."""

_STALLED_ACTIVATING_SECONDS: Final = 24 * 3600.0
"""The same while a row says ACTIVATING: how long HealthOmics takes is not documented, and by then the nightly
reconciliation has made up for a lost event."""


def wait_for_rows(work: Work, table: Table, reporter: Reporter) -> None:
    """Look at the rows again and again, until all say ACTIVE, or no change is to be expected.

    Raises:
        ClientError, BotoCoreError, SyncError: The rows cannot be read, and nothing says that this passes.
    """
    job_of = {str(arn): job for job in work.jobs for arn in job.arns}
    statuses = dict.fromkeys(work.activating, ACTIVATING) | dict.fromkeys(job_of, ARCHIVED)
    work.activated = 0
    if statuses:
        print_note(f"waiting until the rows of table {table.name} say ACTIVE; HealthOmics itself is not asked")
    reporter.begin("waiting")
    changed_at, told = time.monotonic(), False
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        try:
            rows = {row[KEY]: row for page in read_named(table, list(statuses)) for row in page}
        except EXPECTED_ERRORS as error:
            if not is_passing(error) or _is_stalled(statuses, changed_at):
                raise
            if not told:
                print_note(f"the rows cannot be read just now, and are looked at again ({describe_error(error)})")
            told = True
        else:
            told = False
            if _follow(work, statuses, rows, reporter):
                changed_at = time.monotonic()
            if not statuses:
                return
            if _is_stalled(statuses, changed_at):
                work.failures += [(arn, _stalled(status, job_of.get(arn))) for arn, status in statuses.items()]
                return
        time.sleep(pause)


def _follow(work: Work, statuses: dict[str, str], rows: Mapping[str, Row], reporter: Reporter) -> bool:
    """Take what the rows say into the statuses of those that are waited for; return whether any has changed."""
    changed = False
    for arn, before in list(statuses.items()):
        status = rows[arn].get("set_status") if arn in rows else None
        changed |= status != before
        if status in {ARCHIVED, ACTIVATING}:
            statuses[arn] = status
            continue
        del statuses[arn]
        if status == ACTIVE:
            work.activated = (work.activated or 0) + 1
            reporter.advance()
        else:
            work.failures.append((arn, f"its row says {status}" if status else "its row is gone"))
    return changed


def _is_stalled(statuses: Mapping[str, str], changed_at: float) -> bool:
    longest = _STALLED_ACTIVATING_SECONDS if ACTIVATING in statuses.values() else _STALLED_SECONDS
    return time.monotonic() - changed_at >= longest


def _stalled(status: str, job: Job | None) -> str:
    asked = f", and `aws omics get-read-set-activation-job --id {job.id}` of its job" if job else ""
    return f"its row still says {status}: ask `omics-meta verify` whether the table follows{asked}"
