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


def test_given_a_literal_group_when_an_event_arrives_then_the_group_is_that_text(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    queue = make_queue("q.fifo")
    queue.allow(put_rule(queue.arn, SqsParameters={"MessageGroupId": "one-group"}))
    sandbox.omics.create_read_set(store_id, name="r")
    assert queue.receive()[0]["Attributes"]["MessageGroupId"] == "one-group"


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
    assert undelivered.receive() == []
    assert sandbox.events.dropped == {"rule": 1}


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


def test_given_an_input_transformer_when_an_event_matches_then_the_target_gets_its_result(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str], store_id: str
) -> None:
    queue = make_queue("q")
    transformer = {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"read_set": "<id>"}'}
    queue.allow(put_rule(queue.arn, InputTransformer=transformer))
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    assert json.loads(queue.receive()[0]["Body"]) == {"read_set": read_set_id}


def test_given_events_of_a_user_when_they_are_put_then_each_gets_its_own_result_and_aws_sources_are_refused(
    sandbox: Sandbox, make_queue: Callable[..., Any], put_rule: Callable[..., str]
) -> None:
    queue = make_queue("q")
    queue.allow(put_rule(queue.arn, pattern={"source": [{"prefix": ""}]}))
    entry = {"DetailType": "t", "Detail": '{"a": 1}'}
    answer = sandbox.client("events").put_events(
        Entries=[
            {"Source": "mine", **entry},
            {"Source": "aws.omics", **entry},
            {"Source": "mine", "DetailType": "t", "Detail": "{"},
            {"Source": "mine", "DetailType": "t"},
            {"Source": "mine", "EventBusName": "none", **entry},
        ]
    )
    codes = [result.get("ErrorCode") for result in answer["Entries"]]
    assert codes == [
        None,
        "NotAuthorizedForSourceException",
        "MalformedDetail",
        "InvalidArgument",
        "ResourceNotFoundException",
    ]
    assert answer["FailedEntryCount"] == 4
    [message] = queue.receive()
    assert json.loads(message["Body"])["detail"] == {"a": 1}
    assert json.loads(message["Body"])["id"] == answer["Entries"][0]["EventId"]


def test_given_a_log_group_as_target_when_an_event_matches_then_moto_delivers_it(
    sandbox: Sandbox, put_rule: Callable[..., str], store_id: str
) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="/aws/events/all")
    put_rule("arn:aws:logs:us-west-2:123456789012:log-group:/aws/events/all")
    sandbox.omics.create_read_set(store_id, name="r")
    [event] = logs.filter_log_events(logGroupName="/aws/events/all")["events"]
    assert json.loads(event["message"])["source"] == "aws.omics"
