"""What the policies of a role allow."""

from collections.abc import Mapping

from omics_sandbox.policy import allows
from omics_sandbox.services import Moto


def role_allows(moto: Moto, role_arn: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether the inline and attached policies of a role allow an action. False when there is no such role.

    Args:
        moto: Where the role is.
        role_arn: The role.
        action: For example `sqs:SendMessage`.
        resource: ARN of what it is done to; `*` for an action that has no resource type.
        context: Condition keys of the request, in lower case.
    """
    with moto.lock:
        roles = [role for role in moto.iam(role_arn.split(":")[1]).get_roles() if role.arn == role_arn]
        inline = [document for role in roles for document in role.policies.values()]
        attached = [
            version.document
            for role in roles
            for policy in role.managed_policies.values()
            for version in policy.versions
            if version.is_default
        ]
    return allows([*inline, *attached], action, resource=resource, context=context)
