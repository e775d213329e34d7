"""The shapes that property values may have: what is accepted, and when two values mean the same."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from omics_sandbox.provider.values import (
    ARCHIVE_SIGNATURE,
    SIGNATURE_KEY,
    UNKNOWN,
    holds_unknown,
    is_empty,
    is_list,
    is_mapping,
)


class Shape(ABC):
    """What a property may hold."""

    def problems(self, value: object, path: str) -> Iterator[str]:
        """Yield a sentence for everything that is wrong with a value.

        Args:
            value: The value; one that is not known yet is accepted.
            path: Where the value stands, for the message, such as `environment.variables`.
        """
        if value is not UNKNOWN:
            yield from self._problems(value, path)

    @abstractmethod
    def _problems(self, value: object, path: str) -> Iterator[str]: ...

    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        """Tell whether the actual value is what the program desires, whatever their spelling."""
        return desired == actual or (is_empty(desired) and is_empty(actual))

    def project(self, previous: Any, actual: Any) -> Any:  # JSON-like values
        """Express an actual value in the way the program wrote it before, if it still means the same."""
        return previous if self.same(previous, actual) else actual


@dataclass(frozen=True)
class Text(Shape):
    """A string, of limited choice or form where one is given."""

    one_of: tuple[str, ...] = ()
    pattern: str = ""
    described: str = ""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f'expected "{path}" to be a string, got {value!r}'
        elif self.one_of and value not in self.one_of:
            yield f'expected "{path}" to be one of {json.dumps(self.one_of)}, got {value}'
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield f'invalid value for "{path}": {value!r} ({self.described or self.pattern})'


@dataclass(frozen=True)
class Arn(Shape):
    """An Amazon resource name."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+", value):
            yield f'"{path}" ({value}) is an invalid ARN: arn: invalid prefix or too few sections'


@dataclass(frozen=True)
class Integer(Shape):
    """A whole number within limits, both of them included, or one of a list."""

    minimum: int | None = None
    maximum: int | None = None
    one_of: tuple[int, ...] = ()

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f'expected "{path}" to be a whole number, got {value!r}'
        elif self.one_of and value not in self.one_of:
            yield f'expected "{path}" to be one of {list(self.one_of)}, got {value}'
        elif self.minimum is not None and value < self.minimum:
            yield f'expected "{path}" to be at least {self.minimum}, got {value}'
        elif self.maximum is not None and value > self.maximum:
            yield f'expected "{path}" to be at most {self.maximum}, got {value}'


@dataclass(frozen=True)
class Number(Shape):
    """A number, whole or not."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            yield f'expected "{path}" to be a number, got {value!r}'


@dataclass(frozen=True)
class Boolean(Shape):
    """True or false."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, bool):
            yield f'expected "{path}" to be a boolean, got {value!r}'


@dataclass(frozen=True)
class JsonText(Shape):
    """A string that holds a JSON object; two of them are the same if they say the same."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f'expected "{path}" to be a string of JSON, got {value!r}'
            return
        try:
            document: object = json.loads(value)
        except ValueError as error:
            yield f'"{path}" contains an invalid JSON: {error}'
            return
        if not is_mapping(document):
            yield f'"{path}" contains an invalid JSON: an object is expected'
            return
        yield from self._document_problems(document, path)

    def _document_problems(self, document: Mapping[str, Any], path: str) -> Iterator[str]:
        del document, path
        yield from ()

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        if isinstance(desired, str) and isinstance(actual, str) and desired and actual:
            return self._canonical(json.loads(desired)) == self._canonical(json.loads(actual))
        return super().same(desired, actual)

    def _canonical(self, document: Any) -> Any:  # JSON-like values
        return document


@dataclass(frozen=True)
class PolicyDocument(JsonText):
    """An IAM policy document, in which a list of one and its only element mean the same."""

    @override
    def _document_problems(self, document: Mapping[str, Any], path: str) -> Iterator[str]:
        statements = document.get("Statement")
        if not statements:
            yield f'"{path}" contains an invalid JSON policy: no Statement'
            return
        for statement in statements if is_list(statements) else [statements]:
            if not is_mapping(statement) or statement.get("Effect") not in {"Allow", "Deny"}:
                yield f'"{path}" contains an invalid JSON policy: a statement without Effect Allow or Deny'
            elif not {"Action", "NotAction"} & statement.keys():
                yield f'"{path}" contains an invalid JSON policy: a statement without Action'

    @override
    def _canonical(self, document: Any) -> Any:  # JSON-like values
        if is_mapping(document):
            return {key: self._canonical(value) for key, value in document.items()}
        if is_list(document):
            items = sorted((self._canonical(item) for item in document), key=_sort_key)
            return items[0] if len(items) == 1 else items
        return document


@dataclass(frozen=True)
class TextMap(Shape):
    """Free keys with strings as values, such as tags."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_mapping(value):
            yield f'expected "{path}" to be a map of strings, got {value!r}'
            return
        for key, item in value.items():
            if item is not UNKNOWN and not isinstance(item, str):
                yield f'expected "{path}.{key}" to be a string, got {item!r}'


@dataclass(frozen=True)
class ListOf(Shape):
    """A list in which the order counts."""

    item: Shape

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_list(value):
            yield f'expected "{path}" to be a list, got {value!r}'
            return
        for index, item in enumerate(value):
            yield from self.item.problems(item, f"{path}[{index}]")

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        wanted, found = self._ordered(desired or []), self._ordered(actual or [])
        return len(wanted) == len(found) and all(map(self.item.same, wanted, found))

    def _ordered(self, items: list[Any]) -> list[Any]:
        return items


@dataclass(frozen=True)
class SetOf(ListOf):
    """A list in which the order does not count."""

    @override
    def _ordered(self, items: list[Any]) -> list[Any]:
        return sorted(items, key=_sort_key)


@dataclass(frozen=True)
class Object(Shape):
    """An object with named fields. What the program does not set is left to AWS."""

    fields: Mapping[str, Shape]
    required: frozenset[str] = field(default_factory=frozenset[str])

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_mapping(value):
            yield f'expected "{path}" to be an object, got {value!r}'
            return
        for name in sorted(self.required - value.keys()):
            yield f'missing required property "{path}.{name}"'
        for name, item in value.items():
            if name not in self.fields:
                yield f'"{path}.{name}" is not supported; known: {", ".join(sorted(self.fields))}'
            else:
                yield from self.fields[name].problems(item, f"{path}.{name}")

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        wanted: Mapping[str, Any] = desired or {}
        found: Mapping[str, Any] = actual or {}
        return all(self.fields[name].same(value, found.get(name)) for name, value in wanted.items())

    @override
    def project(self, previous: Any, actual: Any) -> Any:  # JSON-like values
        if not is_mapping(previous) or not is_mapping(actual):
            return actual
        return {
            name: self.fields[name].project(value, actual[name]) for name, value in previous.items() if name in actual
        }


@dataclass(frozen=True)
class Archive(Shape):
    """A Pulumi archive in its wire form. The engine gives each one a hash of its contents."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_mapping(value) or value.get(SIGNATURE_KEY) != ARCHIVE_SIGNATURE:
            yield f'expected "{path}" to be an archive, got {value!r}'
        elif "uri" in value:
            yield f'"{path}" is a remote archive, which is not supported: give a local file or folder'

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        if holds_unknown(desired) or not is_mapping(desired) or not is_mapping(actual):
            return False
        return "hash" in desired and desired["hash"] == actual.get("hash")


def _sort_key(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
