"""Amazon EventBridge rules and their targets."""

import secrets
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider import tagging
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, TAGS, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Integer, JsonText, Object, Text
from omics_sandbox.provider.spelling import from_api, to_api
from omics_sandbox.provider.values import Names, Properties

_STATES: Final = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


class EventRule(ResourceType):
    """`aws:cloudwatch/eventRule:EventRule`. As in AWS, a rule of a name that exists is overwritten."""

    token: ClassVar = "aws:cloudwatch/eventRule:EventRule"
    service: ClassVar = "events"
    title: ClassVar = "EventBridge Rule"
    naming: ClassVar = Naming(r"[0-9A-Za-z_.-]{1,64}", 64, "letters, digits, dots, dashes and underscores")
    properties: ClassVar = {
        "description": Property(Text()),
        "eventPattern": Property(JsonText()),
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
        return inputs["name"]

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        client = self.client(known)
        rule = client.describe_rule(Name=resource_id)
        tags = client.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
        return {
            "arn": rule["Arn"],
            "description": rule.get("Description", ""),
            "eventPattern": rule.get("EventPattern", ""),
            "name": rule["Name"],
            "roleArn": rule.get("RoleArn", ""),
            "scheduleExpression": rule.get("ScheduleExpression", ""),
            "state": rule["State"],
            **tagging.as_state(tagging.from_list(tags)),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        if changed - {"tags"}:
            self._put(inputs, {})
        if "tags" in changed:
            tagging.update(self.client(state), state, inputs, ResourceARN=state["arn"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        self.client(state).delete_rule(Name=resource_id)

    def _put(self, inputs: Properties, parameters: dict[str, Any]) -> None:
        names = {
            "description": "Description",
            "eventPattern": "EventPattern",
            "roleArn": "RoleArn",
            "scheduleExpression": "ScheduleExpression",
        }
        parameters.update({names[name]: value for name, value in inputs.items() if name in names})
        self.client(inputs).put_rule(
            Name=inputs["name"],
            State=inputs.get("state", "ENABLED"),
            **parameters,
        )


class EventTarget(ResourceType):
    """`aws:cloudwatch/eventTarget:EventTarget`, for queues and functions. Its id is `<rule>-<target id>`."""

    token: ClassVar = "aws:cloudwatch/eventTarget:EventTarget"
    service: ClassVar = "events"
    title: ClassVar = "EventBridge Target"
    properties: ClassVar = {
        "arn": Property(Arn(), required=True),
        "deadLetterConfig": Property(Object({"arn": Arn()})),
        "input": Property(JsonText()),
        "inputPath": Property(Text()),
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
        if {"input", "inputPath"} <= inputs.keys():
            yield "inputPath", '"inputPath": conflicts with input'

    @override
    def display_name(self, inputs: Properties) -> str:
        return f"{inputs['rule']}-{inputs.get('targetId', '')}"

    @override
    def create_resource(self, inputs: Properties) -> str:
        # The provider is Terraform's underneath, and so is the prefix.
        target_id = inputs.get("targetId") or f"terraform-{secrets.token_hex(13)}"
        self._put(inputs, target_id)
        return f"{inputs['rule']}-{target_id}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        rule, target_id = _identity(resource_id, known)
        client = self.client(known)
        targets: list[Any] = client.list_targets_by_rule(Rule=rule)["Targets"]
        target = next((target for target in targets if _matches(target, rule, target_id, resource_id)), None)
        if target is None:
            return None
        return {
            "arn": target["Arn"],
            "input": target.get("Input"),
            "inputPath": target.get("InputPath"),
            "roleArn": target.get("RoleArn"),
            "rule": rule,
            "targetId": target["Id"],
            **_nested_state(target),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        self._put(inputs, state["targetId"])

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        rule, target_id = _identity(resource_id, state)
        answer = self.client(state).remove_targets(Rule=rule, Ids=[target_id])
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
        answer = self.client(inputs).put_targets(Rule=inputs["rule"], Targets=[target])
        _refuse_failed_entries(answer.get("FailedEntries", []))


def _identity(resource_id: str, known: Properties) -> tuple[str, str]:
    """Return rule and target id: from the state or, on import, from `<rule>/<target id>`."""
    if "rule" in known:
        return known["rule"], known.get("targetId", "")
    rule, _, target_id = resource_id.partition("/")
    if not rule or not target_id:
        raise ProviderError(f"unexpected format of ID ({resource_id}), expected <rule>/<target id>")
    return rule, target_id


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
    return state


def _refuse_failed_entries(entries: Iterable[Any]) -> None:
    for entry in entries:
        raise ProviderError(f"api error {entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")
