"""What HealthOmics and CloudTrail publish besides the statuses of read sets."""

import json
import urllib.request
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


def test_given_a_life_of_a_store_when_a_test_changes_it_then_the_events_are_the_same_and_can_be_lost(
    sandbox: Sandbox, published: Callable[[], list[dict[str, Any]]]
) -> None:
    store_id = sandbox.omics.create_store("before")
    sandbox.omics.update_store(store_id, name="after")
    assert [event["detail"]["status"] for event in published()] == ["ACTIVE", "UPDATING", "ACTIVE"]
    sandbox.omics.emit_events = False
    sandbox.omics.trail = True
    sandbox.omics.tag(sandbox.omics.store(store_id).arn, {"a": "b"})
    sandbox.omics.delete_store(store_id)
    assert published() == []
    assert store_id not in sandbox.omics.stores


def test_given_transitions_take_time_when_a_store_is_changed_and_deleted_then_it_passes_through_both_statuses(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    sandbox.omics.hold_transitions = True
    assert omics.update_sequence_store(id=store_id, name="after")["status"] == "UPDATING"
    omics.delete_sequence_store(id=store_id)
    assert omics.get_sequence_store(id=store_id)["status"] == "DELETING"
    with pytest.raises(omics.exceptions.ConflictException, match="is being deleted"):
        omics.delete_sequence_store(id=store_id)
    sandbox.omics.settle()
    assert omics.list_sequence_stores()["sequenceStores"] == []
    assert [event["detail"]["status"] for event in published()] == ["UPDATING", "DELETING", "DELETED"]


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


def test_given_a_person_with_curl_when_the_trail_is_switched_on_then_tags_that_they_put_are_published(
    sandbox: Sandbox, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", tags={"a": "1"})
    published()
    for path, body in (
        (f"stores/{store_id}/readsets/{read_set_id}/tags", {"b": "2"}),
        ("trail", {"on": True}),
        (f"stores/{store_id}/readsets/{read_set_id}/tags", {"b": "3"}),
    ):
        url, content = f"{sandbox.endpoint}/_sandbox/{path}", json.dumps(body).encode()
        urllib.request.urlopen(urllib.request.Request(url, content, method="PUT"), timeout=20).close()  # noqa: S310 - 127.0.0.1
    assert [event["detail"]["requestParameters"]["tags"] for event in published()] == [{"b": "3"}]
    assert sandbox.omics.read_set(store_id, read_set_id).tags == {"a": "1", "b": "3"}
