"""`omics-meta verify` of a stack looks at every part of the deployed pipeline, and names the one that is broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Aws, Cli

FAST = ("--max-tps", "1000")
ARN = "arn:aws:{}:us-west-2:123456789012:{}"
PATTERN = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"]}


class Pipeline:
    """A pipeline as the component deploys it, made with the AWS API alone.

    Attributes:
        outputs: What the stack would say of it.
    """

    def __init__(self, aws: Aws) -> None:
        self.events = aws.sandbox.client("events")
        self.sqs = aws.sandbox.client("sqs")
        self.functions = aws.sandbox.client("lambda")
        table = aws.table()
        name = table.replace("read-sets", "sync")
        self.name = name
        queues = {f"{name}.fifo": True, f"{name}-dead.fifo": True, f"{name}-undelivered": False}
        self.queue, dead, undelivered = (self._queue(queue, fifo) for queue, fifo in queues.items())
        self.outputs: dict[str, Any] = {
            "tableName": table,
            "queueName": f"{name}.fifo",
            "queueUrl": self.queue,
            "queueArn": ARN.format("sqs", f"{name}.fifo"),
            "deadLetterQueueUrl": dead,
            "deadLetterQueueArn": ARN.format("sqs", f"{name}-dead.fifo"),
            "undeliveredQueueUrl": undelivered,
            "undeliveredQueueArn": ARN.format("sqs", f"{name}-undelivered"),
            "functionName": name,
            "ruleName": name,
            "ruleArn": ARN.format("events", f"rule/{name}"),
            "region": "us-west-2",
        }
        self.put_rule()
        self.put_target()
        self.put_policy()
        self.set_queue(VisibilityTimeout="180")
        role = aws.sandbox.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": b""},
            Timeout=30,
            Environment={"Variables": {"TABLE_NAME": table}},
        )
        self.mapping = self.map()

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
def verify(cli: Cli, pipeline: Pipeline, tmp_path: Path) -> Callable[[], tuple[int, dict[str, Any]]]:
    """Verify the stack; return the exit code, and the checks that did not pass, by name."""

    def run() -> tuple[int, dict[str, Any]]:
        outputs = tmp_path / "outputs.json"
        outputs.write_text(json.dumps(pipeline.outputs))
        done = cli.run("verify", "--outputs", outputs, "--json", *FAST)
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
    "policy for everybody": lambda pipeline: pipeline.put_policy(Principal="*", Action="sqs:*"),
    "policy without a condition": lambda pipeline: pipeline.put_policy(Condition=None),
}

BROKEN: dict[str, tuple[Callable[[Pipeline], object], str, str]] = {
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
    "short visibility timeout": (
        lambda pipeline: pipeline.set_queue(VisibilityTimeout="179"),
        "visibility timeout",
        "179 s, and 6 times the function's timeout is 180 s",
    ),
    "no mapping": (lambda pipeline: pipeline.unmap(), "event source mapping", "0 lead from the queue"),
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
        lambda pipeline: pipeline.functions.update_function_configuration(
            FunctionName=pipeline.name, Environment={"Variables": {"TABLE_NAME": "elsewhere"}}
        ),
        "function's table",
        "writes to elsewhere",
    ),
    "dead letters": (_send_to("deadLetterQueueUrl", MessageGroupId="1"), "dead letters", "-dead.fifo holds 1 messages"),
    "undelivered events": (_send_to("undeliveredQueueUrl"), "dead letters", "-undelivered holds 1 messages"),
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
    assert failed[check]["remedy"]
