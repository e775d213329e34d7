"""Amazon SNS topics, their policies, and subscriptions to them."""

import json
from typing import ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, PolicyDocument, Text
from omics_sandbox.provider.values import Names, Properties

_DEFAULT_STATEMENT: Final = "__default_statement_ID"
"""Sid of the one statement in the policy that SNS itself gives a topic."""

# Pulumi's name of each attribute of a topic, and SNS's.
_ATTRIBUTES: Final = {"kmsMasterKeyId": "KmsMasterKeyId"}


class Topic(ResourceType):
    """`aws:sns/topic:Topic`, for standard topics."""

    token: ClassVar = "aws:sns/topic:Topic"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic"
    naming: ClassVar = Naming(r"[0-9A-Za-z_-]{1,256}", 256, "1 to 256 letters, digits, dashes and underscores")
    properties: ClassVar = {
        "kmsMasterKeyId": Property(Text()),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "region": REGION,
        "tags": TAGS,
    }
    outputs: ClassVar = frozenset({"arn", "tagsAll"})

    @override
    def create_resource(self, inputs: Properties) -> str:
        attributes = {_ATTRIBUTES[name]: value for name, value in inputs.items() if name in _ATTRIBUTES}
        tags = tagging.as_list(inputs.get("tags"))
        topic = self.client(inputs).create_topic(Name=inputs["name"], Attributes=attributes, Tags=tags)
        return topic["TopicArn"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        attributes = client.get_topic_attributes(TopicArn=resource_id)["Attributes"]
        tags = client.list_tags_for_resource(ResourceArn=resource_id)["Tags"]
        return {
            **{name: attributes.get(attribute, "") for name, attribute in _ATTRIBUTES.items()},
            "arn": resource_id,
            "name": resource_id.rpartition(":")[2],
            **tagging.as_state(tagging.from_list(tags)),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        for name in _ATTRIBUTES.keys() & changed:
            client.set_topic_attributes(
                TopicArn=resource_id, AttributeName=_ATTRIBUTES[name], AttributeValue=inputs.get(name, "")
            )
        if "tags" in changed:
            tagging.update(client, state, inputs, ResourceArn=resource_id)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_topic(TopicArn=resource_id)


class TopicPolicy(ResourceType):
    """`aws:sns/topicPolicy:TopicPolicy`. A topic always has a policy: without this one, that which SNS gives it."""

    token: ClassVar = "aws:sns/topicPolicy:TopicPolicy"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic Policy"
    properties: ClassVar = {
        "arn": Property(Arn(), required=True, replaces=True),
        "policy": Property(PolicyDocument(), required=True),
        "region": REGION,
    }

    shown_by: ClassVar = "arn"

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._write(inputs["arn"], inputs, inputs["policy"])
        return inputs["arn"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        attributes = self.client(known).get_topic_attributes(TopicArn=resource_id)["Attributes"]
        if _DEFAULT_STATEMENT in attributes["Policy"]:
            return None
        return {"arn": resource_id, "policy": attributes["Policy"]}

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        self._write(resource_id, state, inputs["policy"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        # As the real provider does: the owner alone may use the topic again.
        statement = {
            "Sid": _DEFAULT_STATEMENT,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": resource_id,
            "Condition": {"StringEquals": {"AWS:SourceOwner": resource_id.split(":")[4]}},
        }
        self._write(resource_id, state, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def _write(self, topic_arn: str, properties: Properties, policy: str) -> None:
        self.client(properties).set_topic_attributes(TopicArn=topic_arn, AttributeName="Policy", AttributeValue=policy)


class TopicSubscription(ResourceType):
    """`aws:sns/topicSubscription:TopicSubscription`, which in AWS waits for its owner to confirm it."""

    token: ClassVar = "aws:sns/topicSubscription:TopicSubscription"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic Subscription"
    properties: ClassVar = {
        "endpoint": Property(Text(), required=True, replaces=True),
        "protocol": Property(
            Text(one_of=("email", "email-json", "sqs", "lambda", "https")), required=True, replaces=True
        ),
        "region": REGION,
        "topic": Property(Arn(), required=True, replaces=True),
    }
    outputs: ClassVar = frozenset({"arn"})

    shown_by: ClassVar = "endpoint"

    @override
    def create_resource(self, inputs: Properties) -> str:
        subscription = self.client(inputs).subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        return subscription["SubscriptionArn"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        attributes = self.client(known).get_subscription_attributes(SubscriptionArn=resource_id)["Attributes"]
        return {
            "arn": resource_id,
            "endpoint": attributes["Endpoint"],
            "protocol": attributes["Protocol"],
            "topic": attributes["TopicArn"],
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        """Do nothing: no property of it can change in place."""

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).unsubscribe(SubscriptionArn=resource_id)
