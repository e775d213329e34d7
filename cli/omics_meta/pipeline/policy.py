"""What resource policies and trust policies allow, in any of IAM's spellings. Pure.

Source of the format: IAM user guide, "IAM JSON policy element reference".
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, cast

Policy = Mapping[str, Any]
Statement = Mapping[str, Any]

_CONFINING: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
    }
)
"""Condition keys that tell who calls, or for whom a service does. They have no case."""


def allows(policy: Policy, action: str, service: str, *, source: str | None = None) -> bool:
    """Whether a policy lets a service do something, on behalf of the resource `source` if that is given."""
    return any(
        source is None or _source_matches(_conditions(statement), source)
        for statement in _allowing(policy, action)
        if service in _listed(_principals(statement), "Service") or _names_everybody(statement)
    )


def is_open(policy: Policy, action: str) -> bool:
    """Whether anybody may do something, be it through a service that does so on behalf of any account."""
    return any(
        (_names_everybody(statement) or "Service" in _principals(statement)) and not _is_confined(statement)
        for statement in _allowing(policy, action)
    )


def _allowing(policy: Policy, action: str) -> Iterator[Statement]:
    for statement in _listed(policy, "Statement"):
        patterns = [str(pattern).lower() for pattern in _listed(statement, "Action")]
        if statement.get("Effect") == "Allow" and any(fnmatchcase(action.lower(), pattern) for pattern in patterns):
            yield statement


def _principals(statement: Statement) -> Mapping[str, Any]:
    # The text "*" stands for everybody.
    principal: Any = statement.get("Principal")
    return cast("dict[str, Any]", principal) if isinstance(principal, dict) else {"AWS": principal}


def _names_everybody(statement: Statement) -> bool:
    return "*" in _listed(_principals(statement), "AWS")


def _is_confined(statement: Statement) -> bool:
    return any(name.lower() in _CONFINING and "*" not in values for _, name, values in _conditions(statement))


def _conditions(statement: Statement) -> list[tuple[str, str, list[Any]]]:
    """Operator, key and values of each condition."""
    return [
        (operator, name, _listed(keys, name))
        for operator, keys in cast("dict[str, dict[str, Any]]", statement.get("Condition") or {}).items()
        for name in keys
    ]


def _source_matches(conditions: list[tuple[str, str, list[Any]]], source: str) -> bool:
    """Whether conditions let a source through, as far as they are about its ARN."""
    return all(
        source in values if operator == "StringEquals" else any(fnmatchcase(source, pattern) for pattern in values)
        for operator, name, values in conditions
        if name.lower() == "aws:sourcearn"
    )


def _listed(parent: Mapping[str, Any], name: str) -> list[Any]:
    """IAM lets a single value stand for a list of one."""
    value: Any = parent.get(name, [])
    return cast("list[Any]", value) if isinstance(value, list) else [value]
