"""`omics-meta verify` of a stack looks at every part of the deployed pipeline, and names the one that is broken."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from omics_meta.pipeline.check import Check
from omics_meta.pipeline.checks import check_pipeline
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.outputs import Outputs

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished

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
        name: The name of its resources, or how their names begin.
        outputs: What the stack would say of it.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._changed: set[str] = set()
        # One for all, because the first client of a session takes longest.
        self._session = boto3.Session()
        table = aws.table()
        self.name = table.replace("read-sets", "sync")
        queues = {f"{self.name}.fifo": True, f"{self.name}-dead.fifo": True, f"{self.name}-undelivered": False}
        self.queue, *_ = (self._queue(queue, fifo) for queue, fifo in queues.items())
        self._deployed = outputs_of(self.name, table, self.queue.rpartition("/")[0])
        self._create_function(self.name)
        self._changed |= {"events", "logs", "scheduler"}
        self.restore()

    def client(self, service: str) -> Any:
        """The client of a service, in which something is about to be changed."""
        self._changed.add(service)
        return self._aws.client(service)

    def restore(self) -> None:
        """Put back what the deployment says, in the services in which something was changed."""
        self.outputs = dict(self._deployed)
        for service in sorted(self._changed):
            getattr(self, f"_restore_{service}")()
        self._changed.clear()

    def check(self) -> list[Check]:
        """What the checks of the stack say."""
        stack = Stack(self._session, Outputs("outputs.json", self.outputs))
        stack.client = self._aws.client
        return check_pipeline(stack)

    def put_recursion(self, loop: str) -> None:
        self.client("lambda").put_function_recursion_config(FunctionName=self.name, RecursiveLoop=loop)

    def put_rule(self, pattern: Any = PATTERN, state: str = "ENABLED") -> None:
        self.client("events").put_rule(Name=self.name, EventPattern=json.dumps(pattern), State=state)

    def put_target(self, group: str = "$.detail.id", **changes: Any) -> None:
        target = {
            "Id": "queue",
            "Arn": self.outputs["queueArn"],
            "SqsParameters": {"MessageGroupId": group},
            "DeadLetterConfig": {"Arn": self.outputs["undeliveredQueueArn"]},
        }
        kept = {name: value for name, value in (target | changes).items() if value}
        self.client("events").put_targets(Rule=self.name, Targets=[kept])

    def put_further_rule(
        self, detail_type: str = "Sequence Store Status Change", input_path: str = "", **options: str
    ) -> str:
        """Add a rule with the queue as its target; return its ARN. The queue's policy is left as it is."""
        name = f"{self.name}-further"
        pattern = {"source": ["aws.omics"], "detail-type": [detail_type]}
        arn = self.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), **options)["RuleArn"]
        target = {"Id": "queue", "Arn": self.outputs["queueArn"], "SqsParameters": {"MessageGroupId": "$.detail.id"}}
        self.client("events").put_targets(
            Rule=name, Targets=[target | ({"InputPath": input_path} if input_path else {})]
        )
        return arn

    def let_send(self, *rules: str) -> None:
        self.put_policy(Condition={"ArnEquals": {"aws:SourceArn": [self.outputs["ruleArn"], *rules]}})

    def put_role(self, service: str, name: str = "") -> str:
        """Make a role that a service may assume, or change that of the schedule; return its ARN."""
        name = name or f"{self.name}-schedule"
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam = self.client("iam")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            return iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        return iam.get_role(RoleName=name)["Role"]["Arn"]

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
        self.client("scheduler").update_schedule(**self.schedule() | changes)

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
        self.client("lambda").update_function_configuration(FunctionName=self.name, Environment={"Variables": kept})

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
        self.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=data)

    def set_state(self, state: str) -> None:
        """Have the function in a state that no API call brings about."""
        self.client("lambda")
        lambda_backends["123456789012"]["us-west-2"].get_function(self.name).state = state

    def replace_table(self, key: str) -> None:
        dynamodb, name = self.client("dynamodb"), self.outputs["tableName"]
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.delete_table(TableName=name)
        dynamodb.create_table(
            TableName=name,
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
        self.client("sqs").set_queue_attributes(QueueUrl=self.queue, Attributes=attributes)

    def map(self, function: str = "", **options: Any) -> None:
        options = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "Enabled": True} | options
        self.client("lambda").create_event_source_mapping(
            EventSourceArn=self.outputs["queueArn"], FunctionName=function or self.name, **options
        )

    def map_to_another_function(self) -> None:
        self._create_function(f"{self.name}-other")
        self.map(f"{self.name}-other")

    def map_anew(self, **options: Any) -> None:
        self.unmap()
        self.map(**options)

    def unmap(self) -> None:
        functions, queue = self.client("lambda"), self.outputs["queueArn"]
        for mapping in functions.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]:
            functions.delete_event_source_mapping(UUID=mapping["UUID"])

    def _create_function(self, name: str) -> None:
        role, code = self.put_role("lambda.amazonaws.com", name), {"ZipFile": b""}
        self.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Handler="app.handler", Role=role, Code=code, Timeout=30
        )

    def _queue(self, name: str, fifo: bool) -> str:
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        return self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def _restore_events(self) -> None:
        self.put_rule()
        self.put_target()
        if self.client("events").list_rules(NamePrefix=f"{self.name}-further")["Rules"]:
            self.client("events").remove_targets(Rule=f"{self.name}-further", Ids=["queue"])
            self.client("events").delete_rule(Name=f"{self.name}-further")

    def _restore_sqs(self) -> None:
        sqs = self.client("sqs")
        for url in (self.outputs["deadLetterQueueUrl"], self.outputs["undeliveredQueueUrl"]):
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        self.set_queue(VisibilityTimeout="180", ContentBasedDeduplication="true")
        self.put_redrive_policy()
        self.put_policy()

    def _restore_lambda(self) -> None:
        self.map_anew()
        self.put_variables()
        self.put_recursion("Allow")
        self.set_state("Active")

    def _restore_scheduler(self) -> None:
        try:
            self.reschedule()
        except self.client("scheduler").exceptions.ResourceNotFoundException:
            self.client("scheduler").create_schedule(**self.schedule())

    def _restore_cloudwatch(self) -> None:
        cloudwatch_backends["123456789012"]["us-west-2"].metric_data.clear()  # no API call does

    def _restore_logs(self) -> None:
        name = self.outputs["logGroupName"]
        with suppress(self.client("logs").exceptions.ResourceAlreadyExistsException):
            self.client("logs").create_log_group(logGroupName=name)
        self.client("logs").put_retention_policy(logGroupName=name, retentionInDays=30)

    def _restore_iam(self) -> None:
        self.put_role("scheduler.amazonaws.com")

    def _restore_dynamodb(self) -> None:
        self.replace_table("set_arn")


