"""`omics-meta verify` of a stack looks at every part of the deployed pipeline, and names the one that is broken."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.models import iam_backends
from omics_meta.pipeline.check import Check
from omics_meta.pipeline.checks import check_pipeline
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.outputs import Outputs

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished
from tests.existing import create_table

ACCOUNT = "123456789012"
NARROW = json.dumps(
    {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"], "detail": {"status": ["ACTIVE"]}}
)


class Pipeline:
    """The deployed program. What a test changes is put back after it.

    Attributes:
        outputs: What the stack says of it.
        undo: Puts back what has been changed.
    """

    def __init__(self, aws: Aws, outputs: Mapping[str, Any], undo: ExitStack) -> None:
        self.client = aws.client
        self.outputs = dict(outputs)
        self.undo = undo

    def put_rule(self, **changes: str) -> None:
        events = self.client("events")
        found = events.describe_rule(Name=self.outputs["ruleName"])
        rule = {name: found[name] for name in ("Name", "EventPattern", "State")}
        self.undo.callback(events.put_rule, **rule)
        events.put_rule(**rule | changes)

    def put_target(self, **changes: Any) -> None:
        """Change the rule's target; None takes a member away."""
        events, rule = self.client("events"), self.outputs["ruleName"]
        [target] = events.list_targets_by_rule(Rule=rule)["Targets"]
        self.undo.callback(events.put_targets, Rule=rule, Targets=[target])
        events.put_targets(Rule=rule, Targets=[_changed(target, changes)])

    def put_further_rule(self, source: str = "aws.omics", input_path: str | None = None, **options: str) -> str:
        """Add a rule with the queue as its target; return its ARN. The queue's policy is left as it is."""
        events, name = self.client("events"), f"{self.outputs['ruleName']}-further"
        pattern = {"source": [source]}
        arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern), **options)["RuleArn"]
        target = {"Id": "queue", "Arn": self.outputs["queueArn"], "SqsParameters": {"MessageGroupId": "$.detail.id"}}
        events.put_targets(Rule=name, Targets=[_changed(target, {"InputPath": input_path})])
        self.undo.callback(events.delete_rule, Name=name)
        self.undo.callback(events.remove_targets, Rule=name, Ids=["queue"])
        return arn

    def let_send(self, *rules: str) -> None:
        self.put_policy(Condition={"ArnEquals": {"aws:SourceArn": [self.outputs["ruleArn"], *rules]}})

    def put_policy(self, **changes: Any) -> None:
        """Change the statement by which the rule may send; None takes a member away."""
        policy = json.loads(self._attributes()["Policy"])
        statement, *others = policy["Statement"]
        self.set_queue(Policy=json.dumps(policy | {"Statement": [_changed(statement, changes), *others]}))

    def put_redrive_policy(self, **changes: Any) -> None:
        self.set_queue(RedrivePolicy=json.dumps(json.loads(self._attributes()["RedrivePolicy"]) | changes))

    def set_queue(self, **attributes: str) -> None:
        sqs, url, before = self.client("sqs"), self.outputs["queueUrl"], self._attributes()
        self.undo.callback(
            sqs.set_queue_attributes, QueueUrl=url, Attributes={name: before[name] for name in attributes}
        )
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

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
        self.undo.callback(cloudwatch_backends[ACCOUNT]["us-west-2"].metric_data.clear)

    def count(self, metric: str, value: float) -> None:
        """Count something as the function has done a minute ago."""
        names = {"service": "healthomics-metadata-sync", "function_name": self.outputs["functionName"]}
        dimensions = [{"Name": name, "Value": value} for name, value in names.items()]
        time = datetime.now(UTC) - timedelta(minutes=1)
        data = [{"MetricName": metric, "Dimensions": dimensions, "Timestamp": time, "Value": value}]
        self.client("cloudwatch").put_metric_data(Namespace="HealthOmicsMetadataSync", MetricData=data)
        self.undo.callback(cloudwatch_backends[ACCOUNT]["us-west-2"].metric_data.clear)

    def send_to(self, output: str, **options: str) -> None:
        sqs, url = self.client("sqs"), self.outputs[output]
        sqs.send_message(QueueUrl=url, MessageBody="{}", **options)
        self.undo.callback(self._receive, url)

    def put_variables(self, **changes: str | None) -> None:
        """Change environment variables of the function; None takes one away."""
        functions, name = self.client("lambda"), self.outputs["functionName"]
        environment = functions.get_function_configuration(FunctionName=name)["Environment"]
        self.undo.callback(functions.update_function_configuration, FunctionName=name, Environment=environment)
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": _changed(environment["Variables"], changes)}
        )

    def put_recursion(self, loop: str) -> None:
        put = partial(self.client("lambda").put_function_recursion_config, FunctionName=self.outputs["functionName"])
        put(RecursiveLoop=loop)
        self.undo.callback(put, RecursiveLoop="Allow")

    def set_state(self, state: str) -> None:
        """Have the function in a state that no API call brings about."""
        function = lambda_backends[ACCOUNT]["us-west-2"].get_function(self.outputs["functionName"])
        self.undo.callback(setattr, function, "state", function.state)
        function.state = state

    def put_mapping(self, **changes: Any) -> None:
        functions, mapping = self.client("lambda"), self._mapping()
        before = {"Enabled": True, "FunctionResponseTypes": mapping["FunctionResponseTypes"]}
        self.undo.callback(functions.update_event_source_mapping, UUID=mapping["UUID"], **before)
        functions.update_event_source_mapping(UUID=mapping["UUID"], **changes)

    def unmap(self) -> None:
        functions, mapping = self.client("lambda"), self._mapping()
        kept = {name: mapping[name] for name in ("EventSourceArn", "BatchSize", "FunctionResponseTypes")}
        self.undo.callback(functions.create_event_source_mapping, FunctionName=mapping["FunctionArn"], **kept)
        functions.delete_event_source_mapping(UUID=mapping["UUID"])

    def map_to_another_function(self) -> None:
        functions, name = self.client("lambda"), f"{self.outputs['functionName']}-other"
        role = functions.get_function_configuration(FunctionName=self.outputs["functionName"])["Role"]
        functions.create_function(
            FunctionName=name, Runtime="python3.13", Handler="app.handler", Role=role, Code={"ZipFile": b""}
        )
        self.undo.callback(functions.delete_function, FunctionName=name)
        made = functions.create_event_source_mapping(EventSourceArn=self.outputs["queueArn"], FunctionName=name)
        self.undo.callback(functions.delete_event_source_mapping, UUID=made["UUID"])

    def reschedule(self, **changes: Any) -> None:
        schedule = self._schedule()
        self.undo.callback(self.client("scheduler").update_schedule, **schedule)
        self.client("scheduler").update_schedule(**schedule | changes)

    def retarget(self, **changes: Any) -> None:
        """Change the target of the schedule; None takes a member away."""
        self.reschedule(Target=_changed(self._schedule()["Target"], changes))

    def unschedule(self) -> None:
        schedule = self._schedule()
        self.undo.callback(self.client("scheduler").create_schedule, **schedule)
        self.client("scheduler").delete_schedule(Name=schedule["Name"])

    def trust(self, service: str) -> None:
        """Let another service than EventBridge Scheduler assume the role of the schedule."""
        name = self._schedule()["Target"]["RoleArn"].rpartition("/")[2]
        trust = json.dumps(self.client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
        update = partial(self.client("iam").update_assume_role_policy, RoleName=name)
        self.undo.callback(update, PolicyDocument=trust)
        update(PolicyDocument=trust.replace("scheduler.amazonaws.com", service))

    def delete_role(self) -> None:
        """Take away the role of the schedule, with policies of its own, which the API wants to have deleted first."""
        roles, arn = iam_backends[ACCOUNT]["aws"].roles, self._schedule()["Target"]["RoleArn"]
        [found] = [key for key, role in roles.items() if role.arn == arn]
        self.undo.callback(roles.setdefault, found, roles.pop(found))

    def delete_log_group(self) -> None:
        logs, name = self.client("logs"), self.outputs["logGroupName"]
        logs.delete_log_group(logGroupName=name)
        self.undo.callback(logs.put_retention_policy, logGroupName=name, retentionInDays=30)
        self.undo.callback(logs.create_log_group, logGroupName=name)

    def delete_retention_policy(self) -> None:
        logs, name = self.client("logs"), self.outputs["logGroupName"]
        logs.delete_retention_policy(logGroupName=name)
        self.undo.callback(logs.put_retention_policy, logGroupName=name, retentionInDays=30)

    def delete_table(self) -> None:
        dynamodb, name = self.client("dynamodb"), self.outputs["tableName"]
        dynamodb.delete_table(TableName=name)
        self.undo.callback(create_table, dynamodb, name)

    def replace_table(self, key: str) -> None:
        dynamodb, name = self.client("dynamodb"), self.outputs["tableName"]
        self.delete_table()
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )
        self.undo.callback(dynamodb.delete_table, TableName=name)

    def _attributes(self) -> dict[str, str]:
        url = self.outputs["queueUrl"]
        return self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def _receive(self, url: str) -> None:
        """Receive a message for good."""
        [message, *_] = self.client("sqs").receive_message(QueueUrl=url)["Messages"]
        self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _mapping(self) -> dict[str, Any]:
        queue = self.outputs["queueArn"]
        [mapping] = self.client("lambda").list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
        return mapping

    def _schedule(self) -> dict[str, Any]:
        [found] = self.client("scheduler").list_schedules()["Schedules"]
        schedule = self.client("scheduler").get_schedule(Name=found["Name"])
        return {
            name: schedule[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "State", "Target")
        }


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """A session of all tests, because the first client of one takes longest."""
    return boto3.Session()


