"""What HealthOmics and CloudTrail publish besides the statuses of read sets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox


@pytest.fixture
def published(sandbox: Sandbox, make_queue: Callable[..., Any]) -> Callable[[], list[dict[str, Any]]]:
    """Reads the events of HealthOmics published since the start of the test, or since the last reading."""
    events = sandbox.client("events")
    queue = make_queue("published")
    rule = events.put_rule(Name="all", EventPattern='{"source": ["aws.omics"]}')["RuleArn"]
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue.arn}])
    queue.allow(rule)
    return lambda: [json.loads(message["Body"]) for message in queue.receive()]


def test_given_a_life_of_a_store_when_the_api_changes_it_then_each_status_is_an_event(
    sandbox: Sandbox, omics: Any, published: Callable[[], list[dict[str, Any]]]
) -> None:
    created = omics.create_sequence_store(name="before")
    omics.update_sequence_store(id=created["id"], name="after")
    assert omics.get_sequence_store(id=created["id"])["status"] == "ACTIVE"
    omics.delete_sequence_store(id=created["id"])
    events = published()
    assert {(event["detail-type"], *event["resources"]) for event in events} == {
        ("Sequence Store Status Change", created["arn"])
    }
    common = {"omicsVersion": "1.0.0", "arn": created["arn"], "id": created["id"]}
    assert [event["detail"] for event in events] == [
        common | {"status": status} for status in ("ACTIVE", "UPDATING", "ACTIVE", "DELETING", "DELETED")
    ]


def test_given_events_are_switched_off_when_a_store_changes_then_nothing_is_published(
    sandbox: Sandbox, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    published()
    sandbox.omics.emit_events = False
    sandbox.omics.trail = True
    sandbox.omics.update_store(store_id, name="after")
    sandbox.omics.tag(sandbox.omics.store(store_id).arn, {"a": "b"})
    sandbox.omics.delete_store(store_id)
    assert published() == []


def test_given_a_trail_when_tags_change_then_each_call_is_an_event_with_its_parameters(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    arn = sandbox.omics.read_set(store_id, read_set_id).arn
    published()
    sandbox.omics.trail = True
    omics.tag_resource(resourceArn=arn, tags={"a": "1"})
    omics.untag_resource(resourceArn=arn, tagKeys=["a", "other"])
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.tag_resource(resourceArn=f"{arn}0", tags={"a": "1"})
    events = published()
    assert [(event["detail-type"], event["resources"]) for event in events] == [("AWS API Call via CloudTrail", [])] * 2
    told = ("eventName", "requestParameters", "eventSource", "awsRegion", "recipientAccountId", "readOnly", "eventType")
    common = ("omics.amazonaws.com", "us-west-2", "123456789012", False, "AwsApiCall")
    assert [tuple(event["detail"][name] for name in told) for event in events] == [
        ("TagResource", {"resourceArn": arn, "tags": {"a": "1"}}, *common),
        ("UntagResource", {"resourceArn": arn, "tagKeys": ["a", "other"]}, *common),
    ]
    assert sandbox.omics.read_set(store_id, read_set_id).tags == {}
