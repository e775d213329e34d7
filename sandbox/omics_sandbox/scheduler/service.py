"""Runs schedules, as EventBridge Scheduler does.

moto keeps schedules and schedule groups, and does nothing with them.
"""

from moto.core.utils import unix_time

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException
from omics_sandbox.policy import role_allows, role_trusts
from omics_sandbox.queues import (
    Deliveries,
    MessageRefusedError,
    Outcome,
    UndeliverableError,
    find_queue,
    send_message,
)
from omics_sandbox.scheduler.invocation import Invocation
from omics_sandbox.services import Moto


class Scheduler(Deliveries):
    """The schedules of all regions of an account. They run when `run` says so, whatever their expression says.

    Everything is done in the name of a schedule's execution role: "Setting up the execution role", EventBridge
    Scheduler User Guide. Within an account its permissions are enough, so the policies of queues are not asked.
    """

    def __init__(self, moto: Moto) -> None:
        super().__init__()
        self._moto = moto

    def run(self, region: str, name: str, group: str) -> Outcome:
        """Run an enabled schedule now."""
        with self._moto.lock:
            groups = self._moto.schedule_groups(region)
            schedule = groups[group].schedules.get(name) if group in groups else None
            if schedule is None:
                raise ResourceNotFoundException(f"Schedule {group}/{name} does not exist.")
            if schedule.state == "DISABLED":
                raise ConflictException(f"Schedule {group}/{name} is disabled: set its State to ENABLED first.")
            invocation = Invocation(schedule, groups[group].arn, unix_time())
            try:
                group_id = schedule.target.get("SqsParameters", {}).get("MessageGroupId")
                self._send(invocation, schedule.target["Arn"], group_id, {})
            except UndeliverableError as error:
                # Sent in the name of the same role.
                attributes = invocation.failure(error)
                return self.bury(name, invocation.target, lambda queue: self._send(invocation, queue, None, attributes))
            self.delivered[name] += 1
            return "delivered"

    def _send(self, invocation: Invocation, arn: str, group_id: str | None, attributes: dict[str, str]) -> None:
        self._require(invocation, "sqs:SendMessage", arn)
        queue = find_queue(self._moto, arn)
        if queue is None:
            raise UndeliverableError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        try:
            send_message(self._moto, queue, invocation.payload, group_id=group_id, attributes=attributes)
        except MessageRefusedError as error:
            raise UndeliverableError("InvalidParameterValue", str(error)) from error

    def _require(self, invocation: Invocation, action: str, resource: str) -> None:
        role = invocation.target["RoleArn"]
        if not role_trusts(self._moto, role, invocation.group_arn):
            raise UndeliverableError("AccessDeniedException", f"EventBridge Scheduler may not assume {role}.")
        if not role_allows(self._moto, role, action, resource, {}):
            raise UndeliverableError(
                "AccessDeniedException",
                f"{role} is not authorized to perform: {action} on resource: {resource} because no identity-based "
                f"policy allows the {action} action",
            )
