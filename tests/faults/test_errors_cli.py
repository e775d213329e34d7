"""What the commands do about the errors of all operations: docs/errors.md, line by line."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from omics_meta.app import app
from omics_meta.commands.backfill import queued_refresh
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.messages.queue_message import RefreshRequest, parse_message
from readset_sync.stores.backfill import Backfill
from readset_sync.sync import Synchronizer
from typer.testing import CliRunner

from tests.faults.matrix import REPLY_LOST, Case, cases

ALL = list(cases())
COMMANDS = {
    "backfill": ("backfill", "--prune"),
    "verify": ("verify", "--deep"),
    "repair": ("verify", "--deep", "--repair"),
}
"""By their column on the page; that through the queue needs one."""

CODES = {"stops": 2, "failed": 1, "orphaned": 1, "left": 0, "gone already": 0, "row deleted": 0, "enqueued": 0}
"""The exit code of a command, by the reaction that is documented."""
FOUND = {"backfill": 0, "via_queue": 0, "verify": 1, "repair": 0}
"""The exit code of a command that meets no error, by column."""

PROOFS = ("GetReadSetMetadata", "ListTagsForResource")
"""The calls that could tell that a read set is gone."""


@dataclass(frozen=True)
class Ended:
    """How a command ended; the JSON that it printed, if it did its work."""

    code: int
    document: Any
    said: str
    calls: set[str]

    @property
    def totals(self) -> dict[str, int]:
        return self.document["totals"]


Run = Callable[..., Ended]


def played() -> Iterator[tuple[str, Case]]:
    """The errors that each command meets: of each operation, each kind by every command, and each error by one."""
    alike: dict[tuple[str, str], list[Case]] = {}
    for case in ALL:
        alike.setdefault((case.operation, case.kind), []).append(case)
    for group in alike.values():
        columns = [column for column in (*COMMANDS, "via_queue") if getattr(group[0], column)]
        for number, column in enumerate(columns):
            for case in group[number :: len(columns)] or [group[number % len(group)]]:
                yield column, case


@pytest.fixture
def run(scene: Any, clients: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process, for all stores."""
    for name, value in scene.sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("omics_meta.selection.connection.omics_client", Mock(return_value=clients.omics))
    monkeypatch.setattr("omics_meta.selection.connection.dynamodb_client", Mock(return_value=clients.dynamodb))
    # Without tags in bulk, so that a command makes all the calls that it can; tests/readset_sync has their errors.
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetResources")
    tagging = Mock(**{"get_resources.side_effect": denied})
    monkeypatch.setattr("omics_meta.selection.connection.tagging_client", Mock(return_value=tagging))
    scene.restore()

    def run(command: str, *options: str) -> Ended:
        arguments = [command, "--all-stores", "-t", scene.table, "-r", scene.sandbox.region, "--json", *options]
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, SystemExit | None), "no traceback reaches the user"
        calls = set(clients.injection.calls)
        clients.injection.clear()
        return Ended(result.exit_code, json.loads(result.stdout or "{}"), result.stderr, calls)

    return run


