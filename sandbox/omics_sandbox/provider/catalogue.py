"""The resource types that the stand-in knows, with the properties that the product uses."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from botocore import model
from typing_extensions import override

from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import Property, ResourceType, name_as, plain
from omics_sandbox.provider.shapes import (
    Archive,
    Arn,
    Boolean,
    FunctionName,
    JsonText,
    ListOf,
    Number,
    Object,
    PolicyDocument,
    Text,
)
from omics_sandbox.provider.values import UNKNOWN, Names, Properties, holds_unknown, is_empty

# CloudWatch and CloudWatch Logs.


class MetricAlarm(ResourceType):
    """`aws:cloudwatch/metricAlarm:MetricAlarm`, for alarms that compare a statistic of one metric with a number."""

    token: ClassVar = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service: ClassVar = "cloudwatch"
    title: ClassVar = "CloudWatch Metric Alarm"
    naming: ClassVar = Naming(r".{1,255}", 255)
    properties: ClassVar = {
        **plain("comparisonOperator", "evaluationPeriods", "metricName", "namespace", required=True),
        **plain("period", "statistic", "threshold", required=True),
        **plain("alarmActions", "alarmDescription", "dimensions", "insufficientDataActions", "tags"),
        "name": name_as("AlarmName"),
        "okActions": Property("OKActions"),
        "treatMissingData": Property(
            shape=Text(one_of=("missing", "ignore", "breaching", "notBreaching")), default="missing"
        ),
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
    title: ClassVar = "CloudWatch Dashboard"
    shown_by: ClassVar = "dashboardName"
    properties: ClassVar = {
        "dashboardBody": Property(shape=JsonText(), required=True),
        "dashboardName": Property(required=True, replaces=True),
    }
    create_call: ClassVar = "put_dashboard"
    identity: ClassVar = ("DashboardName",)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call("delete_dashboards", DashboardNames=[resource_id])


# fmt: off
_RETENTIONS: Final = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
                      2922, 3288, 3653)
# fmt: on


class LogGroup(ResourceType):
    """`aws:cloudwatch/logGroup:LogGroup`."""

    token: ClassVar = "aws:cloudwatch/logGroup:LogGroup"
    service: ClassVar = "logs"
    title: ClassVar = "CloudWatch Logs Log Group"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_/.#-]{1,512}", 512)
    properties: ClassVar = {
        "kmsKeyId": Property("kmsKeyId", Arn()),
        "name": name_as("logGroupName"),
        "namePrefix": Property(shape=Text(), replaces=True, kept=True, apart=True),
        "retentionInDays": Property("retentionInDays", Number(one_of=_RETENTIONS), default=0, apart=True),
        "tags": Property("tags"),
    }
    outputs: ClassVar = {"arn": "arn"}
    create_call: ClassVar = "create_log_group"
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

_INDEX: Final = Object(
    {
        name: (name, shape)
        for name, shape in {
            "hashKey": Text(),
            "name": Text(),
            "projectionType": Text(one_of=("ALL", "KEYS_ONLY")),
            "rangeKey": Text(),
            "readCapacity": Number(0),
            "writeCapacity": Number(0),
        }.items()
    },
    frozenset({"hashKey", "name", "projectionType"}),
)


class Table(ResourceType):
    """`aws:dynamodb/table:Table`, without sort key, local secondary indexes, replicas and restores."""

    token: ClassVar = "aws:dynamodb/table:Table"
    service: ClassVar = "dynamodb"
    title: ClassVar = "AWS DynamoDB Table"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_.-]{3,255}", 255)
    properties: ClassVar = {
        "attributes": Property(
            "AttributeDefinitions",
            ListOf(
                Object(
                    {"name": ("AttributeName", Text()), "type": ("AttributeType", Text(one_of=("S", "N", "B")))},
                    frozenset({"name", "type"}),
                )
            ),
            computed=True,
        ),
        "billingMode": Property(default="PROVISIONED", apart=True),
        "deletionProtectionEnabled": Property(default=False),
        "globalSecondaryIndexes": Property(shape=ListOf(_INDEX), apart=True),
        "hashKey": Property(shape=Text(), replaces=True, required=True, apart=True),
        "name": name_as("TableName"),
        "pointInTimeRecovery": Property(
            shape=Object({"enabled": ("Enabled", Boolean())}, frozenset({"enabled"})), computed=True, apart=True
        ),
        "readCapacity": Property(shape=Number(0), computed=True, apart=True),
        "serverSideEncryption": Property(
            shape=Object({"enabled": ("Enabled", Boolean()), "kmsKeyArn": ("Key", Arn())}, frozenset({"enabled"})),
            computed=True,
            apart=True,
        ),
        "streamEnabled": Property(shape=Boolean(), apart=True),
        "streamViewType": Property(
            shape=Text(one_of=("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")), computed=True, apart=True
        ),
        "tags": Property(),
        "writeCapacity": Property(shape=Number(0), computed=True, apart=True),
    }
    outputs: ClassVar = {"arn": "TableArn", "rangeKey": "RangeKey", "streamArn": "LatestStreamArn"}
    create_call: ClassVar = "create_table"
    read_call: ClassVar = "describe_table"
    update_call: ClassVar = "update_table"
    answer: ClassVar = "Table"
    identity: ClassVar = ("TableName",)

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        attributes = inputs.get("attributes", [])
        indexes = inputs.get("globalSecondaryIndexes", [])
        if holds_unknown([attributes, indexes, inputs.get("hashKey")]):
            return
        keys = [each[key] for each in (inputs, *indexes) for key in ("hashKey", "rangeKey") if key in each]
        declared = {attribute["name"] for attribute in attributes}
        if unused := sorted(declared - set(keys)):
            yield "attributes", f"all attributes must be indexed. Unused attributes: {unused}"
        if unindexed := sorted(set(keys) - declared):
            yield "attributes", f"all indexes must match a defined attribute. Unmatched indexes: {unindexed}"
        capacity = [name for name in ("readCapacity", "writeCapacity") if inputs.get(name)]
        if inputs.get("billingMode", "PROVISIONED") == "PROVISIONED":
            for name in {"readCapacity", "writeCapacity"} - set(capacity):
                yield name, f"{name} must be greater than 0 when billingMode is PROVISIONED"
        elif capacity:
            yield capacity[0], f"{capacity[0]} can not be set when billingMode is PAY_PER_REQUEST"

    @override
    def create_resource(self, inputs: Properties) -> str:
        parameters = {**self.arguments(inputs, inputs), "KeySchema": _key_schema(inputs), **_billing(inputs)}
        if indexes := inputs.get("globalSecondaryIndexes"):
            parameters["GlobalSecondaryIndexes"] = [_index(index) for index in indexes]
        parameters |= _encryption(inputs) if "serverSideEncryption" in inputs else {}
        parameters |= _stream(inputs) if inputs.get("streamEnabled") else {}
        self.call("create_table", **parameters)
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
    title: ClassVar = "EventBridge Rule"
    naming: ClassVar = Naming(r"[0-9A-Za-z_.-]{1,64}", 64)
    properties: ClassVar = {
        "description": Property(),
        "eventPattern": Property(shape=JsonText()),
        "name": name_as("Name"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "put_rule"
    read_call: ClassVar = "describe_rule"
    identity: ClassVar = ("Name",)

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if "eventPattern" not in inputs:
            yield "eventPattern", "one of `eventPattern,scheduleExpression` must be specified"


class EventTarget(ResourceType):
    """`aws:cloudwatch/eventTarget:EventTarget`. Its id is `<rule>-<target id>`."""

    token: ClassVar = "aws:cloudwatch/eventTarget:EventTarget"
    service: ClassVar = "events"
    title: ClassVar = "EventBridge Target"
    shown_by: ClassVar = "rule"
    properties: ClassVar = {
        "arn": Property(required=True),
        **plain("deadLetterConfig", "retryPolicy"),
        "rule": Property(shape=Text(), required=True, replaces=True, apart=True),
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
        rule = known["rule"]
        targets: list[dict[str, Any]] = self.call("list_targets_by_rule", Rule=rule)["Targets"]
        target = next((target for target in targets if f"{rule}-{target['Id']}" == resource_id), None)
        return target and {**target, "Rule": rule}

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
    title: ClassVar = "EventBridge Scheduler Schedule"
    naming: ClassVar = Naming(r"[0-9A-Za-z_.-]{1,64}", 64)
    properties: ClassVar = {
        "description": Property(),
        "flexibleTimeWindow": Property(required=True),
        "groupName": Property(replaces=True, default="default"),
        "name": name_as("Name"),
        "scheduleExpression": Property(
            shape=Text(pattern=r"(rate|cron|at)\(.+\)", described="rate(...), cron(...) or at(...) is expected"),
            required=True,
        ),
        "state": Property(default="ENABLED"),
        "target": Property(required=True),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "create_schedule"
    update_call: ClassVar = "update_schedule"
    overwrites: ClassVar = True
    identity: ClassVar = ("GroupName", "Name")
    separator: ClassVar = "/"


# IAM.


class Role(ResourceType):
    """`aws:iam/role:Role`; its policies are resources of their own."""

    token: ClassVar = "aws:iam/role:Role"
    service: ClassVar = "iam"
    title: ClassVar = "IAM Role"
    naming: ClassVar = Naming(r"[\w+=,.@-]{1,64}", 64)
    properties: ClassVar = {
        "assumeRolePolicy": Property("AssumeRolePolicyDocument", PolicyDocument(), required=True),
        "description": Property(),
        "name": name_as("RoleName"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "Arn"}
    create_call: ClassVar = "create_role"
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
    title: ClassVar = "IAM Role Policy"
    naming: ClassVar = Naming(r"[\w+=,.@-]{1,128}", 128)
    properties: ClassVar = {
        "name": name_as("PolicyName"),
        "policy": Property("PolicyDocument", PolicyDocument(), required=True),
        "role": Property("RoleName", required=True, replaces=True),
    }
    create_call: ClassVar = "put_role_policy"
    identity: ClassVar = ("RoleName", "PolicyName")
    separator: ClassVar = ":"


# Lambda.

_CODE: Final = frozenset({"architectures", "code"})


class Function(ResourceType):
    """`aws:lambda/function:Function` with its code given as an archive."""

    token: ClassVar = "aws:lambda/function:Function"
    service: ClassVar = "lambda"
    title: ClassVar = "Lambda Function"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_-]{1,64}", 64)
    properties: ClassVar = {
        "architectures": Property(computed=True),
        "code": Property(shape=Archive(), required=True, kept=True, apart=True),
        **plain("description", "environment", "tags"),
        **plain("handler", "runtime", required=True),
        "loggingConfig": Property(computed=True, kept=True),  # not every local AWS tells it back
        "memorySize": Property(shape=Number(128, 10_240), default=128),
        "name": name_as("FunctionName"),
        "reservedConcurrentExecutions": Property(shape=Number(-1), default=-1, apart=True),
        "role": Property(shape=Arn(), required=True),
        "timeout": Property(shape=Number(1, 900), default=3),
    }
    outputs: ClassVar = {"arn": "FunctionArn"}
    create_call: ClassVar = "create_function"
    update_call: ClassVar = "update_function_configuration"
    identity: ClassVar = ("FunctionName",)

    @override
    def create_resource(self, inputs: Properties) -> str:
        self.call("create_function", **self.arguments(inputs, inputs), Code={"ZipFile": self._zip(inputs)})
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
        if _CODE & changed:
            architectures = inputs.get("architectures", ["x86_64"])
            code = self._zip(inputs)
            self.call("update_function_code", FunctionName=resource_id, ZipFile=code, Architectures=architectures)
        if "reservedConcurrentExecutions" in changed:
            self._set_concurrency(resource_id, inputs)

    def _zip(self, inputs: Properties) -> bytes:
        try:
            return (self.root / inputs["code"]["path"]).read_bytes()
        except (KeyError, OSError) as error:
            raise ProviderError(f"failed to open archive, which is to be a local zip file: {error}") from error

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
    title: ClassVar = "Lambda Function Recursion Config"
    shown_by: ClassVar = "functionName"
    properties: ClassVar = {
        "functionName": Property(required=True, replaces=True),
        "recursiveLoop": Property(required=True),
    }
    create_call: ClassVar = "put_function_recursion_config"
    identity: ClassVar = ("FunctionName",)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call(self.create_call, FunctionName=resource_id, RecursiveLoop="Terminate")


class EventSourceMapping(ResourceType):
    """`aws:lambda/eventSourceMapping:EventSourceMapping` for queues. Its id is the mapping's UUID."""

    token: ClassVar = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service: ClassVar = "lambda"
    title: ClassVar = "Lambda Event Source Mapping"
    shown_by: ClassVar = "eventSourceArn"
    properties: ClassVar = {
        "batchSize": Property(computed=True),
        "enabled": Property(default=True),
        "eventSourceArn": Property(required=True, replaces=True),
        "functionName": Property(shape=FunctionName(), required=True),
        **plain("functionResponseTypes", "scalingConfig", "tags"),
    }
    outputs: ClassVar = {"arn": "EventSourceMappingArn", "uuid": "UUID"}
    create_call: ClassVar = "create_event_source_mapping"
    update_call: ClassVar = "update_event_source_mapping"
    identity: ClassVar = ("UUID",)
    created: ClassVar = "UUID"

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        source, size = inputs.get("eventSourceArn"), inputs.get("batchSize")
        if isinstance(source, str) and source.endswith(".fifo") and isinstance(size, int) and size > 10:  # AWS's limit
            yield "batchSize", f"BatchSize must not be greater than 10 for FIFO queues, got {size}"

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        mapping = super().fetch(resource_id, known) or {}
        if mapping["State"] == "Deleting":
            return None
        enabled = mapping["State"] in {"Enabled", "Enabling", "Creating"}
        return {**mapping, "Enabled": enabled, "FunctionName": mapping["FunctionArn"]}


# SNS.

_DEFAULT_STATEMENT: Final = "__default_statement_ID"
"""Sid of the one statement in the policy that SNS itself gives a topic."""


class Topic(ResourceType):
    """`aws:sns/topic:Topic`, for standard topics."""

    token: ClassVar = "aws:sns/topic:Topic"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic"
    naming: ClassVar = Naming(r"[0-9A-Za-z_-]{1,256}", 256)
    properties: ClassVar = {
        "kmsMasterKeyId": Property(shape=Text(), attribute=True),
        "name": name_as("Name"),
        "tags": Property(),
    }
    outputs: ClassVar = {"arn": "TopicArn"}
    create_call: ClassVar = "create_topic"
    read_call: ClassVar = "get_topic_attributes"
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
    """`aws:sns/topicPolicy:TopicPolicy`. A topic always has a policy: without this one, that which SNS gives it."""

    token: ClassVar = "aws:sns/topicPolicy:TopicPolicy"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic Policy"
    shown_by: ClassVar = "arn"
    properties: ClassVar = {
        "arn": Property("TopicArn", Arn(), required=True, replaces=True),
        "policy": Property("AttributeValue", PolicyDocument(), required=True),
    }
    create_call: ClassVar = "set_topic_attributes"
    fixed: ClassVar = {"AttributeName": "Policy"}
    read_call: ClassVar = "get_topic_attributes"
    answer: ClassVar = "Attributes"
    identity: ClassVar = ("TopicArn",)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        policy = (super().fetch(resource_id, known) or {})["Policy"]
        return None if _DEFAULT_STATEMENT in policy else {"AttributeValue": policy}

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
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.call(self.create_call, TopicArn=resource_id, AttributeValue=policy, **self.fixed)


