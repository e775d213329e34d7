"""The shapes that property values may have: what is accepted, how AWS spells it, and when two values mean the same."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore import model
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
    """What a property may hold.

    Attributes:
        empty: What AWS takes for a value that the program no longer sets.
    """

    empty: ClassVar[Any] = ""

    def problems(self, value: object, path: str) -> Iterator[str]:
        """Yield a sentence for everything that is wrong with a value."""
        if value != UNKNOWN:
            yield from self._problems(value, path)

    @abstractmethod
    def _problems(self, value: object, path: str) -> Iterator[str]: ...

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
class FunctionName(Text):
    """A function by its name or its ARN, which mean the same."""

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
        return str(desired).rsplit(":", 1)[-1] == str(actual).rsplit(":", 1)[-1]


@dataclass(frozen=True)
class Number(Shape):
    """A number within limits, both of them included, or one of a list."""

    minimum: int | None = None
    maximum: int | None = None
    one_of: tuple[int, ...] = ()
    whole: bool = True

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        kinds = int if self.whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            yield f'expected "{path}" to be a {"whole " if self.whole else ""}number, got {value!r}'
        elif self.one_of and value not in self.one_of:
            yield f'expected "{path}" to be one of {list(self.one_of)}, got {value}'
        elif self.minimum is not None and value < self.minimum:
            yield f'expected "{path}" to be at least {self.minimum}, got {value}'
        elif self.maximum is not None and value > self.maximum:
            yield f'expected "{path}" to be at most {self.maximum}, got {value}'

    @override
    def from_api(self, value: Any) -> Any:  # SQS writes numbers as text
        return int(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Boolean(Shape):
    """True or false."""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not isinstance(value, bool):
            yield f'expected "{path}" to be a boolean, got {value!r}'

    @override
    def from_api(self, value: Any) -> Any:  # SQS writes booleans as text
        return value.lower() == "true" if isinstance(value, str) else value


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

    @override
    def from_api(self, value: Any) -> Any:  # botocore reads the documents of some services
        return value if isinstance(value, str) else json.dumps(value)


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
    """Free keys with strings as values. The API wants a map, or a list of pairs with a name for the key."""

    empty: ClassVar[Any] = {}
    key: str = ""

    @override
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_mapping(value):
            yield f'expected "{path}" to be a map of strings, got {value!r}'
            return
        for key, item in value.items():
            if item != UNKNOWN and not isinstance(item, str):
                yield f'expected "{path}.{key}" to be a string, got {item!r}'

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
    def _problems(self, value: object, path: str) -> Iterator[str]:
        if not is_list(value):
            yield f'expected "{path}" to be a list, got {value!r}'
            return
        for index, item in enumerate(value):
            yield from self.item.problems(item, f"{path}[{index}]")

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
        required: Pulumi's names of those that must be given.
    """

    empty: ClassVar[Any] = {}
    fields: Mapping[str, tuple[str, Shape]]
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
                yield from self.fields[name][1].problems(item, f"{path}.{name}")

    @override
    def same(self, desired: Any, actual: Any) -> bool:  # JSON-like values
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


def derived(name: str, shape: model.Shape) -> Shape:
    """Return what botocore's model says about a parameter."""
    limits = shape.metadata
    if isinstance(shape, model.StructureShape):
        fields = {pulumi_name(each): (each, derived(each, member)) for each, member in shape.members.items()}
        return Object(fields, frozenset(map(pulumi_name, shape.required_members)))
    if isinstance(shape, model.ListShape):
        member = shape.member
        pair = set(member.members) if isinstance(member, model.StructureShape) else set[str]()
        return TextMap((pair - {"Value"}).pop()) if len(pair) == 2 and "Value" in pair else ListOf(derived("", member))
    if isinstance(shape, model.MapShape):
        return TextMap()
    if isinstance(shape, model.StringShape):
        pattern = str(limits.get("pattern", ""))
        return Arn() if name.endswith("Arn") else Text(one_of=tuple(shape.enum), pattern=pattern)
    if shape.type_name == "boolean":
        return Boolean()
    return Number(limits.get("min"), limits.get("max"), whole=shape.type_name != "double")


def api_name(name: str) -> str:
    """Spell Pulumi's name of a property (`roleArn`) as most APIs do (`RoleArn`)."""
    return name[:1].upper() + name[1:]


def pulumi_name(name: str) -> str:
    """Spell the API's name of a parameter (`RoleArn`) as Pulumi does (`roleArn`)."""
    return name[:1].lower() + name[1:]


def _sort_key(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
