"""`omics-meta verify` of a stack looks at every part of the deployed pipeline, and names the one that is broken."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto.awslambda.models import lambda_backends

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Aws, Cli

FAST = ("--max-tps", "1000")
ARN = "arn:aws:{}:us-west-2:123456789012:{}"
PATTERN = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"]}


def outputs_of(name: str, table: str, url: str) -> dict[str, Any]:
    """What a stack would say of a pipeline: `name` begins the names of its resources, `url` the URLs of its queues."""
    return {
        "tableName": table,
        "queueName": f"{name}.fifo",
        "queueUrl": f"{url}/{name}.fifo",
        "queueArn": ARN.format("sqs", f"{name}.fifo"),
        "deadLetterQueueUrl": f"{url}/{name}-dead.fifo",
        "deadLetterQueueArn": ARN.format("sqs", f"{name}-dead.fifo"),
        "undeliveredQueueUrl": f"{url}/{name}-undelivered",
        "undeliveredQueueArn": ARN.format("sqs", f"{name}-undelivered"),
        "functionName": name,
        "functionArn": ARN.format("lambda", f"function:{name}"),
        "logGroupName": f"/aws/lambda/{name}",
        "ruleName": name,
        "ruleArn": ARN.format("events", f"rule/{name}"),
        "region": "us-west-2",
    }


class Pipeline:
    """A pipeline as the component deploys it, made with the AWS API alone.

    Attributes:
        outputs: What the stack would say of it.
    """

    def __init__(self, aws: Aws) -> None:
        self.events = aws.sandbox.client("events")
        self.sqs = aws.sandbox.client("sqs")
        self.functions = aws.sandbox.client("lambda")
        self.scheduler = aws.sandbox.client("scheduler")
        self.cloudwatch = aws.sandbox.client("cloudwatch")
        self.logs = aws.sandbox.client("logs")
        self.iam = aws.sandbox.client("iam")
        self.dynamodb = aws.sandbox.client("dynamodb")
        table = aws.table()
        name = table.replace("read-sets", "sync")
        self.name = name
        queues = {f"{name}.fifo": True, f"{name}-dead.fifo": True, f"{name}-undelivered": False}
        self.queue, *_ = (self._queue(queue, fifo) for queue, fifo in queues.items())
        self.outputs = outputs_of(name, table, self.queue.rpartition("/")[0])
        self.put_rule()
        self.put_target()
        self.put_policy()
        self.set_queue(VisibilityTimeout="180")
        self.put_redrive_policy()
        role = self.put_role("lambda.amazonaws.com", name)
        self.create_function(name, role)
        self.put_variables()
        self.put_recursion("Allow")
        self.mapping = self.map()
        self.logs.create_log_group(logGroupName=self.outputs["logGroupName"])
        self.logs.put_retention_policy(logGroupName=self.outputs["logGroupName"], retentionInDays=30)
        self.put_role("scheduler.amazonaws.com")
        self.scheduler.create_schedule(**self.schedule())

    def put_recursion(self, loop: str) -> None:
        self.functions.put_function_recursion_config(FunctionName=self.name, RecursiveLoop=loop)

    def put_rule(self, pattern: Any = PATTERN, state: str = "ENABLED") -> None:
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern), State=state)

    def put_target(self, group: str = "$.detail.id", **changes: Any) -> None:
        target = {
            "Id": "queue",
            "Arn": self.outputs["queueArn"],
            "SqsParameters": {"MessageGroupId": group},
            "DeadLetterConfig": {"Arn": self.outputs["undeliveredQueueArn"]},
        }
        kept = {name: value for name, value in (target | changes).items() if value}
        self.events.put_targets(Rule=self.name, Targets=[kept])

    def put_further_rule(
        self, detail_type: str = "Sequence Store Status Change", input_path: str = "", **options: str
    ) -> str:
        """Add a rule with the queue as its target; return its ARN. The queue's policy is left as it is."""
        name = f"{self.name}-further"
        pattern = {"source": ["aws.omics"], "detail-type": [detail_type]}
        arn = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), **options)["RuleArn"]
        target = {"Id": "queue", "Arn": self.outputs["queueArn"], "SqsParameters": {"MessageGroupId": "$.detail.id"}}
        self.events.put_targets(Rule=name, Targets=[target | ({"InputPath": input_path} if input_path else {})])
        return arn

    def let_send(self, *rules: str) -> None:
        self.put_policy(Condition={"ArnEquals": {"aws:SourceArn": [self.outputs["ruleArn"], *rules]}})

    def put_role(self, service: str, name: str = "") -> str:
        """Make a role that a service may assume, or change that of the schedule; return its ARN."""
        name = name or f"{self.name}-schedule"
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        if name in [role["RoleName"] for role in self.iam.list_roles()["Roles"]]:
            self.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
            return ""
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def schedule(self, **target: Any) -> dict[str, Any]:
        """The parameters of the schedule of reconciliations, with parts of its target changed or, with None, gone."""
        message = {
            "id": "<aws.scheduler.execution-id>",
            "source": "healthomics-metadata-sync",
            "detail-type": "Reconcile",
            "time": "<aws.scheduler.scheduled-time>",
        }
        target = {
            "Arn": self.outputs["queueArn"],
            "RoleArn": ARN.format("iam", f"role/{self.name}-schedule").replace("us-west-2", ""),
            "Input": json.dumps(message),
            "SqsParameters": {"MessageGroupId": "reconcile"},
            "DeadLetterConfig": {"Arn": self.outputs["undeliveredQueueArn"]},
        } | target
        return {
            "Name": self.name,
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {name: value for name, value in target.items() if value is not None},
        }

    def reschedule(self, **changes: Any) -> None:
        self.scheduler.update_schedule(**self.schedule() | changes)

    def put_variables(self, **changes: str | None) -> None:
        """Set the function's environment variables, with some of them changed or, with None, gone."""
        variables = {
            "TABLE_NAME": self.outputs["tableName"],
            "QUEUE_URL": self.queue,
            "SOURCE_ACCOUNT": "123456789012",
            "SOURCE_REGION": "us-west-2",
            "MAX_TPS": "2.5",
            "RECONCILE_SCHEDULE": "rate(1 day)",
        } | changes
        kept = {name: value for name, value in variables.items() if value is not None}
        self.functions.update_function_configuration(FunctionName=self.name, Environment={"Variables": kept})

    def put_redrive_policy(self, *, to: str = "deadLetterQueueArn", deliveries: int = 5) -> None:
        policy = {"deadLetterTargetArn": self.outputs[to], "maxReceiveCount": deliveries}
        self.set_queue(RedrivePolicy=json.dumps(policy))

    def let_messages_wait(self, *seconds: float) -> None:
        """Report how long the oldest message has waited, minute by minute until now."""
        now = datetime.now(UTC)
        data = [
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": self.outputs["queueName"]}],
                "Timestamp": now - timedelta(minutes=len(seconds) - number),
                "Value": value,
            }
            for number, value in enumerate(seconds)
        ]
        self.cloudwatch.put_metric_data(Namespace="AWS/SQS", MetricData=data)

    def registered(self) -> Any:
        """The function as moto has it, for states that no API call brings about."""
        return lambda_backends["123456789012"]["us-west-2"].get_function(self.name)

    def replace_table(self, key: str) -> None:
        self.dynamodb.delete_table(TableName=self.outputs["tableName"])
        self.dynamodb.create_table(
            TableName=self.outputs["tableName"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )

    def put_policy(self, **changes: Any) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.outputs["queueArn"],
            "Condition": {"ArnEquals": {"aws:SourceArn": self.outputs["ruleArn"]}},
        }
        kept = {name: value for name, value in (statement | changes).items() if value}
        self.set_queue(Policy=json.dumps({"Version": "2012-10-17", "Statement": [kept]}))

    def set_queue(self, **attributes: str) -> None:
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes=attributes)

    def map(self, **options: Any) -> str:
        options = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "Enabled": True} | options
        created = self.functions.create_event_source_mapping(
            EventSourceArn=self.outputs["queueArn"], FunctionName=self.name, **options
        )
        return created["UUID"]

    def create_function(self, name: str, role: str) -> None:
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": b""},
            Timeout=30,
        )

    def map_to_another_function(self) -> None:
        name = f"{self.name}-other"
        self.create_function(name, self.put_role("lambda.amazonaws.com", name))
        self.functions.create_event_source_mapping(EventSourceArn=self.outputs["queueArn"], FunctionName=name)

    def map_anew(self, **options: Any) -> None:
        self.unmap()
        self.map(**options)

    def unmap(self) -> None:
        self.functions.delete_event_source_mapping(UUID=self.mapping)

    def _queue(self, name: str, fifo: bool) -> str:
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture
def pipeline(aws: Aws) -> Pipeline:
    return Pipeline(aws)