@pytest.fixture
def pipeline(aws: Aws, stack_outputs: dict[str, Any]) -> Iterator[Pipeline]:
    """The pipeline as it was deployed."""
    with ExitStack() as undo:
        yield Pipeline(aws, stack_outputs, undo)


@pytest.fixture
def check(
    aws: Aws, pipeline: Pipeline, session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[Check]]:
    """Check the stack; return what is wrong with it."""
    for name, value in aws.sandbox.environment.items():
        monkeypatch.setenv(name, value)

    def run() -> list[Check]:
        stack = Stack(session, Outputs("outputs.json", pipeline.outputs))
        stack.client = aws.client
        return [each for each in check_pipeline(stack) if not each.passed]

    return run


@pytest.fixture
def verify(cli: CommandLine, pipeline: Pipeline) -> Callable[..., Finished]:
    """Verify the stack with these options."""

    def run(*options: str, command: str = "verify", **arguments: Any) -> Finished:
        return cli.run(command, "--outputs", cli.outputs(pipeline.outputs), *options, **arguments)

    return run


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
        it.unschedule(),
        it.put_variables(RECONCILE_SCHEDULE="off"),
    ),
    "few deliveries": lambda it: it.put_redrive_policy(maxReceiveCount=2),
    "messages that waited, and do no longer": lambda it: it.let_messages_wait(5000, 3000, 10),
}

