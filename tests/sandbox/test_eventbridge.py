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

    def make(target_arn: str, pattern: dict[str, Any] = PATTERN, **target: Any) -> str:
        arn = events.put_rule(Name="rule", EventPattern=json.dumps(pattern))["RuleArn"]
        events.put_targets(Rule="rule", Targets=[{"Id": "target", "Arn": target_arn, **target}])
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


@pytest.mark.parametrize(
    ("attributes", "allowed", "group", "code"),
    [
        ({}, False, "$.detail.id", "NO_PERMISSIONS"),
        ({"ContentBasedDeduplication": "false"}, True, "$.detail.id", "INVALID_PARAMETER"),
        ({}, True, "$.detail.nothing", "INVALID_PARAMETER"),
    ],
    ids=["no policy", "no content-based deduplication", "group not in the event"],
)
def test_given_a_wrong_target_when_an_event_matches_then_the_event_goes_to_the_dead_letter_queue_with_the_reason(
    sandbox: Sandbox,
    make_queue: Callable[..., Any],
    put_rule: Callable[..., str],
    store_id: str,
    attributes: dict[str, str],
    allowed: bool,
    group: str,
    code: str,
) -> None:
    queue, undelivered = make_queue("q.fifo", **attributes), make_queue("undelivered")
    rule = put_rule(queue.arn, DeadLetterConfig={"Arn": undelivered.arn}, SqsParameters={"MessageGroupId": group})
    undelivered.allow(rule)
    if allowed:
        queue.allow(rule)
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    assert queue.receive() == []
    [message] = undelivered.receive()
    assert json.loads(message["Body"])["detail"]["id"] == read_set_id
    given = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert given.pop("ERROR_MESSAGE")
    assert given == {"RULE_ARN": rule, "TARGET_ARN": queue.arn, "ERROR_CODE": code}
    assert sandbox.events.dead_lettered == {"rule": 1}


def test_given_a_dead_letter_queue_that_does_not_allow_it_when_delivery_fails_then_the_event_is_dropped_and_counted(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    queue, undelivered = make_queue("q.fifo"), make_queue("undelivered")
    put_rule(queue.arn, DeadLetterConfig={"Arn": undelivered.arn}, SqsParameters={"MessageGroupId": "g"})
    sandbox.omics.create_read_set(store_id, name="r")
    put_rule("arn:aws:sns:us-west-2:123456789012:topic")  # not emulated
    sandbox.omics.create_read_set(store_id, name="s")
    assert undelivered.receive() == []
    assert sandbox.events.dropped == {"rule": 2}


def test_given_a_disabled_rule_or_another_pattern_when_an_event_comes_then_nothing_is_delivered(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    queue = make_queue("q")
    queue.allow(put_rule(queue.arn, pattern={"detail": {"status": ["DELETED"]}}))
    sandbox.omics.create_read_set(store_id, name="r")
    put_rule(queue.arn)
    sandbox.client("events").disable_rule(Name="rule")
    sandbox.omics.create_read_set(store_id, name="s")
    assert queue.receive() == []
    assert not sandbox.events.delivered


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