@pytest.fixture
def verify(aws: Aws, cli: Cli, pipeline: Pipeline, tmp_path: Path) -> Callable[[], tuple[int, dict[str, Any]]]:
    """Verify the stack; return the exit code, and the checks that did not pass, by name."""

    def run() -> tuple[int, dict[str, Any]]:
        outputs = tmp_path / "outputs.json"
        outputs.write_text(json.dumps(pipeline.outputs))
        # The rows are compared with another table, so that the stack's own one may be as it likes.
        done = cli.run_here("verify", "--outputs", outputs, "-t", aws.table(), "--json", *FAST)
        assert done.code in {0, 1}, done.err
        checks = done.document["pipeline"]
        assert done.document["in_sync"] is (done.code == 0)
        return done.code, {each["check"]: each for each in checks if not each["passed"]}

    return run


def _send_to(output: str, **options: str) -> Callable[[Pipeline], object]:
    return lambda pipeline: pipeline.sqs.send_message(QueueUrl=pipeline.outputs[output], MessageBody="{}", **options)


SOUND: dict[str, Callable[[Pipeline], object]] = {
    "as deployed": lambda pipeline: None,
    "adopted queue": lambda pipeline: pipeline.outputs.update(deadLetterQueueUrl=None, deadLetterQueueArn=None),
    "policy with wildcards": lambda pipeline: pipeline.put_policy(
        Action=["sqs:ReceiveMessage", "sqs:SendMessage"],
        Condition={"ArnLike": {"aws:SourceArn": ["arn:aws:events:us-west-2:123456789012:rule/*"]}},
    ),
    "policy for everybody on behalf of the rule": lambda pipeline: pipeline.put_policy(Principal="*", Action="sqs:*"),
    "policy for the account's rules": lambda pipeline: pipeline.put_policy(
        Action="SQS:Send*", Condition={"StringEquals": {"AWS:SourceAccount": "123456789012"}}
    ),
    "further rule": lambda pipeline: pipeline.let_send(pipeline.put_further_rule()),
    "reconciliation is off": lambda pipeline: (
        pipeline.scheduler.delete_schedule(Name=pipeline.name),
        pipeline.put_variables(RECONCILE_SCHEDULE="off"),
    ),
    "few deliveries": lambda pipeline: pipeline.put_redrive_policy(deliveries=2),
    "messages that waited, and do no longer": lambda pipeline: pipeline.let_messages_wait(5000, 3000, 10),
}

