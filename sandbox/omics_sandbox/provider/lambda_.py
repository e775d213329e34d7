"""AWS Lambda functions, their recursion and event source mappings."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.archives import zip_bytes
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Archive, Arn, Boolean, Integer, ListOf, Object, SetOf, Shape, Text, TextMap
from omics_sandbox.provider.spelling import capitalised, from_api, to_api
from omics_sandbox.provider.values import Names, Properties

_LOG_LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

# Pulumi's name of each part of a function's configuration, and Lambda's.
_CONFIGURATION: Final = {
    "description": "Description",
    "handler": "Handler",
    "kmsKeyArn": "KMSKeyArn",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
}
_NESTED_CONFIGURATION: Final = {
    "deadLetterConfig": ("DeadLetterConfig", {"targetArn": "TargetArn"}),
    "environment": ("Environment", {"variables": "Variables"}),
    "loggingConfig": (
        "LoggingConfig",
        {
            "applicationLogLevel": "ApplicationLogLevel",
            "logFormat": "LogFormat",
            "logGroup": "LogGroup",
            "systemLogLevel": "SystemLogLevel",
        },
    ),
}
# What is in force when the program stops setting it.
_UNSET: Final[Mapping[str, Any]] = {
    "deadLetterConfig": {"targetArn": ""},
    "environment": {"variables": {}},
}


class Function(ResourceType):
    """`aws:lambda/function:Function` with its code given as an archive."""

    token: ClassVar = "aws:lambda/function:Function"
    service: ClassVar = "lambda"
    title: ClassVar = "Lambda Function"
    naming: ClassVar = Naming(r"[a-zA-Z0-9_-]{1,64}", 64, "1 to 64 letters, digits, dashes and underscores")
    properties: ClassVar = {
        "architectures": Property(ListOf(Text(one_of=("x86_64", "arm64"))), computed=True),
        "code": Property(Archive(), required=True, kept=True),
        "deadLetterConfig": Property(Object({"targetArn": Arn()}, frozenset({"targetArn"}))),
        "description": Property(Text()),
        "environment": Property(Object({"variables": TextMap()})),
        "handler": Property(Text(), required=True),
        "kmsKeyArn": Property(Arn()),
        "loggingConfig": Property(
            Object(
                {
                    "applicationLogLevel": Text(one_of=_LOG_LEVELS),
                    "logFormat": Text(one_of=("JSON", "Text")),
                    "logGroup": Text(),
                    "systemLogLevel": Text(one_of=("DEBUG", "INFO", "WARN")),
                },
                frozenset({"logFormat"}),
            ),
            computed=True,
            # Not every local AWS tells it back.
            kept=True,
        ),
        "memorySize": Property(Integer(128, 10_240), default=128),
        "name": NAME,
        "region": REGION,
        "reservedConcurrentExecutions": Property(Integer(-1), default=-1),
        "role": Property(Arn(), required=True),
        "runtime": Property(Text(), required=True),
        "tags": TAGS,
        "timeout": Property(Integer(1, 900), default=3),
    }
    outputs: ClassVar = frozenset(
        {"arn", "codeSha256", "invokeArn", "lastModified", "qualifiedArn", "sourceCodeSize", "tagsAll", "version"}
    )

    @override
    def create_resource(self, inputs: Properties) -> str:
        parameters: Any = {
            **self._configuration(inputs, inputs.keys()),
            "FunctionName": inputs["name"],
            "Code": {"ZipFile": zip_bytes(inputs["code"], self.root)},
            "Tags": inputs.get("tags", {}),
        }
        if "architectures" in inputs:
            parameters["Architectures"] = inputs["architectures"]
        client = self.client(inputs)
        client.create_function(**parameters)
        client.get_waiter("function_active_v2").wait(FunctionName=inputs["name"], WaiterConfig={"Delay": 1})
        return inputs["name"]

    @override
    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs.get("reservedConcurrentExecutions", -1) >= 0:
            self._set_concurrency(resource_id, inputs)

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        function: Any = client.get_function(FunctionName=resource_id)
        configuration = function["Configuration"]
        arn = configuration["FunctionArn"]
        state = {name: configuration.get(key) for name, key in _CONFIGURATION.items()}
        for name, (key, fields) in _NESTED_CONFIGURATION.items():
            found: Mapping[str, Any] = configuration.get(key) or {}
            state[name] = {field: found[theirs] for field, theirs in fields.items() if theirs in found} or None
        return {
            **state,
            "architectures": configuration.get("Architectures", ["x86_64"]),
            "arn": arn,
            "codeSha256": configuration.get("CodeSha256", ""),
            "invokeArn": _invoke_arn(arn),
            "lastModified": configuration.get("LastModified", ""),
            "name": configuration["FunctionName"],
            "qualifiedArn": f"{arn}:{configuration.get('Version', '$LATEST')}",
            "reservedConcurrentExecutions": function.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
            "sourceCodeSize": configuration.get("CodeSize", 0),
            "version": configuration.get("Version", "$LATEST"),
            **tagging.as_state(function.get("Tags", {})),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        if configuration := self._configuration(inputs, changed):
            client.update_function_configuration(FunctionName=resource_id, **configuration)
            client.get_waiter("function_updated_v2").wait(FunctionName=resource_id, WaiterConfig={"Delay": 1})
        if {"architectures", "code"} & changed:
            client.update_function_code(
                FunctionName=resource_id,
                ZipFile=zip_bytes(inputs["code"], self.root),
                Architectures=inputs.get("architectures", ["x86_64"]),
            )
            client.get_waiter("function_updated_v2").wait(FunctionName=resource_id, WaiterConfig={"Delay": 1})
        if "reservedConcurrentExecutions" in changed:
            self._set_concurrency(resource_id, inputs)
        if "tags" in changed:
            tagging.update(client, state, inputs, spell=dict, Resource=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_function(FunctionName=resource_id)

    def _configuration(self, inputs: Properties, names: Collection[str]) -> dict[str, Any]:
        """Return the arguments of boto3 for those of the named properties that are configuration."""
        arguments: dict[str, Any] = {}
        for name in names:
            declared = self.properties.get(name)
            value = inputs.get(name, _UNSET.get(name, declared.default if declared else None))
            if name in _CONFIGURATION:
                arguments[_CONFIGURATION[name]] = "" if value is None else value
            elif name in _NESTED_CONFIGURATION and value is not None:
                key, fields = _NESTED_CONFIGURATION[name]
                arguments[key] = {fields[field]: item for field, item in value.items()}
        return arguments

    def _set_concurrency(self, name: str, inputs: Properties) -> None:
        reserved = inputs.get("reservedConcurrentExecutions", -1)
        client = self.client(inputs)
        if reserved < 0:
            client.delete_function_concurrency(FunctionName=name)
        else:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


class _FunctionName(Shape):
    """A function by its name or its ARN, which mean the same."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        yield from Text()._problems(value, path)  # pyright: ignore[reportPrivateUsage] # a shape of its own module

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        return str(desired).rsplit(":", 1)[-1] == str(actual).rsplit(":", 1)[-1]


