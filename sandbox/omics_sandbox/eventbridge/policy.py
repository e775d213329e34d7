"""Whether a queue's resource policy lets EventBridge send to it.

The part of IAM's policy evaluation that such statements use: principals, actions and resources with wildcards, and
conditions on `aws:SourceArn` and `aws:SourceAccount`. An explicit Deny wins. A condition that is not understood counts
as not satisfied, so a wrong policy never passes by accident.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

_SERVICE = "events.amazonaws.com"


def allows_sending(policy: str | None, queue_arn: str, context: Mapping[str, str]) -> bool:
    """Whether a policy allows `sqs:SendMessage` to the service principal of EventBridge.

    Args:
        policy: The queue's policy document (JSON), None for a queue without one.
        queue_arn: The queue that is sent to.
        context: Condition keys of the request in lower case, for example `aws:sourcearn`.
    """
    statements = _as_list(json.loads(policy)["Statement"]) if policy else []
    effects = {
        statement["Effect"]
        for statement in statements
        if _principal_matches(statement.get("Principal"))
        and _any_matches(statement.get("Action"), "sqs:SendMessage", ignore_case=True)
        and _any_matches(statement.get("Resource"), queue_arn)
        and _conditions_hold(statement.get("Condition", {}), context)
    }
    return effects == {"Allow"}


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast("list[Any]", value)) if isinstance(value, list) else [value]


def _principal_matches(principal: Any) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return _SERVICE in _as_list(principal.get("Service")) or "*" in _as_list(principal.get("AWS"))


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
    return False
