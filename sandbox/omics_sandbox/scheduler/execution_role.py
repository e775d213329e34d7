"""The role in whose name a schedule invokes its target."""

from typing import TYPE_CHECKING

from omics_sandbox.iam import role_allows
from omics_sandbox.policy import allows
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from moto.iam.models import Role

_SERVICE = "scheduler.amazonaws.com"


class ExecutionRole:
    """An execution role as it is now: "Setting up the execution role", EventBridge Scheduler User Guide.

    Within an account the permissions of the role are enough, so the policies of functions and queues are not asked.

    Args:
        moto: Where the role is.
        arn: ARN of the role, whether it exists or not.
    """

    def __init__(self, moto: Moto, arn: str) -> None:
        self.arn = arn
        self._moto = moto
        roles = moto.iam(arn.split(":")[1]).get_roles()
        self._role: Role | None = next((role for role in roles if role.arn == arn), None)

    def trusts(self, group_arn: str) -> bool:
        """Whether EventBridge Scheduler may assume the role for the schedules of a group.

        `aws:SourceArn` is the ARN of the schedule group: "Confused deputy prevention in EventBridge Scheduler",
        EventBridge Scheduler User Guide.
        """
        if self._role is None:
            return False
        context = {"aws:sourcearn": group_arn, "aws:sourceaccount": self._moto.account}
        document = self._role.assume_role_policy_document
        return allows([document], "sts:AssumeRole", service=_SERVICE, context=context)

    def permits(self, action: str, resource: str) -> bool:
        """Whether the role's inline and attached policies allow an action on a resource."""
        return role_allows(self._moto, self.arn, action, resource, {})
