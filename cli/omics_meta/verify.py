"""`omics-meta verify`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from readset_sync.backfill import Finding, Listing, State, StoreWalker

from omics_meta.connection import Connection, connect
from omics_meta.exits import ExitCode
from omics_meta.output import ids, print_counts, print_json, print_line
from omics_meta.pipeline import Check, check_pipeline
from omics_meta.progress import Reporter, reporting
from omics_meta.rates import rates_of, workers
from omics_meta.target import Selection, resolve

_COLUMNS: Final = tuple(State)


def run(selection: Selection, *, deep: bool, max_tps: Sequence[str], as_json: bool) -> ExitCode:
    """Compare source and table for the chosen stores, and check the pipeline when a stack was named.

    Raises:
        CommandError, SetupError, ClientError, BotoCoreError: The work could not be done at all.
    """
    rates = rates_of(max_tps)
    target = resolve(selection)
    connection = connect(target, max_tps=rates)
    # First, because it takes seconds, and ends the command where the outputs are not a pipeline's.
    checks = [] if target.outputs is None else check_pipeline(connection.session, target.outputs)
    counts: dict[str, Counter[str]] = {store_id: Counter() for store_id in connection.store_ids}
    drift: list[Finding] = []
    with reporting() as reporter, ThreadPoolExecutor(workers(rates)) as executor:
        walker = StoreWalker(connection.source, connection.table, executor, on_read_set=reporter.advance)
        for findings in _examine(walker, connection, reporter, deep=deep):
            reporter.batch(Counter(finding.state for finding in findings))
            for finding in findings:
                counts.setdefault(ids(finding.arn)[0], Counter())[finding.state] += 1
                if finding.state is not State.IN_SYNC:
                    drift.append(finding)
    in_sync = not drift and all(check.passed for check in checks)
    if as_json:
        print_json(_document(connection, counts, drift, checks, in_sync=in_sync, deep=deep))
    else:
        _print(connection, counts, drift, checks, deep=deep)
    return ExitCode.DONE if in_sync else ExitCode.FOUND_WRONG


def _examine(walker: StoreWalker, connection: Connection, reporter: Reporter, *, deep: bool) -> Iterator[list[Finding]]:
    listings: list[Listing] = []
    for store_id in connection.store_ids:
        reporter.begin(f"store {store_id}")
        listing = Listing(connection.source.store(store_id).metadata["arn"])
        yield from walker.verify(store_id, listing, deep=deep)
        listings.append(listing)
    reporter.begin("rows without a read set")
    yield walker.orphans(listings, every_store=connection.every_store)


def _document(
    connection: Connection,
    counts: dict[str, Counter[str]],
    drift: list[Finding],
    checks: list[Check],
    *,
    in_sync: bool,
    deep: bool,
) -> dict[str, Any]:
    return {
        "command": "verify",
        "in_sync": in_sync,
        "deep": deep,
        "table": connection.table.name,
        "region": connection.region,
        "stores": [{"store_id": store_id, **_named(of_store)} for store_id, of_store in counts.items()],
        "totals": _named(sum(counts.values(), Counter[str]())),
        "differences": [
            {
                "set_arn": finding.arn,
                "store_id": ids(finding.arn)[0],
                "set_id": ids(finding.arn)[1],
                "state": finding.state,
                "fields": list(finding.fields),
                "reason": finding.reason,
            }
            for finding in drift
        ],
        "pipeline": [
            {"check": check.name, "passed": check.passed, "found": check.found, "remedy": check.remedy}
            for check in checks
        ],
    }


def _print(
    connection: Connection, counts: dict[str, Counter[str]], drift: list[Finding], checks: list[Check], *, deep: bool
) -> None:
    for finding in drift:
        details = finding.reason or ", ".join(finding.fields)
        print_line(f"{finding.state} {finding.arn}{f': {details}' if details else ''}")
    broken = [check for check in checks if not check.passed]
    for check in broken:
        print_line(f"broken pipeline: {check.name}: {check.found}")
        print_line(f"  to mend it: {check.remedy}")
    if checks:
        print_line(f"pipeline: {len(checks) - len(broken)} of {len(checks)} checks passed")
    print_counts(f"Rows of table {connection.table.name} in {connection.region}", _COLUMNS, counts.items())
    if not deep:
        print_line("Files and tags were not read from the source: --deep does, at two calls per read set.")


def _named(counts: Counter[str]) -> dict[str, int]:
    return {column: counts[column] for column in _COLUMNS}
