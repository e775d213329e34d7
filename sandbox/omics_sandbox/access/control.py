"""Who may do what: every call is recorded, and decided where permissions are enforced."""

from collections.abc import Mapping, Sequence

from omics_sandbox.access.calls import Call, Calls
from omics_sandbox.iam import role_allows
from omics_sandbox.services import Moto

_NO_CONTEXT: Mapping[str, str] = {}


class AccessControl:
    """Decides about the calls of all principals. Users may do everything; so may roles unless that is enforced.

    Only the policies of a role count, and not those of the resource, which on AWS can allow as well.

    Args:
        moto: Where the roles are.
        calls: Where every call is recorded.
        enforced: Whether a role may do no more than its policies allow.
    """

    def __init__(self, moto: Moto, calls: Calls, *, enforced: bool) -> None:
        self._moto = moto
        self._calls = calls
        self._enforced = enforced

    def admits(
        self, principal: str, action: str, resources: Sequence[str], context: Mapping[str, str] = _NO_CONTEXT
    ) -> bool:
        """Whether a call may be answered. It is recorded either way.

        Args:
            principal: ARN of a role or a user.
            action: For example `sqs:ReceiveMessage`.
            resources: What the action is checked on; all of them must be allowed.
            context: Condition keys of the request.
        """
        refused = self._enforced and ":role/" in principal and not self._allowed(principal, action, resources, context)
        self._calls.record(principal, Call(action, tuple(resources), refused))
        return not refused

    def _allowed(self, role_arn: str, action: str, resources: Sequence[str], context: Mapping[str, str]) -> bool:
        return all(role_allows(self._moto, role_arn, action, resource, context) for resource in resources)