BROKEN: dict[str, tuple[Callable[[Pipeline], object], str, str]] = {
    "a function that Lambda stops in a loop": (
        lambda pipeline: pipeline.put_recursion("Terminate"),
        "recursion",
        "has RecursiveLoop Terminate",
    ),
    "rule disabled": (lambda pipeline: pipeline.put_rule(state="DISABLED"), "rule enabled", "is DISABLED"),
    "rule for one status only": (
        lambda pipeline: pipeline.put_rule(PATTERN | {"detail": {"status": ["ACTIVE"]}}),
        "rule pattern",
        '{"status": ["ACTIVE"]}',
    ),
    "no target": (
        lambda pipeline: pipeline.events.remove_targets(Rule=pipeline.name, Ids=["queue"]),
        "rule target",
        "0 targets are arn:aws:sqs",
    ),
    "one message group for all": (lambda pipeline: pipeline.put_target("all"), "message group", "'all'"),
    "nowhere for what is undelivered": (
        lambda pipeline: pipeline.put_target(DeadLetterConfig=None),
        "undelivered queue",
        "is none",
    ),
    "no deduplication": (
        lambda pipeline: pipeline.set_queue(ContentBasedDeduplication="false"),
        "content-based deduplication",
        "is false",
    ),
    "policy for another rule": (
        lambda pipeline: pipeline.put_policy(
            Condition={"ArnEquals": {"aws:SourceArn": ARN.format("events", "rule/x")}}
        ),
        "queue policy",
        "the rule may not send",
    ),
    "policy for another service": (
        lambda pipeline: pipeline.put_policy(Principal={"Service": "sns.amazonaws.com"}),
        "queue policy",
        "the rule may not send",
    ),
    "policy without a condition": (
        lambda pipeline: pipeline.put_policy(Condition=None),
        "queue policy",
        "anybody may send",
    ),
    "policy for everybody": (
        lambda pipeline: pipeline.put_policy(
            Principal={"AWS": "*"}, Action="sqs:*", Condition={"Bool": {"aws:SecureTransport": "true"}}
        ),
        "queue policy",
        "anybody may send",
    ),
    "policy for any source": (
        lambda pipeline: pipeline.put_policy(Condition={"ArnLike": {"aws:SourceArn": "*"}}),
        "queue policy",
        "anybody may send",
    ),
    "part of the event": (lambda pipeline: pipeline.put_target(InputPath="$.detail"), "message body", "its InputPath"),
    "part of the event by a further rule": (
        lambda pipeline: pipeline.let_send(pipeline.put_further_rule(input_path="$.detail")),
        "message body",
        "-further sends what its InputPath makes of an event",
    ),
    "policy without the further rule": (
        lambda pipeline: pipeline.put_further_rule(),
        "queue policy",
        "-further",
    ),
    "further rule disabled": (
        lambda pipeline: pipeline.let_send(pipeline.put_further_rule(State="DISABLED")),
        "further rule enabled",
        "-further is DISABLED",
    ),
    "dead letters of another stack": (
        lambda pipeline: pipeline.put_redrive_policy(to="queueArn"),
        "redrive policy",
        "messages that keep failing go to arn:aws:sqs",
    ),
    "messages that are given up for lost": (
        lambda pipeline: pipeline.set_queue(RedrivePolicy=""),
        "redrive policy",
        "go to nowhere",
    ),
    "messages that wait": (
        lambda pipeline: pipeline.let_messages_wait(10, 1000),
        "oldest message",
        "has waited for 1000 s",
    ),
    "short visibility timeout": (
        lambda pipeline: pipeline.set_queue(VisibilityTimeout="179"),
        "visibility timeout",
        "179 s, and 6 times the function's timeout is 180 s",
    ),
    "another function that reads the queue": (
        lambda pipeline: pipeline.map_to_another_function(),
        "only reader",
        "1 other functions read the queue: arn:aws:lambda:us-west-2:123456789012:function:",
    ),
    "no mapping": (lambda pipeline: pipeline.unmap(), "event source mapping", "0 mappings lead from the queue"),
    "mapping disabled": (
        lambda pipeline: pipeline.map_anew(Enabled=False),
        "event source mapping enabled",
        "is Disabled",
    ),
    "whole batches fail": (
        lambda pipeline: pipeline.map_anew(FunctionResponseTypes=[]),
        "partial batch responses",
        "FunctionResponseTypes is []",
    ),
    "function writes elsewhere": (
        lambda pipeline: pipeline.put_variables(TABLE_NAME="elsewhere"),
        "function's table",
        "is elsewhere, and the stack has read-sets-",
    ),
    "function sends elsewhere": (
        lambda pipeline: pipeline.put_variables(QUEUE_URL=None),
        "function's queue",
        " is not set, and the stack has http",
    ),
    "function of another region": (
        lambda pipeline: pipeline.put_variables(SOURCE_REGION="eu-west-1"),
        "function's region",
        "is eu-west-1, and the stack has us-west-2",
    ),
    "function of another account": (
        lambda pipeline: pipeline.put_variables(SOURCE_ACCOUNT="210987654321"),
        "function's account",
        "is 210987654321, and the stack has 123456789012",
    ),
    "function not active": (
        lambda pipeline: setattr(pipeline.registered(), "state", "Failed"),
        "function",
        " is Failed, its last update",
    ),
    "batches that take too long": (
        lambda pipeline: pipeline.put_variables(MAX_TPS="0.3"),
        "batch size",
        "10 messages, and at MAX_TPS '0.3' the function can refresh 3 in its 30 s",
    ),
    "rate that is none": (lambda pipeline: pipeline.put_variables(MAX_TPS="fast"), "batch size", "at MAX_TPS 'fast' "),
    "rate of one operation that takes too long": (
        lambda pipeline: pipeline.put_variables(MAX_TPS="5,ListTagsForResource=0.1"),
        "batch size",
        "can refresh 1 in its 30 s",
    ),
    "no log group": (
        lambda pipeline: pipeline.logs.delete_log_group(logGroupName=pipeline.outputs["logGroupName"]),
        "log group",
        "is not there",
    ),
    "logs for ever": (
        lambda pipeline: pipeline.logs.delete_retention_policy(logGroupName=pipeline.outputs["logGroupName"]),
        "log retention",
        "for ever",
    ),
    "no schedule": (
        lambda pipeline: pipeline.scheduler.delete_schedule(Name=pipeline.name),
        "schedule",
        "0 send 'Reconcile' to arn:aws:sqs",
    ),
    "schedule for another queue": (
        lambda pipeline: pipeline.reschedule(**pipeline.schedule(Arn=pipeline.outputs["undeliveredQueueArn"])),
        "schedule",
        "0 send 'Reconcile'",
    ),
    "schedule that sends something else": (
        lambda pipeline: pipeline.reschedule(**pipeline.schedule(Input="{}")),
        "schedule",
        "0 send 'Reconcile'",
    ),
    "schedule that sends no JSON": (
        lambda pipeline: pipeline.reschedule(**pipeline.schedule(Input="now")),
        "schedule",
        "0 send 'Reconcile'",
    ),
    "function that knows of no schedule": (
        lambda pipeline: pipeline.put_variables(RECONCILE_SCHEDULE=None),
        "schedule",
        "RECONCILE_SCHEDULE is not set",
    ),
    "schedule disabled": (
        lambda pipeline: pipeline.reschedule(State="DISABLED"),
        "schedule enabled",
        " is DISABLED",
    ),
    "schedule changed": (
        lambda pipeline: pipeline.reschedule(ScheduleExpression="rate(7 days)"),
        "schedule expression",
        "rate(7 days), and the function says rate(1 day)",
    ),
    "schedule without a group": (
        lambda pipeline: pipeline.reschedule(**pipeline.schedule(SqsParameters=None)),
        "schedule target",
        "MessageGroupId is None",
    ),
    "nowhere for schedules that are undelivered": (
        lambda pipeline: pipeline.reschedule(**pipeline.schedule(DeadLetterConfig=None)),
        "schedule's undelivered queue",
        "is none",
    ),
    "no role for the schedule": (
        lambda pipeline: pipeline.iam.delete_role(RoleName=f"{pipeline.name}-schedule"),
        "schedule's role",
        "there is no role arn:aws:iam",
    ),
    "role for something else": (
        lambda pipeline: pipeline.put_role("lambda.amazonaws.com"),
        "schedule's role",
        "EventBridge Scheduler may not assume arn:aws:iam",
    ),
    "no table": (
        lambda pipeline: pipeline.dynamodb.delete_table(TableName=pipeline.outputs["tableName"]),
        "table",
        "ResourceNotFoundException",
    ),
    "table with another key": (lambda pipeline: pipeline.replace_table("id"), "table key", "it must be set_arn"),
    "dead letters": (_send_to("deadLetterQueueUrl", MessageGroupId="1"), "dead letters", "-dead.fifo holds 1 message"),
    "undelivered events": (_send_to("undeliveredQueueUrl"), "dead letters", "-undelivered holds 1 message"),
}