class FunctionRecursionConfig(ResourceType):
    """`aws:lambda/functionRecursionConfig:FunctionRecursionConfig`. Its id is the function's name."""

    token: ClassVar = "aws:lambda/functionRecursionConfig:FunctionRecursionConfig"
    service: ClassVar = "lambda"
    title: ClassVar = "Lambda Function Recursion Config"
    properties: ClassVar = {
        "functionName": Property(Text(), required=True, replaces=True),
        "recursiveLoop": Property(Text(one_of=("Allow", "Terminate")), required=True),
        "region": REGION,
    }

    shown_by: ClassVar = "functionName"

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._put(inputs["functionName"], inputs)
        return inputs["functionName"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        found = self.client(known).get_function_recursion_config(FunctionName=resource_id)
        return {"functionName": resource_id, "recursiveLoop": found["RecursiveLoop"]}

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        self._put(resource_id, inputs)

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self._put(resource_id, {**state, "recursiveLoop": "Terminate"})

    def _put(self, name: str, properties: Properties) -> None:
        client = self.client(properties)
        client.put_function_recursion_config(FunctionName=name, RecursiveLoop=properties["recursiveLoop"])


class EventSourceMapping(ResourceType):
    """`aws:lambda/eventSourceMapping:EventSourceMapping` for queues. Its id is the mapping's UUID."""

    token: ClassVar = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service: ClassVar = "lambda"
    title: ClassVar = "Lambda Event Source Mapping"
    properties: ClassVar = {
        "batchSize": Property(Integer(1, 10_000), computed=True),
        "enabled": Property(Boolean(), default=True),
        "eventSourceArn": Property(Arn(), required=True, replaces=True),
        "functionName": Property(_FunctionName(), required=True),
        "functionResponseTypes": Property(SetOf(Text(one_of=("ReportBatchItemFailures",)))),
        "maximumBatchingWindowInSeconds": Property(Integer(0, 300), default=0),
        "region": REGION,
        "scalingConfig": Property(Object({"maximumConcurrency": Integer(2, 1_000)})),
        "tags": TAGS,
    }
    outputs: ClassVar = frozenset(
        {
            "arn",
            "functionArn",
            "lastModified",
            "lastProcessingResult",
            "state",
            "stateTransitionReason",
            "tagsAll",
            "uuid",
        }
    )

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        source = inputs.get("eventSourceArn")
        if isinstance(source, str) and source.endswith(".fifo"):
            if inputs.get("maximumBatchingWindowInSeconds"):
                reason = "Batching window is not supported for FIFO queues"
                yield "maximumBatchingWindowInSeconds", reason
            if isinstance(size := inputs.get("batchSize"), int) and size > 10:  # AWS's limit
                yield "batchSize", f"BatchSize must not be greater than 10 for FIFO queues, got {size}"

    @override
    def display_name(self, inputs: Properties) -> str:
        return f"{inputs['functionName']} <- {inputs['eventSourceArn']}"

    @override
    def create_resource(self, inputs: Properties) -> str:
        created: Any = self.client(inputs).create_event_source_mapping(
            EventSourceArn=inputs["eventSourceArn"],
            Tags=inputs.get("tags", {}),
            **_mapping_arguments(inputs, inputs.keys()),
        )
        return created["UUID"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        mapping: Any = client.get_event_source_mapping(UUID=resource_id)
        if mapping.get("State") == "Deleting":
            return None
        arn = mapping.get("EventSourceMappingArn", "")
        function_arn = mapping["FunctionArn"]
        return {
            "arn": arn,
            "batchSize": mapping.get("BatchSize"),
            "enabled": mapping.get("State") in {"Enabled", "Enabling", "Creating"},
            "eventSourceArn": mapping["EventSourceArn"],
            "functionArn": function_arn,
            "functionName": function_arn,
            "functionResponseTypes": mapping.get("FunctionResponseTypes") or None,
            "lastModified": str(mapping.get("LastModified", "")),
            "lastProcessingResult": mapping.get("LastProcessingResult", ""),
            "maximumBatchingWindowInSeconds": mapping.get("MaximumBatchingWindowInSeconds") or 0,
            "scalingConfig": from_api(mapping.get("ScalingConfig")) or None,
            "state": mapping.get("State", ""),
            "stateTransitionReason": mapping.get("StateTransitionReason", ""),
            "uuid": mapping["UUID"],
            **tagging.as_state(client.list_tags(Resource=arn)["Tags"] if arn else {}),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        client = self.client(state)
        if arguments := _mapping_arguments(inputs, changed):
            client.update_event_source_mapping(UUID=resource_id, **arguments)
        if "tags" in changed:
            tagging.update(client, state, inputs, spell=dict, Resource=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_event_source_mapping(UUID=resource_id)


def _mapping_arguments(inputs: Properties, names: Collection[str]) -> dict[str, Any]:
    """Return the arguments of boto3 for the named properties; those that are unset get their empty value."""
    arguments: dict[str, Any] = {
        "BatchSize": inputs.get("batchSize", 10),
        "Enabled": inputs.get("enabled", True),
        "FunctionName": inputs["functionName"],
        "FunctionResponseTypes": inputs.get("functionResponseTypes", []),
        "MaximumBatchingWindowInSeconds": inputs.get("maximumBatchingWindowInSeconds", 0),
        "ScalingConfig": to_api(inputs.get("scalingConfig", {})),
    }
    wanted = {capitalised(name) for name in names}
    return {name: value for name, value in arguments.items() if name in wanted}


def _invoke_arn(function_arn: str) -> str:
    partition, region = re.split(":", function_arn)[1:4:2]
    return f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