@pytest.fixture
def via_queue(scene: Any, clients: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The command of a backfill through a pipeline that works off its queue whenever the command waits."""
    sqs = scene.sandbox.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{uuid4().hex}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    outputs = tmp_path / "outputs.json"
    outputs.write_text(
        json.dumps({"tableName": scene.table, "region": scene.sandbox.region, "queueUrl": url}), encoding="utf-8"
    )
    synchronizer = Synchronizer(HealthOmics(scene.sandbox.client("omics")), Table(scene.dynamodb, scene.table))
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            request = parse_message(each["Body"])
            assert isinstance(request, RefreshRequest)
            synchronizer.refresh(request.arn, store_after=request.time)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

    monkeypatch.setattr(queued_refresh, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: now))
    monkeypatch.setattr(queued_refresh, "sqs_client", Mock(return_value=clients.sqs))
    return "backfill", "--via-queue", "--outputs", str(outputs)


def check_failed(ended: Ended, column: str) -> None:
    """Check that a command counted what failed, and said why."""
    failures: list[Any]
    if column == "repair":
        failures = [each for each in ended.document["differences"] if not each["repaired"]]
        assert failures
    else:
        assert ended.totals["failed"] > 0
        failures = ended.document["failures"] if column != "verify" else []
    assert all(failure["reason"] for failure in failures)


def check_rows(case: Case, scene: Any, backfilled: dict[str, Any]) -> None:
    """Check that each row is as it was, or right as far as it goes, and that none went without proof."""
    scene.check_rows(backfilled, f"{case}: it")
    goes_on = case.error == REPLY_LOST or case.backfill == "left out"
    pruned = goes_on or case.operation in {"PutItem", "ListTagsForResource"}
    assert scene.initial_rows().keys() - scene.rows().keys() <= ({str(scene.ghost)} if pruned else set())


@pytest.fixture(scope="module")
def backfilled(scene: Any, clients: Any) -> dict[str, Any]:
    """The rows that a backfill with pruning leaves when nothing goes wrong, without what is new with every write."""
    scene.restore()
    with ThreadPoolExecutor(1) as executor:
        backfill = Backfill(HealthOmics(clients.omics), Table(clients.dynamodb, scene.table), executor)
        for _ in backfill.in_one_pass(scene.store_id):
            pass
    rows = scene.content(scene.rows())
    del rows[str(scene.ghost)]
    assert rows.keys() == {str(arn) for arn in (scene.stale, scene.archived, scene.missing)}
    return rows


def command_of(column: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command whose reactions a column of the page has."""
    return request.getfixturevalue("via_queue") if column == "via_queue" else COMMANDS[column]


@pytest.mark.parametrize("column", [*COMMANDS, "via_queue"])
def test_a_command_calls_what_is_documented_and_nothing_else(
    column: str, scene: Any, clients: Any, run: Run, backfilled: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    command = command_of(column, request)
    clients.injection.clear()

    ended = run(*command)

    assert ended.calls == {case.operation for case in ALL if getattr(case, column)}
    if column == "via_queue":
        assert scene.content(scene.rows()).items() >= backfilled.items()


@pytest.mark.parametrize(("column", "case"), list(played()), ids=str)
def test_given_an_error_when_a_command_meets_it_then_it_does_what_is_documented(
    column: str,
    case: Case,
    scene: Any,
    clients: Any,
    run: Run,
    backfilled: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    command = command_of(column, request)
    clients.injection.set(case.error, case.operation)

    ended = run(*command)

    reaction = getattr(case, column)
    assert ended.code == (FOUND[column] if reaction == "left out" else CODES[reaction])
    match reaction:
        case "stops":
            assert ended.document == {}
            assert ended.said.splitlines()[-1].startswith("omics-meta: error: ")
        case "failed":
            check_failed(ended, column)
        case "row deleted":
            # The listing of the archived one alone says that all but its tags is right; a repair looks at all.
            assert scene.rows().keys() == ({str(scene.archived)} if column == "backfill" else set())
            return
        case "enqueued":
            assert ended.totals["enqueued"] == len(backfilled), "all but the ghost, which no listing shows"
            assert scene.content(scene.rows()).items() >= {str(scene.missing): backfilled[str(scene.missing)]}.items()
        case "orphaned":
            assert (ended.totals["failed"], ended.totals["orphaned"]) == (0, len(scene.initial))
        case _:
            pass
    if column == "verify":
        assert scene.rows() == scene.initial_rows()
    else:
        check_rows(case, scene, backfilled)


@pytest.mark.parametrize(
    "error", sorted({case.error for case in ALL if case.operation == PROOFS[0] and case.kind != "gone"})
)
def test_given_no_proof_of_absence_when_a_backfill_prunes_then_the_rows_are_what_they_were(
    error: str, scene: Any, clients: Any, run: Run, backfilled: dict[str, Any]
) -> None:
    clients.injection.set(error, *PROOFS)

    ended = run("backfill", "--prune")

    assert ended.code in {1, 2}
    rows = scene.rows()
    assert scene.is_listed(rows.pop(str(scene.missing)), backfilled[str(scene.missing)])
    assert rows == scene.initial_rows()
