"""Whether IAM policies allow an action on a resource.

The part of IAM's policy evaluation that the policies of a pipeline use: principals, actions and resources with
wildcards, and conditions that compare texts or ARNs. An explicit Deny wins. A condition that is not understood counts
as not satisfied, so a wrong policy never passes by accident. See "Policy evaluation logic", IAM User Guide.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# moto's types are partial.

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from omics_sandbox.services import Moto

Context = Mapping[str, str]
"""Condition keys of a request in lower case, for example `aws:sourcearn`."""


def role_allows(moto: Moto, role_arn: str, action: str, resource: str, context: Context) -> bool:
    """Whether the inline policies of a role allow an action. False when there is no such role.

    Args:
        moto: Where the role is.
        role_arn: The role.
        action: For example `sqs:SendMessage`.
        resource: ARN of what it is done to; `*` for an action that has no resource type.
        context: Condition keys of the request.
    """
    with moto.lock:
        roles = [role for role in moto.iam(role_arn.split(":")[1]).get_roles() if role.arn == role_arn]
        documents = [document for role in roles for document in role.policies.values()]
    return _allowed(
        statement
        for document in documents
        for statement in _statements(document)
        if _applies(statement, action, resource, context)
    )


def service_allowed(policy: str | None, service: str, action: str, resource: str, context: Context) -> bool:
    """Whether the policy of a resource allows an action to the service principal of an AWS service.

    Args:
        policy: The resource's policy document (JSON), None for a resource without one.
        service: For example `events.amazonaws.com`.
        action: For example `sqs:SendMessage`.
        resource: ARN of the resource.
        context: Condition keys of the request.
    """
    return _allowed(
        statement
        for statement in (_statements(policy) if policy else ())
        if _principal_matches(statement.get("Principal"), service) and _applies(statement, action, resource, context)
    )


def _allowed(statements: Iterable[Mapping[str, Any]]) -> bool:
    """What the statements that apply come to."""
    return {statement["Effect"] for statement in statements} == {"Allow"}


def _statements(document: str) -> list[Any]:
    return _as_list(json.loads(document)["Statement"])


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        _any_matches(statement.get("Action"), action, ignore_case=True)
        and _any_matches(statement.get("Resource"), resource)
        and _conditions_hold(statement.get("Condition", {}), context)
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast("list[Any]", value)) if isinstance(value, list) else [value]


def _principal_matches(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return service in _as_list(principal.get("Service")) or "*" in _as_list(principal.get("AWS"))


def _any_matches(patterns: Any, value: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        value = value.lower()
        patterns = [str(pattern).lower() for pattern in _as_list(patterns)]
    return any(_like(str(pattern), value) for pattern in _as_list(patterns))


def _like(pattern: str, value: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, value, re.DOTALL) is not None


def _conditions_hold(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
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
    return False
