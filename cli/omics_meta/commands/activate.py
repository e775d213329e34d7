"""`omics-meta activate`: starts the jobs that bring archived read sets back.

Beside the self-test, it is the only command that changes anything in HealthOmics.
"""

import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby, repeat
from typing import TYPE_CHECKING, Any, Final

from readset_sync.aws.clients import omics_client
from readset_sync.aws.table import Table
from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ACTIVE
from readset_sync.model.arn import MalformedArnError, ReadSetArn
from readset_sync.model.errors import EXPECTED_ERRORS, NOT_FOUND, describe_error, error_code, is_denied, is_fatal
from readset_sync.model.record import Row

from omics_meta.search.filters import Filters, Search
from omics_meta.search.inventory import Tally
from omics_meta.search.reader import read_named
from omics_meta.search.searching import Found, look_up, search_for
from omics_meta.selection.rates import rates_of
from omics_meta.selection.session import Session
from omics_meta.terminal.console import confirm, counted
from omics_meta.terminal.exits import CommandError, ExitCode, SelectionError
from omics_meta.terminal.output import identity, print_json, print_line, print_note
from omics_meta.terminal.progress import Reporter, reporting

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

_MOST: Final = 20
"""Read sets that StartReadSetActivationJob takes."""

_OF_READ_SETS: Final = frozenset({NOT_FOUND, "ValidationException"})
"""Errors with which a job may be refused for a single one of its read sets."""

_ARCHIVED: Final = "ARCHIVED"
_ACTIVATING: Final = "ACTIVATING"

_PAUSES: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds between one look at the rows and the next; the last of them goes on."""

_STALLED_SECONDS: Final = 15 * 60.0
"""Without a change of any row, after which the table is not waited for any more."""

_STALLED_ACTIVATING_SECONDS: Final = 24 * 3600.0
"""The same while a row says ACTIVATING: how long HealthOmics takes is not documented, and by then the nightly
reconciliation has made up for a lost event."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be done, as the options of those names say it."""

    yes: bool
    dry_run: bool
    wait: bool
    max_tps: str | None


@dataclass(frozen=True, slots=True)
class _Job:
    """Read sets of one store, and the id of the job that activates them; None in a dry run."""

    arns: Sequence[ReadSetArn]
    id: str | None


@dataclass(slots=True)
class _Work:
    """The read sets that were chosen, and what became of them.

    Attributes:
        archived: Those that the table says are archived.
        tally: How many of them, and how large.
        activating: The ARNs of those that are being activated already.
        active: How many are active already.
        failures: ARN and reason.
        activated: How many became active while this waited; None if it did not wait.
    """

    archived: list[ReadSetArn] = field(default_factory=list[ReadSetArn])
    tally: Tally = field(default_factory=Tally)
    activating: list[str] = field(default_factory=list[str])
    active: int = 0
    jobs: list[_Job] = field(default_factory=list[_Job])
    failures: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    activated: int | None = None

    def add(self, row: Row) -> None:
        """Take note of a read set that was chosen."""
        status = row.get("set_status")
        if status == ACTIVE:
            self.active += 1
        elif status == _ACTIVATING:
            self.activating.append(row[KEY])
        elif status != _ARCHIVED:
            self.failures.append((row[KEY], f"its row says {status}, and only archived read sets can be activated"))
        else:
            try:
                self.archived.append(ReadSetArn.parse(row[KEY]))
            except MalformedArnError as error:
                self.failures.append((row[KEY], str(error)))
            else:
                self.tally.add(Tally.of(row))

    @property
    def chunks(self) -> Iterator[Sequence[ReadSetArn]]:
        """The archived read sets, as many at a time as a job takes, each time of one store."""
        for _, group in groupby(sorted(self.archived, key=str), key=lambda arn: arn.store_arn):
            of_store = list(group)
            yield from (of_store[start : start + _MOST] for start in range(0, len(of_store), _MOST))

    @property
    def started(self) -> int:
        """How many are in jobs."""
        return sum(len(job.arns) for job in self.jobs)


def activate(search: Search, names: Sequence[str], options: Options, *, as_json: bool) -> ExitCode:
    """Activate the archived ones of the read sets that are named, or that fit the filters."""
    start = _starter(search.selection.profile, options.max_tps)
    _check(options)
    found = _chosen(search, names)
    work, count = _Work(), 0
    for page in found.pages:
        count += len(page)
        for row in page:
            work.add(row)
    code = found.end(count)
    if search.require_all and code is not ExitCode.DONE:
        raise CommandError("nothing was activated, because some are not found (--require-all)")
    if not as_json:
        print_line(f"{counted(work.tally.count, 'archived read set')}, size: {work.tally.size_text}")
        print_line(f"left out: {work.active} active, {len(work.activating)} activating already")
    if work.archived and not (options.yes or options.dry_run):
        confirm(
            f"Activate {counted(work.tally.count, 'read set')} (size: {work.tally.size_text})?",
            declined="nothing was activated: answer y to activate, or look with --dry-run first",
        )
    with reporting() as reporter:
        if options.dry_run:
            work.jobs = [_Job(arns, None) for arns in work.chunks]
        else:
            _start_jobs(work, start, reporter)
            if options.wait:
                _wait(work, found.connection.table, reporter)
    if as_json:
        print_json(_document(work, found.connection.about("activate"), dry_run=options.dry_run))
    else:
        _print(work, dry_run=options.dry_run)
    return ExitCode.FOUND_WRONG if work.failures else code


