"""The shapes that property values may have: how AWS spells a value, and when two values mean the same."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore import model
from typing_extensions import override

from omics_sandbox.provider.values import is_empty, is_list, is_mapping


class Shape:
    """What a property may hold: this one a text, a number or a boolean.

    Attributes:
        empty: What AWS takes for a value that the program no longer sets.
    """

    empty: ClassVar[Any] = ""

    def unknown(self, value: object, path: str) -> Iterator[str]:
        """Yield a sentence for every field in a value that the stand-in does not know."""
        del value, path
        yield from ()

    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        """Tell whether the actual value is what the program desires, whatever their spelling."""
        return desired == actual or (is_empty(desired) and is_empty(actual))

    def project(self, previous: Any, actual: Any) -> Any:  # JSON-like values
        """Express an actual value in the way the program wrote it before, if it still means the same."""
        return previous if self.same(previous, actual) else actual

    def to_api(self, value: Any) -> Any:  # JSON-like values
        """Spell a value as the API wants it."""
        return value

    def from_api(self, value: Any) -> Any:  # JSON-like values
        """Spell a value of the API as Pulumi does."""
        return value


class FunctionName(Shape):
    """A function by its name or its ARN, which mean the same."""

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        return str(desired).rsplit(":", 1)[-1] == str(actual).rsplit(":", 1)[-1]


class JsonText(Shape):
    """A string that holds a JSON object; two of them are the same if they say the same."""

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        try:
            return self._canonical(json.loads(desired)) == self._canonical(json.loads(actual))
        except (TypeError, ValueError):  # not set, or not known yet
            return super().same(desired, actual)

    def _canonical(self, document: Any) -> Any:  # JSON-like values
        return document

    @override
    def from_api(self, value: Any) -> Any:  # botocore reads the documents of some services
        return value if isinstance(value, str) else json.dumps(value)


class PolicyDocument(JsonText):
    """An IAM policy document, in which a list of one and its only element mean the same."""

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
    """Free keys with strings as values. The API wants a map, or a list of pairs with a name for the key."""

    empty: ClassVar[Any] = {}
    key: str = ""

    @override
    def to_api(self, value: Any) -> Any:  # JSON-like values
        return [{self.key: key, "Value": item} for key, item in sorted(value.items())] if self.key else value

    @override
    def from_api(self, value: Any) -> Any:  # JSON-like values
        return {pair[self.key]: pair["Value"] for pair in value} if self.key else value


@dataclass(frozen=True)
class ListOf(Shape):
    """A list in which the order does not count."""

    empty: ClassVar[Any] = []
    item: Shape

    @override
    def unknown(self, value: object, path: str) -> Iterator[str]:
        for index, item in enumerate(value if is_list(value) else ()):
            yield from self.item.unknown(item, f"{path}[{index}]")

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        wanted, found = (sorted(items or [], key=_sort_key) for items in (desired, actual))
        return len(wanted) == len(found) and all(map(self.item.same, wanted, found))

    @override
    def to_api(self, value: Any) -> Any:  # JSON-like values
        return [self.item.to_api(item) for item in value]

    @override
    def from_api(self, value: Any) -> Any:  # JSON-like values
        return [self.item.from_api(item) for item in value]


@dataclass(frozen=True)
class Object(Shape):
    """An object with named fields. What the program does not set is left to AWS.

    Attributes:
        fields: By Pulumi's names, the API's name and the shape of each.
    """

    empty: ClassVar[Any] = {}
    fields: Mapping[str, tuple[str, Shape]]

    @override
    def unknown(self, value: object, path: str) -> Iterator[str]:
        if not is_mapping(value):
            return
        for name, item in value.items():
            if name not in self.fields:
                yield f'"{path}.{name}" is not supported; known: {", ".join(sorted(self.fields))}'
            else:
                yield from self.fields[name][1].unknown(item, f"{path}.{name}")

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        if not is_mapping(desired or {}):  # not known yet
            return False
        wanted: Mapping[str, Any] = desired or {}
        found: Mapping[str, Any] = actual or {}
        return all(self.fields[name][1].same(value, found.get(name)) for name, value in wanted.items())

    @override
    def project(self, previous: Any, actual: Any) -> Any:  # JSON-like values
        if not is_mapping(previous) or not is_mapping(actual):
            return actual
        there = previous.keys() & actual.keys()
        return {name: self.fields[name][1].project(previous[name], actual[name]) for name in sorted(there)}

    @override
    def to_api(self, value: Any) -> Any:  # JSON-like values
        return {self.fields[name][0]: self.fields[name][1].to_api(item) for name, item in value.items()}

    @override
    def from_api(self, value: Any) -> Any:  # JSON-like values
        fields = self.fields.items()
        return {
            name: shape.from_api(value[theirs]) for name, (theirs, shape) in fields if value.get(theirs) is not None
        }


class Archive(Shape):
    """A Pulumi archive in its wire form. The engine gives each one a hash of its contents."""

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        hashes = [value.get("hash") for value in (desired, actual) if is_mapping(value)]
        return len(hashes) == 2 and hashes[0] is not None and hashes[0] == hashes[1]


def derived(shape: model.Shape) -> Shape:
    """Return what botocore's model says about a parameter."""
    if isinstance(shape, model.StructureShape):
        return Object({pulumi_name(each): (each, derived(member)) for each, member in shape.members.items()})
    if isinstance(shape, model.ListShape):
        member = shape.member
        pair = set(member.members) if isinstance(member, model.StructureShape) else set[str]()
        return TextMap((pair - {"Value"}).pop()) if len(pair) == 2 and "Value" in pair else ListOf(derived(member))
    return TextMap() if isinstance(shape, model.MapShape) else Shape()


def api_name(name: str) -> str:
    """Spell Pulumi's name of a property (`roleArn`) as most APIs do (`RoleArn`)."""
    return name[:1].upper() + name[1:]


def pulumi_name(name: str) -> str:
    """Spell the API's name of a parameter (`RoleArn`) as Pulumi does (`roleArn`)."""
    return name[:1].lower() + name[1:]


def _sort_key(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
