"""EventBridge Scheduler: schedules that AWS would refuse are refused, the others run when they are told to.

moto keeps schedules and schedule groups, and does nothing with them.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from omics_sandbox.http import Request, Response
from omics_sandbox.policy import role_allows, role_trusts
from omics_sandbox.queues import Deliveries, Outcome, UndeliverableError, find_queue, send_message
from omics_sandbox.services import Moto

# "Schedule types in EventBridge Scheduler", EventBridge Scheduler User Guide.
_EXPRESSION = re.compile(
    r"rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)
_TARGET = re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:.+")


class Scheduler(Deliveries):
    """The schedules of all regions of an account. They run when `run` says so, whatever their expression says.

    Everything is done in the name of a schedule's execution role: "Setting up the execution role", EventBridge
    Scheduler User Guide. Within an account its permissions are enough, so the policies of queues are not asked.
    """

    def __init__(self, moto: Moto) -> None:
        super().__init__()
        self._moto = moto

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Check a schedule that is created or updated; `forward` lets moto keep it, and answer all else."""
        with self._moto.lock:
            if request.operation in {"CreateSchedule", "UpdateSchedule"}:
                self._check(str(request.region), request.parameters)
            return forward()

    def run(self, region: str, name: str, group: str) -> Outcome:
        """Run an enabled schedule now."""
        with self._moto.lock:
            groups = self._moto.schedule_groups(region)
            schedule = groups[group].schedules.get(name) if group in groups else None
            if schedule is None:
                raise ResourceNotFoundException(f"Schedule {group}/{name} does not exist.")
            if schedule.state == "DISABLED":
                raise ConflictException(f"Schedule {group}/{name} is disabled: set its State to ENABLED first.")
            # "Adding context attributes in EventBridge Scheduler", EventBridge Scheduler User Guide.
            context = {
                "schedule-arn": schedule.arn,
                "scheduled-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "execution-id": secrets.token_hex(8),
                "attempt-number": "1",
            }
            target: dict[str, Any] = schedule.target
            payload = str(target["Input"])
            for attribute, value in context.items():
                payload = payload.replace(f"<aws.scheduler.{attribute}>", value)
            try:
                self._require(target["RoleArn"], groups[group].arn, target["Arn"])
                self._send(target["Arn"], payload, target.get("SqsParameters", {}).get("MessageGroupId"), {})
            except UndeliverableError as error:
                # "Configuring a schedule's dead-letter queue in EventBridge Scheduler", EventBridge Scheduler User
                # Guide. The sandbox does not retry: what fails here for want of a permission would fail for 24 hours.
                attributes = {
                    "ERROR_CODE": error.code,
                    "ERROR_MESSAGE": str(error),
                    "EXECUTION_ID": context["execution-id"],
                    "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
                    "IS_PAYLOAD_TRUNCATED": "false",
                    "RETRY_ATTEMPTS": "0",
                    "SCHEDULED_TIME": context["scheduled-time"],
                    "SCHEDULE_ARN": schedule.arn,
                    "TARGET_ARN": target["Arn"],
                }

                def bury(queue: str) -> None:
                    self._require(target["RoleArn"], groups[group].arn, queue)
                    self._send(queue, payload, None, attributes)

                return self.bury(name, target, bury)
            self.delivered[name] += 1
            return "delivered"

    def _check(self, region: str, given: Mapping[str, Any]) -> None:
        if {"StartDate", "EndDate"} & given.keys():
            raise ValidationException("The sandbox emulates only schedules without a StartDate and an EndDate")
        # The input of UpdateSchedule has the same members.
        given = checked(service_model("scheduler").shape_for("CreateScheduleInput"), given)
        target = given["Target"]
        if not _TARGET.fullmatch(target["Arn"]) or "Input" not in target:
            raise ValidationException("The sandbox emulates only schedules for queues, with an Input")
        if not _EXPRESSION.fullmatch(given["ScheduleExpression"]):
            raise ValidationException(f"Invalid Schedule Expression {given['ScheduleExpression']}.")
        group = self._moto.schedule_groups(region).get(given.get("GroupName", "default"))
        if group is None:
            raise ResourceNotFoundException(f"Schedule group {given['GroupName']} does not exist.")
        if not role_trusts(self._moto, target["RoleArn"], group.arn):
            raise ValidationException(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )

    def _require(self, role: str, group_arn: str, queue_arn: str) -> None:
        if not role_trusts(self._moto, role, group_arn):
            raise UndeliverableError("AccessDeniedException", f"EventBridge Scheduler may not assume {role}.")
        if not role_allows(self._moto, role, "sqs:SendMessage", queue_arn, {}):
            raise UndeliverableError(
                "AccessDeniedException",
                f"{role} is not authorized to perform: sqs:SendMessage on resource: {queue_arn} because no "
                "identity-based policy allows the sqs:SendMessage action",
            )

    def _send(self, arn: str, payload: str, group_id: str | None, attributes: dict[str, str]) -> None:
        queue = find_queue(self._moto, arn)
        if queue is None:
            raise UndeliverableError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        send_message(
            self._moto, queue, payload, group_id=group_id, attributes=attributes, refusal="InvalidParameterValue"
        )
