"""Amazon DynamoDB tables."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Boolean, Integer, Object, SetOf, Text
from omics_sandbox.provider.values import Names, Properties, holds_unknown, is_empty

_ATTRIBUTE: Final = Object({"name": Text(), "type": Text(one_of=("S", "N", "B"))}, frozenset({"name", "type"}))
_INDEX: Final = Object(
    {
        "hashKey": Text(),
        "name": Text(),
        "nonKeyAttributes": SetOf(Text()),
        "projectionType": Text(one_of=("ALL", "INCLUDE", "KEYS_ONLY")),
        "rangeKey": Text(),
        "readCapacity": Integer(0),
        "writeCapacity": Integer(0),
    },
    frozenset({"hashKey", "name", "projectionType"}),
)
_STREAM_VIEWS: Final = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")


class Table(ResourceType):
    """`aws:dynamodb/table:Table`, without local secondary indexes, replicas and restores."""

    token: ClassVar = "aws:dynamodb/table:Table"
    service: ClassVar = "dynamodb"
    title: ClassVar = "AWS DynamoDB Table"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_.-]{3,255}", 255, "3 to 255 letters, digits, underscores, dots and dashes")
    properties: ClassVar = {
        "attributes": Property(SetOf(_ATTRIBUTE), computed=True),
        "billingMode": Property(Text(one_of=("PROVISIONED", "PAY_PER_REQUEST")), default="PROVISIONED"),
        "deletionProtectionEnabled": Property(Boolean(), default=False),
        "globalSecondaryIndexes": Property(SetOf(_INDEX)),
        "hashKey": Property(Text(), replaces=True, required=True),
        "name": NAME,
        "pointInTimeRecovery": Property(
            Object({"enabled": Boolean(), "recoveryPeriodInDays": Integer(1, 35)}, frozenset({"enabled"})),
            computed=True,
        ),
        "rangeKey": Property(Text(), replaces=True),
        "readCapacity": Property(Integer(0), computed=True),
        "region": REGION,
        "serverSideEncryption": Property(
            Object({"enabled": Boolean(), "kmsKeyArn": Arn()}, frozenset({"enabled"})), computed=True
        ),
        "streamEnabled": Property(Boolean(), default=False),
        "streamViewType": Property(Text(one_of=_STREAM_VIEWS), computed=True),
        "tags": TAGS,
        "writeCapacity": Property(Integer(0), computed=True),
    }
    outputs: ClassVar = frozenset({"arn", "streamArn", "streamLabel", "tagsAll"})

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        attributes = inputs.get("attributes", [])
        indexes = inputs.get("globalSecondaryIndexes", [])
        if holds_unknown([attributes, indexes, inputs.get("hashKey"), inputs.get("rangeKey")]):
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
        parameters: dict[str, Any] = {
            "TableName": inputs["name"],
            "KeySchema": _key_schema(inputs),
            "AttributeDefinitions": _attribute_definitions(inputs),
            "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
            "Tags": tagging.as_list(inputs.get("tags")),
            **_billing(inputs),
            **_indexes(inputs),
            **_encryption(inputs),
            **_stream(inputs),
        }
        client = self.client(inputs)
        client.create_table(**parameters)
        client.get_waiter("table_exists").wait(TableName=inputs["name"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        self._set_recovery(resource_id, inputs)

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        table = client.describe_table(TableName=resource_id)["Table"]
        arn = table.get("TableArn", "")
        keys = {key["KeyType"]: key["AttributeName"] for key in table.get("KeySchema", [])}
        throughput = table.get("ProvisionedThroughput", {})
        stream = table.get("StreamSpecification", {})
        return {
            "arn": arn,
            "attributes": [
                {"name": attribute["AttributeName"], "type": attribute["AttributeType"]}
                for attribute in table.get("AttributeDefinitions", [])
            ],
            "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
            "globalSecondaryIndexes": [_index_state(index) for index in table.get("GlobalSecondaryIndexes", [])],
            "hashKey": keys["HASH"],
            "rangeKey": keys.get("RANGE"),
            "name": table.get("TableName", resource_id),
            "pointInTimeRecovery": self._recovery(resource_id, known),
            "readCapacity": throughput.get("ReadCapacityUnits", 0),
            "writeCapacity": throughput.get("WriteCapacityUnits", 0),
            "serverSideEncryption": _encryption_state(table),
            "streamEnabled": stream.get("StreamEnabled", False),
            "streamViewType": stream.get("StreamViewType", ""),
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
            **tagging.as_state(tagging.from_list(client.list_tags_of_resource(ResourceArn=arn).get("Tags", []))),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        # AWS takes one kind of change per call.
        if "deletionProtectionEnabled" in changed:
            protected = inputs.get("deletionProtectionEnabled", False)
            client.update_table(TableName=resource_id, DeletionProtectionEnabled=protected)
        if {"billingMode", "readCapacity", "writeCapacity"} & changed:
            client.update_table(TableName=resource_id, **_billing(inputs))
        if "globalSecondaryIndexes" in changed:
            self._set_indexes(resource_id, state, inputs)
        if {"streamEnabled", "streamViewType"} & changed:
            stream: Any = _stream(inputs) or {"StreamSpecification": {"StreamEnabled": False}}
            client.update_table(TableName=resource_id, **stream)
        if "serverSideEncryption" in changed:
            client.update_table(TableName=resource_id, **_encryption(inputs))
        if "pointInTimeRecovery" in changed:
            self._set_recovery(resource_id, inputs)
        if "tags" in changed:
            tagging.update(client, state, inputs, ResourceArn=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        client = self.client(state)
        client.delete_table(TableName=resource_id)
        client.get_waiter("table_not_exists").wait(TableName=resource_id, WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    def _set_indexes(self, name: str, state: Properties, inputs: Properties) -> None:
        """Delete and create indexes one by one, as AWS wants it; one that changes is deleted and made anew."""
        client = self.client(state)
        there = {index["name"]: index for index in state.get("globalSecondaryIndexes", [])}
        wanted = {index["name"]: index for index in inputs.get("globalSecondaryIndexes", [])}
        kept = {each for each, index in wanted.items() if each in there and _INDEX.same(index, there[each])}
        changes: list[Any] = [{"Delete": {"IndexName": each}} for each in there if each not in kept]
        changes += [{"Create": _index(index)} for each, index in wanted.items() if each not in kept]
        for change in changes:
            client.update_table(
                TableName=name,
                AttributeDefinitions=_attribute_definitions(inputs),
                GlobalSecondaryIndexUpdates=[change],
            )
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})

    def _set_recovery(self, name: str, inputs: Properties) -> None:
        wanted = inputs.get("pointInTimeRecovery")
        if wanted is None:
            return
        specification: Any = {"PointInTimeRecoveryEnabled": wanted["enabled"]}
        if wanted["enabled"] and "recoveryPeriodInDays" in wanted:
            specification["RecoveryPeriodInDays"] = wanted["recoveryPeriodInDays"]
        self.client(inputs).update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=specification)

    def _recovery(self, name: str, known: Properties) -> Properties:
        answer = self.client(known).describe_continuous_backups(TableName=name)
        recovery: Any = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        state: Properties = {"enabled": recovery.get("PointInTimeRecoveryStatus") == "ENABLED"}
        if "RecoveryPeriodInDays" in recovery:
            state["recoveryPeriodInDays"] = recovery["RecoveryPeriodInDays"]
        return state


def _key_schema(inputs: Properties) -> list[dict[str, str]]:
    kinds = {"hashKey": "HASH", "rangeKey": "RANGE"}
    return [{"AttributeName": inputs[key], "KeyType": kind} for key, kind in kinds.items() if key in inputs]


def _attribute_definitions(inputs: Properties) -> Any:  # a list of boto3's
    return [
        {"AttributeName": attribute["name"], "AttributeType": attribute["type"]} for attribute in inputs["attributes"]
    ]


def _indexes(inputs: Properties) -> dict[str, Any]:
    indexes = inputs.get("globalSecondaryIndexes")
    return {"GlobalSecondaryIndexes": [_index(index) for index in indexes]} if indexes else {}


def _index(index: Properties) -> dict[str, Any]:
    projection = {"ProjectionType": index["projectionType"]}
    if "nonKeyAttributes" in index:
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    described = {"IndexName": index["name"], "KeySchema": _key_schema(index), "Projection": projection}
    if index.get("readCapacity"):
        described["ProvisionedThroughput"] = _throughput(index)
    return described


def _index_state(index: Any) -> Properties:  # the description of an index
    keys = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
    throughput = index.get("ProvisionedThroughput", {})
    state = {
        "hashKey": keys["HASH"],
        "name": index["IndexName"],
        "nonKeyAttributes": index["Projection"].get("NonKeyAttributes"),
        "projectionType": index["Projection"]["ProjectionType"],
        "rangeKey": keys.get("RANGE"),
        "readCapacity": throughput.get("ReadCapacityUnits"),
        "writeCapacity": throughput.get("WriteCapacityUnits"),
    }
    return {name: value for name, value in state.items() if not is_empty(value)}


def _throughput(inputs: Properties) -> dict[str, int]:
    return {"ReadCapacityUnits": inputs["readCapacity"], "WriteCapacityUnits": inputs["writeCapacity"]}


def _billing(inputs: Properties) -> Any:  # keyword arguments of boto3
    mode = inputs.get("billingMode", "PROVISIONED")
    if mode == "PAY_PER_REQUEST":
        return {"BillingMode": mode}
    return {
        "BillingMode": mode,
        "ProvisionedThroughput": _throughput(inputs),
    }


def _encryption(inputs: Properties) -> Any:  # keyword arguments of boto3
    wanted = inputs.get("serverSideEncryption")
    if wanted is None:
        return {}
    specification: dict[str, Any] = {"Enabled": wanted["enabled"]}
    if wanted["enabled"]:
        specification["SSEType"] = "KMS"
    if "kmsKeyArn" in wanted:
        specification["KMSMasterKeyId"] = wanted["kmsKeyArn"]
    return {"SSESpecification": specification}


def _encryption_state(table: Any) -> Properties:  # the description of a table
    description = table.get("SSEDescription", {})
    enabled = description.get("Status") in {"ENABLED", "ENABLING", "UPDATING"}
    return {"enabled": enabled, "kmsKeyArn": description.get("KMSMasterKeyArn", "")}


def _stream(inputs: Properties) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {}
    view = inputs.get("streamViewType", "NEW_AND_OLD_IMAGES")
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}
