"""Tags in the two spellings that AWS services use, and what it takes to get from one set to another."""

from collections.abc import Callable, Iterable, Mapping
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


def update(
    client: Any,
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    spell: Callable[[Mapping[str, str]], object] = as_list,
    **resource: str,
) -> None:
    """Make the tags of a resource those that the program wants, by the operations that most services have for it.

    Args:
        client: Of the resource's service.
        state: The last state.
        inputs: The inputs of the program.
        spell: How the service wants tags.
        resource: The parameter that names the resource, and its value.
    """
    if gone := removed(state, inputs):
        client.untag_resource(**resource, TagKeys=gone)
    if tags := inputs.get("tags"):
        client.tag_resource(**resource, Tags=spell(tags))


def removed(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[str]:
    """Return the keys of the tags to take away."""
    return sorted(set(state.get("tags") or {}) - set(inputs.get("tags") or {}))
