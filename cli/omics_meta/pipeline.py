"""Checks a deployed pipeline part by part: rule, queues, event source mapping, function.

Works from the stack's outputs alone, whatever was created or adopted. Each check says what it found and how to mend
it. AWS refusing a look (a resource that is gone, a permission that is missing) is a finding like any other.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, cast

import boto3
from botocore.exceptions import ClientError
from readset_sync.errors import describe_error
from readset_sync.event import DETAIL_TYPE, SOURCE

from omics_meta.exits import CommandError

_REDEPLOY: Final = "run `pulumi up --refresh` to put back what the program says"
_MESSAGE_GROUP: Final = "$.detail.id"


@dataclass(frozen=True, slots=True)
class Check:
    """One property of the deployed pipeline: whether it holds, what was found, and what mends it."""

    name: str
    passed: bool
    found: str
    remedy: str = _REDEPLOY


def check_pipeline(session: boto3.Session, outputs: Mapping[str, Any]) -> list[Check]:
    """Check the pipeline whose stack has these outputs.

    Raises:
        CommandError: An output is missing, so that these are not the outputs of such a stack.
    """
    checks: list[Check] = []
    for look in (_rule, _queue, _mapping, _function, _dead_letters):
        checks += _looked(look, session, outputs)
    return checks


_Look = Callable[[boto3.Session, Mapping[str, Any]], Iterator[Check]]


def _looked(look: _Look, session: boto3.Session, outputs: Mapping[str, Any]) -> list[Check]:
    name = look.__name__.strip("_").replace("_", " ")
    try:
        return list(look(session, outputs))
    except ClientError as error:
        return [Check(name, passed=False, found=describe_error(error))]


def _rule(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[Check]:
    events = session.client("events")
    name = _output(outputs, "ruleName")
    rule = events.describe_rule(Name=name)
    state = rule.get("State", "")
    yield Check("rule enabled", state == "ENABLED", f"{name} is {state}", f"run `aws events enable-rule --name {name}`")
    pattern = json.loads(rule.get("EventPattern", "{}"))
    takes_all = pattern == {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}
    yield Check("rule pattern", takes_all, json.dumps(pattern))
    queue = _output(outputs, "queueArn")
    targets = [each for each in events.list_targets_by_rule(Rule=name)["Targets"] if each["Arn"] == queue]
    yield Check("rule target", len(targets) == 1, f"{len(targets)} targets are {queue}")
    for target in targets:
        group = target.get("SqsParameters", {}).get("MessageGroupId", "")
        yield Check("message group", group == _MESSAGE_GROUP, f"MessageGroupId is {group!r}")
        undelivered = target.get("DeadLetterConfig", {}).get("Arn", "none")
        expected = _output(outputs, "undeliveredQueueArn")
        yield Check("undelivered queue", undelivered == expected, f"the target's dead-letter queue is {undelivered}")


def _queue(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[Check]:
    url = _output(outputs, "queueUrl")
    attributes = session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    deduplicates = attributes.get("ContentBasedDeduplication", "false")
    yield Check(
        "content-based deduplication",
        deduplicates == "true",
        f"ContentBasedDeduplication is {deduplicates}",
        f"run `aws sqs set-queue-attributes --queue-url {url} --attributes ContentBasedDeduplication=true`",
    )
    statement = _statement(outputs)
    allowed = _allows(json.loads(attributes.get("Policy") or "{}"), outputs)
    yield Check(
        "queue policy",
        allowed,
        f"the rule {'may' if allowed else 'may not'} send to {_output(outputs, 'queueName')}",
        f"add this statement to the queue's policy: {json.dumps(statement)}",
    )
    timeout = session.client("lambda").get_function_configuration(FunctionName=_output(outputs, "functionName"))
    needed = 6 * timeout.get("Timeout", 0)
    visible = int(attributes.get("VisibilityTimeout", "0"))
    yield Check(
        "visibility timeout",
        visible >= needed,
        f"{visible} s, and 6 times the function's timeout is {needed} s",
        f"run `aws sqs set-queue-attributes --queue-url {url} --attributes VisibilityTimeout={needed}`",
    )


def _mapping(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[Check]:
    function, queue = _output(outputs, "functionName"), _output(outputs, "queueArn")
    mappings = session.client("lambda").list_event_source_mappings(FunctionName=function, EventSourceArn=queue)
    found = mappings["EventSourceMappings"]
    yield Check("event source mapping", len(found) == 1, f"{len(found)} lead from the queue to {function}")
    for mapping in found:
        uuid, state = mapping.get("UUID", ""), mapping.get("State", "")
        yield Check(
            "event source mapping enabled",
            state in {"Enabled", "Enabling", "Creating", "Updating"},
            f"{uuid} is {state}",
            f"run `aws lambda update-event-source-mapping --uuid {uuid} --enabled`",
        )
        types = mapping.get("FunctionResponseTypes", [])
        yield Check(
            "partial batch responses",
            "ReportBatchItemFailures" in types,
            f"FunctionResponseTypes is {types}",
            f"run `aws lambda update-event-source-mapping --uuid {uuid} "
            "--function-response-types ReportBatchItemFailures`",
        )


def _function(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[Check]:
    name = _output(outputs, "functionName")
    function = session.client("lambda").get_function_configuration(FunctionName=name)
    state = function.get("State", "")
    yield Check(
        "function", state in {"Active", "Inactive"}, f"{name} is {state} {function.get('StateReason', '')}".strip()
    )
    writes_to = function.get("Environment", {}).get("Variables", {}).get("TABLE_NAME", "none")
    table = _output(outputs, "tableName")
    yield Check("function's table", writes_to == table, f"{name} writes to {writes_to}, and the stack has {table}")


def _dead_letters(session: boto3.Session, outputs: Mapping[str, Any]) -> Iterator[Check]:
    # An adopted queue's redrive policy is its owner's, so the stack may know of no dead-letter queue behind it.
    urls = [outputs.get("deadLetterQueueUrl"), _output(outputs, "undeliveredQueueUrl")]
    for url in filter(None, urls):
        attributes = session.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        count = int(attributes["ApproximateNumberOfMessages"])
        name = url.rpartition("/")[2]
        yield Check(
            "dead letters",
            count == 0,
            f"{name} holds {count} messages",
            f"look at them with `aws sqs receive-message --queue-url {url}`, mend the cause, then run "
            "`omics-meta backfill`, which makes them superfluous",
        )


def _output(outputs: Mapping[str, Any], name: str) -> str:
    value = outputs.get(name)
    if not isinstance(value, str) or not value:
        raise CommandError(f"the stack's outputs have {name} = {value!r}: run `pulumi up` with this version first")
    return value


def _statement(outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _output(outputs, "queueArn"),
        "Condition": {"ArnEquals": {"aws:SourceArn": _output(outputs, "ruleArn")}},
    }


def _allows(policy: Mapping[str, Any], outputs: Mapping[str, Any]) -> bool:
    """Whether a queue policy has a statement that lets this rule send, written in any of IAM's spellings."""
    rule = _output(outputs, "ruleArn")
    return any(
        statement.get("Effect") == "Allow"
        and _names_event_bridge(statement.get("Principal"))
        and {"sqs:SendMessage", "SQS:SendMessage", "sqs:*", "SQS:*"} & set(_listed(statement, "Action"))
        and _source_arn_matches(statement.get("Condition"), rule)
        for statement in _listed(policy, "Statement")
    )


def _names_event_bridge(principal: Any) -> bool:
    # A principal is a map, or the text "*", which means the same as {"AWS": "*"}: everybody.
    if not isinstance(principal, dict):
        return principal == "*"
    named = cast("dict[str, Any]", principal)
    return "events.amazonaws.com" in _listed(named, "Service") or "*" in _listed(named, "AWS")


def _source_arn_matches(condition: Mapping[str, Any] | None, rule: str) -> bool:
    if condition is None:
        return True
    # Both operators for ARNs take wildcards.
    patterns = [
        pattern
        for operator in ("ArnEquals", "ArnLike", "StringLike")
        for pattern in _listed(condition.get(operator, {}), "aws:SourceArn")
    ]
    texts = _listed(condition.get("StringEquals", {}), "aws:SourceArn")
    return rule in texts or any(fnmatchcase(rule, pattern) for pattern in patterns)


def _listed(parent: Mapping[str, Any], name: str) -> list[Any]:
    """IAM lets a single value stand for a list of one."""
    value: Any = parent.get(name, [])
    return cast("list[Any]", value) if isinstance(value, list) else [value]
