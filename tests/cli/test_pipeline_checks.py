"""`omics-meta verify` of a stack looks at every part of the deployed pipeline, and names the one that is broken."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

import boto3
import pytest
from botocore.client import BaseClient
from omics_meta.pipeline.check import Check
from omics_meta.pipeline.checks import check_pipeline
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.outputs import Outputs

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished

ACCOUNT = "123456789012"
RULES = f"arn:aws:events:us-west-2:{ACCOUNT}:rule"
RULE, TARGET = "DescribeRule =ruleName", "ListTargetsByRule =ruleName"
QUEUE = "GetQueueAttributes =queueUrl"
MAPPINGS = "ListEventSourceMappings"
FUNCTION = "GetFunctionConfiguration"
STATEMENT = "Attributes.Policy.Statement.0"
VARIABLES = "Environment.Variables"
NARROW = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"], "detail": {"status": ["ACTIVE"]}}

Change = tuple[str, str, Any]
"""What AWS answers instead.

An operation, or one and the name of what it is about; a member of its answer, "" for the whole; and the value, None
for no such member. `=queueArn` is the output of that name. Without an operation, an output is changed.
"""


class Pipeline:
    """The deployed program as AWS tells of it: what it answers is asked once, and changed in a test."""

    recorded: ClassVar[dict[str, Any]] = {}

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self.outputs = dict(outputs)
        self._changes: list[Change] = []
        self._call: Any = cast("Any", BaseClient)._make_api_call

    def say(self, changes: Iterable[Change]) -> None:
        for operation, path, value in changes:
            named = re.sub("=([a-zA-Z]+)", lambda output: self.outputs[output[1]], json.dumps([operation, value]))
            if operation:
                operation, value = json.loads(named)
                self._changes.append((operation, path, value))
            else:
                self.outputs[path] = value

    def answer(self, client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        """Make a call, in the place of botocore."""
        about = next(
            (parameters[each] for each in ("MetricName", "QueueUrl", "Rule", "Name") if each in parameters), ""
        )
        changes = [change for change in self._changes if change[0] in {operation, f"{operation} {about}"}]
        whole = [value for _, path, value in changes if not path]
        answer = whole[0] if whole else self._recorded(client, operation, parameters)
        for _, path, value in changes:
            answer = _changed(answer, path, value) if path else answer
        return answer

    def _recorded(self, client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name in {"dynamodb", "omics"}:
            return self._call(client, operation, parameters)
        lasting = {name: value for name, value in parameters.items() if "Time" not in name}
        call = f"{operation} {lasting}"
        if call not in self.recorded:
            self.recorded[call] = self._call(client, operation, parameters)
        return self.recorded[call]


def _changed(answer: Any, path: str, value: Any) -> Any:
    """Return an answer with one member changed, in a text that is JSON too."""
    if isinstance(answer, str):
        return json.dumps(_changed(json.loads(answer), path, value))
    name, _, rest = path.partition(".")
    if isinstance(answer, list):
        members, at = cast("list[Any]", answer), int(name)
        return [*members[:at], _changed(members[at], rest, value) if rest else value, *members[at + 1 :]]
    members = {**answer, name: _changed(answer[name], rest, value) if rest else value}
    return {name: each for name, each in members.items() if each is not None}


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """A session of all tests, because the first client of one takes longest."""
    return boto3.Session()


@pytest.fixture
def pipeline(aws: Aws, stack_outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    pipeline = Pipeline(stack_outputs)

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        return pipeline.answer(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return pipeline


@pytest.fixture
def check(
    aws: Aws, pipeline: Pipeline, session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Iterable[Change]], list[Check]]:
    """Check the stack with changes; return what is wrong with it."""
    for name, value in aws.sandbox.environment.items():
        monkeypatch.setenv(name, value)

    def run(changes: Iterable[Change]) -> list[Check]:
        pipeline.say(changes)
        stack = Stack(session, Outputs("outputs.json", pipeline.outputs))
        stack.client = aws.client
        return [each for each in check_pipeline(stack) if not each.passed]

    return run


@pytest.fixture
def verify(cli: CommandLine, pipeline: Pipeline) -> Callable[..., Finished]:
    """Verify the stack with these options."""
    return lambda *options: cli.run("verify", "--outputs", cli.outputs(pipeline.outputs), *options)


def waited(*seconds: float) -> Change:
    """How long the oldest message has waited, minute by minute until now."""
    points = [{"Timestamp": minute, "Maximum": value} for minute, value in enumerate(seconds)]
    return ("GetMetricStatistics ApproximateAgeOfOldestMessage", "", {"Datapoints": points})


def further(source: str = "aws.omics", state: str = "ENABLED", **target: str) -> list[Change]:
    """A further rule with the queue as its target."""
    name = "a-further"
    rule = {"Name": name, "Arn": f"{RULES}/{name}", "State": state, "EventPattern": json.dumps({"source": [source]})}
    return [
        ("ListRuleNamesByTarget", "", {"RuleNames": ["=ruleName", name]}),
        ("DescribeRule a-further", "", rule),
        ("ListTargetsByRule a-further", "", {"Targets": [{"Id": "queue", "Arn": "=queueArn", **target}]}),
    ]


SENDING = (QUEUE, f"{STATEMENT}.Condition", {"ArnEquals": {"aws:SourceArn": ["=ruleArn", f"{RULES}/a-further"]}})
"""Lets the further rule send, too."""

SOUND: dict[str, list[Change]] = {
    "as deployed": [],
    "adopted queue": [("", "deadLetterQueueUrl", None), ("", "deadLetterQueueArn", None)],
    "policy with wildcards": [
        (QUEUE, f"{STATEMENT}.Action", ["sqs:ReceiveMessage", "sqs:SendMessage"]),
        (QUEUE, f"{STATEMENT}.Condition", {"ArnLike": {"aws:SourceArn": [f"{RULES}/*"]}}),
    ],
    "policy for everybody on behalf of the rule": [
        (QUEUE, f"{STATEMENT}.Principal", "*"),
        (QUEUE, f"{STATEMENT}.Action", "sqs:*"),
    ],
    "policy for the account's rules": [
        (QUEUE, f"{STATEMENT}.Action", "SQS:Send*"),
        (QUEUE, f"{STATEMENT}.Condition", {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}),
    ],
    "further rule": [*further(), SENDING],
    "reconciliation is off": [
        ("ListSchedules", "Schedules", []),
        (FUNCTION, f"{VARIABLES}.RECONCILE_SCHEDULE", "off"),
    ],
    "few deliveries": [(QUEUE, "Attributes.RedrivePolicy.maxReceiveCount", 2)],
    "messages that waited, and do no longer": [waited(5000, 3000, 10)],
}

BROKEN: list[tuple[str, list[Change], str]] = [
    (
        "recursion",
        [("GetFunctionRecursionConfig", "RecursiveLoop", "Terminate")],
        "has RecursiveLoop Terminate, and reconciliations need Allow",
    ),
    ("rule enabled", [(RULE, "State", "DISABLED")], "is DISABLED"),
    ("rule pattern", [(RULE, "EventPattern", json.dumps(NARROW))], '{"status": ["ACTIVE"]}'),
    ("rule target", [(TARGET, "Targets.0.Arn", "=undeliveredQueueArn")], "0 targets are arn:aws:sqs"),
    ("message group", [(TARGET, "Targets.0.SqsParameters.MessageGroupId", "all")], "'all'"),
    ("undelivered queue", [(TARGET, "Targets.0.DeadLetterConfig", None)], "is none"),
    ("content-based deduplication", [(QUEUE, "Attributes.ContentBasedDeduplication", "false")], "is false"),
    (
        "queue policy",
        [(QUEUE, f"{STATEMENT}.Condition", {"ArnEquals": {"aws:SourceArn": f"{RULES}/x"}})],
        "the rule may not send",
    ),
    ("queue policy", [(QUEUE, f"{STATEMENT}.Principal.Service", "sns.amazonaws.com")], "the rule may not send"),
    ("queue policy", [(QUEUE, f"{STATEMENT}.Condition", None)], "anybody may send"),
    (
        "queue policy",
        [
            (QUEUE, f"{STATEMENT}.Principal", {"AWS": "*"}),
            (QUEUE, f"{STATEMENT}.Action", "sqs:*"),
            (QUEUE, f"{STATEMENT}.Condition", {"Bool": {"aws:SecureTransport": "true"}}),
        ],
        "anybody may send",
    ),
    ("queue policy", [(QUEUE, f"{STATEMENT}.Condition", {"ArnLike": {"aws:SourceArn": "*"}})], "anybody may send"),
    ("queue policy", further(), "-further"),
    ("queue policy", further("aws.tag"), "-further"),
    ("message body", [(TARGET, "Targets.0.InputPath", "$.detail")], "its InputPath"),
    ("message body", [*further(InputPath="$.detail"), SENDING], "-further sends what its InputPath makes of an event"),
    ("further rule enabled", [*further(state="DISABLED"), SENDING], "-further is DISABLED"),
    (
        "redrive policy",
        [(QUEUE, "Attributes.RedrivePolicy.deadLetterTargetArn", "=queueArn")],
        "messages that keep failing go to arn:aws:sqs",
    ),
    ("redrive policy", [(QUEUE, "Attributes.RedrivePolicy", None)], "go to nowhere"),
    ("oldest message", [waited(10, 1000)], "has waited for 1000 s"),
    (
        "visibility timeout",
        [(QUEUE, "Attributes.VisibilityTimeout", "359")],
        "359 s, and 6 times the function's timeout is 360 s",
    ),
    (
        "only reader",
        [(MAPPINGS, "EventSourceMappings.1", {"FunctionArn": "arn:other", "State": "Enabled"})],
        "1 other functions read the queue: arn:other",
    ),
    ("event source mapping", [(MAPPINGS, "EventSourceMappings", [])], "0 mappings lead from the queue"),
    ("event source mapping enabled", [(MAPPINGS, "EventSourceMappings.0.State", "Disabled")], "is Disabled"),
    (
        "partial batch responses",
        [(MAPPINGS, "EventSourceMappings.0.FunctionResponseTypes", [])],
        "FunctionResponseTypes is []",
    ),
    *(
        (name, [(FUNCTION, f"{VARIABLES}.{variable}", value)], found)
        for name, variable, value, found in (
            ("function's table", "TABLE_NAME", "elsewhere", "is elsewhere, and the stack has healthomics_set_metadata"),
            ("function's queue", "QUEUE_URL", None, " is not set, and the stack has http"),
            ("function's region", "SOURCE_REGION", "eu-west-1", "is eu-west-1, and the stack has us-west-2"),
            ("function's account", "SOURCE_ACCOUNT", "210987654321", f"is 210987654321, and the stack has {ACCOUNT}"),
            (
                "batch size",
                "MAX_TPS",
                "0.3",
                "10 messages, and at MAX_TPS '0.3' the function can refresh 7 in its 60 s",
            ),
            ("batch size", "MAX_TPS", "fast", "at MAX_TPS 'fast' "),
            ("batch size", "MAX_TPS", "5,ListTagsForResource=0.1", "can refresh 2 in its 60 s"),
            ("schedule", "RECONCILE_SCHEDULE", None, "RECONCILE_SCHEDULE is not set"),
        )
    ),
    ("function", [(FUNCTION, "State", "Failed")], " is Failed, its last update"),
    ("log group", [("DescribeLogGroups", "logGroups", [])], "is not there"),
    ("log retention", [("DescribeLogGroups", "logGroups.0.retentionInDays", None)], "for ever"),
    ("schedule", [("ListSchedules", "Schedules", [])], "0 send 'Reconcile' to arn:aws:sqs"),
    ("schedule", [("ListSchedules", "Schedules.0.Target.Arn", "=undeliveredQueueArn")], "0 send 'Reconcile'"),
    ("schedule", [("GetSchedule", "Target", {"Input": "{}"})], "0 send 'Reconcile'"),
    ("schedule", [("GetSchedule", "Target", {"Input": "now"})], "0 send 'Reconcile'"),
    ("schedule enabled", [("GetSchedule", "State", "DISABLED")], " is DISABLED"),
    (
        "schedule expression",
        [("GetSchedule", "ScheduleExpression", "rate(7 days)")],
        "rate(7 days), and the function says cron(0 3 * * ? *)",
    ),
    ("schedule target", [("GetSchedule", "Target.SqsParameters", None)], "MessageGroupId is None"),
    ("schedule's undelivered queue", [("GetSchedule", "Target.DeadLetterConfig", None)], "is none"),
    ("schedule's role", [("GetSchedule", "Target.RoleArn", "arn:aws:iam::1:role/x")], "there is no role arn:aws:iam"),
    (
        "schedule's role",
        [("GetRole", "Role.AssumeRolePolicyDocument.Statement.0.Principal.Service", "lambda.amazonaws.com")],
        "EventBridge Scheduler may not assume arn:aws:iam",
    ),
    ("table", [("", "tableName", "gone"), (FUNCTION, f"{VARIABLES}.TABLE_NAME", "gone")], "ResourceNotFoundException"),
    (
        "table key",
        [("DescribeTable", f"Table.{each}.0.AttributeName", "id") for each in ("KeySchema", "AttributeDefinitions")],
        "it must be set_arn",
    ),
    (
        "dead letters",
        [("GetQueueAttributes =deadLetterQueueUrl", "Attributes.ApproximateNumberOfMessages", "1")],
        "_dlq.fifo holds 1 message",
    ),
    (
        "dead letters",
        [("GetQueueAttributes =undeliveredQueueUrl", "Attributes.ApproximateNumberOfMessages", "2")],
        "_undelivered holds 2 messages",
    ),
]
"""A check that fails, what makes it fail, and what it says it has found."""


@pytest.mark.parametrize("changes", SOUND.values(), ids=SOUND.keys())
def test_a_sound_pipeline_passes(changes: list[Change], check: Callable[[list[Change]], list[Check]]) -> None:
    assert check(changes) == []


@pytest.mark.parametrize(("name", "changes", "found"), BROKEN, ids=[f"{name}: {found}" for name, _, found in BROKEN])
def test_the_broken_part_is_named_and_none_else(
    name: str, changes: list[Change], found: str, check: Callable[[list[Change]], list[Check]]
) -> None:
    [failed] = check(changes)
    assert failed.name == name
    assert found in failed.found
    assert len(failed.remedy.split()) > 2
    assert not failed.remedy.endswith((" ", " run", " or", " and"))


def test_a_pipeline_that_does_not_exist_fails_its_checks_by_name(
    aws: Aws, cli: CommandLine, stack_outputs: dict[str, Any]
) -> None:
    # The rows are right, and the pipeline is not there.
    store = aws.store(1)
    gone = json.loads(json.dumps(stack_outputs).replace("healthomics", "gone"))
    outputs = cli.outputs(gone | {"tableName": aws.filled(store)})

    done = cli.run("verify", "--outputs", outputs, "--json", *FAST)

    assert done.code == 1
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


def test_checks_that_pass_say_so_by_name_and_a_warning_breaks_nothing(
    pipeline: Pipeline, verify: Callable[..., Finished]
) -> None:
    pipeline.say(SOUND["few deliveries"])
    pipeline.say([("GetMetricStatistics SharedGroups", "", {"Datapoints": [{"Timestamp": 1, "Sum": 3.0}]})])

    document = verify("--json").document
    done = verify()

    assert (done.code, document["in_sync"]) == (0, True)
    warnings = {each["check"]: each["found"] for each in document["pipeline"] if each["warning"]}
    assert warnings == {
        "deliveries": "maxReceiveCount is 2, and AWS advises 5 at least",
        "message groups": "3 messages of the last day came in a message group that read sets share",
    }
    assert {f"warning: {name}: {found}" for name, found in warnings.items()} <= set(done.out.splitlines())
    assert {each["check"] for each in document["pipeline"]} == {
        *warnings,
        "other writers",
        *(name for name, *_ in BROKEN),
    }
    remedies = {each["check"]: each["remedy"] for each in document["pipeline"] if each["remedy"]}
    assert remedies.keys() == warnings.keys()
    assert "EventBridge takes $.detail.id for the group's name" in remedies["message groups"]


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("User: analyst is not authorized to perform: events:DescribeRule on resource: it", "events:DescribeRule"),
        ("Access is denied.", "DescribeRule"),
    ],
)
def test_what_the_caller_may_not_look_at_is_not_judged(
    message: str, action: str, stack_outputs: dict[str, Any], cli: CommandLine, refusing: Callable[[str, str], str]
) -> None:
    denied = {"AWS_ENDPOINT_URL_EVENTBRIDGE": refusing("AccessDeniedException", message)}

    done = cli.run("verify", "--outputs", cli.outputs(stack_outputs), env=denied)

    assert done.code == 1
    assert (
        f"not judged: rule: {action} is not allowed (DescribeRule: AccessDeniedException: {message})\n"
        f"  to fix it: allow the caller {action} (docs/security.md)\n"
    ) in done.out
    assert "broken pipeline" not in done.out
    assert "pulumi up" not in done.out
