"""Tags in the two spellings that AWS services use, and what it takes to get from one set to another."""

from collections.abc import Iterable, Mapping
from typing import Any

Tags = dict[str, str]


def as_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Spell tags as the list of `Key` and `Value` that most services want."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def from_list(tags: Iterable[Mapping[str, Any]]) -> Tags:
    """Read the list of `Key` and `Value` that most services give."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def as_state(tags: Mapping[str, str]) -> dict[str, Tags]:
    """Return tags as the two properties that a state has for them."""
    return {"tags": dict(tags), "tagsAll": dict(tags)}


def removed(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """Return the keys of the tags to take away."""
    return sorted(set(state.get("tags") or {}) - set(inputs.get("tags") or {}))
