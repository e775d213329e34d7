"""`omics-meta backfill --via-queue`, as far as it goes without a function behind the queue."""

import re
from collections.abc import Callable
from itertools import islice
from types import SimpleNamespace
from uuid import uuid4

import pytest
from omics_meta.commands.backfill import queued_refresh
from omics_meta.pipeline.queue import count_messages
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.messages.queue_message import RefreshRequest, parse_message
from readset_sync.sync import Synchronizer

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished
from tests.existing import create_queue


class Pipeline:
    """A queue, and what would be behind it: worked off whenever the command waits, or not at all."""

    def __init__(self, aws: Aws) -> None:
        self.table = aws.table()
        self._sqs = aws.client("sqs")
        self.url = create_queue(self._sqs, f"queue-{uuid4().hex}.fifo")
        self._synchronizer = Synchronizer(HealthOmics(aws.client("omics")), Table(aws.client("dynamodb"), self.table))
        self.outputs = {"tableName": self.table, "region": "us-west-2", "queueUrl": self.url}
        self.now = 0.0
        self.depths: list[int] = []
        self.broken: set[str] = set()

    def depth(self) -> int:
        return count_messages(self._sqs, self.url)

    def take(self) -> list[RefreshRequest]:
        """Receive and delete up to ten messages."""
        requests: list[RefreshRequest] = []
        answer = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for each in answer.get("Messages", []):
            message = parse_message(each["Body"], account="123456789012", region="us-west-2")
            assert isinstance(message, RefreshRequest)
            requests.append(message)
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
        return requests

    def sleep(self, seconds: float) -> None:
        """Let time pass, in which some messages are worked off."""
        self.now += seconds
        self.depths.append(self.depth())
        for requests in islice(iter(self.take, []), 7):
            for request in requests:
                if str(request.arn) not in self.broken:
                    self._synchronizer.refresh(request.arn, store_after=request.time)


@pytest.fixture(autouse=True)
def small_queue(small_pages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the queue hold twenty messages, so that few fill it."""
    monkeypatch.setattr(queued_refresh, "BACKLOG", 20)
    monkeypatch.setattr(queued_refresh, "PAGE_SIZE", 10)


@pytest.fixture
def pipeline(aws: Aws) -> Pipeline:
    return Pipeline(aws)


@pytest.fixture
def run(cli: CommandLine, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """Runs the command, with a pipeline that works whenever the command waits."""
    monkeypatch.setattr(queued_refresh, "time", SimpleNamespace(sleep=pipeline.sleep, monotonic=lambda: pipeline.now))

    def run(*options: str) -> Finished:
        return cli.run("backfill", "--outputs", cli.outputs(pipeline.outputs), "--via-queue", "--json", *options, *FAST)

    return run


def test_the_queue_never_holds_more_than_its_bound_and_all_rows_are_right_in_the_end(
    aws: Aws, run: Callable[..., Finished], pipeline: Pipeline
) -> None:
    # GIVEN two stores with more read sets than the queue may hold
    first, second = aws.store(23), aws.store(3)
    done = run()
    # THEN all of them went through the queue, and no more at a time than documented
    assert done.code == 0, done.err
    document = done.document
    assert [(each["listed"], each["enqueued"], each["failed"]) for each in document["stores"]] == [
        (23, 23, 0),
        (3, 3, 0),
    ]
    assert queued_refresh.BACKLOG - 10 < max(pipeline.depths) <= queued_refresh.BACKLOG
    assert aws.rows(pipeline.table) == aws.expected(first, second)
    assert re.search(r"^pipeline: batch 1: [1-9]\d* read sets: \d+ refreshed$", done.err, re.MULTILINE), done.err
    assert pipeline.depth() == 0


def test_without_waiting_what_is_due_is_handed_over_at_once(
    aws: Aws, run: Callable[..., Finished], pipeline: Pipeline
) -> None:
    store = aws.store(23)
    done = run("--no-wait")
    assert done.code == 0, done.err
    totals = done.document["totals"]
    assert (totals["listed"], totals["enqueued"], totals["created"]) == (23, 23, 0)
    assert pipeline.depths == []
    assert pipeline.depth() == 23
    assert {row["sync_state"] for row in aws.raw_rows(pipeline.table).values()} == {"listed"}
    assert set(aws.raw_rows(pipeline.table)) == set(aws.expected(store))
    # AND once that is done, with an age, only what has changed
    pipeline.sleep(0)
    aws.omics.update_read_set(store, aws.ids(store)[4], name="renamed")
    aws.forget_calls()
    totals = run("--max-age", "1h", "--no-wait").document["totals"]
    assert (totals["enqueued"], totals["unchanged"]) == (1, 22)
    listing = {"ListSequenceStores": 1, "GetSequenceStore": 1, "ListReadSets": 3, "GetResources": 3}
    assert dict(aws.omics.calls) == listing
    assert [request.arn.read_set_id for request in pipeline.take()] == [aws.ids(store)[4]]


def test_what_the_pipeline_gives_up_on_is_reported(
    aws: Aws, run: Callable[..., Finished], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_refresh, "_POLL_SECONDS", 4.0)
    store = aws.store(3)
    bad = aws.arn(store, aws.ids(store)[1])
    pipeline.broken.add(bad)
    done = run()
    assert done.code == 1, done.err
    document = done.document
    assert [each["set_arn"] for each in document["failures"]] == [bad]
    assert "omics-meta dlq list" in document["failures"][0]["reason"]
    assert (document["totals"]["enqueued"], document["totals"]["failed"]) == (3, 1)
    # Not before SQS can be believed that the queue is empty.
    assert 60 < pipeline.now < 70


def test_a_pipeline_that_stands_still_ends_the_command(
    aws: Aws, run: Callable[..., Finished], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.store(31)

    def sleep(seconds: float) -> None:
        pipeline.now += 100 * seconds

    monkeypatch.setattr(queued_refresh, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: pipeline.now))
    done = run()
    assert done.code == 2
    assert "the pipeline has refreshed no row for 15 minutes" in done.err.splitlines()[-1]
    assert pipeline.depth() == queued_refresh.BACKLOG


def test_a_dry_run_sends_nothing(aws: Aws, run: Callable[..., Finished], pipeline: Pipeline) -> None:
    aws.store(3)

    assert run("--dry-run").document["totals"]["created"] == 3
    assert (pipeline.depth(), aws.raw_rows(pipeline.table)) == (0, {})


def test_a_queue_that_is_not_there_is_named(aws: Aws, run: Callable[..., Finished], pipeline: Pipeline) -> None:
    aws.store(1)
    pipeline.outputs["queueUrl"] = f"{pipeline.url}-gone.fifo"
    done = run()
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"omics-meta: error: there is no queue {pipeline.url}-gone.fifo")
