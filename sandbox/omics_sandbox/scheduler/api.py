"""The part of the EventBridge Scheduler API that is the sandbox's own: what it refuses."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import ResourceNotFoundException, ServiceError, ValidationException
from omics_sandbox.http import Request, Response
from omics_sandbox.policy import role_trusts
from omics_sandbox.services import Moto

_SCHEDULE = re.compile(r"/schedules/([^/]+)")
# "Schedule types in EventBridge Scheduler", EventBridge Scheduler User Guide.
_EXPRESSION = re.compile(
    r"rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)
_TARGET = re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:.+")


class SchedulerApi:
    """Checks schedules that are created or updated, and leaves keeping them to moto."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request; `forward` lets moto answer it."""
        schedule = _SCHEDULE.fullmatch(request.path)
        if schedule is None or request.method not in {"POST", "PUT"}:
            return forward()
        region, given = str(request.region), request.json()
        with self._moto.lock:
            try:
                self._check(region, {**given, "Name": schedule[1]})
            except ServiceError as error:
                return Response.of_json({"Message": str(error)}, error.status, {"x-amzn-ErrorType": error.code})
            response = forward()
            if request.method == "PUT" and response.status == 200 and given.get("State") is None:
                # UpdateSchedule gives what is left out its default, and moto nothing.
                group = self._moto.schedule_groups(region)[given.get("GroupName") or "default"]
                group.schedules[schedule[1]].state = "ENABLED"
        return response

    def _check(self, region: str, given: Mapping[str, Any]) -> None:
        for name in ("StartDate", "EndDate"):
            if given.get(name) is not None:
                raise ValidationException(f"The sandbox does not emulate {name}")
        # The input of UpdateSchedule has the same members.
        given = checked(service_model("scheduler").shape_for("CreateScheduleInput"), given)
        if not _EXPRESSION.fullmatch(given["ScheduleExpression"]):
            raise ValidationException(f"Invalid Schedule Expression {given['ScheduleExpression']}.")
        window = given["FlexibleTimeWindow"]
        if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
            raise ValidationException("MaximumWindowInMinutes goes with the Mode FLEXIBLE, and only with it")
        target = given["Target"]
        if not _TARGET.fullmatch(target["Arn"]):
            raise ValidationException(f"The sandbox does not emulate the target {target['Arn']}: only queues")
        if "Input" not in target:
            raise ValidationException("The sandbox does not emulate a target without an Input")
        group = self._moto.schedule_groups(region).get(given.get("GroupName", "default"))
        if group is None:
            raise ResourceNotFoundException(f"Schedule group {given['GroupName']} does not exist.")
        if not role_trusts(self._moto, target["RoleArn"], group.arn):
            raise ValidationException(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )
