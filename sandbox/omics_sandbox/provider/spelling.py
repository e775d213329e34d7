"""Names of properties in the two spellings: Pulumi's `roleArn`, and `RoleArn` of most AWS APIs."""

from typing import Any

from omics_sandbox.provider.values import is_mapping


def capitalised(name: str) -> str:
    """Spell a name as the API does."""
    return name[0].upper() + name[1:]


def to_api(value: Any) -> Any:  # JSON-like values
    """Spell the keys of an object as the API does, at every depth."""
    if not is_mapping(value):
        return value
    return {capitalised(name): to_api(item) for name, item in value.items()}


def from_api(value: Any) -> Any:  # JSON-like values
    """Spell the keys of an object as Pulumi does, at every depth."""
    if not is_mapping(value):
        return value
    return {name[0].lower() + name[1:]: from_api(item) for name, item in value.items()}
