"""The resource types that the stand-in knows, with the properties that the product uses."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from botocore import model
from typing_extensions import override

from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.resource_type import Property, ResourceType, name_as, plain
from omics_sandbox.provider.shapes import Archive, FunctionName, JsonText, ListOf, Object, PolicyDocument, Shape
from omics_sandbox.provider.values import Names, Properties, is_empty

# CloudWatch and CloudWatch Logs.


class MetricAlarm(ResourceType):
    """`aws:cloudwatch/metricAlarm:MetricAlarm`, for alarms that compare a statistic of one metric with a number."""

    token: ClassVar = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service: ClassVar = "cloudwatch"
    properties: ClassVar = {
        **plain("alarmActions", "alarmDescription", "comparisonOperator", "dimensions", "evaluationPeriods"),
        **plain("insufficientDataActions", "metricName", "namespace", "period", "statistic", "tags", "threshold"),
        "name": name_as("AlarmName"),
        "okActions": Property("OKActions"),
        "treatMissingData": Property(default="missing"),
    }
    outputs: ClassVar = {"arn": "AlarmArn"}
    create_call: ClassVar = "put_metric_alarm"
    identity: ClassVar = ("AlarmName",)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        alarms = self.call("describe_alarms", AlarmNames=[resource_id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        return alarms[0] if alarms else None

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call("delete_alarms", AlarmNames=[resource_id])


class Dashboard(ResourceType):
    """`aws:cloudwatch/dashboard:Dashboard`. As in AWS, one of a name that exists is overwritten."""

    token: ClassVar = "aws:cloudwatch/dashboard:Dashboard"
    service: ClassVar = "cloudwatch"
    properties: ClassVar = {
        "dashboardBody": Property(shape=JsonText()),
        "dashboardName": Property(replaces=True),
    }
    create_call: ClassVar = "put_dashboard"
    read_call: ClassVar = "get_dashboard"
    identity: ClassVar = ("DashboardName",)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call("delete_dashboards", DashboardNames=[resource_id])


class LogGroup(ResourceType):
    """`aws:cloudwatch/logGroup:LogGroup`."""

    token: ClassVar = "aws:cloudwatch/logGroup:LogGroup"
    service: ClassVar = "logs"
    properties: ClassVar = {
        "kmsKeyId": Property("kmsKeyId"),
        "name": name_as("logGroupName"),
        "namePrefix": Property(replaces=True, kept=True, apart=True),
        "retentionInDays": Property("retentionInDays", default=0, apart=True),
        "tags": Property("tags"),
    }
    outputs: ClassVar = {"arn": "arn"}
    create_call: ClassVar = "create_log_group"
    delete_call: ClassVar = "delete_log_group"
    identity: ClassVar = ("logGroupName",)

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        if days := inputs.get("retentionInDays", 0):
            self.call("put_retention_policy", logGroupName=resource_id, retentionInDays=days)
        else:
            self.call("delete_retention_policy", logGroupName=resource_id)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        groups = self.call("describe_log_groups", logGroupNamePrefix=resource_id)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == resource_id), None)
        # The ARN that the provider gives has no `:*` at the end.
        return group and {**group, "arn": group["arn"].removesuffix(":*")}

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        if "retentionInDays" in changed:
            self.complete(resource_id, inputs)
        if "kmsKeyId" in changed:
            if key := inputs.get("kmsKeyId"):
                self.call("associate_kms_key", logGroupName=resource_id, kmsKeyId=key)
            else:
                self.call("disassociate_kms_key", logGroupName=resource_id)


# DynamoDB.

_WAIT: Final = {"Delay": 1, "MaxAttempts": 120}
_INDEX: Final = Object(
    {
        name: (name, Shape())
        for name in ("hashKey", "name", "projectionType", "rangeKey", "readCapacity", "writeCapacity")
    }
)


class Table(ResourceType):
    """`aws:dynamodb/table:Table`, without sort key, local secondary indexes, replicas and restores."""

    token: ClassVar = "aws:dynamodb/table:Table"
    service: ClassVar = "dynamodb"
    properties: ClassVar = {
        "attributes": Property(
            "AttributeDefinitions",
            ListOf(Object({"name": ("AttributeName", Shape()), "type": ("AttributeType", Shape())})),
            computed=True,
        ),
        "billingMode": Property(default="PROVISIONED", apart=True),
        "deletionProtectionEnabled": Property(default=False),
        "globalSecondaryIndexes": Property(shape=ListOf(_INDEX), apart=True),
        "hashKey": Property(replaces=True, apart=True),
        "name": name_as("TableName"),
        "pointInTimeRecovery": Property(shape=Object({"enabled": ("Enabled", Shape())}), computed=True, apart=True),
        "readCapacity": Property(computed=True, apart=True),
        "serverSideEncryption": Property(
            shape=Object({"enabled": ("Enabled", Shape()), "kmsKeyArn": ("Key", Shape())}), computed=True, apart=True
        ),
        "streamEnabled": Property(apart=True),
        "streamViewType": Property(computed=True, apart=True),
        "tags": Property(),
        "writeCapacity": Property(computed=True, apart=True),
    }
    outputs: ClassVar = {"arn": "TableArn", "rangeKey": "RangeKey", "streamArn": "LatestStreamArn"}
    create_call: ClassVar = "create_table"
    read_call: ClassVar = "describe_table"
    delete_call: ClassVar = "delete_table"
    update_call: ClassVar = "update_table"
    answer: ClassVar = "Table"
    identity: ClassVar = ("TableName",)

    @override
    def create_resource(self, inputs: Properties) -> str:
        parameters = {**self.arguments(inputs, inputs), "KeySchema": _key_schema(inputs), **_billing(inputs)}
        if indexes := inputs.get("globalSecondaryIndexes"):
            parameters["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
        if "serverSideEncryption" in inputs:
            parameters |= _encryption(inputs)
        if inputs.get("streamEnabled"):
            parameters |= _stream(inputs)
        self.call("create_table", **parameters)
        self._wait("table_exists", inputs["name"])
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        if "pointInTimeRecovery" in inputs:
            wanted = {"PointInTimeRecoveryEnabled": inputs["pointInTimeRecovery"]["enabled"]}
            self.call("update_continuous_backups", TableName=resource_id, PointInTimeRecoverySpecification=wanted)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        table = super().fetch(resource_id, known) or {}
        backups = self.call("describe_continuous_backups", TableName=resource_id)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        encryption = table.get("SSEDescription", {})
        return {
            **table,
            **_capacity_and_key(table),
            "BillingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            **table.get("StreamSpecification", {}),
            "GlobalSecondaryIndexes": [_index_state(index) for index in table.get("GlobalSecondaryIndexes", [])],
            "PointInTimeRecovery": {"Enabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED"},
            "ServerSideEncryption": {
                "Enabled": encryption.get("Status") in {"ENABLED", "ENABLING", "UPDATING"},
                "Key": encryption.get("KMSMasterKeyArn", ""),
            },
        }

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        # AWS takes one kind of change per call.
        if "deletionProtectionEnabled" in changed:
            super().update_resource(resource_id, wanted, inputs, frozenset({"deletionProtectionEnabled"}))
        if {"billingMode", "readCapacity", "writeCapacity"} & changed:
            self.call("update_table", TableName=resource_id, **_billing(inputs))
        if "globalSecondaryIndexes" in changed:
            self._set_indexes(resource_id, inputs)
        if "serverSideEncryption" in changed:
            self.call("update_table", TableName=resource_id, **_encryption(inputs))
        if "streamEnabled" in changed:
            self.call("update_table", TableName=resource_id, **_stream(inputs))
        if "pointInTimeRecovery" in changed:
            self.complete(resource_id, inputs)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        super().delete_resource(resource_id, state)
        self._wait("table_not_exists", resource_id)

    def _wait(self, waiter: str, name: str) -> None:
        self.client.get_waiter(waiter).wait(TableName=name, WaiterConfig=_WAIT)

    def _set_indexes(self, name: str, inputs: Properties) -> None:
        """Delete and create indexes one by one, as AWS wants it; one that changes is deleted and made anew."""
        described: dict[str, Any] = super().fetch(name, {}) or {}
        there = {index["IndexName"]: _index_state(index) for index in described.get("GlobalSecondaryIndexes", [])}
        wanted = {index["name"]: index for index in inputs.get("globalSecondaryIndexes", [])}
        kept = {each for each, index in wanted.items() if each in there and _INDEX.same(index, there[each])}
        changes: list[Any] = [{"Delete": {"IndexName": each}} for each in there if each not in kept]
        changes += [{"Create": _index(index)} for each, index in wanted.items() if each not in kept]
        for change in changes:
            definitions = self.arguments(inputs, {"attributes"})
            self.call("update_table", TableName=name, GlobalSecondaryIndexUpdates=[change], **definitions)
            self._wait("table_exists", name)


def _key_schema(inputs: Properties) -> list[dict[str, str]]:
    kinds = {"hashKey": "HASH", "rangeKey": "RANGE"}
    return [{"AttributeName": inputs[key], "KeyType": kind} for key, kind in kinds.items() if key in inputs]


def _capacity_and_key(described: Mapping[str, Any]) -> dict[str, Any]:
    """What tables and indexes have in common, by the names of properties with a capital letter."""
    keys = {key["KeyType"]: key["AttributeName"] for key in described.get("KeySchema", [])}
    throughput = described.get("ProvisionedThroughput", {})
    return {
        "HashKey": keys.get("HASH"),
        "RangeKey": keys.get("RANGE"),
        "ReadCapacity": throughput.get("ReadCapacityUnits", 0),
        "WriteCapacity": throughput.get("WriteCapacityUnits", 0),
    }


def _index(index: Properties) -> dict[str, Any]:
    projection = {"ProjectionType": index["projectionType"]}
    described = {"IndexName": index["name"], "KeySchema": _key_schema(index), "Projection": projection}
    return {**described, "ProvisionedThroughput": _throughput(index)} if index.get("readCapacity") else described


def _index_state(index: Mapping[str, Any]) -> Properties:
    projection = index["Projection"]["ProjectionType"]
    described = {**_capacity_and_key(index), "Name": index["IndexName"], "ProjectionType": projection}
    return {f"{name[0].lower()}{name[1:]}": value for name, value in described.items() if not is_empty(value)}


def _throughput(inputs: Properties) -> dict[str, int]:
    return {"ReadCapacityUnits": inputs["readCapacity"], "WriteCapacityUnits": inputs["writeCapacity"]}


def _billing(inputs: Properties) -> dict[str, Any]:
    mode = inputs.get("billingMode", "PROVISIONED")
    throughput = {"ProvisionedThroughput": _throughput(inputs)} if mode == "PROVISIONED" else {}
    return {"BillingMode": mode, **throughput}


def _stream(inputs: Properties) -> dict[str, Any]:
    enabled = inputs.get("streamEnabled", False)
    kind = {"StreamViewType": inputs["streamViewType"]} if enabled else {}
    return {"StreamSpecification": {"StreamEnabled": enabled, **kind}}


def _encryption(inputs: Properties) -> dict[str, Any]:
    wanted = inputs["serverSideEncryption"]
    specification: dict[str, Any] = {"Enabled": wanted["enabled"]}
    if wanted["enabled"]:
        specification["SSEType"] = "KMS"
    if "kmsKeyArn" in wanted:
        specification["KMSMasterKeyId"] = wanted["kmsKeyArn"]
    return {"SSESpecification": specification}


# EventBridge.


class EventRule(ResourceType):
    """`aws:cloudwatch/eventRule:EventRule`. As in AWS, a rule of a name that exists is overwritten."""

    token: ClassVar = "aws:cloudwatch/eventRule:EventRule"
    service: ClassVar = "events"
    properties: ClassVar = {
        "description": Property(),
        "eventPattern": Property(shape=JsonText()),
        "name": name_as("Name"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "put_rule"
    read_call: ClassVar = "describe_rule"
    delete_call: ClassVar = "delete_rule"
    identity: ClassVar = ("Name",)


class EventTarget(ResourceType):
    """`aws:cloudwatch/eventTarget:EventTarget`. Its id is `<rule>-<target id>`."""

    token: ClassVar = "aws:cloudwatch/eventTarget:EventTarget"
    service: ClassVar = "events"
    properties: ClassVar = {
        **plain("arn", "deadLetterConfig", "retryPolicy"),
        "rule": Property(replaces=True, apart=True),
        "sqsTarget": Property("SqsParameters"),
        "targetId": Property("Id", replaces=True, computed=True),
    }
    create_call: ClassVar = "put_targets"
    identity: ClassVar = ()

    @classmethod
    @override
    def parameters(cls) -> Mapping[str, model.Shape]:
        targets: Any = super().parameters()["Targets"]
        return targets.member.members

    @override
    def identify(self, resource_id: str) -> dict[str, str]:
        return {}

    @override
    def create_resource(self, inputs: Properties) -> str:
        # The provider is Terraform's underneath, and so is the prefix.
        named = {"targetId": f"terraform-{secrets.token_hex(13)}", **inputs}
        self.update_resource("", named, inputs, frozenset())
        return f"{inputs['rule']}-{named['targetId']}"

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        targets: list[dict[str, Any]] = self.call("list_targets_by_rule", Rule=known["rule"])["Targets"]
        target = next((target for target in targets if f"{known['rule']}-{target['Id']}" == resource_id), None)
        return target and {**target, "Rule": known["rule"]}

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        target = {**self.arguments(inputs, inputs), "Id": wanted["targetId"]}
        _refuse_failed_entries(self.call("put_targets", Rule=inputs["rule"], Targets=[target]))

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        _refuse_failed_entries(self.call("remove_targets", Rule=state["rule"], Ids=[state["targetId"]]))


def _refuse_failed_entries(answer: Mapping[str, Any]) -> None:
    for entry in answer.get("FailedEntries", []):
        raise ProviderError(f"api error {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


class Schedule(ResourceType):
    """`aws:scheduler/schedule:Schedule`. Its id is `<group>/<name>`."""

    token: ClassVar = "aws:scheduler/schedule:Schedule"
    service: ClassVar = "scheduler"
    properties: ClassVar = {
        **plain("description", "flexibleTimeWindow", "scheduleExpression", "target"),
        "groupName": Property(replaces=True, default="default"),
        "name": name_as("Name"),
        "state": Property(default="ENABLED"),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "create_schedule"
    read_call: ClassVar = "get_schedule"
    update_call: ClassVar = "update_schedule"
    overwrites: ClassVar = True
    delete_call: ClassVar = "delete_schedule"
    identity: ClassVar = ("GroupName", "Name")
    separator: ClassVar = "/"


# IAM.


class Role(ResourceType):
    """`aws:iam/role:Role`; its policies are resources of their own."""

    token: ClassVar = "aws:iam/role:Role"
    service: ClassVar = "iam"
    properties: ClassVar = {
        "assumeRolePolicy": Property("AssumeRolePolicyDocument", PolicyDocument()),
        "description": Property(),
        "name": name_as("RoleName"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "create_role"
    read_call: ClassVar = "get_role"
    delete_call: ClassVar = "delete_role"
    answer: ClassVar = "Role"
    identity: ClassVar = ("RoleName",)

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        if "assumeRolePolicy" in changed:
            policy = inputs["assumeRolePolicy"]
            self.call("update_assume_role_policy", RoleName=resource_id, PolicyDocument=policy)
        if "description" in changed:
            self.call("update_role", RoleName=resource_id, Description=inputs.get("description", ""))


class RolePolicy(ResourceType):
    """`aws:iam/rolePolicy:RolePolicy`. Its id is `<role>:<policy>`."""

    token: ClassVar = "aws:iam/rolePolicy:RolePolicy"
    service: ClassVar = "iam"
    properties: ClassVar = {
        "name": name_as("PolicyName"),
        "policy": Property("PolicyDocument", PolicyDocument()),
        "role": Property("RoleName", replaces=True),
    }
    create_call: ClassVar = "put_role_policy"
    read_call: ClassVar = "get_role_policy"
    delete_call: ClassVar = "delete_role_policy"
    identity: ClassVar = ("RoleName", "PolicyName")
    separator: ClassVar = ":"


# Lambda.

_CODE: Final = frozenset({"architectures", "code"})


class Function(ResourceType):
    """`aws:lambda/function:Function` with its code given as an archive."""

    token: ClassVar = "aws:lambda/function:Function"
    service: ClassVar = "lambda"
    properties: ClassVar = {
        "architectures": Property(computed=True),
        "code": Property(shape=Archive(), kept=True, apart=True),
        **plain("description", "environment", "handler", "role", "runtime", "tags"),
        "loggingConfig": Property(computed=True, kept=True),  # not every local AWS tells it back
        "memorySize": Property(default=128),
        "name": name_as("FunctionName"),
        "reservedConcurrentExecutions": Property(default=-1, apart=True),
        "timeout": Property(default=3),
    }
    outputs: ClassVar = {"arn": "FunctionArn"}
    create_call: ClassVar = "create_function"
    read_call: ClassVar = "get_function"
    update_call: ClassVar = "update_function_configuration"
    delete_call: ClassVar = "delete_function"
    identity: ClassVar = ("FunctionName",)

    @override
    def create_resource(self, inputs: Properties) -> str:
        self.call("create_function", **self.arguments(inputs, inputs), Code={"ZipFile": self._zip(inputs)})
        self._wait("function_active_v2", inputs["name"])
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs.get("reservedConcurrentExecutions", -1) >= 0:
            self._set_concurrency(resource_id, inputs)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        function = super().fetch(resource_id, known) or {}
        return {**function["Configuration"], **function.get("Concurrency", {})}

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        if configuration := changed - _CODE - {"reservedConcurrentExecutions"}:
            super().update_resource(resource_id, wanted, inputs, configuration)
            self._wait("function_updated_v2", resource_id)
        if _CODE & changed:
            architectures = inputs.get("architectures", ["x86_64"])
            code = {"ZipFile": self._zip(inputs), "Architectures": architectures}
            self.call("update_function_code", FunctionName=resource_id, **code)
            self._wait("function_updated_v2", resource_id)
        if "reservedConcurrentExecutions" in changed:
            self._set_concurrency(resource_id, inputs)

    def _zip(self, inputs: Properties) -> bytes:
        return (self.root / inputs["code"]["path"]).read_bytes()

    def _wait(self, waiter: str, name: str) -> None:
        self.client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def _set_concurrency(self, name: str, inputs: Properties) -> None:
        reserved = inputs.get("reservedConcurrentExecutions", -1)
        if reserved < 0:
            self.call("delete_function_concurrency", FunctionName=name)
        else:
            self.call("put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)


class FunctionRecursionConfig(ResourceType):
    """`aws:lambda/functionRecursionConfig:FunctionRecursionConfig`. Its id is the function's name."""

    token: ClassVar = "aws:lambda/functionRecursionConfig:FunctionRecursionConfig"
    service: ClassVar = "lambda"
    properties: ClassVar = {
        "functionName": Property(replaces=True),
        "recursiveLoop": Property(),
    }
    create_call: ClassVar = "put_function_recursion_config"
    read_call: ClassVar = "get_function_recursion_config"
    identity: ClassVar = ("FunctionName",)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call(self.create_call, FunctionName=resource_id, RecursiveLoop="Terminate")


