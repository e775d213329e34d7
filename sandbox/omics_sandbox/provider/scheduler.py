"""Schedules of Amazon EventBridge Scheduler."""

from collections.abc import Collection
from typing import Any, ClassVar, Final

from botocore.exceptions import ClientError
from typing_extensions import override

from omics_sandbox.provider.errors import ProviderError, is_missing
from omics_sandbox.provider.naming import Naming
from omics_sandbox.provider.resource_type import REGION, Property, ResourceType
from omics_sandbox.provider.shapes import Arn, Integer, Object, Text
from omics_sandbox.provider.spelling import from_api, to_api
from omics_sandbox.provider.values import Properties

_GONE: Final = "ResourceNotFoundException"
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
        "name": Property(Text(), replaces=True, computed=True),
        "namePrefix": Property(Text(), replaces=True, kept=True),
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
        self._client(inputs).create_schedule(**_request(inputs))
        return f"{_group(inputs)}/{inputs['name']}"

    @override
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        group, name = _identity(resource_id)
        try:
            schedule = self._client(known).get_schedule(GroupName=group, Name=name)
        except ClientError as error:
            if is_missing(error, _GONE):
                return None
            raise
        return {
            **{property_name: schedule.get(parameter) for property_name, parameter in _PARAMETERS.items()},
            "arn": schedule["Arn"],
            "flexibleTimeWindow": from_api(schedule["FlexibleTimeWindow"]),
            "groupName": group,
            "name": name,
            "target": from_api(schedule["Target"]),
        }

    @override
    def update_resource(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        # The API replaces the whole schedule: what is left out gets its default.
        self._client(state).update_schedule(**_request({**inputs, "name": state["name"]}))

    @override
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        group, name = _identity(resource_id)
        try:
            self._client(state).delete_schedule(GroupName=group, Name=name)
        except ClientError as error:
            if not is_missing(error, _GONE):
                raise

    def _client(self, properties: Properties) -> Any:  # its stub is not installed
        return self.aws.client("scheduler", properties.get("region"))


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
