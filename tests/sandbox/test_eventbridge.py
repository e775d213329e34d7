"""EventBridge delivers what, where and how AWS does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox

PATTERN = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"]}


@pytest.fixture
def put_rule(sandbox: Sandbox) -> Callable[..., str]:
    """Makes a rule with one target; returns its ARN."""
    events = sandbox.client("events")

    def make(target_arn: str, pattern: dict[str, Any] = PATTERN, name: str = "rule", **target: Any) -> str:
        arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target_arn, **target}])
        return arn

    return make


def test_given_a_rule_with_a_dynamic_group_when_a_read_set_changes_then_the_whole_event_arrives_in_its_group(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    queue = make_queue("q.fifo")
    queue.allow(put_rule(queue.arn, SqsParameters={"MessageGroupId": "$.detail.id"}))
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", creation_job_id="5555555555")
    [message] = queue.receive()
    assert message["Attributes"]["MessageGroupId"] == read_set_id
    event = json.loads(message["Body"])
    arn = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{store_id}/readSet/{read_set_id}"
    identity, time = event.pop("id"), event.pop("time")
    assert len(identity) == 36
    assert time.endswith("Z")
    assert event == {
        "version": "0",
        "detail-type": "Read Set Status Change",
        "source": "aws.omics",
        "account": "123456789012",
        "region": "us-west-2",
        "resources": [arn],
        "detail": {
            "omicsVersion": "1.0.0",
            "arn": arn,
            "sequenceStoreId": store_id,
            "id": read_set_id,
            "status": "ACTIVE",
            "creationJobId": "5555555555",
        },
    }
    # AND an EventBridge that follows no paths takes the path as the group
    sandbox.events.literal_groups = True
    sandbox.omics.create_read_set(store_id, name="s")
    [message] = queue.receive()
    assert message["Attributes"]["MessageGroupId"] == "$.detail.id"


WRONG: list[tuple[str, dict[str, str], bool, str, str]] = [
    ("no-policy", {}, False, "$.detail.id", "NO_PERMISSIONS"),
    ("no-deduplication", {"ContentBasedDeduplication": "false"}, True, "$.detail.id", "INVALID_PARAMETER"),
    ("group-not-in-the-event", {}, True, "$.detail.nothing", "INVALID_PARAMETER"),
]


def test_given_a_wrong_target_when_an_event_matches_then_the_event_goes_to_the_dead_letter_queue_with_the_reason(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    expected: dict[str, tuple[Any, dict[str, str]]] = {}
    for name, attributes, allowed, group, code in WRONG:
        queue, undelivered = make_queue(f"{name}.fifo", **attributes), make_queue(f"{name}-undelivered")
        dead_letters = {"Arn": undelivered.arn}
        rule = put_rule(queue.arn, name=name, DeadLetterConfig=dead_letters, SqsParameters={"MessageGroupId": group})
        undelivered.allow(rule)
        if allowed:
            queue.allow(rule)
        expected[name] = undelivered, {"RULE_ARN": rule, "TARGET_ARN": queue.arn, "ERROR_CODE": code}
    # One whose dead-letter queue takes nothing, and one with a target that is not emulated
    queue, closed = make_queue("q.fifo"), make_queue("closed")
    put_rule(queue.arn, name="lost", DeadLetterConfig={"Arn": closed.arn}, SqsParameters={"MessageGroupId": "g"})
    put_rule("arn:aws:sns:us-west-2:123456789012:topic", name="topic")
    # And two that do not match
    other = make_queue("other")
    other.allow("*")
    put_rule(other.arn, name="other", pattern={"detail": {"status": ["DELETED"]}})
    put_rule(other.arn, name="disabled")
    sandbox.client("events").disable_rule(Name="disabled")

    read_set_id = sandbox.omics.create_read_set(store_id, name="r")

    for undelivered, attributes in expected.values():
        [message] = undelivered.receive()
        assert json.loads(message["Body"])["detail"]["id"] == read_set_id
        given = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert given.pop("ERROR_MESSAGE")
        assert given == attributes
    assert sandbox.events.dead_lettered == dict.fromkeys(expected, 1)
    assert sandbox.events.dropped == {"lost": 1, "topic": 1}
    assert not sandbox.events.delivered
    assert [each.receive() for each in (queue, closed, other)] == [[], [], []]


def test_given_events_of_a_user_when_they_are_put_then_each_gets_its_own_result(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str]
) -> None:
    queue = make_queue("q.fifo")
    parameters = {"MessageGroupId": "one-group"}
    queue.allow(put_rule(queue.arn, pattern={"source": ["mine"]}, SqsParameters=parameters, InputPath="$.detail"))
    entry = {"Source": "mine", "DetailType": "t", "Detail": '{"a": 1}'}
    answer = sandbox.client("events").put_events(
        Entries=[entry, {**entry, "Detail": "{"}, {**entry, "EventBusName": "none"}]
    )
    codes = [result.get("ErrorCode") for result in answer["Entries"]]
    assert codes == [None, "InvalidArgument", "ResourceNotFoundException"]
    assert answer["FailedEntryCount"] == 2
    [message] = queue.receive()
    assert json.loads(message["Body"]) == {"a": 1}
    assert message["Attributes"]["MessageGroupId"] == "one-group"
