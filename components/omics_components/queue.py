"""The queues: the FIFO queue with its dead-letter queue, or an existing one; and the undelivered queue."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from .settings import DECLARED, Settings, key_arn
from .validation import SettingsError, look_up, problem

# SQS waits this many function timeouts before it hands a message out again, as Lambda's documentation asks:
# the function may be throttled and retried with a batch that it already holds.
TIMEOUTS_OF_VISIBILITY = 6
SECONDS_A_DAY = 86_400
LONGEST_RETENTION = 14 * SECONDS_A_DAY


class _Encryption(TypedDict, total=False):
    """The arguments of a queue that say how it is encrypted."""

    kms_master_key_id: str
    sqs_managed_sse_enabled: bool


@dataclass(frozen=True)
class Queue:
    """What the rest of the component needs to know of a queue, created or not.

    Attributes:
        max_receive_count: After how many receives a message goes to a dead-letter queue; None for the setting's.
    """

    name: pulumi.Output[str]
    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    max_receive_count: pulumi.Output[int] | None = None


def create_queue(name: str, settings: Settings, parent: pulumi.Resource) -> tuple[Queue, Queue]:
    """Create the FIFO queue and the dead-letter queue behind it; return them in this order."""
    opts = pulumi.ResourceOptions(parent=parent)
    dead_letters = aws.sqs.Queue(
        f"{name}-dead-letter-queue",
        name=settings.dead_letter_queue_name,
        # A FIFO queue's dead-letter queue must be FIFO too.
        fifo_queue=True,
        message_retention_seconds=LONGEST_RETENTION,
        **_encryption(settings),
        tags=settings.tags,
        opts=opts,
    )
    queue = aws.sqs.Queue(
        f"{name}-queue",
        name=settings.queue_name,
        fifo_queue=True,
        # EventBridge gives no deduplication id. The whole event is the body, so that only redeliveries of
        # one event have the same content.
        content_based_deduplication=True,
        # High throughput: limits apply to each read set's message group instead of the whole queue.
        deduplication_scope="messageGroup",
        fifo_throughput_limit="perMessageGroupId",
        message_retention_seconds=settings.message_retention_days * SECONDS_A_DAY,
        visibility_timeout_seconds=TIMEOUTS_OF_VISIBILITY * settings.function_timeout,
        redrive_policy=pulumi.Output.json_dumps(
            {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": settings.max_receive_count}
        ),
        **_encryption(settings),
        tags=settings.tags,
        opts=opts,
    )
    aws.sqs.RedriveAllowPolicy(
        f"{name}-redrive-allow-policy",
        queue_url=dead_letters.url,
        redrive_allow_policy=pulumi.Output.json_dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}),
        opts=opts,
    )
    return _identity(queue), _identity(dead_letters)


def adopt_queue(queue_name: pulumi.Input[str], settings: Settings, parent: pulumi.Resource) -> Queue:
    """Look an existing queue up, and at the settings that Lambda or EventBridge would stumble over.

    Raises:
        SettingsError: The queue cannot be read, or has settings with which the pipeline cannot work.
    """
    setting = DECLARED["existing_queue_name"].both_names

    def judge(name: str) -> tuple[aws.sqs.GetQueueResult, int]:
        try:
            found = aws.sqs.get_queue(name=name, opts=pulumi.InvokeOptions(parent=parent))
        except Exception as error:
            remedy = f"the queue cannot be read ({error}): give the name of a FIFO queue in this account and region."
            raise SettingsError([problem(setting, name, remedy)]) from error
        properties = _properties(found.url, parent)
        if wrong := [problem(setting, name, each) for each in _unfit(properties, settings)]:
            raise SettingsError(wrong)
        return found, _max_receive_count(properties) or settings.max_receive_count

    found = look_up(queue_name, judge)
    return Queue(
        found.apply(lambda q: q[0].name),
        found.apply(lambda q: q[0].url),
        found.apply(lambda q: q[0].arn),
        found.apply(lambda q: q[1]),
    )


def _properties(url: str, parent: pulumi.Resource) -> Mapping[str, Any]:
    """The settings of a queue by their CloudFormation names; none where nobody tells them.

    `sqs.get_queue` has none of them, and `sqs.Queue.get` would put a queue of somebody else's into the stack.
    """
    try:
        found = aws.cloudcontrol.get_resource(
            type_name="AWS::SQS::Queue", identifier=url, opts=pulumi.InvokeOptions(parent=parent)
        )
        return json.loads(found.properties)
    except Exception as error:  # noqa: BLE001 - whoever deploys may lack a permission that nothing else needs
        pulumi.log.warn(f"the settings of queue {url} are not checked, because they cannot be read: {error}", parent)
        return {}


def _max_receive_count(properties: Mapping[str, Any]) -> int | None:
    """What the redrive policy of a queue says, which CloudFormation has as an object or as a text; None without one."""
    policy = properties.get("RedrivePolicy", {})
    found = (json.loads(policy) if isinstance(policy, str) else policy).get("maxReceiveCount")
    return found and int(found)


def _unfit(properties: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """What is wrong with an existing queue, and the remedy."""
    timeout, advised = settings.function_timeout, TIMEOUTS_OF_VISIBILITY * settings.function_timeout
    if properties.get("VisibilityTimeout", timeout) < timeout:
        yield (
            f"its visibility timeout is {properties['VisibilityTimeout']} s, and Lambda reads from no queue where that"
            f" is less than the function's timeout ({timeout} s): set the queue's VisibilityTimeout to {advised}."
        )
    if not properties.get("ContentBasedDeduplication", True):
        yield (
            "it has no content-based deduplication, and EventBridge gives no deduplication id, so that no event would"
            " arrive: set the queue's ContentBasedDeduplication to true."
        )
    if str(properties.get("KmsMasterKeyId", "")).endswith("alias/aws/sqs"):
        yield (
            "it is encrypted with the key alias/aws/sqs, which EventBridge may not use, so that no event would arrive:"
            " encrypt it with a key of yours (docs/security.md), or set its SqsManagedSseEnabled to true."
        )


def create_undelivered_queue(name: str, settings: Settings, parent: pulumi.Resource) -> Queue:
    """Create the queue for events that the rule could not deliver.

    It is a standard queue, because EventBridge accepts no other as a target's dead-letter queue.
    """
    return _identity(
        aws.sqs.Queue(
            f"{name}-undelivered-queue",
            name=settings.undelivered_queue_name,
            message_retention_seconds=LONGEST_RETENTION,
            **_encryption(settings),
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
    )


def _encryption(settings: Settings) -> _Encryption:
    key = key_arn(settings.queue_encryption)
    return {"kms_master_key_id": key} if key else {"sqs_managed_sse_enabled": True}


def _identity(queue: aws.sqs.Queue) -> Queue:
    return Queue(queue.name, queue.url, queue.arn)