@pytest.mark.parametrize("arrange", SOUND.values(), ids=SOUND.keys())
def test_a_sound_pipeline_passes(
    arrange: Callable[[Pipeline], object], pipeline: Pipeline, verify: Callable[[], tuple[int, dict[str, Any]]]
) -> None:
    arrange(pipeline)
    assert verify() == (0, {})


@pytest.mark.parametrize(("damage", "check", "found"), BROKEN.values(), ids=BROKEN.keys())
def test_the_broken_part_is_named_and_none_else(
    damage: Callable[[Pipeline], object],
    check: str,
    found: str,
    pipeline: Pipeline,
    verify: Callable[[], tuple[int, dict[str, Any]]],
) -> None:
    damage(pipeline)
    code, failed = verify()
    assert code == 1
    assert failed.keys() == {check}
    assert found in failed[check]["found"]
    remedy = failed[check]["remedy"]
    assert len(remedy.split()) > 2
    assert not remedy.endswith((" ", " run", " or", " and"))


def test_one_dead_letter_is_one_message(pipeline: Pipeline, verify: Callable[[], tuple[int, dict[str, Any]]]) -> None:
    _send_to("undeliveredQueueUrl")(pipeline)
    _, one = verify()
    _send_to("undeliveredQueueUrl")(pipeline)
    _, two = verify()
    assert [each["dead letters"]["found"].rpartition(" holds ")[2] for each in (one, two)] == [
        "1 message",
        "2 messages",
    ]


