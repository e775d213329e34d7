"""Unkind AWS: answers that are behind, answers that are lost, and message groups whose paths nobody follows."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from omics_sandbox import Sandbox
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.service import OmicsService

from tests.sandbox.conftest import without_retries


class Behind:
    """HealthOmics in the process, on a clock that is told the time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.service = OmicsService("us-west-2", "123456789012", clock=lambda: self.now)
        self.client = OmicsClient(self.service)
        self.store = self.service.create_store("old name")
        self.old = self.service.create_read_set(self.store, name="old", status="PROCESSING_UPLOAD", tags={"a": "b"})
        self.new = ""

    def change(self) -> None:
        """Create, change and delete, with each effect on what is asked below."""
        self.new = self.service.create_read_set(self.store, name="new", tags={"a": "b"})
        self.service.set_status(self.store, self.old, "ACTIVE")
        self.service.tag(self.service.read_set(self.store, self.old).arn, {"a": "changed"})
        self.service.update_store(self.store, name="new name")

    def status(self, read_set: str) -> str | None:
        try:
            return self.client.get_read_set_metadata(sequenceStoreId=self.store, id=read_set)["status"]
        except self.client.exceptions.ResourceNotFoundException:
            return None

    def files(self, read_set: str) -> bool:
        return "files" in self.client.get_read_set_metadata(sequenceStoreId=self.store, id=read_set)

    def listed(self) -> list[tuple[str, str]]:
        listed = self.client.list_read_sets(sequenceStoreId=self.store)["readSets"]
        return [(each["name"], each["status"]) for each in listed]

    def tags(self, read_set: str) -> dict[str, str]:
        arn = f"{self.service.store(self.store).arn}/readSet/{read_set}"
        return self.client.list_tags_for_resource(resourceArn=arn)["tags"]

    def store_name(self) -> str:
        return self.client.get_sequence_store(id=self.store)["name"]


UPLOADING = "PROCESSING_UPLOAD"
ASKED: dict[str, tuple[Callable[[Behind], Any], Any, Any]] = {
    "GetReadSetMetadata": (lambda aws: (aws.status(aws.new), aws.status(aws.old)), (None, UPLOADING), ("ACTIVE",) * 2),
    "files": (
        lambda aws: (aws.files(aws.new), aws.files(aws.old), aws.status(aws.old)),
        (False, False, "ACTIVE"),
        (True, True, "ACTIVE"),
    ),
    "ListReadSets": (Behind.listed, [("old", UPLOADING)], [("old", "ACTIVE"), ("new", "ACTIVE")]),
    "ListTagsForResource": (
        lambda aws: (aws.tags(aws.new), aws.tags(aws.old)),
        ({}, {"a": "b"}),
        ({"a": "b"}, {"a": "changed"}),
    ),
    "GetSequenceStore": (Behind.store_name, "old name", "new name"),
}
"""What each kind of being behind hides: what is asked, its answer while behind, and the true one."""


@pytest.mark.parametrize("operation", ASKED)
def test_given_an_operation_that_is_behind_when_things_change_then_it_alone_answers_as_before_for_so_long(
    operation: str,
) -> None:
    aws = Behind()
    aws.service.faults.add_behind(operation, seconds=60)
    aws.change()
    for other, (ask, old, new) in ASKED.items():
        if {operation, other} != {"GetReadSetMetadata", "files"}:  # of these, one hides what the other shows
            assert ask(aws) == (old if other == operation else new), other
    aws.now += timedelta(seconds=60)
    ask, _, new = ASKED[operation]
    assert ask(aws) == new


@pytest.mark.parametrize("operation", sorted(ASKED.keys() - {"files"}))
def test_given_an_operation_that_is_behind_by_answers_when_so_many_were_given_then_it_knows(operation: str) -> None:
    aws = Behind()
    aws.service.faults.add_behind(operation, answers=2)
    aws.change()
    ask, old, new = ASKED[operation]
    assert [ask(aws), ask(aws), ask(aws)] == [old, old, new]


def test_given_a_listing_that_is_behind_when_a_read_set_is_deleted_then_it_is_still_listed() -> None:
    aws = Behind()
    aws.service.faults.add_behind("ListReadSets", seconds=60)
    aws.service.set_status(aws.store, aws.old, "DELETED")
    assert (aws.listed(), aws.status(aws.old)) == ([("old", UPLOADING)], None)
    aws.service.faults.clear()
    assert aws.listed() == []


def test_given_answers_that_are_lost_when_something_is_written_then_it_is_done_and_nobody_hears_of_it(
    sandbox: Sandbox, store_id: str
) -> None:
    dynamodb, omics = without_retries(sandbox, "dynamodb"), without_retries(sandbox)
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sandbox.faults.add_lost_answer("PutItem", times=1, when=lambda given: given["TableName"] == "t")
    sandbox.omics.faults.add_lost_answer("UpdateSequenceStore", times=1)
    with pytest.raises(ConnectionClosedError):
        dynamodb.put_item(TableName="t", Item={"id": {"S": "1"}})
    with pytest.raises(ConnectionClosedError):
        omics.update_sequence_store(id=store_id, name="renamed")
    assert dynamodb.get_item(TableName="t", Key={"id": {"S": "1"}})["Item"]
    assert omics.get_sequence_store(id=store_id)["name"] == "renamed"


def test_given_faults_of_other_services_when_they_are_called_then_they_fail_and_do_nothing(sandbox: Sandbox) -> None:
    dynamodb, sqs = without_retries(sandbox, "dynamodb"), without_retries(sandbox, "sqs")
    sandbox.faults.add("ListTables", "ProvisionedThroughputExceededException", times=1)
    sandbox.faults.add_connection_reset("CreateQueue", times=1)
    with pytest.raises(ClientError, match=r"\(ProvisionedThroughputExceededException\)"):
        dynamodb.list_tables()
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="q")
    assert dynamodb.list_tables()["TableNames"] == []
    assert "QueueUrls" not in sqs.list_queues()


def test_given_literal_message_groups_when_read_sets_change_then_their_events_share_the_path_as_a_group(
    sandbox: Sandbox, make_queue: Callable[..., Any], store_id: str
) -> None:
    queue, events = make_queue("q.fifo"), sandbox.client("events")
    queue.allow(events.put_rule(Name="rule", EventPattern='{"source": ["aws.omics"]}')["RuleArn"])
    target = {"Id": "target", "Arn": queue.arn, "SqsParameters": {"MessageGroupId": "$.detail.id"}}
    events.put_targets(Rule="rule", Targets=[target])
    sandbox.events.literal_groups = True
    read_sets = [sandbox.omics.create_read_set(store_id, name=name) for name in ("a", "b")]
    received = queue.receive()
    assert [json.loads(each["Body"])["detail"]["id"] for each in received] == read_sets
    assert {each["Attributes"]["MessageGroupId"] for each in received} == {"$.detail.id"}