def _check(options: Options) -> None:
    if options.dry_run and options.wait:
        raise CommandError("--dry-run and --wait contradict each other: give one of them")
    if not (options.yes or options.dry_run or (sys.stdin and sys.stdin.isatty())):
        raise CommandError(
            "active storage costs more than archived, and there is no terminal to ask on: give --yes, or --dry-run"
        )


def _chosen(search: Search, names: Sequence[str]) -> Found:
    if names and search.filters != Filters():
        raise CommandError(f"{names[0]} and filters contradict each other: give read sets, or filters")
    if names:
        return look_up(search.selection, names)
    if search.filters == Filters():
        raise SelectionError(
            "no read sets were chosen: give their ARNs or ids, or filters such as --sample; --status ARCHIVED takes all"
            " that are archived"
        )
    return search_for(search, attributes=("set_status", "set_total_size"))


_Start = Callable[[Sequence[ReadSetArn]], str]
"""Starts a job for read sets of one store, and returns its id."""


def _starter(profile: str | None, max_tps: str | None) -> _Start:
    if max_tps is not None and "=" in max_tps:
        raise CommandError(f"--max-tps {max_tps!r}: there is one operation alone, so give its number")
    rates = rates_of([max_tps] if max_tps is not None else [])

    @cache  # a table can have rows of several regions, each of which has its own HealthOmics
    def client(region: str) -> "OmicsClient":
        return omics_client(Session(profile, region), max_tps=rates)

    def start(arns: Sequence[ReadSetArn]) -> str:
        job = client(arns[0].region).start_read_set_activation_job(
            sequenceStoreId=arns[0].store_id,
            clientToken=uuid.uuid4().hex,  # so that a call whose answer was lost starts no second job
            sources=[{"readSetId": arn.read_set_id} for arn in arns],
        )
        return job["id"]

    return start


def _start_jobs(work: _Work, start: _Start, reporter: Reporter) -> None:
    for arns in work.chunks:
        done_before, failed_before = work.started, len(work.failures)
        _start(work, start, arns)
        counts = Counter(activating=work.started - done_before, failed=len(work.failures) - failed_before)
        reporter.batch(+counts, f"store {arns[0].store_id}")


def _start(work: _Work, start: _Start, arns: Sequence[ReadSetArn]) -> None:
    """Start a job; where it is refused as a whole, start one for each read set, to find out which are refused."""
    try:
        work.jobs.append(_Job(arns, start(arns)))
    except EXPECTED_ERRORS as error:
        if is_fatal(error) or (is_denied(error) and not work.jobs):
            if work.jobs:
                error.add_note(f"{counted(work.started, 'read set')} are activating; run this again for the others")
            raise
        if len(arns) > 1 and error_code(error) in _OF_READ_SETS:
            for arn in arns:
                _start(work, start, [arn])
        else:
            work.failures += [(str(arn), describe_error(error)) for arn in arns]


def _wait(work: _Work, table: Table, reporter: Reporter) -> None:
    """Look at the rows again and again, until all say ACTIVE, or no change is to be expected."""
    statuses = dict.fromkeys(work.activating, _ACTIVATING)
    statuses |= {str(arn): _ARCHIVED for job in work.jobs for arn in job.arns}
    job_of = {str(arn): job for job in work.jobs for arn in job.arns}
    work.activated = 0
    if statuses:
        print_note(f"waiting until the rows of table {table.name} say ACTIVE; HealthOmics itself is not asked")
    reporter.begin("waiting")
    changed_at = time.monotonic()
    for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
        rows = {row[KEY]: row for page in read_named(table, list(statuses)) for row in page}
        for arn, before in list(statuses.items()):
            status = rows[arn].get("set_status") if arn in rows else None
            if status != before:
                changed_at = time.monotonic()
            if status in {_ARCHIVED, _ACTIVATING}:
                statuses[arn] = status
                continue
            del statuses[arn]
            if status == ACTIVE:
                work.activated += 1
                reporter.advance()
            else:
                work.failures.append((arn, f"its row says {status}" if status else "its row is gone"))
        if not statuses:
            return
        longest = _STALLED_ACTIVATING_SECONDS if _ACTIVATING in statuses.values() else _STALLED_SECONDS
        if time.monotonic() - changed_at >= longest:
            work.failures += [(arn, _stalled(status, job_of.get(arn))) for arn, status in statuses.items()]
            return
        time.sleep(pause)


def _stalled(status: str, job: _Job | None) -> str:
    asked = f", and `aws omics get-read-set-activation-job --id {job.id}` of its job" if job else ""
    return f"its row still says {status}: ask `omics-meta verify` whether the table follows{asked}"


def _print(work: _Work, *, dry_run: bool) -> None:
    for arn in work.archived if dry_run else ():
        print_line(f"would be activated: {arn}")
    for arn, reason in work.failures:
        print_line(f"failed {arn}: {reason}")
    verb = "would be" if dry_run else "was"
    jobs = f"activation of {counted(work.started, 'read set')} in {counted(len(work.jobs), 'job')} {verb} started"
    print_line(jobs if work.jobs else f"nothing {verb} activated")
    if work.activated is not None:
        print_line(f"{counted(work.activated, 'read set')} became active")


def _document(work: _Work, about: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    tally = work.tally
    return {
        **about,
        "dry_run": dry_run,
        "archived": tally.count,
        "bytes": None if tally.unknown and tally.unknown == tally.count else tally.size,
        "bytes_unknown": tally.unknown,
        "active": work.active,
        "activating": len(work.activating),
        "jobs": [
            {"job_id": job.id, "store_id": job.arns[0].store_id, "set_arns": [str(arn) for arn in job.arns]}
            for job in work.jobs
        ],
        "activated": work.activated,
        "failures": [{**identity(arn), "reason": reason} for arn, reason in work.failures],
    }