BROKEN: list[tuple[str, Callable[[Pipeline], object], str]] = [
    ("recursion", lambda it: it.put_recursion("Terminate"), "has RecursiveLoop Terminate"),
    ("rule enabled", lambda it: it.put_rule(State="DISABLED"), "is DISABLED"),
    ("rule pattern", lambda it: it.put_rule(EventPattern=NARROW), '{"status": ["ACTIVE"]}'),
    ("rule target", lambda it: it.put_target(Arn=it.outputs["undeliveredQueueArn"]), "0 targets are arn:aws:sqs"),
    ("message group", lambda it: it.put_target(SqsParameters={"MessageGroupId": "all"}), "'all'"),
    ("undelivered queue", lambda it: it.put_target(DeadLetterConfig=None), "is none"),
    ("content-based deduplication", lambda it: it.set_queue(ContentBasedDeduplication="false"), "is false"),
    (
        "queue policy",
        lambda it: it.put_policy(
            Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-west-2:123456789012:rule/x"}}
        ),
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
    ("queue policy", lambda it: it.put_further_rule("aws.tag"), "-further"),
    ("message body", lambda it: it.put_target(InputPath="$.detail"), "its InputPath"),
    (
        "message body",
        lambda it: it.let_send(it.put_further_rule(input_path="$.detail")),
        "-further sends what its InputPath makes of an event",
    ),
    ("further rule enabled", lambda it: it.let_send(it.put_further_rule(State="DISABLED")), "-further is DISABLED"),
    (
        "redrive policy",
        lambda it: it.put_redrive_policy(deadLetterTargetArn=it.outputs["queueArn"]),
        "messages that keep failing go to arn:aws:sqs",
    ),
    ("redrive policy", lambda it: it.set_queue(RedrivePolicy=""), "go to nowhere"),
    ("oldest message", lambda it: it.let_messages_wait(10, 1000), "has waited for 1000 s"),
    (
        "visibility timeout",
        lambda it: it.set_queue(VisibilityTimeout="359"),
        "359 s, and 6 times the function's timeout is 360 s",
    ),
    (
        "only reader",
        lambda it: it.map_to_another_function(),
        "1 other functions read the queue: arn:aws:lambda:us-west-2:123456789012:function:",
    ),
    ("event source mapping", lambda it: it.unmap(), "0 mappings lead from the queue"),
    ("event source mapping enabled", lambda it: it.put_mapping(Enabled=False), "is Disabled"),
    ("partial batch responses", lambda it: it.put_mapping(FunctionResponseTypes=[]), "FunctionResponseTypes is []"),
    (
        "function's table",
        lambda it: it.put_variables(TABLE_NAME="elsewhere"),
        "is elsewhere, and the stack has healthomics_set_metadata",
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
        "10 messages, and at MAX_TPS '0.3' the function can refresh 7 in its 60 s",
    ),
    ("batch size", lambda it: it.put_variables(MAX_TPS="fast"), "at MAX_TPS 'fast' "),
    ("batch size", lambda it: it.put_variables(MAX_TPS="5,ListTagsForResource=0.1"), "can refresh 2 in its 60 s"),
    ("log group", lambda it: it.delete_log_group(), "is not there"),
    ("log retention", lambda it: it.delete_retention_policy(), "for ever"),
    ("schedule", lambda it: it.unschedule(), "0 send 'Reconcile' to arn:aws:sqs"),
    ("schedule", lambda it: it.retarget(Arn=it.outputs["undeliveredQueueArn"]), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.retarget(Input="{}"), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.retarget(Input="now"), "0 send 'Reconcile'"),
    ("schedule", lambda it: it.put_variables(RECONCILE_SCHEDULE=None), "RECONCILE_SCHEDULE is not set"),
    ("schedule enabled", lambda it: it.reschedule(State="DISABLED"), " is DISABLED"),
    (
        "schedule expression",
        lambda it: it.reschedule(ScheduleExpression="rate(7 days)"),
        "rate(7 days), and the function says cron(0 3 * * ? *)",
    ),
    ("schedule target", lambda it: it.retarget(SqsParameters=None), "MessageGroupId is None"),
    ("schedule's undelivered queue", lambda it: it.retarget(DeadLetterConfig=None), "is none"),
    ("schedule's role", lambda it: it.delete_role(), "there is no role arn:aws:iam"),
    (
        "schedule's role",
        lambda it: it.trust("lambda.amazonaws.com"),
        "EventBridge Scheduler may not assume arn:aws:iam",
    ),
    ("table", lambda it: it.delete_table(), "ResourceNotFoundException"),
    ("table key", lambda it: it.replace_table("id"), "it must be set_arn"),
    (
        "dead letters",
        lambda it: it.send_to("deadLetterQueueUrl", MessageGroupId="1", MessageDeduplicationId="1"),
        "_dlq.fifo holds 1 message",
    ),
    ("dead letters", lambda it: it.send_to("undeliveredQueueUrl"), "_undelivered holds 1 message"),
]
"""A check that fails, what makes it fail, and what it says it has found."""


@pytest.mark.parametrize("arrange", SOUND.values(), ids=SOUND.keys())
def test_a_sound_pipeline_passes(
    arrange: Callable[[Pipeline], object], pipeline: Pipeline, check: Callable[[], list[Check]]
) -> None:
    arrange(pipeline)
    assert check() == []


@pytest.mark.parametrize(("name", "damage", "found"), BROKEN, ids=[f"{name}: {found}" for name, _, found in BROKEN])
def test_the_broken_part_is_named_and_none_else(
    name: str,
    damage: Callable[[Pipeline], object],
    found: str,
    pipeline: Pipeline,
    check: Callable[[], list[Check]],
) -> None:
    damage(pipeline)
    [failed] = check()
    assert failed.name == name
    assert found in failed.found
    assert len(failed.remedy.split()) > 2
    assert not failed.remedy.endswith((" ", " run", " or", " and"))


def test_one_dead_letter_is_one_message(pipeline: Pipeline, check: Callable[[], list[Check]]) -> None:
    for number in ("1 message", "2 messages"):
        pipeline.send_to("undeliveredQueueUrl")
        assert [each.found.rpartition(" holds ")[2] for each in check()] == [number]


def test_a_pipeline_that_does_not_exist_fails_its_checks_by_name(
    aws: Aws, cli: CommandLine, stack_outputs: dict[str, Any]
) -> None:
    # The rows are right, and the pipeline is not there.
    store = aws.store(1)
    gone = json.loads(json.dumps(stack_outputs).replace("healthomics", "gone"))
    file = cli.outputs(gone | {"tableName": aws.filled(store)})

    done = cli.run("verify", "--outputs", file, "--json", *FAST)
    plain = cli.run("verify", "--outputs", file, *FAST)
    assert (done.code, plain.code) == (1, 1)
    document = done.document
    assert Counter(document["totals"]) == Counter(in_sync=1)
    assert document["in_sync"] is False
    failed = {each["check"]: each["found"] for each in document["pipeline"] if not each["passed"]}
    assert failed.keys() == {
        "rule", "schedule", "queue", "dead letters", "event source mapping", "function", "recursion",
        "log group",
        "message groups",
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
    pipeline.put_redrive_policy(maxReceiveCount=2)

    document = verify("--json").document
    done = verify()

    assert (done.code, document["in_sync"]) == (0, True)
    assert "warning: deliveries: maxReceiveCount is 2, and AWS advises 5 at least" in done.out.splitlines()
    checks = document["pipeline"]
    elsewhere = {"deliveries", "message groups", "other writers"}
    assert {each["check"] for each in checks} == {*elsewhere, *(check for check, *_ in BROKEN)}
    assert [each["check"] for each in checks if each["warning"]] == ["deliveries"]
    assert [each["check"] for each in checks if each["remedy"]] == ["deliveries"]


def test_a_message_group_that_read_sets_share_is_told_of(pipeline: Pipeline, verify: Callable[..., Finished]) -> None:
    pipeline.count("SharedGroups", 3)

    document = verify("--json").document
    done = verify()

    assert done.code == 0
    [warning] = [each for each in document["pipeline"] if each["warning"]]
    assert warning["check"] == "message groups"
    assert warning["found"] == "3 messages of the last day came in a message group that read sets share"
    assert "EventBridge takes $.detail.id for the group's name" in warning["remedy"]
    assert f"warning: message groups: {warning['found']}" in done.out.splitlines()


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
    verify: Callable[..., Finished], refusing: Callable[[str, str], str]
) -> None:
    message = "User: analyst is not authorized to perform: dynamodb:Scan on resource: it"
    denied = {"AWS_ENDPOINT_URL_DYNAMODB": refusing("AccessDeniedException", message)}

    done = verify(command="status", env=denied)

    assert done.code == 1
    assert "not judged: rows: dynamodb:Scan is not allowed" in done.out
    assert "broken pipeline" not in done.out
