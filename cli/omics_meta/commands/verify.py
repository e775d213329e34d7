"""`omics-meta verify`."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from readset_sync.model.timestamp import format_timestamp
from readset_sync.model.trust import TRUSTED
from readset_sync.stores.verification import DriftStatus, ReadSetResult, RowDrift, StoreListing, Verifier

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.checks import check_pipeline, print_checks
from omics_meta.pipeline.probe import PROBE
from omics_meta.pipeline.probe import probe as probe_pipeline
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import Connection, connect
from omics_meta.selection.rates import rates_of, workers
from omics_meta.selection.target import Selection, resolve
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import counted, counts_document, identity, ids, print_counts, print_json, print_line
from omics_meta.terminal.progress import Reporter, reporting

_COLUMNS: Final = tuple(DriftStatus)

AGAIN_SECONDS = 15
"""After which rows that differ are looked at again: an event becomes a row within seconds."""

_MOST_IN_FLIGHT: Final = 200
"""Differences beyond which nobody takes them to be in flight: to look at them again would take minutes."""


@dataclass(slots=True)
class _Report:
    """What was found, store by store, and what came of repairing it, by ARN."""

    counts: dict[str, Counter[str]]
    checks: list[Check]
    drift: list[RowDrift] = field(default_factory=list[RowDrift])
    repaired: dict[str, ReadSetResult] = field(default_factory=dict[str, ReadSetResult])

    def add(self, findings: Iterable[RowDrift]) -> None:
        """Take note of a page."""
        for finding in findings:
            self.counts.setdefault(ids(finding.arn)[0], Counter())[finding.status] += 1
            if finding.status is not DriftStatus.IN_SYNC:
                self.drift.append(finding)

    def revise(self, findings: Iterable[RowDrift]) -> None:
        """Take other findings in place of all that differ."""
        for finding in self.drift:
            self.counts[ids(finding.arn)[0]][finding.status] -= 1
        self.drift = []
        self.add(findings)

    def is_repaired(self, finding: RowDrift) -> bool:
        """Whether a row is now what its read set is."""
        result = self.repaired.get(finding.arn)
        return result is not None and result.change is not None

    def reason(self, finding: RowDrift) -> str:
        """Why a row could not be judged, or not be repaired; or ""."""
        result = self.repaired.get(finding.arn)
        return finding.reason if result is None else result.reason

    @property
    def in_sync(self) -> bool:
        """Whether all is well now."""
        return all(map(self.is_repaired, self.wrong)) and all(check.passed for check in self.checks)

    @property
    def wrong(self) -> list[RowDrift]:
        """What differed and goes on to."""
        return [finding for finding in self.drift if finding.status is not DriftStatus.IN_FLIGHT]


def run(
    selection: Selection, *, deep: bool, repair: bool, probe: bool, max_tps: Sequence[str], as_json: bool
) -> ExitCode:
    """Compare source and table for the chosen stores, and check the pipeline when a stack was named."""
    rates = rates_of(max_tps)
    target = resolve(selection)
    if probe and target.outputs is None:
        raise CommandError("--probe sends a message through a stack: name it with --stack NAME, or --outputs FILE")
    connection = connect(target, max_tps=rates)
    stack = None if target.outputs is None else Stack(connection.session, target.outputs)
    # First, because it takes seconds, and ends the command where the outputs are not a pipeline's.
    report = _Report({store_id: Counter() for store_id in connection.store_ids}, check_pipeline(stack) if stack else [])
    with ThreadPoolExecutor(workers(rates)) as executor, reporting() as reporter:
        verifier = Verifier(
            connection.source,
            connection.table,
            executor,
            bulk=None if deep else connection.bulk,
            on_read_set=reporter.advance,
        )
        for findings in _examine(verifier, connection, reporter, deep=deep):
            reporter.batch(Counter(finding.status for finding in findings))
            report.add(findings)
        if 0 < len(report.drift) <= _MOST_IN_FLIGHT:
            reporter.begin("rows that differ, once more")
            time.sleep(AGAIN_SECONDS)
            report.revise(verifier.look_again(report.drift))
        if repair:
            reporter.begin("repair")
            report.repaired = {result.arn: result for result in verifier.repair(report.wrong)}
    if stack and probe:
        report.checks += probe_pipeline(stack, connection.source, connection.store_ids)
    if as_json:
        print_json(_document(connection, report, deep=deep))
    else:
        _print(connection, report, deep=deep, repair=repair)
    return ExitCode.DONE if report.in_sync else ExitCode.FOUND_WRONG


def _examine(verifier: Verifier, connection: Connection, reporter: Reporter, *, deep: bool) -> Iterator[list[RowDrift]]:
    listings: list[StoreListing] = []
    for store_id in connection.store_ids:
        reporter.begin(f"store {store_id}")
        listing = StoreListing(connection.source.store(store_id).metadata["arn"])
        yield from verifier.verify(store_id, listing, deep=deep)
        listings.append(listing)
    reporter.begin("rows without a read set")
    yield verifier.orphans(listings, every_store=connection.every_store)


def _document(connection: Connection, report: _Report, *, deep: bool) -> dict[str, Any]:
    return {
        "command": "verify",
        "in_sync": report.in_sync,
        "deep": deep,
        "tags_in_bulk": str(connection.bulk.trust),
        "tags_told": connection.bulk.trust.coverage,
        "table": connection.table.name,
        "account": connection.account,
        "region": connection.region,
        "finished": format_timestamp(datetime.now(UTC)),
        **counts_document(_COLUMNS, report.counts),
        "repaired": sum(map(report.is_repaired, report.drift)),
        "differences": [
            {
                **identity(finding.arn),
                "state": finding.status,
                "fields": list(finding.fields),
                "reason": report.reason(finding),
                "repaired": report.is_repaired(finding),
            }
            for finding in report.drift
        ],
        "pipeline": [check.document for check in report.checks],
    }


def _tags(connection: Connection) -> str:
    trust = connection.bulk.trust
    if str(trust) != TRUSTED:
        return f"Tags not compared (in bulk: {trust})"
    return f"Tags compared in bulk: of {trust.told:,} of {counted(trust.listed, 'read set')}"


def _print(connection: Connection, report: _Report, *, deep: bool, repair: bool) -> None:
    for finding in report.drift:
        details = report.reason(finding) or ", ".join(finding.fields)
        done = "repaired: " if report.is_repaired(finding) else ""
        print_line(f"{done}{finding.status} {finding.arn}{f': {details}' if details else ''}")
    print_checks(report.checks, shown=PROBE)
    print_counts(f"Rows of table {connection.table.name} in {connection.region}", _COLUMNS, report.counts.items())
    if repair and report.wrong:
        repaired = sum(map(report.is_repaired, report.wrong))
        print_line(f"Repaired after that: {repaired} of {counted(len(report.wrong), 'difference')}.")
    if not deep:
        print_line(f"{_tags(connection)}. --deep reads files and tags, at two calls per read set.")