class EventSourceMapping(ResourceType):
    """`aws:lambda/eventSourceMapping:EventSourceMapping` for queues. Its id is the mapping's UUID."""

    token: ClassVar = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service: ClassVar = "lambda"
    properties: ClassVar = {
        "batchSize": Property(computed=True),
        "enabled": Property(default=True),
        "eventSourceArn": Property(replaces=True),
        "functionName": Property(shape=FunctionName()),
        **plain("functionResponseTypes", "scalingConfig", "tags"),
    }
    outputs: ClassVar = {"arn": "EventSourceMappingArn", "uuid": "UUID"}
    create_call: ClassVar = "create_event_source_mapping"
    read_call: ClassVar = "get_event_source_mapping"
    update_call: ClassVar = "update_event_source_mapping"
    delete_call: ClassVar = "delete_event_source_mapping"
    identity: ClassVar = ("UUID",)
    created: ClassVar = "UUID"

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        mapping = super().fetch(resource_id, known) or {}
        if mapping["State"] == "Deleting":
            return None
        enabled = mapping["State"] in {"Enabled", "Enabling", "Creating"}
        return {**mapping, "Enabled": enabled, "FunctionName": mapping["FunctionArn"]}


# SNS.


class Topic(ResourceType):
    """`aws:sns/topic:Topic`, for standard topics."""

    token: ClassVar = "aws:sns/topic:Topic"
    service: ClassVar = "sns"
    properties: ClassVar = {
        "kmsMasterKeyId": Property(attribute=True),
        "name": name_as("Name"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "TopicArn"}
    create_call: ClassVar = "create_topic"
    read_call: ClassVar = "get_topic_attributes"
    delete_call: ClassVar = "delete_topic"
    answer: ClassVar = "Attributes"
    identity: ClassVar = ("TopicArn",)
    created: ClassVar = "TopicArn"

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        return {**(super().fetch(resource_id, known) or {}), "Name": resource_id.rpartition(":")[2]}

    @override
    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        for name, value in self.arguments(inputs, changed)["Attributes"].items():
            self.call("set_topic_attributes", TopicArn=resource_id, AttributeName=name, AttributeValue=value)


class TopicPolicy(ResourceType):
    """`aws:sns/topicPolicy:TopicPolicy`."""

    token: ClassVar = "aws:sns/topicPolicy:TopicPolicy"
    service: ClassVar = "sns"
    properties: ClassVar = {
        "arn": Property("TopicArn", replaces=True),
        "policy": Property("AttributeValue", PolicyDocument()),
    }
    create_call: ClassVar = "set_topic_attributes"
    fixed: ClassVar = {"AttributeName": "Policy"}
    read_call: ClassVar = "get_topic_attributes"
    answer: ClassVar = "Attributes"
    identity: ClassVar = ("TopicArn",)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        return {"AttributeValue": (super().fetch(resource_id, known) or {})["Policy"]}

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        """Leave the policy there: a topic cannot be without one."""


class TopicSubscription(ResourceType):
    """`aws:sns/topicSubscription:TopicSubscription`, which in AWS waits for its owner to confirm it."""

    token: ClassVar = "aws:sns/topicSubscription:TopicSubscription"
    service: ClassVar = "sns"
    properties: ClassVar = {
        "endpoint": Property(replaces=True),
        "protocol": Property(replaces=True),
        "topic": Property("TopicArn", replaces=True),
    }
    create_call: ClassVar = "subscribe"
    fixed: ClassVar = {"ReturnSubscriptionArn": True}
    read_call: ClassVar = "get_subscription_attributes"
    delete_call: ClassVar = "unsubscribe"
    answer: ClassVar = "Attributes"
    identity: ClassVar = ("SubscriptionArn",)
    created: ClassVar = "SubscriptionArn"


# SQS.

_FIFO_SUFFIX: Final = ".fifo"


class Queue(ResourceType):
    """`aws:sqs/queue:Queue`."""

    token: ClassVar = "aws:sqs/queue:Queue"
    service: ClassVar = "sqs"
    properties: ClassVar = {
        "contentBasedDeduplication": Property(default=False, attribute=True),
        "deduplicationScope": Property(computed=True, attribute=True),
        "fifoQueue": Property(replaces=True, default=False, attribute=True),
        "fifoThroughputLimit": Property(computed=True, attribute=True),
        "kmsMasterKeyId": Property(attribute=True),
        "messageRetentionSeconds": Property("MessageRetentionPeriod", default=345_600, attribute=True),
        "name": name_as("QueueName"),
        "redrivePolicy": Property(shape=JsonText(), computed=True, attribute=True),
        "sqsManagedSseEnabled": Property(computed=True, attribute=True),
        "tags": Property("tags"),
        "visibilityTimeoutSeconds": Property("VisibilityTimeout", default=30, attribute=True),
    }
    outputs: ClassVar = {"arn": "QueueArn", "url": "QueueUrl"}
    create_call: ClassVar = "create_queue"
    update_call: ClassVar = "set_queue_attributes"
    delete_call: ClassVar = "delete_queue"
    identity: ClassVar = ("QueueUrl",)
    created: ClassVar = "QueueUrl"

    @override
    def name_suffix(self, inputs: Properties) -> str:
        return _FIFO_SUFFIX if inputs.get("fifoQueue") else ""

    @override
    def create_resource(self, inputs: Properties) -> str:
        # SQS refuses even `false` here for a standard queue.
        only_fifo = frozenset[str]() if inputs.get("fifoQueue") else {"contentBasedDeduplication", "fifoQueue"}
        return super().create_resource({name: value for name, value in inputs.items() if name not in only_fifo})

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        return {**read_attributes(self.client, resource_id), "QueueName": resource_id.rsplit("/", 1)[-1]}


class _QueueAttribute(ResourceType):
    """An attribute of a queue that is a resource of its own, so that it can refer to resources made later."""

    service: ClassVar = "sqs"
    create_call: ClassVar = "set_queue_attributes"
    identity: ClassVar = ("QueueUrl",)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        attributes = read_attributes(self.client, resource_id)
        return attributes if any(attributes.get(name) for name in self._attributes()) else None

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        attributes = dict.fromkeys(self._attributes(), "")
        self.call("set_queue_attributes", QueueUrl=resource_id, Attributes=attributes)

    def _attributes(self) -> list[str]:
        return [self.api(name) for name, declared in self.properties.items() if declared.attribute]


class QueuePolicy(_QueueAttribute):
    """`aws:sqs/queuePolicy:QueuePolicy`."""

    token: ClassVar = "aws:sqs/queuePolicy:QueuePolicy"
    properties: ClassVar = {
        "policy": Property(shape=PolicyDocument(), attribute=True),
        "queueUrl": Property(replaces=True),
    }


class RedriveAllowPolicy(_QueueAttribute):
    """`aws:sqs/redriveAllowPolicy:RedriveAllowPolicy`."""

    token: ClassVar = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    properties: ClassVar = {
        "queueUrl": Property(replaces=True),
        "redriveAllowPolicy": Property(shape=JsonText(), attribute=True),
    }

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        # moto takes this attribute and never tells it back: there, what was set last has to be believed.
        believed = {"RedriveAllowPolicy": known.get("redriveAllowPolicy")}
        attributes = {**believed, **read_attributes(self.client, resource_id)}
        return attributes if attributes["RedriveAllowPolicy"] else None


def read_attributes(client: Any, queue_url: str) -> dict[str, Any]:
    """Return all attributes of a queue by SQS's names, with the numbers and booleans that it writes as text."""
    attributes = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"]).get("Attributes", {})
    switches = {"true": True, "false": False}
    return {
        name: int(text) if text.isdigit() else switches.get(text.lower(), text) for name, text in attributes.items()
    }


RESOURCE_TYPES: Final[dict[str, type[ResourceType]]] = {
    each.token: each
    for each in (
        Dashboard,
        EventRule,
        EventSourceMapping,
        EventTarget,
        Function,
        FunctionRecursionConfig,
        LogGroup,
        MetricAlarm,
        Queue,
        QueuePolicy,
        RedriveAllowPolicy,
        Role,
        RolePolicy,
        Schedule,
        Table,
        Topic,
        TopicPolicy,
        TopicSubscription,
    )
}


def resource_type(token: str) -> type[ResourceType]:
    """Return the implementation of a resource type."""
    if token not in RESOURCE_TYPES:
        known = ", ".join(sorted(RESOURCE_TYPES))
        raise ProviderError(f"the stand-in for the AWS provider has no resource type {token}; it knows {known}")
    return RESOURCE_TYPES[token]
