"""`omics-meta backfill`."""

import sys
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import typer
from readset_sync.aws.clients import MAX_THREADS
from readset_sync.model.comparison import RefreshScope
from readset_sync.model.errors import EXPECTED_ERRORS, TableError
from readset_sync.model.trust import Trust
from readset_sync.stores.backfill import Backfill, BackfillPass, Batch, PendingRefreshes
from readset_sync.stores.verification import DriftStatus, ReadSetResult, RowDrift, StoreListing, Verifier
from readset_sync.sync import Change, Outcome

from omics_meta.commands.backfill.again import Steps, by_store, trying_again
from omics_meta.commands.backfill.max_age import command_to_resume, since_of
from omics_meta.commands.backfill.queued_refresh import QueuedRefresh
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.connection import Connection, connect
from omics_meta.selection.rates import rates_of, workers
from omics_meta.selection.target import Selection, Target, resolve
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.output import counts_document, identity, print_counts, print_json, print_line, print_note
from omics_meta.terminal.progress import Reporter, reporting

_FAILED: Final = "failed"
_COLUMNS: Final = (
    Outcome.LISTED,
    Outcome.ENQUEUED,
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.DELETED,
    _FAILED,
)

_WORDS: Final[Mapping[str, str]] = {Outcome.LISTED: "from listing"}
"""What people read instead of the name of a count: "listed" would be taken for all that the listing has."""

_COUNTER: Final = {BackfillPass.LISTING: "listed", BackfillPass.REFRESH: "refreshed"}
"""Under what a pass counts its read sets on a terminal."""

_PLANNED: Final = {
    DriftStatus.MISSING: Outcome.CREATED,
    DriftStatus.STALE: Outcome.UPDATED,
    DriftStatus.ORPHANED: Outcome.DELETED,
    DriftStatus.IN_SYNC: Outcome.UNCHANGED,
}
"""What a backfill would do about each state of a row."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a backfill is to do, as the options of those names say it."""

    prune: bool
    dry_run: bool
    max_age: str
    tags: bool
    listing_pass: bool
    via_queue: bool
    wait: bool

    def check(self, target: Target) -> None:
        """Make sure that they fit together, and to what is to be filled."""
        if not self.wait and not self.via_queue:
            raise CommandError("--no-wait needs --via-queue: give both, or neither")
        if self.via_queue and target.outputs is None:
            raise CommandError("--via-queue needs a stack with a queue: name it with --stack NAME, or --outputs FILE")
        if self.via_queue and not self.tags:
            raise CommandError("--via-queue and --no-tags contradict each other: the pipeline reads all tags")
        if self.via_queue and not self.listing_pass:
            raise CommandError(
                "--via-queue and --no-listing-pass contradict each other: listings say what is put into the queue"
            )


def run(selection: Selection, options: Options, *, max_tps: Sequence[str], as_json: bool) -> ExitCode:
    """Backfill the chosen stores.

    Raises:
        CommandError, SetupError, ClientError, BotoCoreError: The work could not be done at all.
    """
    rates = rates_of(max_tps)
    since_of(options.max_age, datetime.now(UTC))  # refuses what is no age before anything is asked
    target = resolve(selection)
    options.check(target)
    connection = connect(target, max_tps=rates)
    began = connection.asked_at
    scope = RefreshScope(tags=options.tags, since=since_of(options.max_age, began))
    # Store by store: those that were chosen, and those that are gone and have rows pruned.
    done = {store_id: Counter[str]() for store_id in connection.store_ids}
    listed: dict[str, list[dict[str, Any]]] = {"failures": [], **({"changes": []} if options.dry_run else {})}
    with (
        ThreadPoolExecutor(workers(rates)) as executor,
        ThreadPoolExecutor(MAX_THREADS) as listing_executor,  # writes rows, which no quota of HealthOmics slows down
        reporting() as reporter,
        _resumable(scope.since or began, connection.bulk.trust),
    ):
        queued_refresh = None
        if options.via_queue and target.outputs is not None:
            stack = Stack(connection.session, target.outputs)
            queued_refresh = QueuedRefresh(connection, stack, began=began, reporter=reporter, wait=options.wait)
        work = _Work(connection, executor, listing_executor, reporter, scope, options, queued_refresh)
        for label, store_id, results in work.dry_run() if options.dry_run else work.apply():
            batch = Counter(_counted(each.change) for each in results)
            done.setdefault(store_id, Counter()).update(batch)
            reporter.batch(_in_words(batch), label)
            if not as_json:
                _print_batch(results, dry_run=options.dry_run)
                continue
            listed["failures"] += [
                {**identity(each.arn), "reason": each.reason} for each in results if each.change is None
            ]
            if options.dry_run:
                listed["changes"] += [
                    {"set_arn": each.arn, "outcome": each.change.outcome, "fields": list(each.change.fields)}
                    for each in results
                    if each.change and _is_change(each)
                ]
    with _resumable(scope.since or began, connection.bulk.trust):
        _print(connection, done, listed if as_json else None, dry_run=options.dry_run)
    return ExitCode.FOUND_WRONG if any(counts[_FAILED] for counts in done.values()) else ExitCode.DONE


def _print(
    connection: Connection,
    done: Mapping[str, Counter[str]],
    listed: Mapping[str, list[dict[str, Any]]] | None,
    *,
    dry_run: bool,
) -> None:
    """Print the counts: as a JSON document with what is `listed`, or for people."""
    if listed is not None:
        document: dict[str, Any] = {
            "command": "backfill",
            "dry_run": dry_run,
            "table": connection.table.name,
            "region": connection.region,
            **counts_document(_COLUMNS, done),
            **listed,
        }
        print_json(document)
    else:
        title = f"Rows of table {connection.table.name} in {connection.region}"
        counts = [(store_id, _in_words(of_store)) for store_id, of_store in done.items()]
        columns = [_WORDS.get(column, column) for column in _COLUMNS]
        print_counts(f"{title} (dry run)" if dry_run else title, columns, counts)
        if dry_run:
            print_line("Files and tags were not read one by one: a row may count as unchanged although they changed.")


