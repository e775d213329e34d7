"""EventBridge Scheduler refuses, and delivers, what and how AWS does."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException

from tests.sandbox.conftest import policy

ACCOUNT = "123456789012"
SCHEDULE_ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/{{}}".format
MISSING_QUEUE = f"arn:aws:sqs:us-west-2:{ACCOUNT}:missing"


def allowing(**statement: Any) -> str:
    return policy({"Effect": "Allow", **statement})


def trust(service: str = "scheduler.amazonaws.com", **condition: str) -> str:
    return allowing(Principal={"Service": service}, Action="sts:AssumeRole", Condition={"StringEquals": condition})


@pytest.fixture
def make_role(sandbox: Sandbox) -> Callable[..., str]:
    """Makes an execution role that may send to a queue; returns its ARN."""
    iam = sandbox.client("iam")

    def make(name: str = "execution", *, to: str = "*", document: str | None = None) -> str:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document or trust())
        may = allowing(Action="sqs:SendMessage", Resource=to)
        iam.put_role_policy(RoleName=name, PolicyName="target", PolicyDocument=may)
        return role["Role"]["Arn"]

    return make


@pytest.fixture
def put(sandbox: Sandbox) -> Callable[..., None]:
    """Creates a schedule, or updates one with `call="update_schedule"`; nothing is checked before it is sent."""
    client = sandbox.client("scheduler", config=Config(parameter_validation=False))

    def call(*, call: str = "create_schedule", **given: Any) -> None:
        given["Target"] = {"Input": "{}", **given["Target"]}
        defaults = {
            "Name": "schedule",
            "ScheduleExpression": "cron(0 4 * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
        }
        getattr(client, call)(**defaults | given)

    return call


def test_given_a_schedule_when_it_is_run_then_the_queue_gets_the_input_with_its_context(
    sandbox: Sandbox, put: Callable[..., None], make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q.fifo")
    target = {"Arn": queue.arn, "RoleArn": make_role(to=queue.arn), "SqsParameters": {"MessageGroupId": "nightly"}}
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    target["Input"] = json.dumps({name: f"<aws.scheduler.{name}>" for name in names})
    sandbox.client("scheduler").create_schedule_group(Name="team")
    put(Target=target, State="DISABLED")
    put(Target=target, GroupName="team", Name="other")
    with pytest.raises(ConflictException, match="default/schedule is disabled: set its State to ENABLED"):
        sandbox.run_schedule("schedule")
    with pytest.raises(ResourceNotFoundException, match="Schedule default/other does not exist"):
        sandbox.run_schedule("other")

    put(call="update_schedule", Target=target, State="ENABLED")
    assert [sandbox.run_schedule("schedule"), sandbox.run_schedule("other", group="team")] == ["delivered"] * 2

    messages = queue.receive()
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"nightly"}
    body = json.loads(messages[0]["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body.pop("scheduled-time"))
    assert re.fullmatch(r"[0-9a-f]{16}", body.pop("execution-id"))
    assert body == {"schedule-arn": SCHEDULE_ARN("schedule"), "attempt-number": "1"}
    assert sandbox.scheduler.delivered == {"schedule": 1, "other": 1}


def test_given_a_target_that_cannot_be_invoked_when_the_schedule_is_run_then_the_dead_letter_tells_the_reason(
    sandbox: Sandbox, put: Callable[..., None], make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    undelivered, fifo = make_queue("undelivered"), make_queue("q.fifo")
    everywhere, nowhere_else = make_role("everywhere"), make_role("nowhere-else", to=undelivered.arn)
    cases = {
        "not-allowed": (make_queue("q").arn, nowhere_else, "AccessDeniedException", "not authorized to perform"),
        "no-queue": (MISSING_QUEUE, everywhere, "AWS.SimpleQueueService.NonExistentQueue", "does not exist"),
        "no-message-group": (fifo.arn, everywhere, "InvalidParameterValue", "MessageGroupId"),
    }
    for name, (arn, role, code, complaint) in cases.items():
        target = {"Arn": arn, "RoleArn": role, "Input": '{"task": 1}', "DeadLetterConfig": {"Arn": undelivered.arn}}
        put(Name=name, Target=target)
        assert sandbox.run_schedule(name) == "dead-lettered"
        [message] = undelivered.receive()
        assert json.loads(message["Body"]) == {"task": 1}
        given = {attribute: value["StringValue"] for attribute, value in message["MessageAttributes"].items()}
        assert complaint in given.pop("ERROR_MESSAGE")
        assert re.fullmatch(r"[0-9a-f]{16}", given.pop("EXECUTION_ID"))
        assert given.pop("SCHEDULED_TIME").endswith("Z")
        assert given == {
            "ERROR_CODE": code,
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": "0",
            "SCHEDULE_ARN": SCHEDULE_ARN(name),
            "TARGET_ARN": arn,
        }
    assert sandbox.scheduler.dead_lettered == dict.fromkeys(cases, 1)
    assert not sandbox.scheduler.delivered


def test_given_a_role_that_lost_what_it_needs_when_the_schedule_is_run_then_nothing_is_sent_in_its_name(
    sandbox: Sandbox, put: Callable[..., None], make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue, undelivered, iam = make_queue("q"), make_queue("undelivered"), sandbox.client("iam")
    put(Target={"Arn": queue.arn, "RoleArn": make_role(), "DeadLetterConfig": {"Arn": undelivered.arn}})
    iam.update_assume_role_policy(RoleName="execution", PolicyDocument=trust("lambda.amazonaws.com"))
    assert sandbox.run_schedule("schedule") == "dropped"
    iam.update_assume_role_policy(RoleName="execution", PolicyDocument=trust())
    iam.delete_role_policy(RoleName="execution", PolicyName="target")
    assert sandbox.run_schedule("schedule") == "dropped"
    attached = iam.create_policy(PolicyName="send", PolicyDocument=allowing(Action="sqs:*", Resource="*"))["Policy"][
        "Arn"
    ]
    iam.attach_role_policy(RoleName="execution", PolicyArn=attached)
    assert sandbox.run_schedule("schedule") == "delivered"
    iam.detach_role_policy(RoleName="execution", PolicyArn=attached)
    iam.delete_role(RoleName="execution")
    assert sandbox.run_schedule("schedule") == "dropped"
    assert (len(queue.receive()), undelivered.receive()) == (1, [])
    assert sandbox.scheduler.dropped == {"schedule": 3}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"FlexibleTimeWindow": {"Mode": "WIDE"}}, "FlexibleTimeWindow.Mode"),
    ({"StartDate": 1_800_000_000}, "without a StartDate"),
    ({"GroupName": "none"}, "Schedule group none does not exist"),
    *[
        ({"ScheduleExpression": wrong}, f"Invalid Schedule Expression {re.escape(wrong)}")
        for wrong in ("rate(0 minutes)", "rate(10 seconds)", "cron(0 4 * * *)", "at(2026-11-30)", "daily")
    ],
    *[
        ({"Target": {"Arn": MISSING_QUEUE, "RoleArn": "<role>", **target}}, complaint)
        for target, complaint in (
            ({"Arn": None}, "Arn"),
            ({"Arn": f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:f"}, "for queues"),
            ({"Input": None}, "with an Input"),
            ({"RoleArn": "execution"}, "RoleArn"),
            ({"RoleArn": "<role>x"}, "to assume the role"),
            ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/of-the-schedule"}, "to assume the role"),
        )
    ],
]


def test_given_schedules_that_aws_refuses_when_they_are_created_or_updated_then_the_error_says_why(
    sandbox: Sandbox, put: Callable[..., None], make_role: Callable[..., str]
) -> None:
    group_arn = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule-group/default"
    role = make_role(document=trust(**{"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group_arn}))
    make_role("of-the-schedule", document=trust(**{"aws:SourceArn": SCHEDULE_ARN("wrong")}))  # not of its group
    good = {"Target": {"Arn": MISSING_QUEUE, "RoleArn": role}}
    for expression in ("cron(0 4 * * ? *)", "rate(1 minute)", "rate(6 hours)", "at(2026-11-30T04:00:00)"):
        put(**good, ScheduleExpression=expression, Name=re.sub(r"\W", "-", expression))
    put(**good)
    for given, complaint in REFUSED:
        wrong = json.loads(json.dumps({**good, **given}).replace("<role>", role))
        for attempt in (partial(put, Name="wrong"), partial(put, call="update_schedule")):
            with pytest.raises(ClientError, match=complaint):
                attempt(**wrong)
    assert len(sandbox.client("scheduler").list_schedules()["Schedules"]) == 5