@pytest.fixture(scope="module")
def deployed(local_aws: Aws) -> Pipeline:
    return Pipeline(local_aws)


@pytest.fixture
def pipeline(aws: Aws, deployed: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The pipeline as it was deployed."""
    for name, value in aws.sandbox.environment.items():
        monkeypatch.setenv(name, value)
    yield deployed
    deployed.restore()


@pytest.fixture
def verify(cli: CommandLine, pipeline: Pipeline, tmp_path: Path) -> Callable[..., Finished]:
    """Verify the stack with these options."""

    def run(*options: str, command: str = "verify", **arguments: Any) -> Finished:
        file = tmp_path / "outputs.json"
        file.write_text(json.dumps(pipeline.outputs))
        return cli.run(command, "--outputs", file, *options, **arguments)

    return run


def _send_to(output: str, **options: str) -> Callable[[Pipeline], object]:
    return lambda pipeline: pipeline.client("sqs").send_message(
        QueueUrl=pipeline.outputs[output], MessageBody="{}", **options
    )


SOUND: dict[str, Callable[[Pipeline], object]] = {
    "as deployed": lambda it: None,
    "adopted queue": lambda it: it.outputs.update(deadLetterQueueUrl=None, deadLetterQueueArn=None),
    "policy with wildcards": lambda it: it.put_policy(
        Action=["sqs:ReceiveMessage", "sqs:SendMessage"],
        Condition={"ArnLike": {"aws:SourceArn": ["arn:aws:events:us-west-2:123456789012:rule/*"]}},
    ),
    "policy for everybody on behalf of the rule": lambda it: it.put_policy(Principal="*", Action="sqs:*"),
    "policy for the account's rules": lambda it: it.put_policy(
        Action="SQS:Send*", Condition={"StringEquals": {"AWS:SourceAccount": "123456789012"}}
    ),
    "further rule": lambda it: it.let_send(it.put_further_rule()),
    "reconciliation is off": lambda it: (
        it.client("scheduler").delete_schedule(Name=it.name),
        it.put_variables(RECONCILE_SCHEDULE="off"),
    ),
    "few deliveries": lambda it: it.put_redrive_policy(deliveries=2),
    "messages that waited, and do no longer": lambda it: it.let_messages_wait(5000, 3000, 10),
}

BROKEN: list[tuple[str, Callable[[Pipeline], object], str]] = [
    ("recursion", lambda it: it.put_recursion("Terminate"), "has RecursiveLoop Terminate"),
    ("rule enabled", lambda it: it.put_rule(state="DISABLED"), "is DISABLED"),
    ("rule pattern", lambda it: it.put_rule(PATTERN | {"detail": {"status": ["ACTIVE"]}}), '{"status": ["ACTIVE"]}'),
    (
        "rule target",
        lambda it: it.client("events").remove_targets(Rule=it.name, Ids=["queue"]),
        "0 targets are arn:aws:sqs",
    ),
    ("message group", lambda it: it.put_target("all"), "'all'"),
    ("undelivered queue", lambda it: it.put_target(DeadLetterConfig=None), "is none"),
    ("content-based deduplication", lambda it: it.set_queue(ContentBasedDeduplication="false"), "is false"),
    (
        "queue policy",
        lambda it: it.put_policy(Condition={"ArnEquals": {"aws:SourceArn": ARN.format("events", "rule/x")}}),
        "the rule may not send",
    ),
    ("queue policy", lambda it: it.put_policy(Principal={"Service": "sns.amazonaws.com"}), "the rule may not send"),
    ("queue policy", lambda it: it.put_policy(Condition=None), "anybody may send"),
    (
        "queue policy",
        lambda it: it.put_policy(
            Principal={"AWS": "*"}, Action="sqs:*", Condition={"Bool": {"aws:SecureTransport": "true"}}
        ),
        "anybody may send",
    ),
    ("queue policy", lambda it: it.put_policy(Condition={"ArnLike": {"aws:SourceArn": "*"}}), "anybody may send"),
    ("queue policy", lambda it: it.put_further_rule(), "-further"),
    ("message body", lambda it: it.put_target(InputPath="$.detail"), "its InputPath"),
    (
        "message body",
        lambda it: it.let_send(it.put_further_rule(input_path="$.detail")),
        "-further sends what its InputPath makes of an event",
    ),
    ("further rule enabled", lambda it: it.let_send(it.put_further_rule(State="DISABLED")), "-further is DISABLED"),
    ("redrive policy", lambda it: it.put_redrive_policy(to="queueArn"), "messages that keep failing go to arn:aws:sqs"),
    ("redrive policy", lambda it: it.set_queue(RedrivePolicy=""), "go to nowhere"),
    ("oldest message", lambda it: it.let_messages_wait(10, 1000), "has waited for 1000 s"),
    (
        "visibility timeout",
        lambda it: it.set_queue(VisibilityTimeout="179"),
        "179 s, and 6 times the function's timeout is 180 s",
    ),
    (
        "only reader",
        lambda it: it.map_to_another_function(),
        "1 other functions read the queue: arn:aws:lambda:us-west-2:123456789012:function:",
    ),
    ("event source mapping", lambda it: it.unmap(), "0 mappings lead from the queue"),
    ("event source mapping enabled", lambda it: it.map_anew(Enabled=False), "is Disabled"),
    ("partial batch responses", lambda it: it.map_anew(FunctionResponseTypes=[]), "FunctionResponseTypes is []"),
    (
        "function's table",
        lambda it: it.put_variables(TABLE_NAME="elsewhere"),
        "is elsewhere, and the stack has read-sets-",
    ),
    ("function's queue", lambda it: it.put_variables(QUEUE_URL=None), " is not set, and the stack has http"),
    (
        "function's region",
        lambda it: it.put_variables(SOURCE_REGION="eu-west-1"),
        "is eu-west-1, and the stack has us-west-2",
    ),
    (
        "function's account",
        lambda it: it.put_variables(SOURCE_ACCOUNT="210987654321"),
        "is 210987654321, and the stack has 123456789012",
    ),
    ("function", lambda it: it.set_state("Failed"), " is Failed, its last update"),
    (
        "batch size",
        lambda it: it.put_variables(MAX_TPS="0.3"),
        "10 messages, and at MAX_TPS '0.3' the function can refresh 3 in its 30 s",
    ),
    ("batch size", lambda it: it.put_variables(MAX_TPS="fast"), "at MAX_TPS 'fast' "),
    ("batch size", lambda it: it.put_variables(MAX_TPS="5,ListTagsForResource=0.1"), "can refresh 1 in its 30 s"),
    (
        "log group",
        lambda it: it.client("logs").delete_log_group(logGroupName=it.outputs["logGroupName"]),
        "is not there",
    ),
    (
        "log retention",
        lambda it: it.client("logs").delete_retention_policy(logGroupName=it.outputs["logGroupName"]),
        "for ever",
    ),
    ("schedule", lambda it: it.client("scheduler").delete_schedule(Name=it.name), "0 send 'Reconcile' to arn:aws:sqs"),
    ("schedule", lambda it: it.reschedule(**it.schedule(Arn=it.outputs["undeliveredQueueArn"])), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.reschedule(**it.schedule(Input="{}")), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.reschedule(**it.schedule(Input="now")), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.put_variables(RECONCILE_SCHEDULE=None), "RECONCILE_SCHEDULE is not set"),
    ("schedule enabled", lambda it: it.reschedule(State="DISABLED"), " is DISABLED"),
    (
        "schedule expression",
        lambda it: it.reschedule(ScheduleExpression="rate(7 days)"),
        "rate(7 days), and the function says rate(1 day)",
    ),
    ("schedule target", lambda it: it.reschedule(**it.schedule(SqsParameters=None)), "MessageGroupId is None"),
    ("schedule's undelivered queue", lambda it: it.reschedule(**it.schedule(DeadLetterConfig=None)), "is none"),
    (
        "schedule's role",
        lambda it: it.client("iam").delete_role(RoleName=f"{it.name}-schedule"),
        "there is no role arn:aws:iam",
    ),
    (
        "schedule's role",
        lambda it: it.put_role("lambda.amazonaws.com"),
        "EventBridge Scheduler may not assume arn:aws:iam",
    ),
    (
        "table",
        lambda it: it.client("dynamodb").delete_table(TableName=it.outputs["tableName"]),
        "ResourceNotFoundException",
    ),
    ("table key", lambda it: it.replace_table("id"), "it must be set_arn"),
    ("dead letters", _send_to("deadLetterQueueUrl", MessageGroupId="1"), "-dead.fifo holds 1 message"),
    ("dead letters", _send_to("undeliveredQueueUrl"), "-undelivered holds 1 message"),
]
"""A check that fails, what makes it fail, and what it says it has found."""


@pytest.mark.parametrize("arrange", SOUND.values(), ids=SOUND.keys())
def test_a_sound_pipeline_passes(arrange: Callable[[Pipeline], object], pipeline: Pipeline) -> None:
    arrange(pipeline)
    assert [check for check in pipeline.check() if not check.passed] == []


@pytest.mark.parametrize(("check", "damage", "found"), BROKEN, ids=[f"{check}: {found}" for check, _, found in BROKEN])
def test_the_broken_part_is_named_and_none_else(
    check: str, damage: Callable[[Pipeline], object], found: str, pipeline: Pipeline
) -> None:
    damage(pipeline)
    [failed] = [each for each in pipeline.check() if not each.passed]
    assert failed.name == check
    assert found in failed.found
    assert len(failed.remedy.split()) > 2
    assert not failed.remedy.endswith((" ", " run", " or", " and"))


def test_one_dead_letter_is_one_message(pipeline: Pipeline) -> None:
    for number in ("1 message", "2 messages"):
        _send_to("undeliveredQueueUrl")(pipeline)
        assert [each.found.rpartition(" holds ")[2] for each in pipeline.check() if not each.passed] == [number]


def test_a_pipeline_that_does_not_exist_fails_its_checks_by_name(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
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


def test_checks_that_pass_say_so_by_name_and_a_warning_breaks_nothing(
    pipeline: Pipeline, verify: Callable[..., Finished]
) -> None:
    pipeline.let_send(pipeline.put_further_rule())
    pipeline.put_redrive_policy(deliveries=2)

    document = verify("--json").document
    done = verify()

    assert (done.code, document["in_sync"]) == (0, True)
    assert "warning: deliveries: maxReceiveCount is 2, and AWS advises 5 at least" in done.out.splitlines()
    checks = document["pipeline"]
    assert {each["check"] for each in checks} == {"deliveries", *(check for check, *_ in BROKEN)}
    assert [each["check"] for each in checks if each["warning"]] == ["deliveries"]
    assert [each["check"] for each in checks if each["remedy"]] == ["deliveries"]


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("User: analyst is not authorized to perform: events:DescribeRule on resource: it", "events:DescribeRule"),
        ("Access is denied.", "DescribeRule"),
    ],
)
def test_what_the_caller_may_not_look_at_is_not_judged(
    message: str, action: str, verify: Callable[..., Finished], refusing: Callable[[str, str], str]
) -> None:
    denied = {"AWS_ENDPOINT_URL_EVENTBRIDGE": refusing("AccessDeniedException", message)}

    checks = verify("--json", env=denied).document["pipeline"]
    plain = verify(env=denied)

    assert plain.code == 1
    [rule] = [each for each in checks if each["check"] == "rule"]
    assert (rule["passed"], rule["judged"]) == (False, False)
    assert rule["found"].startswith(f"{action} is not allowed (DescribeRule: AccessDeniedException: {message}")
    assert rule["remedy"] == f"allow the caller {action} (docs/security.md)"
    assert f"not judged: rule: {action} is not allowed" in plain.out
    assert "broken pipeline" not in plain.out
    assert "pulumi up" not in plain.out


def test_status_does_not_judge_what_the_caller_may_not_read(
    pipeline: Pipeline, verify: Callable[..., Finished], refusing: Callable[[str, str], str]
) -> None:
    pipeline.put_variables(POWERTOOLS_METRICS_NAMESPACE="sync", POWERTOOLS_SERVICE_NAME="sync")
    message = "User: analyst is not authorized to perform: dynamodb:Scan on resource: it"
    denied = {"AWS_ENDPOINT_URL_DYNAMODB": refusing("AccessDeniedException", message)}

    done = verify(command="status", env=denied)

    assert done.code == 1
    assert "not judged: rows: dynamodb:Scan is not allowed" in done.out
    assert "broken pipeline" not in done.out
