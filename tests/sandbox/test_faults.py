"""Unkind AWS: answers that are behind, errors, and answers that are lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from omics_sandbox import Sandbox

from tests.sandbox.conftest import InProcess, without_retries


class Behind:
    """A read set of old, and what has changed: a new read set, the old one's status and tags, and the store's name."""

    def __init__(self, aws: InProcess, operation: str, **how: Any) -> None:
        self.aws = aws
        self.old = aws.create("old", status=UPLOADING, tags={"a": "b"})
        aws.service.faults.add_behind(operation, **how)
        self.new = aws.create("new", tags={"a": "b"})
        aws.service.set_status(aws.store, self.old, "ACTIVE")
        aws.service.tag(aws.arn(self.old), {"a": "changed"})
        aws.service.update_store(aws.store, name="new name")

    def status(self, read_set: str) -> str | None:
        try:
            return self.aws.metadata(read_set)["status"]
        except self.aws.omics.exceptions.ResourceNotFoundException:
            return None

    def listed(self) -> list[tuple[str, str]]:
        return [(each["name"], each["status"]) for each in self.aws.listed()]


UPLOADING = "PROCESSING_UPLOAD"
ASKED: dict[str, tuple[Callable[[Behind], Any], Any, Any]] = {
    "GetReadSetMetadata": (lambda it: (it.status(it.new), it.status(it.old)), (None, UPLOADING), ("ACTIVE",) * 2),
    "files": (
        lambda it: (*("files" in it.aws.metadata(each) for each in (it.new, it.old)), it.status(it.old)),
        (False, False, "ACTIVE"),
        (True, True, "ACTIVE"),
    ),
    "ListReadSets": (Behind.listed, [("old", UPLOADING)], [("old", "ACTIVE"), ("new", "ACTIVE")]),
    "ListTagsForResource": (
        lambda it: (it.aws.tags(it.new), it.aws.tags(it.old)),
        ({}, {"a": "b"}),
        ({"a": "b"}, {"a": "changed"}),
    ),
    "GetSequenceStore": (
        lambda it: it.aws.omics.get_sequence_store(id=it.aws.store)["name"],
        "cohort-a",
        "new name",
    ),
}
"""What each kind of being behind hides: what is asked, its answer while behind, and the true one."""


@pytest.mark.parametrize("operation", ASKED)
def test_given_an_operation_that_is_behind_when_things_change_then_it_alone_answers_as_before_for_so_long(
    operation: str, aws: InProcess
) -> None:
    it = Behind(aws, operation, seconds=60)
    for other, (ask, old, new) in ASKED.items():
        if {operation, other} != {"GetReadSetMetadata", "files"}:  # of these, one hides what the other shows
            assert ask(it) == (old if other == operation else new), other
    aws.now += timedelta(seconds=60)
    ask, old, new = ASKED[operation]
    assert ask(it) == new
    if operation != "files":
        by_answers = Behind(InProcess(), operation, answers=2)
        assert [ask(by_answers) for _ in range(3)] == [old, old, new]


def test_given_a_listing_that_is_behind_when_a_read_set_is_deleted_then_it_is_still_listed(aws: InProcess) -> None:
    it = Behind(aws, "ListReadSets", seconds=60)
    aws.service.set_status(aws.store, it.old, "DELETED")
    assert (it.listed(), it.status(it.old)) == ([("old", UPLOADING)], None)
    aws.service.faults.clear()
    assert it.listed() == [("new", "ACTIVE")]


def test_given_faults_of_calls_when_they_are_made_then_they_fail_before_or_after_their_work_is_done(
    sandbox: Sandbox, store_id: str
) -> None:
    dynamodb, sqs, omics = (without_retries(sandbox, service) for service in ("dynamodb", "sqs", "omics"))
    sandbox.faults.add("ListTables", "ProvisionedThroughputExceededException", times=1)
    with pytest.raises(ClientError, match=r"\(ProvisionedThroughputExceededException\)"):
        dynamodb.list_tables()
    sandbox.faults.add_connection_reset("CreateQueue", times=1, when=lambda given: given["QueueName"] == "q")
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="q")
    assert "QueueUrls" not in sqs.list_queues()
    sandbox.faults.add_lost_answer("CreateQueue", times=1)
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="q")
    assert len(sqs.list_queues()["QueueUrls"]) == 1
    sandbox.omics.faults.add_lost_answer("UpdateSequenceStore", times=1)
    with pytest.raises(ConnectionClosedError):
        omics.update_sequence_store(id=store_id, name="renamed")
    assert omics.get_sequence_store(id=store_id)["name"] == "renamed"
