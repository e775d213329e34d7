"""`omics-meta verify --probe`: one harmless message through the pipeline, and what comes of it."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from omics_meta.pipeline import probe as module
from omics_meta.pipeline.check import Check
from omics_meta.pipeline.probe import probe
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.outputs import Outputs
from readset_sync.aws.healthomics import HealthOmics

from tests.cli.local_aws import Aws
from tests.existing import create_queue

Function = Callable[[dict[str, Any]], object]


class Pipeline:
    """A queue and a table, and a function in the place of time passing: it acts whenever the probe waits."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in aws.sandbox.environment.items():
            monkeypatch.setenv(name, value)
        self.table = aws.table()
        self.sqs = aws.client("sqs")
        self.url = create_queue(self.sqs, f"probe-{uuid4().hex}.fifo")
        self.function: Function = lambda message: None
        self.received: list[dict[str, Any]] = []
        self._source = HealthOmics(aws.client("omics"))
        self._now = 0.0
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=self._pass_time, monotonic=lambda: self._now))

    def probe(self, *store_ids: str) -> Check:
        outputs = {"tableName": self.table, "queueUrl": self.url, "logGroupName": "/aws/lambda/sync"}
        (check,) = probe(Stack(boto3.Session(), Outputs("outputs.json", outputs)), self._source, store_ids)
        return check

    def _pass_time(self, seconds: float) -> None:
        self._now += 20 * seconds
        for message in self.sqs.receive_message(QueueUrl=self.url).get("Messages", []):
            self.received.append(json.loads(message["Body"]))
            self.function(self.received[-1])


@pytest.fixture
def pipeline(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    return Pipeline(aws, monkeypatch)


@pytest.mark.parametrize("there", [False, True], ids=["no row yet", "a row"])
def test_a_pipeline_that_refreshes_the_row_passes_and_says_how_soon(there: bool, aws: Aws, pipeline: Pipeline) -> None:
    empty, store = aws.store(0), aws.store(0)
    aws.omics.create_read_set(store, name="on its way", status="PROCESSING_UPLOAD")
    read_set = aws.omics.create_read_set(store, name="first")
    aws.omics.create_read_set(store, name="second")
    arn = aws.arn(store, read_set)
    if there:
        aws.put(pipeline.table, {"set_arn": arn, "sync_revision": "before"})
    pipeline.function = lambda message: aws.put(
        pipeline.table, {"set_arn": message["detail"]["arn"], "sync_revision": "after"}
    )

    check = pipeline.probe(empty, store)

    assert check.passed, check.found
    assert check.found.startswith(f"the row of {arn} was refreshed after ")
    assert [(each["detail-type"], each["detail"]) for each in pipeline.received] == [("Read Set Refresh", {"arn": arn})]


def test_a_pipeline_that_does_nothing_fails_with_what_was_waited_for(aws: Aws, pipeline: Pipeline) -> None:
    store = aws.store(1)
    (read_set,) = aws.ids(store)

    check = pipeline.probe(store)

    assert not check.passed
    assert check.found == f"the row of {aws.arn(store, read_set)} was not refreshed within 60 s"
    assert "`aws logs tail /aws/lambda/sync --since 5m`" in check.remedy
    assert "`omics-meta dlq show`" in check.remedy

    pipeline.probe(store)

    assert len(pipeline.received) == 1, "the first one's group waits until its message is deleted"
    attributes = pipeline.sqs.get_queue_attributes(QueueUrl=pipeline.url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1", "each probe is a message of its own"


def test_a_queue_that_takes_nothing_fails_and_stores_without_read_sets_leave_nothing_to_probe_with(
    aws: Aws, pipeline: Pipeline
) -> None:
    pipeline.sqs.delete_queue(QueueUrl=pipeline.url)

    check = pipeline.probe(aws.store(1))
    assert (check.name, check.passed) == ("probe", False)
    assert check.found.startswith("SendMessageBatch: ")

    check = pipeline.probe(aws.store(0))
    assert check.passed
    assert check.found == "the chosen stores have no read set to probe with"
