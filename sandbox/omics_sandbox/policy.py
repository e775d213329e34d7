"""Whether IAM policies, and those of roles and KMS keys, allow a request.

The part of IAM's policy evaluation that services need to call each other: service principals, actions and resources
with wildcards, and conditions such as those on `aws:SourceArn` and `aws:SecureTransport`. An explicit Deny wins. A
condition that is not understood counts as not satisfied, so a wrong policy never passes by accident.
"""
# pyright: reportUnknownMemberType=false
# moto's types are partial.

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from moto.iam.models import Role
from moto.kms.models import Key

from omics_sandbox.services import Moto


def allows(
    documents: Iterable[str],
    action: str,
    *,
    resource: str | None = None,
    service: str | None = None,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether policies, taken together, allow an action.

    Args:
        documents: Policy documents (JSON): those of a resource, of a role's trust, or of a role's permissions.
        action: For example `sqs:SendMessage`.
        resource: ARN of what is acted on; None for a role's trust policy, whose statements do not name the role.
        service: Service principal of the caller, for example `events.amazonaws.com`, or ARN of the root of its account;
            None for policies of an identity, whose statements name no principal.
        context: Condition keys of the request in lower case, for example `aws:sourcearn`.
    """
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _as_list(json.loads(document)["Statement"])
        if (service is None or _principal_matches(statement.get("Principal"), service))
        and _any_matches(statement.get("Action"), action, ignore_case=True)
        and (resource is None or _any_matches(statement.get("Resource"), resource))
        and _conditions_hold(statement.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def role_allows(moto: Moto, role_arn: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether the inline and attached policies of a role allow an action. False when there is no such role."""
    with moto.lock:
        roles = _roles(moto, role_arn)
        inline = [document for role in roles for document in role.policies.values()]
        attached = [
            version.document
            for role in roles
            for policy in role.managed_policies.values()
            for version in policy.versions
            if version.is_default
        ]
    return allows([*inline, *attached], action, resource=resource, context=context)


def role_trusts(moto: Moto, role_arn: str, group_arn: str) -> bool:
    """Whether EventBridge Scheduler may assume a role for the schedules of a group. False when there is no such role.

    `aws:SourceArn` is the ARN of the schedule group: "Confused deputy prevention in EventBridge Scheduler",
    EventBridge Scheduler User Guide.
    """
    context = {"aws:sourcearn": group_arn, "aws:sourceaccount": moto.account}
    trusts = [role.assume_role_policy_document for role in _roles(moto, role_arn)]
    return allows(trusts, "sts:AssumeRole", service="scheduler.amazonaws.com", context=context)


def find_key(moto: Moto, region: str, key_id: str) -> Key | None:
    """The key of this id, ARN or alias in a region of the account; None when there is none.

    Keys that AWS manages, such as `alias/aws/sqs`, are not among them.
    """
    with moto.lock:
        kms = moto.kms(region)
        name = kms.get_alias_name(key_id)
        if name.startswith("alias/aws/"):
            return None
        return next((key for key in kms.list_keys() if name in {key.id, key.arn, *key.aliases}), None)


def service_may_use(
    moto: Moto, region: str, key_id: str, service: str, actions: Iterable[str], context: Mapping[str, str]
) -> bool:
    """Whether a key is there and enabled, and its policy allows a service all these actions."""
    key = find_key(moto, region, key_id)
    if key is None or not key.enabled:
        return False
    return all(allows([key.policy], action, resource=key.arn, service=service, context=context) for action in actions)


def _roles(moto: Moto, role_arn: str) -> list[Role]:
    return [role for role in moto.iam(role_arn.split(":")[1]).get_roles() if role.arn == role_arn]


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast("list[Any]", value)) if isinstance(value, list) else [value]


def _principal_matches(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return service in _as_list(principal.get("Service")) or not {"*", service}.isdisjoint(
        _as_list(principal.get("AWS"))
    )


def _any_matches(patterns: Any, value: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        value = value.lower()
        patterns = [str(pattern).lower() for pattern in _as_list(patterns)]
    return any(_like(str(pattern), value) for pattern in _as_list(patterns))


def _like(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(
        _condition_holds(operator, context.get(key.lower()), _as_list(expected))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def _condition_holds(operator: str, actual: str | None, expected: list[Any]) -> bool:
    name = operator.removesuffix("IfExists")
    if actual is None:
        return operator != name
    if name in {"ArnEquals", "ArnLike", "StringLike"}:  # ArnEquals and ArnLike behave identically
        return _any_matches(expected, actual)
    if name == "StringEquals":
        return actual in expected
    if name == "Bool":
        return actual.lower() in {str(value).lower() for value in expected}
    return False