def test_a_pipeline_that_does_not_exist_fails_its_checks_by_name(aws: Aws, cli: Cli, tmp_path: Path) -> None:
    store = aws.store(1)
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs_of("gone", aws.table(), "https://sqs.us-west-2.amazonaws.com/123456789012")))
    assert cli.run("backfill", "--outputs", file, *FAST).code == 0
    # WHEN the rows are right and the pipeline is not there
    done = cli.run("verify", "--outputs", file, "--json", *FAST)
    plain = cli.run("verify", "--outputs", file, *FAST)
    # THEN
    assert (done.code, plain.code) == (1, 1)
    document = done.document
    assert Counter(document["totals"]) == Counter(in_sync=1)
    assert document["in_sync"] is False
    failed = {each["check"]: each["found"] for each in document["pipeline"] if not each["passed"]}
    assert failed.keys() == {
        "rule", "schedule", "queue", "dead letters", "event source mapping", "function", "recursion",
        "log group",
    }  # fmt: skip
    assert {each["check"] for each in document["pipeline"] if each["passed"]} == {
        "oldest message", "only reader", "table", "table key"
    }  # fmt: skip
    assert all(each["found"] and bool(each["remedy"]) is not each["passed"] for each in document["pipeline"])
    assert "ResourceNotFoundException" in failed["rule"]
    assert "broken pipeline: rule: " in plain.out
    assert store in plain.out


