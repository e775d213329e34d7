"""What the function does about every error of every operation: docs/errors.md, line by line."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from omics_sandbox import Sandbox
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from tests.faults.matrix import REPLY_LOST, Case, cases
from tests.readset_sync.function import Function, event, own_message, record

ALL = list(cases())
LATER = datetime(2099, 1, 1, tzinfo=UTC)
"""Later than what the rows know, so that the status is taken from the event."""
REFRESH = {
    "GetItem",
    "GetReadSetMetadata",
    "GetReferenceMetadata",
    "ListTagsForResource",
    "GetSequenceStore",
    "PutItem",
}
CALLS = {
    "refresh": REFRESH,
    "status": {"UpdateItem"},
    "refresh of a ghost": {"GetItem", "GetReadSetMetadata", "DeleteItem"},
    # It waits behind the refresh of the ghost, and goes back with it.
    "removal": {"GetItem", "GetReadSetMetadata", "DeleteItem"},
    "upload": set[str](),
    "reconciliation": {"ListSequenceStores", "SendMessageBatch"},
    "step": {
        "Scan",
        "GetSequenceStore",
        "ListReadSets",
        "GetReferenceMetadata",
        "BatchGetItem",
        "SendMessageBatch",
    },
}
"""The messages of the batch, and what is called for each."""


@dataclass(frozen=True)
class Done:
    """What became of a batch: the messages that go back to the queue, the errors in the log, and what was called."""

    returned: set[str]
    logged: list[str]
    calls: Counter[str]


Run = Callable[[], Done]


@pytest.fixture
def run(scene: Any, clients: Any, queue_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Applies one batch with a message of each kind."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Test")
    scene.restore()
    source, table = HealthOmics(clients.omics), Table(clients.dynamodb, scene.table)
    synchronizer = Synchronizer(source, table)
    account, region = scene.sandbox.account, scene.sandbox.region
    sender = MessageSender(clients.sqs, queue_url, account=account, region=region)
    reconciler = Reconciler(source, table, synchronizer, sender, account=account, region=region, max_age=None)
    function = Function(synchronizer, reconciler, sender, max_receives=1)
    within = f"{scene.stale.store_arn}/"
    step = ReconciliationStep(
        "run", 0, datetime.now(UTC), within, (scene.store_id,), Phase.ROWS, None, BucketChecksums(), {}
    )
    records = [
        record("refresh", event(scene.stale, time=LATER)),
        record("status", event(scene.archived, "ACTIVATING", time=LATER)),
        record("refresh of a ghost", event(scene.ghost, time=LATER)),
        record("removal", event(scene.ghost, "DELETED", time=LATER)),
        record("upload", event(scene.missing, "PROCESSING_UPLOAD", time=LATER)),
        record("reconciliation", own_message("Reconcile", time=LATER)),
        record("step", own_message("Reconcile Step", step.write(), time=LATER)),
    ]

    def run() -> Done:
        returned = set(function.consume(*records))
        calls = clients.injection.calls.copy()
        clients.injection.clear()
        return Done(returned, [line["reason"] for line in function.log if line["level"] == "ERROR"], calls)

    return run


@pytest.fixture(scope="module")
def queue_url(sandbox: Sandbox) -> str:
    return sandbox.client("sqs").create_queue(QueueName="queue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def test_the_function_calls_what_is_documented_and_nothing_else(clients: Any, run: Run) -> None:
    clients.injection.clear()

    done = run()

    assert done.returned == set()
    assert done.calls.keys() == {case.operation for case in ALL if case.function}


@pytest.mark.parametrize("case", [case for case in ALL if case.function], ids=str)
def test_given_an_error_when_a_batch_meets_it_then_it_does_what_is_documented(
    case: Case, scene: Any, clients: Any, run: Run
) -> None:
    clients.injection.set(case.error, case.operation)

    done = run()

    rows = scene.rows()
    match case.function:
        case "returned":
            affected = {message for message, calls in CALLS.items() if case.operation in calls}
            assert done.returned == affected
            assert len(done.logged) == len(affected - {"removal"})  # which is held back
        case "row deleted":
            assert done.returned == set()
            assert rows.keys() == {str(scene.archived)}
            return
        case "left out":
            assert done.returned == set()
            assert rows[str(scene.stale)]["set_reference_name"] == "GRCh38", "as it was"
        case "refreshed":
            assert done.returned == set()
            assert rows[str(scene.archived)]["tags"] == [{"label": "changed"}]
        case _:
            pytest.fail(f"docs/errors.md has no such reaction: {case.function}")
    gone = set[str]() if "removal" in done.returned and case.error != REPLY_LOST else {str(scene.ghost)}
    assert rows.keys() == scene.initial_rows().keys() - gone
    stale = rows[str(scene.stale)]
    assert stale == scene.initial_rows()[str(scene.stale)] or stale["set_name"] == "renamed"
