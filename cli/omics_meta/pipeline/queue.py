"""Counts messages, and checks the FIFO queue and the queues of what went wrong before and behind it."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from omics_meta.pipeline.check import REDEPLOY, Check
from omics_meta.pipeline.cloudwatch import datapoints
from omics_meta.pipeline.policy import allows, is_open
from omics_meta.pipeline.rule import further_rules
from omics_meta.pipeline.stack import Stack
from omics_meta.terminal.exits import OutputsError
from omics_meta.terminal.output import counted

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_SEND: Final = "sqs:SendMessage"
_EVENT_BRIDGE: Final = "events.amazonaws.com"

_TIMEOUTS_OF_VISIBILITY: Final = 6
"""Function timeouts that a message stays hidden (Lambda developer guide, "Using Lambda with Amazon SQS")."""

_DELIVERIES: Final = 5
"""Of a message before it is given up, at least: while a function is throttled, it uses some up (same page)."""

_LONGEST_WAIT: Final = timedelta(minutes=15)


_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def depth(client: "SQSClient", url: str) -> tuple[int, int]:
    """How many messages wait, and how many are being worked on. SQS takes up to a minute to have this right."""
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)["Attributes"]
    waiting, hidden = (int(attributes[name]) for name in _COUNTS)
    return waiting, hidden


def count_messages(client: "SQSClient", url: str) -> int:
    """How many messages there are, those that are being worked on included."""
    try:
        return sum(depth(client, url))
    except client.exceptions.QueueDoesNotExist as error:
        raise OutputsError(
            f"there is no queue {url}: check the region, or run `pulumi up --refresh` to put it back"
        ) from error


def check_queue(stack: Stack) -> Iterator[Check]:
    """Check the FIFO queue's attributes and policy."""
    url = stack.output("queueUrl")
    attributes: Mapping[Any, str] = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    deduplicates = attributes.get("ContentBasedDeduplication", "false")
    yield Check(
        "content-based deduplication",
        deduplicates == "true",
        f"ContentBasedDeduplication is {deduplicates}",
        _set_attribute(url, "ContentBasedDeduplication=true"),
    )
    yield from _redrive_policy(stack, json.loads(attributes.get("RedrivePolicy") or "{}"))
    yield _policy(stack, json.loads(attributes.get("Policy") or "{}"))
    needed = _TIMEOUTS_OF_VISIBILITY * stack.function.get("Timeout", 0)
    visible = int(attributes.get("VisibilityTimeout", "0"))
    yield Check(
        "visibility timeout",
        visible >= needed,
        f"{visible} s, and {_TIMEOUTS_OF_VISIBILITY} times the function's timeout is {needed} s",
        _set_attribute(url, f"VisibilityTimeout={needed}"),
    )


def check_oldest_message(stack: Stack) -> Iterator[Check]:
    """Check by CloudWatch how long the oldest message has waited.

    Receiving it would block its message group, and count as a failed delivery.
    """
    seconds, name = oldest_message_seconds(stack), stack.output("queueName")
    yield Check(
        "oldest message",
        (seconds or 0) <= _LONGEST_WAIT.total_seconds(),
        f"CloudWatch knows of no waiting message in {name}"
        if seconds is None
        else f"a message of {name} has waited for {seconds:.0f} s",
        "wait, if many read sets have just changed; otherwise see why the function does not keep up: "
        f"run `aws logs tail {stack.output('logGroupName')} --since 1h`",
    )


def oldest_message_seconds(stack: Stack) -> float | None:
    """How long the oldest message has waited; None where CloudWatch knows of none.

    SQS reports nothing of a queue that has not been used for hours.
    """
    points = datapoints(
        stack,
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": stack.output("queueName")}),
        "Maximum",
        since=_LONGEST_WAIT,
        period=timedelta(minutes=1),
    )
    return points[-1]["Maximum"] if points else None


def check_dead_letters(stack: Stack) -> Iterator[Check]:
    """Check that the dead-letter queues are empty."""
    for url in stack.dead_letters("Url").values():
        count, _ = depth(stack.client("sqs"), url)
        yield Check(
            "dead letters",
            count == 0,
            f"{url.rpartition('/')[2]} holds {counted(count, 'message')}",
            "look at them with `omics-meta dlq show`, remove the cause, then run `omics-meta dlq redrive`",
        )


def _redrive_policy(stack: Stack, policy: Mapping[str, Any]) -> Iterator[Check]:
    """A created queue gives up on what fails too often; an adopted one does what its owner says."""
    expected = stack.outputs.get("deadLetterQueueArn")
    if expected is None:
        return
    target = policy.get("deadLetterTargetArn", "nowhere")
    yield Check("redrive policy", target == expected, f"messages that keep failing go to {target}")
    deliveries = int(policy.get("maxReceiveCount", 0))
    few = deliveries < _DELIVERIES
    yield Check(
        "deliveries",
        passed=True,  # a stack may be configured so on purpose
        found=f"maxReceiveCount is {deliveries}{f', and AWS advises {_DELIVERIES} at least' if few else ''}",
        remedy=f"run `pulumi config set maxReceiveCount {_DELIVERIES}` and `pulumi up`",
        warning=few,
    )


def _policy(stack: Stack, policy: Mapping[str, Any]) -> Check:
    rules = [stack.output("ruleArn"), *(rule["Arn"] for rule in further_rules(stack))]
    refused = [rule for rule in rules if not allows(policy, _SEND, _EVENT_BRIDGE, source=rule)]
    name = stack.output("queueName")
    if refused:
        statement = _statement(stack.output("queueArn"), refused)
        return Check(
            "queue policy",
            passed=False,
            found=f"the rule may not send to {name}: {', '.join(refused)}",
            remedy=f"add this statement to the queue's policy: {json.dumps(statement)}",
        )
    if is_open(policy, _SEND):
        statement = _statement(stack.output("queueArn"), rules)
        return Check(
            "queue policy",
            passed=False,
            found=f"anybody may send to {name}",
            remedy=f"{REDEPLOY}, or put this in place of the statement that has no such condition: "
            f"{json.dumps(statement)}",
        )
    return Check("queue policy", passed=True, found=f"the rule may send to {name}: {', '.join(rules)}")


def _statement(queue: str, rules: list[str]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": _EVENT_BRIDGE},
        "Action": _SEND,
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
    }


def _set_attribute(url: str, attribute: str) -> str:
    return f"run `aws sqs set-queue-attributes --queue-url {url} --attributes {attribute}`"
