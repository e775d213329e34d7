"""Invokes functions and queues in the name of a schedule's execution role."""

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.queues import MessageRefusedError, find_queue, send_message
from omics_sandbox.scheduler.execution_role import ExecutionRole
from omics_sandbox.scheduler.invocation import Invocation, TargetError
from omics_sandbox.services import Moto


class Targets:
    """The targets that a schedule can have: "Using templated targets", EventBridge Scheduler User Guide.

    Args:
        moto: Where schedules, roles and queues are.
        functions: Invokes functions.
    """

    def __init__(self, moto: Moto, functions: FunctionService) -> None:
        self._moto = moto
        self._functions = functions

    def invoke(self, invocation: Invocation) -> None:
        """Invoke the target; a function asynchronously.

        Raises:
            TargetError: The target does not exist, refuses what it gets, or the execution role may not invoke it.
        """
        target = invocation.target
        role = self._assume(invocation)
        if target["Arn"].split(":")[2] == "lambda":
            self._invoke_function(role, target["Arn"], invocation.payload)
        else:
            group_id = target.get("SqsParameters", {}).get("MessageGroupId")
            self._send(role, target["Arn"], invocation.payload, group_id, {})

    def bury(self, invocation: Invocation, error: TargetError) -> None:
        """Send what could not be delivered to the dead-letter queue of the target, in the name of the same role.

        Raises:
            TargetError: There is no such queue, or the role may not send to it.
        """
        queue_arn = invocation.target.get("DeadLetterConfig", {}).get("Arn")
        if queue_arn is None:
            raise error
        self._send(self._assume(invocation), queue_arn, invocation.payload, None, invocation.failure(error))

    def _assume(self, invocation: Invocation) -> ExecutionRole:
        role = ExecutionRole(self._moto, invocation.target["RoleArn"])
        region = invocation.schedule.arn.split(":")[3]
        group = self._moto.schedule_groups(region)[invocation.schedule.group_name]
        if not role.trusts(group.arn):
            raise TargetError("AccessDeniedException", f"EventBridge Scheduler may not assume {role.arn}.")
        return role

    def _invoke_function(self, role: ExecutionRole, arn: str, payload: str) -> None:
        _require(role, "lambda:InvokeFunction", arn)
        try:
            self._functions.registry.find(arn.split(":")[3], arn)
        except ServiceError as error:
            raise TargetError(error.code, str(error)) from error
        self._functions.invoke_later(arn, payload.encode())

    def _send(self, role: ExecutionRole, arn: str, body: str, group_id: str | None, attributes: dict[str, str]) -> None:
        _require(role, "sqs:SendMessage", arn)
        queue = find_queue(self._moto, arn)
        if queue is None:
            raise TargetError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        try:
            send_message(self._moto, queue, body, group_id=group_id, attributes=attributes)
        except MessageRefusedError as error:
            raise TargetError("InvalidParameterValue", str(error)) from error


def _require(role: ExecutionRole, action: str, resource: str) -> None:
    if not role.permits(action, resource):
        raise TargetError(
            "AccessDeniedException",
            f"{role.arn} is not authorized to perform: {action} on resource: {resource} because no identity-based "
            f"policy allows the {action} action",
        )