class TopicSubscription(ResourceType):
    """`aws:sns/topicSubscription:TopicSubscription`, which in AWS waits for its owner to confirm it."""

    token: ClassVar = "aws:sns/topicSubscription:TopicSubscription"
    service: ClassVar = "sns"
    title: ClassVar = "SNS Topic Subscription"
    shown_by: ClassVar = "endpoint"
    properties: ClassVar = {
        "endpoint": Property(required=True, replaces=True),
        "protocol": Property(required=True, replaces=True),
        "topic": Property("TopicArn", required=True, replaces=True),
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
    title: ClassVar = "SQS Queue"
    naming: ClassVar = Naming(r"[0-9A-Za-z_-]{1,80}|[0-9A-Za-z_-]{1,75}\.fifo", 80)
    properties: ClassVar = {
        "contentBasedDeduplication": Property(shape=Boolean(), default=False, attribute=True),
        "deduplicationScope": Property(shape=Text(one_of=("messageGroup", "queue")), computed=True, attribute=True),
        "fifoQueue": Property(shape=Boolean(), replaces=True, default=False, attribute=True),
        "fifoThroughputLimit": Property(
            shape=Text(one_of=("perQueue", "perMessageGroupId")), computed=True, attribute=True
        ),
        "kmsMasterKeyId": Property(shape=Text(), attribute=True),
        "messageRetentionSeconds": Property(
            "MessageRetentionPeriod", Number(60, 1_209_600), default=345_600, attribute=True
        ),
        "name": name_as("QueueName"),
        "redrivePolicy": Property(shape=JsonText(), computed=True, attribute=True),
        "sqsManagedSseEnabled": Property(shape=Boolean(), computed=True, attribute=True),
        "tags": Property("tags"),
        "visibilityTimeoutSeconds": Property("VisibilityTimeout", Number(0, 43_200), default=30, attribute=True),
    }
    outputs: ClassVar = {"arn": "QueueArn", "url": "QueueUrl"}
    create_call: ClassVar = "create_queue"
    update_call: ClassVar = "set_queue_attributes"
    identity: ClassVar = ("QueueUrl",)
    created: ClassVar = "QueueUrl"

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        name, fifo = inputs.get("name"), inputs.get("fifoQueue", False)
        if isinstance(name, str) and UNKNOWN not in {name, fifo}:
            if fifo and not name.endswith(_FIFO_SUFFIX):
                yield "name", f"invalid queue name: {name} (the name of a FIFO queue ends in {_FIFO_SUFFIX})"
            elif not fifo and name.endswith(_FIFO_SUFFIX):
                yield "name", f"invalid queue name: {name} (only a FIFO queue's name ends in {_FIFO_SUFFIX})"
        if not fifo:
            for only_fifo in ("contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit"):
                if inputs.get(only_fifo):
                    yield only_fifo, f"{only_fifo} can only be set for FIFO queue"
        # Even where one of them switches its kind of encryption off.
        if {"sqsManagedSseEnabled", "kmsMasterKeyId"} <= inputs.keys():
            yield "sqsManagedSseEnabled", '"sqsManagedSseEnabled": conflicts with kmsMasterKeyId'

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
    shown_by: ClassVar = "queueUrl"
    create_call: ClassVar = "set_queue_attributes"
    identity: ClassVar = ("QueueUrl",)

    @override
    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        value = read_attributes(self.client, resource_id).get(self._attribute())
        return {self._attribute(): value} if value else None

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.call("set_queue_attributes", QueueUrl=resource_id, Attributes={self._attribute(): ""})

    def _attribute(self) -> str:
        return next(self.api(name) for name, declared in self.properties.items() if declared.attribute)


class QueuePolicy(_QueueAttribute):
    """`aws:sqs/queuePolicy:QueuePolicy`."""

    token: ClassVar = "aws:sqs/queuePolicy:QueuePolicy"
    title: ClassVar = "SQS Queue Policy"
    properties: ClassVar = {
        "policy": Property(shape=PolicyDocument(), required=True, attribute=True),
        "queueUrl": Property(required=True, replaces=True),
    }


class RedriveAllowPolicy(_QueueAttribute):
    """`aws:sqs/redriveAllowPolicy:RedriveAllowPolicy`."""

    token: ClassVar = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    title: ClassVar = "SQS Queue Redrive Allow Policy"
    properties: ClassVar = {
        "queueUrl": Property(required=True, replaces=True),
        "redriveAllowPolicy": Property(shape=JsonText(), required=True, attribute=True),
    }


def read_attributes(client: Any, queue_url: str) -> dict[str, Any]:
    """Return all attributes of a queue by SQS's names."""
    return client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"]).get("Attributes", {})


RESOURCE_TYPES: Final = ResourceType.known


def resource_type(token: str) -> type[ResourceType]:
    """Return the implementation of a resource type."""
    if token not in RESOURCE_TYPES:
        known = ", ".join(sorted(RESOURCE_TYPES))
        raise ProviderError(f"the stand-in for the AWS provider has no resource type {token}; it knows {known}")
    return RESOURCE_TYPES[token]
