"""Schedules of Amazon EventBridge Scheduler."""

from typing import Any, ClassVar, Final

from typing_extensions import override

from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import NAME, NAME_PREFIX, REGION, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Integer, Object, Text
from omics_sandbox.provider.spelling import from_api, to_api
from omics_sandbox.provider.values import Names, Properties

_DEFAULT_GROUP: Final = "default"

# Pulumi's name of each property that is passed on as it is, and the API's.
_PARAMETERS: Final = {
    "description": "Description",
    "scheduleExpression": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "state": "State",
}


class Schedule(ResourceType):
    """`aws:scheduler/schedule:Schedule`, for functions and queues. Its id is `<group>/<name>`."""

    token: ClassVar = "aws:scheduler/schedule:Schedule"
    service: ClassVar = "scheduler"
    title: ClassVar = "EventBridge Scheduler Schedule"
    naming: ClassVar = Naming(r"[0-9A-Za-z_.-]{1,64}", 64, "letters, digits, dots, dashes and underscores")
    properties: ClassVar = {
        "description": Property(Text()),
        "flexibleTimeWindow": Property(
            Object(
                {"maximumWindowInMinutes": Integer(1, 1_440), "mode": Text(one_of=("OFF", "FLEXIBLE"))},
                frozenset({"mode"}),
            ),
            required=True,
        ),
        "groupName": Property(Text(), replaces=True, default=_DEFAULT_GROUP),
        "name": NAME,
        "namePrefix": NAME_PREFIX,
        "region": REGION,
        "scheduleExpression": Property(
            Text(pattern=r"(rate|cron|at)\(.+\)", described="rate(...), cron(...) or at(...) is expected"),
            required=True,
        ),
        "scheduleExpressionTimezone": Property(Text(), default="UTC"),
        "state": Property(Text(one_of=("ENABLED", "DISABLED")), default="ENABLED"),
        "target": Property(
            Object(
                {
                    "arn": Arn(),
                    "deadLetterConfig": Object({"arn": Arn()}, frozenset({"arn"})),
                    "input": Text(),
                    "retryPolicy": Object(
                        {"maximumEventAgeInSeconds": Integer(60, 86_400), "maximumRetryAttempts": Integer(0, 185)}
                    ),
                    "roleArn": Arn(),
                    "sqsParameters": Object({"messageGroupId": Text()}),
                },
                frozenset({"arn", "roleArn"}),
            ),
            required=True,
        ),
    }
    outputs: ClassVar = frozenset({"arn"})

    @override
    def create_resource(self, inputs: Properties) -> str:
        self.client(inputs).create_schedule(**_request(inputs))
        return f"{_group(inputs)}/{inputs['name']}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        group, name = _identity(resource_id)
        schedule = self.client(known).get_schedule(GroupName=group, Name=name)
        return {
            **{property_name: schedule.get(parameter) for property_name, parameter in _PARAMETERS.items()},
            "arn": schedule["Arn"],
            "flexibleTimeWindow": from_api(schedule["FlexibleTimeWindow"]),
            "groupName": group,
            "name": name,
            "target": from_api(schedule["Target"]),
        }

    @override
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        # The API replaces the whole schedule: what is left out gets its default.
        self.client(state).update_schedule(**_request({**inputs, "name": state["name"]}))

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        group, name = _identity(resource_id)
        self.client(state).delete_schedule(GroupName=group, Name=name)


def _group(properties: Properties) -> str:
    return properties.get("groupName", _DEFAULT_GROUP)


def _identity(resource_id: str) -> tuple[str, str]:
    """Return group and name."""
    group, _, name = resource_id.partition("/")
    if not group or not name:
        raise ProviderError(f"unexpected format of ID ({resource_id}), expected <schedule group>/<schedule name>")
    return group, name


def _request(inputs: Properties) -> dict[str, Any]:
    return {
        **{_PARAMETERS[name]: value for name, value in inputs.items() if name in _PARAMETERS},
        "FlexibleTimeWindow": to_api(inputs["flexibleTimeWindow"]),
        "GroupName": _group(inputs),
        "Name": inputs["name"],
        "State": inputs.get("state", "ENABLED"),
        "Target": to_api(inputs["target"]),
    }
