"""Runs schedules, as EventBridge Scheduler does.

moto keeps schedules and schedule groups, and does nothing with them.
"""

from collections import Counter
from typing import Literal

from moto.core.utils import unix_time

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException, ServiceError
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.policy import role_allows, role_trusts
from omics_sandbox.queues import MessageRefusedError, find_queue, send_message
from omics_sandbox.scheduler.invocation import Invocation, TargetError
from omics_sandbox.services import Moto

Outcome = Literal["delivered", "dead-lettered", "dropped"]


class Scheduler:
    """The schedules of all regions of an account. They run when `run` says so, whatever their expression says.

    Everything is done in the name of a schedule's execution role: "Setting up the execution role", EventBridge
    Scheduler User Guide. Within an account its permissions are enough, so the policies of functions and queues are not
    asked.

    Attributes:
        delivered: Runs that reached their target, by the schedule's name.
        dead_lettered: Runs that did not and went to the target's dead-letter queue, by the schedule's name.
        dropped: Runs that did not and had nowhere to go, by the schedule's name.
    """

    def __init__(self, moto: Moto, functions: FunctionService) -> None:
        self.delivered: Counter[str] = Counter()
        self.dead_lettered: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._moto = moto
        self._functions = functions

    def run(self, region: str, name: str, group: str) -> Outcome:
        """Run an enabled schedule now.

        Returns:
            What became of it.

        Raises:
            ResourceNotFoundException: There is no such schedule.
            ConflictException: The schedule is disabled.
        """
        with self._moto.lock:
            groups = self._moto.schedule_groups(region)
            schedule = groups[group].schedules.get(name) if group in groups else None
            if schedule is None:
                raise ResourceNotFoundException(f"Schedule {group}/{name} does not exist.")
            if schedule.state == "DISABLED":
                raise ConflictException(f"Schedule {group}/{name} is disabled: set its State to ENABLED first.")
            invocation = Invocation(schedule, groups[group].arn, unix_time())
            try:
                self._invoke(invocation)
            except TargetError as error:
                return self._bury(invocation, error)
            self.delivered[name] += 1
            return "delivered"

    def _invoke(self, invocation: Invocation) -> None:
        """Invoke the target ("Using templated targets", EventBridge Scheduler User Guide); a function asynchronously.

        Raises:
            TargetError: The target does not exist, refuses what it gets, or the execution role may not invoke it.
        """
        target = invocation.target
        arn: str = target["Arn"]
        if arn.split(":")[2] == "sqs":
            self._send(invocation, arn, target.get("SqsParameters", {}).get("MessageGroupId"), {})
            return
        self._require(invocation, "lambda:InvokeFunction", arn)
        try:
            self._functions.registry.find(arn.split(":")[3], arn)
        except ServiceError as error:
            raise TargetError(error.code, str(error)) from error
        self._functions.invoke_later(arn, invocation.payload.encode())

    def _bury(self, invocation: Invocation, error: TargetError) -> Outcome:
        """Send what could not be delivered to the dead-letter queue of the target, in the name of the same role."""
        queue_arn = invocation.target.get("DeadLetterConfig", {}).get("Arn")
        try:
            if queue_arn is None:
                raise error
            self._send(invocation, queue_arn, None, invocation.failure(error))
        except TargetError:
            self.dropped[invocation.schedule.name] += 1
            return "dropped"
        self.dead_lettered[invocation.schedule.name] += 1
        return "dead-lettered"

    def _send(self, invocation: Invocation, arn: str, group_id: str | None, attributes: dict[str, str]) -> None:
        self._require(invocation, "sqs:SendMessage", arn)
        queue = find_queue(self._moto, arn)
        if queue is None:
            raise TargetError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        try:
            send_message(self._moto, queue, invocation.payload, group_id=group_id, attributes=attributes)
        except MessageRefusedError as error:
            raise TargetError("InvalidParameterValue", str(error)) from error

    def _require(self, invocation: Invocation, action: str, resource: str) -> None:
        role = invocation.target["RoleArn"]
        if not role_trusts(self._moto, role, invocation.group_arn):
            raise TargetError("AccessDeniedException", f"EventBridge Scheduler may not assume {role}.")
        if not role_allows(self._moto, role, action, resource, {}):
            raise TargetError(
                "AccessDeniedException",
                f"{role} is not authorized to perform: {action} on resource: {resource} because no identity-based "
                f"policy allows the {action} action",
            )
