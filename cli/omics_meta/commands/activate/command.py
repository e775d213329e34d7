"""What `omics-meta activate` does from its options to its exit code."""

from collections.abc import Mapping, Sequence
from typing import Any

from omics_meta.commands.activate.starting import Job, Starter, Work, start_jobs
from omics_meta.commands.activate.waiting import wait_for_rows
from omics_meta.search.filters import Filters, Search
from omics_meta.search.searching import Found, look_up, search_for
from omics_meta.selection.session import Session
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import check_can_ask, confirm, counted, identity, print_json, print_line
from omics_meta.terminal.progress import reporting


def activate(
    search: Search, names: Sequence[str], *, yes: bool, dry_run: bool, wait: bool, max_tps: str | None, as_json: bool
) -> ExitCode:
    """Activate the archived ones of the read sets that are named, or that fit the filters."""
    [selection] = search.selections
    starter = Starter(selection.profile, max_tps)
    _check(yes=yes, dry_run=dry_run, wait=wait)
    found = _chosen(search, names)
    [table] = found.tables.connections
    sts = Session(selection.profile, table.region).client("sts")
    work, count = Work(account=sts.get_caller_identity()["Account"]), 0
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
    if work.archived and not (yes or dry_run):
        confirm(
            f"Activate {counted(work.tally.count, 'read set')} (size: {work.tally.size_text})?",
            declined="nothing was activated: answer y to activate, or look with --dry-run first",
        )
    try:
        if dry_run:
            work.jobs = [Job(arns, None) for arns in work.chunks]
        else:
            with reporting() as reporter:
                start_jobs(work, starter, reporter)
                if wait:
                    wait_for_rows(work, table.table, reporter)
    finally:  # whatever ended it, nobody else knows the ids of the jobs
        if as_json:
            print_json(_document(work, table.about("activate"), dry_run=dry_run))
        else:
            _print(work, dry_run=dry_run)
    return ExitCode.FOUND_WRONG if work.failures or work.unanswered else code


def _check(*, yes: bool, dry_run: bool, wait: bool) -> None:
    if dry_run and wait:
        raise CommandError("--dry-run and --wait contradict each other: give one of them")
    if not (yes or dry_run):
        check_can_ask("active storage costs more than archived", "give --yes, or --dry-run")


def _chosen(search: Search, names: Sequence[str]) -> Found:
    if names and search.filters != Filters():
        raise CommandError(f"{names[0]} and filters contradict each other: give read sets, or filters")
    if names:
        return look_up(search.selections, names)
    if search.filters == Filters():
        raise CommandError(
            "no read sets were chosen: give their ARNs or ids, or filters such as --sample; --status ARCHIVED takes all"
            " that are archived"
        )
    return search_for(search, attributes=("set_status", "set_total_size"))


def _print(work: Work, *, dry_run: bool) -> None:
    for arn in work.archived if dry_run else ():
        print_line(f"would be activated: {arn}")
    for arn, reason in work.failures:
        print_line(f"failed {arn}: {reason}")
    for arn, reason in work.unanswered:
        print_line(f"unanswered {arn}: {reason}")
    verb = "would be" if dry_run else "was"
    jobs = f"activation of {counted(work.started, 'read set')} in {counted(len(work.jobs), 'job')} {verb} started"
    if work.unanswered:
        print_line(f"{counted(len(work.unanswered), 'read set')} may have been started")
    if work.jobs or not work.unanswered:
        print_line(jobs if work.jobs else f"nothing {verb} activated")
    if work.activated is not None:
        print_line(f"{counted(work.activated, 'read set')} became active")


def _document(work: Work, about: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
    tally = work.tally
    return {
        **about,
        "dry_run": dry_run,
        "archived": tally.count,
        "bytes": tally.known_size,
        "bytes_unknown": tally.unknown,
        "active": work.active,
        "activating": len(work.activating),
        "jobs": [
            {"job_id": job.id, "store_id": job.arns[0].store_id, "set_arns": [str(arn) for arn in job.arns]}
            for job in work.jobs
        ],
        "activated": work.activated,
        "failures": [{**identity(arn), "reason": reason} for arn, reason in work.failures],
        "unanswered": [{**identity(arn), "reason": reason} for arn, reason in work.unanswered],
    }
