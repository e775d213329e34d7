"""Amazon SQS queues and the attributes of queues that are resources of their own."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Boolean, Integer, JsonText, PolicyDocument, Text
from omics_sandbox.provider.values import UNKNOWN, Names, Properties

_FIFO_SUFFIX: Final = ".fifo"

# Pulumi's name of each attribute of a queue, and SQS's.
_ATTRIBUTES: Final = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


class Queue(ResourceType):
    """`aws:sqs/queue:Queue`."""

    token: ClassVar = "aws:sqs/queue:Queue"
    service: ClassVar = "sqs"
    title: ClassVar = "SQS Queue"
    naming: ClassVar = Naming(
        r"[0-9A-Za-z_-]{1,80}|[0-9A-Za-z_-]{1,75}\.fifo",
        80,
        "1 to 80 letters, digits, dashes and underscores, and for a FIFO queue .fifo at the end",
    )
    properties: ClassVar = {
        "contentBasedDeduplication": Property(Boolean(), default=False),
        "deduplicationScope": Property(Text(one_of=("messageGroup", "queue")), computed=True),
        "delaySeconds": Property(Integer(0, 900), default=0),
        "fifoQueue": Property(Boolean(), replaces=True, default=False),
        "fifoThroughputLimit": Property(Text(one_of=("perQueue", "perMessageGroupId")), computed=True),
        "kmsDataKeyReusePeriodSeconds": Property(Integer(60, 86_400), computed=True),
        "kmsMasterKeyId": Property(Text()),
        "maxMessageSize": Property(Integer(1_024, 1_048_576), computed=True),
        "messageRetentionSeconds": Property(Integer(60, 1_209_600), default=345_600),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "policy": Property(PolicyDocument(), computed=True),
        "receiveWaitTimeSeconds": Property(Integer(0, 20), default=0),
        "redriveAllowPolicy": Property(JsonText(), computed=True, kept=True),  # moto does not tell it back
        "redrivePolicy": Property(JsonText(), computed=True),
        "region": REGION,
        "sqsManagedSseEnabled": Property(Boolean(), computed=True),
        "tags": TAGS,
        "visibilityTimeoutSeconds": Property(Integer(0, 43_200), default=30),
    }
    outputs: ClassVar = frozenset({"arn", "tagsAll", "url"})

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        name, fifo = inputs.get("name"), inputs.get("fifoQueue", False)
        if isinstance(name, str) and fifo is not UNKNOWN:
            if fifo and not name.endswith(_FIFO_SUFFIX):
                yield "name", f"invalid queue name: {name} (the name of a FIFO queue ends in {_FIFO_SUFFIX})"
            elif not fifo and name.endswith(_FIFO_SUFFIX):
                yield "name", f"invalid queue name: {name} (only a FIFO queue's name ends in {_FIFO_SUFFIX})"
        if not fifo:
            if inputs.get("contentBasedDeduplication"):
                reason = "content-based deduplication can only be set for FIFO queue"
                yield "contentBasedDeduplication", reason
            for only_fifo in ("deduplicationScope", "fifoThroughputLimit"):
                if only_fifo in inputs:
                    yield only_fifo, f"{only_fifo} can only be set for FIFO queue"
        # Even where one of them switches its kind of encryption off.
        if {"sqsManagedSseEnabled", "kmsMasterKeyId"} <= inputs.keys():
            yield "sqsManagedSseEnabled", '"sqsManagedSseEnabled": conflicts with kmsMasterKeyId'

    @override
    def name_suffix(self, inputs: Properties) -> str:
        return _FIFO_SUFFIX if inputs.get("fifoQueue") else ""

    @override
    def create_resource(self, inputs: Properties) -> str:
        attributes: Any = {
            _ATTRIBUTES[name]: _to_attribute(value) for name, value in inputs.items() if name in _ATTRIBUTES
        }
        if not inputs.get("fifoQueue"):
            # SQS refuses even `false` here for a standard queue.
            attributes.pop("FifoQueue", None)
            attributes.pop("ContentBasedDeduplication", None)
        created = self.client(inputs).create_queue(
            QueueName=inputs["name"], Attributes=attributes, tags=inputs.get("tags", {})
        )
        return created["QueueUrl"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        attributes = read_attributes(client, resource_id)
        state = {
            name: _from_attribute(self.properties[name], attributes[attribute])
            for name, attribute in _ATTRIBUTES.items()
            if attribute in attributes
        }
        tags = client.list_queue_tags(QueueUrl=resource_id).get("Tags", {})
        name = resource_id.rsplit("/", 1)[-1]
        return {**state, "arn": attributes["QueueArn"], "name": name, "url": resource_id, **tagging.as_state(tags)}

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        attributes: Any = {
            _ATTRIBUTES[name]: _to_attribute(inputs.get(name, self.properties[name].default))
            for name in changed
            if name in _ATTRIBUTES
        }
        if attributes:
            client.set_queue_attributes(QueueUrl=resource_id, Attributes=attributes)
        if "tags" in changed:
            if gone := tagging.removed(state, inputs):
                client.untag_queue(QueueUrl=resource_id, TagKeys=gone)
            if tags := inputs.get("tags"):
                client.tag_queue(QueueUrl=resource_id, Tags=tags)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_queue(QueueUrl=resource_id)


class _QueueAttribute(ResourceType):
    """An attribute of a queue that is a resource of its own, so that it can refer to resources made later."""

    attribute: ClassVar[str]
    property_name: ClassVar[str]

    shown_by: ClassVar = "queueUrl"

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._write(inputs["queueUrl"], inputs, inputs[self.property_name])
        return inputs["queueUrl"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        value = self.value_in(read_attributes(self.client(known), resource_id), known)
        return {"queueUrl": resource_id, self.property_name: value} if value else None

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        if self.property_name in changed:
            self._write(resource_id, state, inputs[self.property_name])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self._write(resource_id, state, "")

    def value_in(self, attributes: Mapping[str, str], known: Properties) -> str | None:
        """Return the value of the attribute, or None when it is not set."""
        del known
        return attributes.get(self.attribute)

    def _write(self, queue_url: str, properties: Properties, value: str) -> None:
        attributes: Any = {self.attribute: value}
        self.client(properties).set_queue_attributes(QueueUrl=queue_url, Attributes=attributes)


class QueuePolicy(_QueueAttribute):
    """`aws:sqs/queuePolicy:QueuePolicy`."""

    token: ClassVar = "aws:sqs/queuePolicy:QueuePolicy"
    service: ClassVar = "sqs"
    title: ClassVar = "SQS Queue Policy"
    attribute: ClassVar = "Policy"
    property_name: ClassVar = "policy"
    properties: ClassVar = {
        "policy": Property(PolicyDocument(), required=True),
        "queueUrl": Property(Text(), required=True, replaces=True),
        "region": REGION,
    }


class RedriveAllowPolicy(_QueueAttribute):
    """`aws:sqs/redriveAllowPolicy:RedriveAllowPolicy`."""

    token: ClassVar = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    service: ClassVar = "sqs"
    title: ClassVar = "SQS Queue Redrive Allow Policy"
    attribute: ClassVar = "RedriveAllowPolicy"
    property_name: ClassVar = "redriveAllowPolicy"
    properties: ClassVar = {
        "queueUrl": Property(Text(), required=True, replaces=True),
        "redriveAllowPolicy": Property(JsonText(), required=True),
        "region": REGION,
    }

    @override
    def value_in(self, attributes: Mapping[str, str], known: Properties) -> str | None:
        # moto takes this attribute and never tells it back: there, what was set last has to be believed.
        return attributes.get(self.attribute, known.get(self.property_name))


def read_attributes(client: Any, queue_url: str) -> Mapping[str, str]:
    """Return all attributes of a queue by SQS's names.

    Raises:
        ClientError: There is no such queue, or SQS refuses to tell.
    """
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    return {str(name): value for name, value in answer.get("Attributes", {}).items()}


def _to_attribute(value: object) -> str:
    if isinstance(value, bool):
        return json.dumps(value)
    return "" if value is None else str(value)


def _from_attribute(declared: Property, value: str) -> bool | int | str:
    if isinstance(declared.shape, Boolean):
        return value.lower() == "true"
    return int(value) if isinstance(declared.shape, Integer) else value
