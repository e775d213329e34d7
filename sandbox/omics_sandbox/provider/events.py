"""Amazon EventBridge rules and their targets."""

import secrets
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Boolean, Integer, JsonText, Object, Text, TextMap
from omics_sandbox.provider.spelling import from_api, to_api
from omics_sandbox.provider.values import Properties

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

_DEFAULT_BUS: Final = "default"
_STATES: Final = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


class _EventBridgeResource(ResourceType):
    """What rules and targets have in common."""

    def _client(self, properties: Properties) -> "EventBridgeClient":
        return self.aws.client("events", properties.get("region"))


class EventRule(_EventBridgeResource):
    """`aws:cloudwatch/eventRule:EventRule`. As in AWS, a rule of a name that exists is overwritten."""

    token: ClassVar = "aws:cloudwatch/eventRule:EventRule"
    title: ClassVar = "EventBridge Rule"
    naming: ClassVar = Naming(r"[0-9A-Za-z_.-]{1,64}", 64, "letters, digits, dots, dashes and underscores")
    properties: ClassVar = {
        "description": Property(Text()),
        "eventBusName": Property(Text(), replaces=True, default=_DEFAULT_BUS),
        "eventPattern": Property(JsonText()),
        "forceDestroy": Property(Boolean(), default=False, kept=True),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "region": REGION,
        "roleArn": Property(Arn()),
        "scheduleExpression": Property(
            Text(pattern=r"(rate|cron)\(.+\)", described="rate(...) or cron(...) is expected")
        ),
        "state": Property(Text(one_of=_STATES), default="ENABLED"),
        "tags": TAGS,
    }
    outputs: ClassVar = frozenset({"arn", "tagsAll"})

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if "eventPattern" not in inputs and "scheduleExpression" not in inputs:
            yield "eventPattern", "one of `eventPattern,scheduleExpression` must be specified"

    @override
    def create_resource(self, inputs: Properties) -> str:
        self._put(inputs, {"Tags": tagging.as_list(inputs.get("tags"))})
        bus = inputs.get("eventBusName", _DEFAULT_BUS)
        return inputs["name"] if bus == _DEFAULT_BUS else f"{bus}/{inputs['name']}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        bus, _, name = resource_id.rpartition("/")
        client = self._client(known)
        rule = client.describe_rule(Name=name, EventBusName=bus or _DEFAULT_BUS)
        tags = client.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
        return {
            "arn": rule["Arn"],
            "description": rule.get("Description", ""),
            "eventBusName": rule.get("EventBusName", _DEFAULT_BUS),
            "eventPattern": rule.get("EventPattern", ""),
            "name": rule["Name"],
            "roleArn": rule.get("RoleArn", ""),
            "scheduleExpression": rule.get("ScheduleExpression", ""),
            "state": rule["State"],
            **tagging.as_state(tagging.from_list(tags)),
        }

    @override
    def update_resource(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if set(changed) - {"tags", "forceDestroy"}:
            self._put(inputs, {})
        if "tags" in changed:
            tagging.update(self._client(state), state, inputs, ResourceARN=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        bus, _, name = resource_id.rpartition("/")
        self._client(state).delete_rule(
            Name=name, EventBusName=bus or _DEFAULT_BUS, Force=state.get("forceDestroy", False)
        )

    def _put(self, inputs: Properties, parameters: dict[str, Any]) -> None:
        names = {
            "description": "Description",
            "eventPattern": "EventPattern",
            "roleArn": "RoleArn",
            "scheduleExpression": "ScheduleExpression",
        }
        parameters.update({names[name]: value for name, value in inputs.items() if name in names})
        self._client(inputs).put_rule(
            Name=inputs["name"],
            EventBusName=inputs.get("eventBusName", _DEFAULT_BUS),
            State=inputs.get("state", "ENABLED"),
            **parameters,
        )


class EventTarget(_EventBridgeResource):
    """`aws:cloudwatch/eventTarget:EventTarget`, for queues and functions. Its id is `<rule>-<target id>`."""

    token: ClassVar = "aws:cloudwatch/eventTarget:EventTarget"
    title: ClassVar = "EventBridge Target"
    properties: ClassVar = {
        "arn": Property(Arn(), required=True),
        "deadLetterConfig": Property(Object({"arn": Arn()})),
        "eventBusName": Property(Text(), replaces=True, default=_DEFAULT_BUS),
        "forceDestroy": Property(Boolean(), default=False, kept=True),
        "input": Property(JsonText()),
        "inputPath": Property(Text()),
        "inputTransformer": Property(
            Object({"inputPaths": TextMap(), "inputTemplate": Text()}, frozenset({"inputTemplate"}))
        ),
        "region": REGION,
        "retryPolicy": Property(
            Object({"maximumEventAgeInSeconds": Integer(60, 86_400), "maximumRetryAttempts": Integer(0, 185)})
        ),
        "roleArn": Property(Arn()),
        "rule": Property(Text(), required=True, replaces=True),
        "sqsTarget": Property(Object({"messageGroupId": Text()})),
        "targetId": Property(
            Text(pattern=r"[0-9A-Za-z_.-]{1,64}", described="1 to 64 letters, digits, dots, dashes, underscores"),
            replaces=True,
            computed=True,
        ),
    }

    @override
    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [name for name in ("input", "inputPath", "inputTransformer") if name in inputs]
        if len(given) > 1:
            yield given[1], f'"{given[1]}": conflicts with {given[0]}'

    @override
    def display_name(self, inputs: Properties) -> str:
        return f"{inputs['rule']}-{inputs.get('targetId', '')}"

    @override
    def create_resource(self, inputs: Properties) -> str:
        # The provider is Terraform's underneath, and so is the prefix.
        target_id = inputs.get("targetId") or f"terraform-{secrets.token_hex(13)}"
        self._put(inputs, target_id)
        prefix = "" if _bus(inputs) == _DEFAULT_BUS else f"{_bus(inputs)}-"
        return f"{prefix}{inputs['rule']}-{target_id}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        bus, rule, target_id = _identity(resource_id, known)
        client = self._client(known)
        targets: list[Any] = client.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]  # pyright: ignore[reportAssignmentType] # read as plain dicts
        target = next((target for target in targets if _matches(target, rule, target_id, resource_id)), None)
        if target is None:
            return None
        return {
            "arn": target["Arn"],
            "eventBusName": bus,
            "input": target.get("Input"),
            "inputPath": target.get("InputPath"),
            "roleArn": target.get("RoleArn"),
            "rule": rule,
            "targetId": target["Id"],
            **_nested_state(target),
        }

    @override
    def update_resource(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if set(changed) - {"forceDestroy"}:
            self._put(inputs, state["targetId"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        bus, rule, target_id = _identity(resource_id, state)
        answer = self._client(state).remove_targets(Rule=rule, EventBusName=bus, Ids=[target_id])
        _refuse_failed_entries(answer.get("FailedEntries", []))

    def _put(self, inputs: Properties, target_id: str) -> None:
        target: Any = {"Id": target_id, "Arn": inputs["arn"]}
        for name, key in (("input", "Input"), ("inputPath", "InputPath"), ("roleArn", "RoleArn")):
            if name in inputs:
                target[key] = inputs[name]
        if "deadLetterConfig" in inputs:
            target["DeadLetterConfig"] = {"Arn": inputs["deadLetterConfig"]["arn"]}
        if "retryPolicy" in inputs:
            target["RetryPolicy"] = to_api(inputs["retryPolicy"])
        if "sqsTarget" in inputs:
            target["SqsParameters"] = {"MessageGroupId": inputs["sqsTarget"]["messageGroupId"]}
        if "inputTransformer" in inputs:
            transformer = inputs["inputTransformer"]
            target["InputTransformer"] = {
                "InputPathsMap": transformer.get("inputPaths", {}),
                "InputTemplate": transformer["inputTemplate"],
            }
        answer = self._client(inputs).put_targets(Rule=inputs["rule"], EventBusName=_bus(inputs), Targets=[target])
        _refuse_failed_entries(answer.get("FailedEntries", []))


def _bus(properties: Properties) -> str:
    return properties.get("eventBusName", _DEFAULT_BUS)


def _identity(resource_id: str, known: Properties) -> tuple[str, str, str]:
    """Return bus, rule and target id: from the state or, on import, from `[<bus>/]<rule>/<target id>`."""
    if "rule" in known:
        return _bus(known), known["rule"], known.get("targetId", "")
    *bus, rule, target_id = resource_id.split("/") if "/" in resource_id else ("", "")
    if not rule or not target_id:
        raise ProviderError(f"unexpected format of ID ({resource_id}), expected [<event bus>/]<rule>/<target id>")
    return "/".join(bus) or _DEFAULT_BUS, rule, target_id


def _matches(target: Any, rule: str, target_id: str, resource_id: str) -> bool:  # a target of boto3
    # Right after its creation the target id is known only as a part of the resource id.
    return target["Id"] == target_id if target_id else resource_id.endswith(f"{rule}-{target['Id']}")


def _nested_state(target: Any) -> Properties:  # a target of boto3
    state: Properties = {}
    if "DeadLetterConfig" in target:
        state["deadLetterConfig"] = {"arn": target["DeadLetterConfig"]["Arn"]}
    if "RetryPolicy" in target:
        state["retryPolicy"] = from_api(target["RetryPolicy"])
    if "SqsParameters" in target:
        state["sqsTarget"] = {"messageGroupId": target["SqsParameters"]["MessageGroupId"]}
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        state["inputTransformer"] = {
            "inputPaths": transformer.get("InputPathsMap", {}),
            "inputTemplate": transformer["InputTemplate"],
        }
    return state


def _refuse_failed_entries(entries: Iterable[Any]) -> None:
    for entry in entries:
        raise ProviderError(f"api error {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")