@contextmanager
def _resumable(since: datetime, trust: Trust) -> Generator[None]:
    """Name the command that goes on without what was synced since, whatever ends this block early.

    Once tags in bulk have proved wrong, rows that were synced since may have them: it leaves none then.
    """

    def remedy() -> str:
        command = command_to_resume(sys.argv[1:], None if trust.contradiction else since)
        return f"Rows that were written stay. To go on, run: {command}"

    try:
        yield
    except KeyboardInterrupt:
        # Said before the threads have ended what they are at, because a second interruption does not wait for them.
        print_note(f"interrupted. {remedy()}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except TableError:
        raise  # its rows are gone with it
    except (*EXPECTED_ERRORS, OSError) as error:
        error.add_note(remedy())
        raise


class _Work:
    """The steps of a backfill."""

    def __init__(
        self,
        connection: Connection,
        executor: Executor,
        listing_executor: Executor,
        reporter: Reporter,
        scope: RefreshScope,
        options: Options,
        queued_refresh: QueuedRefresh | None,
    ) -> None:
        source, table = connection.source, connection.table
        self._connection = connection
        self._reporter = reporter
        self._scope = scope
        self._options = options
        self._queued_refresh = queued_refresh
        # What one pass takes could not be taken back.
        bulk = connection.bulk if options.listing_pass else None
        self._verifier = Verifier(source, table, executor, bulk=bulk, on_read_set=reporter.advance)
        self._backfill = Backfill(
            source,
            table,
            executor,
            scope,
            listing_executor=listing_executor,
            bulk=bulk,
            on_read_set=lambda done_in: reporter.advance(_COUNTER[done_in]),
        )

    def apply(self) -> Steps:
        """Refresh rows, and prune if that was asked for."""
        passes = self._in_two_passes() if self._options.listing_pass else self._in_one_pass()
        yield from trying_again(passes, self._backfill.refresh_again, self._reporter)
        if self._options.prune:
            self._reporter.begin("prune")
            # Listed anew, because read sets may have gone since their rows were written.
            listings = [self._verifier.listing(store_id) for store_id in self._connection.store_ids]
            results = self._verifier.prune(listings, every_store=self._connection.every_store)
            yield from trying_again(
                by_store("prune", results), lambda arns: [self._verifier.prune_again(arns)], self._reporter
            )

    def dry_run(self) -> Steps:
        """Tell what `apply` would do, as far as listings show it."""
        listings: list[StoreListing] = []
        for store_id in self._connection.store_ids:
            label = f"store {store_id}"
            self._reporter.begin(label)
            listing = StoreListing(self._store_arn(store_id))
            for findings in self._verifier.dry_run(store_id, listing, self._scope):
                yield label, store_id, [_planned(finding) for finding in findings]
            listings.append(listing)
        if self._options.prune:
            self._reporter.begin("prune")
            orphans = self._verifier.orphans(listings, every_store=self._connection.every_store)
            yield from by_store("prune", [_planned(finding) for finding in orphans])

    def _in_one_pass(self) -> Steps:
        for store_id in self._connection.store_ids:
            yield from map(_step, self._backfill.in_one_pass(store_id))

    def _in_two_passes(self) -> Steps:
        stores = [PendingRefreshes(self._store_arn(store_id)) for store_id in self._connection.store_ids]
        listing = (batch for pending in stores for batch in self._backfill.create_listed_rows(pending))
        if self._queued_refresh is None:
            yield from map(_step, self._backfill.refresh_pending(stores, listing))
            return
        yield from map(_step, listing)
        for pending in stores:
            for results in self._queued_refresh.send(pending):
                yield f"store {pending.store_id}", pending.store_id, results
        for results in self._queued_refresh.follow():
            yield from by_store("pipeline", results)

    def _store_arn(self, store_id: str) -> str:
        return self._connection.source.store(store_id).metadata["arn"]


def _step(batch: Batch) -> tuple[str, str, list[ReadSetResult]]:
    prefix = "listing of " if batch.done_in is BackfillPass.LISTING else ""
    return f"{prefix}store {batch.store_id}", batch.store_id, batch.results


def _planned(finding: RowDrift) -> ReadSetResult:
    # An orphan with a reason is no read set's row at all, so no 404 can prove that it may go.
    if finding.status is DriftStatus.FAILED or (finding.status is DriftStatus.ORPHANED and finding.reason):
        return ReadSetResult(finding.arn, None, finding.reason)
    return ReadSetResult(finding.arn, Change(_PLANNED[finding.status], finding.fields))


def _print_batch(results: Iterable[ReadSetResult], *, dry_run: bool) -> None:
    for result in results:
        if result.change is None:
            print_line(f"failed {result.arn}: {result.reason}")
        elif dry_run and _is_change(result):
            fields = ", ".join(result.change.fields)
            print_line(f"would be {result.change.outcome}: {result.arn}{f' ({fields})' if fields else ''}")


def _in_words(counts: Counter[str]) -> Counter[str]:
    return Counter({_WORDS.get(name, name): count for name, count in counts.items()})


def _is_change(result: ReadSetResult) -> bool:
    return result.change is not None and _counted(result.change) != Outcome.UNCHANGED


def _counted(change: Change | None) -> str:
    if change is None:
        return _FAILED
    # A read set that went before it ever had a row left nothing to do.
    return Outcome.UNCHANGED if change.outcome is Outcome.ABSENT else change.outcome
