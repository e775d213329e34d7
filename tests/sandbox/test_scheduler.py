"""EventBridge Scheduler refuses, and delivers, what and how AWS does."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException

ACCOUNT = "123456789012"
SCHEDULE_ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/schedule"
GROUP_ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule-group/default"
MISSING_QUEUE = f"arn:aws:sqs:us-west-2:{ACCOUNT}:missing"
CAN_DO_ALL = ("sqs:SendMessage",)


def trust(service: str = "scheduler.amazonaws.com", **condition: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": condition},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def permissions(*actions: str, on: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": on}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def make_role(sandbox: Sandbox) -> Callable[..., str]:
    """Makes an execution role that may do some actions; returns its ARN."""
    iam = sandbox.client("iam")

    def make(*actions: str, on: str = "*", name: str = "execution", document: str | None = None) -> str:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document or trust())
        if actions:
            iam.put_role_policy(RoleName=name, PolicyName="target", PolicyDocument=permissions(*actions, on=on))
        return role["Role"]["Arn"]

    return make


@dataclass
class Schedules:
    """A client of EventBridge Scheduler, for short calls about one schedule."""

    client: Any

    def create(self, **given: Any) -> None:
        self.client.create_schedule(**self._complete(given))

    def update(self, **given: Any) -> None:
        self.client.update_schedule(**self._complete(given))

    def _complete(self, given: dict[str, Any]) -> dict[str, Any]:
        defaults = {
            "Name": "schedule",
            "ScheduleExpression": "cron(0 4 * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
        }
        if "Target" in given:
            given["Target"] = {"Input": "{}", **given["Target"]}
        return defaults | given


@pytest.fixture
def schedules(sandbox: Sandbox) -> Schedules:
    return Schedules(sandbox.client("scheduler"))


def test_given_a_queue_when_the_schedule_is_run_then_it_gets_the_input_with_its_context(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q.fifo")
    target = {"Arn": queue.arn, "RoleArn": make_role("sqs:SendMessage", on=queue.arn)}
    target["SqsParameters"] = {"MessageGroupId": "nightly"}
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    schedules.create(Target={**target, "Input": json.dumps({name: f"<aws.scheduler.{name}>" for name in names})})
    assert sandbox.run_schedule("schedule") == "delivered"
    [message] = queue.receive()
    assert message["Attributes"]["MessageGroupId"] == "nightly"
    body = json.loads(message["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body.pop("scheduled-time"))
    assert re.fullmatch(r"[0-9a-f]{16}", body.pop("execution-id"))
    assert body == {"schedule-arn": SCHEDULE_ARN, "attempt-number": "1"}
    assert sandbox.scheduler.delivered == {"schedule": 1}


def test_given_a_schedule_in_a_group_when_it_is_run_then_the_group_has_to_be_named(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q")
    schedules.client.create_schedule_group(Name="team")
    schedules.create(GroupName="team", Target={"Arn": queue.arn, "RoleArn": make_role("sqs:SendMessage")})
    assert sandbox.run_schedule("schedule", group="team") == "delivered"
    for group in ("default", "other"):
        with pytest.raises(ResourceNotFoundException, match=f"Schedule {group}/schedule does not exist"):
            sandbox.run_schedule("schedule", group=group)
    assert len(queue.receive()) == 1


def test_given_an_attached_policy_when_the_schedule_is_run_then_its_default_version_counts(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue, iam = make_queue("q"), sandbox.client("iam")
    schedules.create(Target={"Arn": queue.arn, "RoleArn": make_role()})
    assert sandbox.run_schedule("schedule") == "dropped"
    policy = iam.create_policy(PolicyName="send", PolicyDocument=permissions("sqs:SendMessage"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="execution", PolicyArn=policy)
    assert sandbox.run_schedule("schedule") == "delivered"
    other = permissions("sqs:ReceiveMessage")
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=other, SetAsDefault=True)
    assert sandbox.run_schedule("schedule") == "dropped"


@pytest.mark.parametrize(
    ("target", "allowed", "code", "complaint"),
    [
        ("q", (), "AccessDeniedException", "not authorized to perform: sqs:SendMessage on resource"),
        (MISSING_QUEUE, CAN_DO_ALL, "AWS.SimpleQueueService.NonExistentQueue", "does not exist"),
        ("q.fifo", CAN_DO_ALL, "InvalidParameterValue", "MessageGroupId"),
    ],
    ids=["queue not allowed", "no queue", "no message group"],
)
def test_given_a_target_that_cannot_be_invoked_when_the_schedule_is_run_then_the_dead_letter_tells_the_reason(
    sandbox: Sandbox,
    schedules: Schedules,
    make_queue: Callable[..., Any],
    make_role: Callable[..., str],
    target: str,
    allowed: tuple[str, ...],
    code: str,
    complaint: str,
) -> None:
    undelivered = make_queue("undelivered")
    arn = target if target.startswith("arn:") else make_queue(target).arn
    role = make_role(*allowed)
    sandbox.client("iam").put_role_policy(
        RoleName="execution", PolicyName="dead", PolicyDocument=permissions("sqs:SendMessage", on=undelivered.arn)
    )
    dead_letters = {"Arn": undelivered.arn}
    schedules.create(Target={"Arn": arn, "RoleArn": role, "Input": '{"task": 1}', "DeadLetterConfig": dead_letters})
    assert sandbox.run_schedule("schedule") == "dead-lettered"
    [message] = undelivered.receive()
    assert json.loads(message["Body"]) == {"task": 1}
    given = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert complaint in given.pop("ERROR_MESSAGE")
    assert re.fullmatch(r"[0-9a-f]{16}", given.pop("EXECUTION_ID"))
    assert given.pop("SCHEDULED_TIME").endswith("Z")
    assert given == {
        "ERROR_CODE": code,
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULE_ARN": SCHEDULE_ARN,
        "TARGET_ARN": arn,
    }
    assert sandbox.scheduler.dead_lettered == {"schedule": 1}
    assert not sandbox.scheduler.delivered


@pytest.mark.parametrize("lost", ["permission", "role", "trust"])
def test_given_a_role_that_lost_what_it_needs_when_the_schedule_is_run_then_nothing_is_sent_in_its_name(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str], lost: str
) -> None:
    queue, undelivered, iam = make_queue("q"), make_queue("undelivered"), sandbox.client("iam")
    role = make_role("sqs:SendMessage")
    schedules.create(Target={"Arn": queue.arn, "RoleArn": role, "DeadLetterConfig": {"Arn": undelivered.arn}})
    if lost in {"permission", "role"}:
        iam.delete_role_policy(RoleName="execution", PolicyName="target")
    if lost == "role":
        iam.delete_role(RoleName="execution")
    if lost == "trust":
        iam.update_assume_role_policy(RoleName="execution", PolicyDocument=trust("lambda.amazonaws.com"))
    assert sandbox.run_schedule("schedule") == "dropped"
    assert queue.receive() == []
    assert undelivered.receive() == []
    assert sandbox.scheduler.dropped == {"schedule": 1}


TRUSTED = trust(**{"aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP_ARN})
UNTRUSTED = {
    "another-service": trust("lambda.amazonaws.com"),
    "another-account": trust(**{"aws:SourceAccount": "999999999999"}),
    "schedule-instead-of-group": trust(**{"aws:SourceArn": SCHEDULE_ARN}),
}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (
        {"FlexibleTimeWindow": {"Mode": "WIDE"}},
        "ValidationException",
        "FlexibleTimeWindow.Mode",
    ),
    ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindowInMinutes"),
    ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "ValidationException", "only with it"),
    ({"StartDate": 1_800_000_000}, "ValidationException", "does not emulate StartDate"),
    ({"GroupName": "none"}, "ResourceNotFoundException", "Schedule group none does not exist"),
    *[
        ({"ScheduleExpression": wrong}, "ValidationException", f"Invalid Schedule Expression {re.escape(wrong)}")
        for wrong in (
            "rate(0 minutes)",
            "rate(1.5 hours)",
            "rate(10 seconds)",
            "cron(0 4 * * *)",
            "at(2026-11-30)",
            "daily",
        )
    ],
    *[
        ({"Target": {"Arn": MISSING_QUEUE, "RoleArn": "<role>", **target}}, "ValidationException", complaint)
        for target, complaint in (
            ({"Arn": None}, "Arn"),
            ({"RoleArn": None}, "RoleArn"),
            ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}, "does not emulate the target"),
            ({"Arn": f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:f"}, "only queues"),
            ({"Input": None}, "without an Input"),
            ({"RoleArn": "<role>x"}, "to assume the role"),
            ({"RoleArn": "execution"}, "RoleArn"),
            ({"DeadLetterConfig": {"Arn": f"{MISSING_QUEUE}.fifo"}}, "DeadLetterConfig.Arn"),
            *[({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}, "to assume the role") for name in UNTRUSTED],
        )
    ],
]


def test_given_schedules_that_aws_refuses_when_they_are_created_or_updated_then_the_error_says_why(
    sandbox: Sandbox, make_role: Callable[..., str]
) -> None:
    role = make_role(*CAN_DO_ALL, document=TRUSTED)
    for name, document in UNTRUSTED.items():
        make_role(name=name, document=document)
    session: Any = boto3.Session("sandbox", "sandbox", region_name=sandbox.region)
    unchecked = Config(parameter_validation=False)
    schedules = Schedules(session.client("scheduler", endpoint_url=sandbox.endpoint, config=unchecked))
    good = {"Target": {"Arn": MISSING_QUEUE, "RoleArn": role}}
    for expression in ("rate(1 minute)", "rate(6 hours)", "cron(0 4 * * ? *)", "at(2026-11-30T04:00:00)"):
        schedules.create(**good, ScheduleExpression=expression)
        schedules.client.delete_schedule(Name="schedule")
    schedules.create(**good)
    for given, code, complaint in REFUSED:
        wrong = json.loads(json.dumps({**good, **given}).replace("<role>", role))
        for attempt in (partial(schedules.create, Name="wrong"), schedules.update):
            with pytest.raises(ClientError, match=complaint) as raised:
                attempt(**wrong)
            assert raised.value.response.get("Error", {}).get("Code") == code
    [kept] = schedules.client.list_schedules()["Schedules"]
    assert kept["Name"] == "schedule"


def test_given_an_update_without_a_state_when_the_schedule_was_disabled_then_it_is_enabled_as_on_aws(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    target = {"Arn": make_queue("q").arn, "RoleArn": make_role("sqs:SendMessage")}
    schedules.create(Target=target, State="DISABLED")
    with pytest.raises(ConflictException, match="default/schedule is disabled: set its State to ENABLED"):
        sandbox.run_schedule("schedule")
    schedules.update(Target=target)
    assert schedules.client.get_schedule(Name="schedule")["State"] == "ENABLED"
    assert sandbox.run_schedule("schedule") == "delivered"


def test_given_the_control_over_http_when_a_schedule_is_run_then_the_answer_tells_what_became_of_it(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    def call(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{sandbox.endpoint}/_sandbox/schedules{path}", data, method=method)  # noqa: S310 - 127.0.0.1
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - 127.0.0.1
            return json.loads(answer.read())

    schedules.create(Target={"Arn": make_queue("q").arn, "RoleArn": make_role("sqs:SendMessage")})
    assert call("POST", "/schedule/run") == {"outcome": "delivered"}
    assert call("POST", "/schedule/run", {"group": "default"}) == {"outcome": "delivered"}
    assert call("GET", "") == {"delivered": {"schedule": 2}, "deadLettered": {}, "dropped": {}}
    with pytest.raises(urllib.error.HTTPError) as raised:
        call("POST", "/none/run")
    with raised.value as answer:
        assert answer.code == 404
        assert json.loads(answer.read()) == {"error": "Schedule default/none does not exist."}
