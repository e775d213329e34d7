"""EventBridge Scheduler fires what, when and how AWS does."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.scheduler.models import Schedule
from omics_sandbox import Limits, Sandbox
from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException
from omics_sandbox.scheduler.calendar import Calendar
from omics_sandbox.scheduler.expression import is_schedule_expression, rate_minutes

ACCOUNT = "123456789012"
SCHEDULE_ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/schedule"
GROUP_ARN = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule-group/default"
MISSING_QUEUE = f"arn:aws:sqs:us-west-2:{ACCOUNT}:missing"
MISSING_FUNCTION = f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:missing"
CAN_DO_ALL = ("sqs:SendMessage", "lambda:InvokeFunction")


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
        return defaults | given


@pytest.fixture
def schedules(sandbox: Sandbox) -> Schedules:
    return Schedules(sandbox.client("scheduler"))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be within 20 s"
        time.sleep(0.02)


def test_given_an_input_with_context_attributes_when_the_schedule_is_run_then_the_queue_gets_their_values(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q")
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    given = json.dumps({name: f"<aws.scheduler.{name}>" for name in names})
    schedules.create(Target={"Arn": queue.arn, "RoleArn": make_role("sqs:SendMessage", on=queue.arn), "Input": given})
    assert sandbox.run_schedule("schedule") == "delivered"
    [message] = queue.receive()
    body = json.loads(message["Body"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body.pop("scheduled-time"))
    assert re.fullmatch(r"[0-9a-f]{16}", body.pop("execution-id"))
    assert body == {"schedule-arn": SCHEDULE_ARN, "attempt-number": "1"}
    assert sandbox.scheduler.delivered == {"schedule": 1}


def test_given_no_input_when_the_schedule_is_run_then_the_target_gets_the_default_notification(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q")
    schedules.create(Target={"Arn": queue.arn, "RoleArn": make_role("sqs:SendMessage")})
    sandbox.run_schedule("schedule")
    event = json.loads(queue.receive()[0]["Body"])
    assert len(event.pop("id")) == 36
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "region": "us-west-2",
        "resources": [SCHEDULE_ARN],
        "detail": "{}",
    }


def test_given_a_function_as_target_when_the_schedule_is_run_then_it_is_invoked_and_drain_waits_for_it(
    sandbox: Sandbox, schedules: Schedules, deploy: Callable[..., str], make_role: Callable[..., str]
) -> None:
    function = deploy("import time\ndef handler(event, context): time.sleep(0.3); print('got', event['task'])")
    role = make_role("lambda:InvokeFunction", on=function)
    schedules.create(Target={"Arn": function, "RoleArn": role, "Input": '{"task": "reconcile"}'})
    assert sandbox.run_schedule("schedule") == "delivered"
    with pytest.raises(TimeoutError, match="1 asynchronous invocations"):
        sandbox.drain(timeout=0)
    sandbox.drain()
    assert any("got reconcile" in line for line in sandbox.lambda_logs("function"))


def test_given_a_fifo_queue_as_target_when_the_schedule_is_run_then_the_message_is_in_the_group_of_the_target(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    queue = make_queue("q.fifo")
    target = {"Arn": queue.arn, "RoleArn": make_role("sqs:SendMessage"), "Input": "plain text"}
    schedules.create(Target={**target, "SqsParameters": {"MessageGroupId": "nightly"}})
    sandbox.run_schedule("schedule")
    [message] = queue.receive()
    assert message["Attributes"]["MessageGroupId"] == "nightly"
    assert message["Body"] == "plain text"


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
        (MISSING_FUNCTION, (), "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction"),
        (MISSING_FUNCTION, CAN_DO_ALL, "ResourceNotFoundException", "missing"),
        ("q.fifo", CAN_DO_ALL, "InvalidParameterValue", "MessageGroupId"),
    ],
    ids=["queue not allowed", "no queue", "function not allowed", "no function", "no message group"],
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


def test_given_a_role_that_may_not_send_to_the_dead_letter_queue_when_delivery_fails_then_it_is_dropped_and_counted(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str]
) -> None:
    undelivered = make_queue("undelivered")
    role = make_role("sqs:SendMessage", on=MISSING_QUEUE)
    schedules.create(Target={"Arn": MISSING_QUEUE, "RoleArn": role, "DeadLetterConfig": {"Arn": undelivered.arn}})
    assert sandbox.run_schedule("schedule") == "dropped"
    assert undelivered.receive() == []
    assert sandbox.scheduler.dropped == {"schedule": 1}


@pytest.mark.parametrize("lost", ["role", "trust"])
def test_given_a_role_that_is_gone_or_trusts_no_more_when_the_schedule_is_run_then_nothing_is_sent_in_its_name(
    sandbox: Sandbox, schedules: Schedules, make_queue: Callable[..., Any], make_role: Callable[..., str], lost: str
) -> None:
    queue, undelivered, iam = make_queue("q"), make_queue("undelivered"), sandbox.client("iam")
    role = make_role("sqs:SendMessage")
    schedules.create(Target={"Arn": queue.arn, "RoleArn": role, "DeadLetterConfig": {"Arn": undelivered.arn}})
    if lost == "role":
        iam.delete_role_policy(RoleName="execution", PolicyName="target")
        iam.delete_role(RoleName="execution")
    else:
        iam.update_assume_role_policy(RoleName="execution", PolicyDocument=trust("lambda.amazonaws.com"))
    assert sandbox.run_schedule("schedule") == "dropped"
    assert queue.receive() == []
    assert undelivered.receive() == []


@pytest.mark.parametrize(
    ("condition", "accepted"),
    [
        ({"aws:SourceAccount": ACCOUNT, "aws:SourceArn": GROUP_ARN}, True),
        ({"aws:SourceAccount": "999999999999"}, False),
        ({"aws:SourceArn": SCHEDULE_ARN}, False),
    ],
    ids=["account and group", "another account", "schedule instead of group"],
)
def test_given_a_trust_policy_with_conditions_when_a_schedule_is_created_then_they_have_to_hold(
    schedules: Schedules, make_role: Callable[..., str], condition: dict[str, str], accepted: bool
) -> None:
    role = make_role(document=trust(**condition))
    created = True
    try:
        schedules.create(Target={"Arn": MISSING_QUEUE, "RoleArn": role})
    except schedules.client.exceptions.ValidationException:
        created = False
    assert created is accepted


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"FlexibleTimeWindow": None}, "ValidationException", "'flexibleTimeWindow'"),
    ({"FlexibleTimeWindow": {}}, "ValidationException", "'flexibleTimeWindow.mode'"),
    ({"FlexibleTimeWindow": {"Mode": "WIDE"}}, "ValidationException", "OFF or FLEXIBLE"),
    ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindowInMinutes"),
    ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "ValidationException", "left out"),
    ({"ScheduleExpression": "rate(0 minutes)"}, "ValidationException", r"Invalid Schedule Expression rate\(0 min"),
    ({"StartDate": 1_800_000_000}, "ValidationException", "does not emulate StartDate"),
    ({"GroupName": "none"}, "ResourceNotFoundException", "Schedule group none does not exist"),
    ({"Target": {"RoleArn": "<role>"}}, "ValidationException", "'target.arn'"),
    ({"Target": {"Arn": MISSING_QUEUE}}, "ValidationException", "'target.roleArn'"),
    (
        {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": "<role>"}},
        "ValidationException",
        "does not emulate the target",
    ),
    ({"Target": {"Arn": MISSING_FUNCTION, "RoleArn": "<role>", "Input": "{"}}, "ValidationException", "well-formed"),
    ({"Target": {"Arn": MISSING_QUEUE, "RoleArn": "<lambda role>"}}, "ValidationException", "to assume the role"),
    ({"Target": {"Arn": MISSING_QUEUE, "RoleArn": "<role>x"}}, "ValidationException", "to assume the role"),
    ({"Target": {"Arn": MISSING_QUEUE, "RoleArn": "execution"}}, "ValidationException", "to assume the role"),
    (
        {"Target": {"Arn": MISSING_QUEUE, "RoleArn": "<role>", "DeadLetterConfig": {"Arn": f"{MISSING_QUEUE}.fifo"}}},
        "ValidationException",
        "must be a standard queue",
    ),
]


@pytest.mark.parametrize(("given", "code", "complaint"), REFUSED, ids=[complaint for _, _, complaint in REFUSED])
def test_given_a_schedule_that_aws_refuses_when_it_is_created_or_updated_then_the_error_says_why(
    sandbox: Sandbox, make_role: Callable[..., str], given: dict[str, Any], code: str, complaint: str
) -> None:
    roles = {
        "<role>": make_role(*CAN_DO_ALL),
        "<lambda role>": make_role(name="other", document=trust("lambda.amazonaws.com")),
    }
    session: Any = boto3.Session("sandbox", "sandbox", region_name=sandbox.region)
    unchecked = Config(parameter_validation=False)
    schedules = Schedules(session.client("scheduler", endpoint_url=sandbox.endpoint, config=unchecked))
    good = {"Target": {"Arn": MISSING_QUEUE, "RoleArn": roles["<role>"]}}
    schedules.create(**good)
    text = json.dumps({**good, **given})
    for name, arn in roles.items():
        text = text.replace(name, arn)
    wrong = json.loads(text)
    for attempt in (lambda: schedules.create(Name="wrong", **wrong), lambda: schedules.update(**wrong)):
        with pytest.raises(ClientError, match=complaint) as raised:
            attempt()
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


def test_given_a_rate_when_it_is_set_and_its_periods_pass_then_the_schedule_fires_by_itself_as_on_aws() -> None:
    with Sandbox(limits=Limits.none(), schedule_minute=0.1) as sandbox:
        sqs, iam, schedules = sandbox.client("sqs"), sandbox.client("iam"), Schedules(sandbox.client("scheduler"))
        sqs.create_queue(QueueName="q")
        role = iam.create_role(RoleName="execution", AssumeRolePolicyDocument=trust())["Role"]["Arn"]
        iam.put_role_policy(RoleName="execution", PolicyName="p", PolicyDocument=permissions("sqs:SendMessage"))
        target = {"Arn": f"arn:aws:sqs:us-west-2:{ACCOUNT}:q", "RoleArn": role}
        delivered = sandbox.scheduler.delivered

        schedules.create(Name="often", ScheduleExpression="rate(1 minute)", Target=target)
        schedules.create(Name="off", ScheduleExpression="rate(1 minute)", Target=target, State="DISABLED")
        schedules.create(Name="at-four", Target=target)
        schedules.create(Name="deleted", ScheduleExpression="rate(1 minute)", Target=target)
        schedules.create(Name="daily", ScheduleExpression="rate(1 day)", Target=target)
        wait_until(lambda: delivered["often"] >= 3 and delivered["deleted"] >= 1 and delivered["daily"] >= 1)

        schedules.client.delete_schedule(Name="deleted")
        schedules.update(Name="often", ScheduleExpression="rate(1 day)", Target=target)
        schedules.update(Name="off", ScheduleExpression="rate(1 minute)", Target=target, State="ENABLED")
        wait_until(lambda: delivered["off"] >= 3)
        before = dict(delivered)
        wait_until(lambda: delivered["off"] >= 6)
        assert {**delivered, "off": 0} == {**before, "off": 0}
        assert delivered["daily"] == 1
        assert "at-four" not in delivered


def stored(expression: str, *, changed: float = 1000.0, state: str = "ENABLED") -> Any:
    """A schedule as moto keeps it."""
    schedule: Any = Schedule(
        region="us-west-2",
        account_id=ACCOUNT,
        group_name="default",
        name="schedule",
        description=None,
        schedule_expression=expression,
        schedule_expression_timezone=None,
        flexible_time_window={"Mode": "OFF"},
        target={"Arn": MISSING_QUEUE},
        state=state,
        kms_key_arn=None,
        start_date=None,
        end_date=None,
        action_after_completion=None,
    )
    schedule.last_modified_date = changed
    return schedule


def test_given_a_rate_when_the_clock_moves_then_the_schedule_is_due_at_once_and_then_once_a_period() -> None:
    calendar, hourly = Calendar(minute=60), stored("rate(1 hour)")
    times = (1000, 4599, 4600, 4601, 8199, 8205, 30_000, 33_399, 33_400)
    seen = [[at for _, at in calendar.due([hourly], now)] for now in times]
    assert seen == [[1000], [], [4600], [], [], [8200], [11_800], [], [33_400]]


def test_given_a_schedule_that_changes_when_the_clock_moves_then_a_new_period_begins() -> None:
    calendar, first, changed = Calendar(minute=60), stored("rate(1 minute)"), stored("rate(1 minute)", changed=1050)
    assert calendar.due([first], 1049) == [(first, 1000)]
    assert calendar.due([changed], 1109) == [(changed, 1050)]
    assert calendar.due([changed], 1110) == [(changed, 1110)]
    assert calendar.due([stored("rate(1 minute)", changed=1050, state="DISABLED")], 9999) == []


@pytest.mark.parametrize(
    ("expression", "valid", "minutes"),
    [
        ("rate(1 minute)", True, 1),
        ("rate(15 minutes)", True, 15),
        ("rate(6 hours)", True, 360),
        ("rate(1 day)", True, 1440),
        ("cron(0 4 * * ? *)", True, None),
        ("at(2026-11-30T04:00:00)", True, None),
        ("rate(0 minutes)", False, None),
        ("rate(1.5 hours)", False, None),
        ("rate(10 seconds)", False, None),
        ("cron(0 4 * * *)", False, None),
        ("at(2026-11-30)", False, None),
        ("daily", False, None),
    ],
)
def test_given_an_expression_when_it_is_read_then_its_form_and_its_period_are_known(
    expression: str, valid: bool, minutes: int | None
) -> None:
    assert is_schedule_expression(expression) is valid
    assert rate_minutes(expression) == minutes


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