def test_a_warning_is_told_of_and_breaks_nothing(aws: Aws, cli: Cli, pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.put_redrive_policy(deliveries=2)
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(pipeline.outputs))

    document = cli.run("verify", "--outputs", outputs, "--json", *FAST).document
    done = cli.run("verify", "--outputs", outputs, *FAST)

    assert done.code == 0
    assert "warning: deliveries: maxReceiveCount is 2, and AWS advises 5 at least" in done.out.splitlines()
    assert [each["check"] for each in document["pipeline"] if each["warning"]] == ["deliveries"]
    assert [each["check"] for each in document["pipeline"] if each["remedy"]] == ["deliveries"]


def test_checks_that_pass_say_so_by_name(aws: Aws, cli: Cli, pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.let_send(pipeline.put_further_rule())
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(pipeline.outputs))

    checks = cli.run("verify", "--outputs", outputs, "--json", *FAST).document["pipeline"]

    broken = {check for _, check, _ in BROKEN.values()}
    assert broken | {"deliveries"} == {each["check"] for each in checks}


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("User: analyst is not authorized to perform: events:DescribeRule on resource: it", "events:DescribeRule"),
        ("Access is denied.", "DescribeRule"),
    ],
)
def test_what_the_caller_may_not_look_at_is_not_judged(
    message: str, action: str, cli: Cli, pipeline: Pipeline, tmp_path: Path, refusing: Callable[[str, str], str]
) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(pipeline.outputs))
    denied = {"AWS_ENDPOINT_URL_EVENTBRIDGE": refusing("AccessDeniedException", message)}

    checks = cli.run_here("verify", "--outputs", outputs, "--json", *FAST, env=denied).document["pipeline"]
    plain = cli.run_here("verify", "--outputs", outputs, *FAST, env=denied)

    assert plain.code == 1
    [rule] = [each for each in checks if each["check"] == "rule"]
    assert (rule["passed"], rule["judged"]) == (False, False)
    assert rule["found"].startswith(f"{action} is not allowed (DescribeRule: AccessDeniedException: {message}")
    assert rule["remedy"] == f"allow the caller {action} (docs/security.md)"
    assert f"not judged: rule: {action} is not allowed" in plain.out
    assert "broken pipeline" not in plain.out
    assert "pulumi up" not in plain.out


def test_status_does_not_judge_what_the_caller_may_not_read(
    cli: Cli, pipeline: Pipeline, tmp_path: Path, refusing: Callable[[str, str], str]
) -> None:
    pipeline.put_variables(POWERTOOLS_METRICS_NAMESPACE="sync", POWERTOOLS_SERVICE_NAME="sync")
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(pipeline.outputs))
    message = "User: analyst is not authorized to perform: dynamodb:Scan on resource: it"
    denied = {"AWS_ENDPOINT_URL_DYNAMODB": refusing("AccessDeniedException", message)}

    done = cli.run_here("status", "--outputs", outputs, env=denied)

    assert done.code == 1
    assert "not judged: rows: dynamodb:Scan is not allowed" in done.out
    assert "broken pipeline" not in done.out
