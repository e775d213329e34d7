"""What every resource type of the stand-in has in common: check, diff, and the life of a resource in AWS."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from omics_sandbox.provider import naming as names
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.errors import CheckFailure, IncompleteCreationError, ProviderError, describing
from omics_sandbox.provider.shapes import Object, Shape, Text, TextMap
from omics_sandbox.provider.values import UNKNOWN, Names, Properties, is_empty, is_mapping


@dataclass(frozen=True)
class Property:
    """An input of a resource type.

    Attributes:
        shape: What it may hold.
        required: The program must give it.
        replaces: A change cannot be made in place: a new resource takes the place of the old.
        computed: AWS or the provider chooses a value where the program gives none.
        default: The value in force where the program gives none and nothing is computed.
        kept: AWS does not tell it, so the state remembers what the program said last.
    """

    shape: Shape
    required: bool = False
    replaces: bool = False
    computed: bool = False
    default: Any = None
    kept: bool = False


@dataclass(frozen=True)
class Checked:
    """Inputs as the provider will use them, with what is wrong with them."""

    inputs: Properties
    failures: list[CheckFailure]


@dataclass(frozen=True)
class Difference:
    """What a change of inputs means for a resource: the properties that change, and those that replace it."""

    changed: frozenset[str]
    replacing: frozenset[str]


_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "DashboardNotFoundError",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
    }
)
"""The codes with which AWS's services say that a resource does not exist."""

NAME = Property(Text(), replaces=True, computed=True)
NAME_PREFIX = Property(Text(), replaces=True, kept=True)
REGION = Property(Text(), replaces=True, computed=True)
TAGS = Property(TextMap())


class ResourceType(ABC):
    """One Pulumi resource type over the AWS API.

    Subclasses declare their properties and make the AWS calls; names, validation, comparison, error messages
    and the bookkeeping of the state are here.

    Attributes:
        token: Pulumi's name of the type.
        title: What the real provider calls it in its messages.
        properties: The inputs by their wire names.
        outputs: Wire names of what the state has beside the inputs.
        service: What boto3 calls the AWS service.
        naming: The rule for names, for types that are named automatically.
        shown_by: The property by which messages call a resource that has no id yet.
    """

    token: ClassVar[str]
    service: ClassVar[str]
    title: ClassVar[str]
    properties: ClassVar[Mapping[str, Property]]
    outputs: ClassVar[frozenset[str]] = frozenset()
    naming: ClassVar[names.Naming | None] = None
    shown_by: ClassVar[str] = "name"

    def __init__(self, aws: Aws, root: Path) -> None:
        """Args: the clients to use, and the folder that relative paths of assets start from."""
        self.aws = aws
        self.root = root

    # What Pulumi asks.

    def check(self, logical_name: str, old_inputs: Properties, news: Properties, seed: bytes = b"") -> Checked:
        """Validate inputs and give the resource a name where the program gives none.

        Args:
            logical_name: The name of the resource in the program.
            old_inputs: The inputs of the last deployment; empty for a new resource.
            news: The inputs of the program.
            seed: Pulumi's seed for generated names.
        """
        inputs = {name: value for name, value in news.items() if not name.startswith("__")}
        failures = [*self._property_failures(inputs)]
        if self.naming is not None:
            failures += self._settle_name(self.naming, logical_name, old_inputs, inputs, seed)
        if not failures:
            failures += [CheckFailure(name, reason) for name, reason in self.check_together(inputs)]
        return Checked(inputs, failures)

    def diff(self, old_inputs: Properties, state: Properties, news: Properties) -> Difference:
        """Compare what is there with what the program wants.

        Args:
            old_inputs: The inputs of the last deployment.
            state: The properties of the resource as last created, updated or read.
            news: Checked inputs of the program.
        """
        changed = frozenset(
            name for name, declared in self.properties.items() if self._differs(name, declared, old_inputs, state, news)
        )
        return Difference(changed, frozenset(name for name in changed if self.properties[name].replaces))

    def create(self, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource and return its id and state.

        Raises:
            ProviderError: AWS refused; nothing was created.
            IncompleteCreationError: The resource exists, but not all of its properties could be set.
        """
        inputs = self._with_name_from_prefix(inputs)
        action = f"creating {self.title} ({self.display_name(inputs)})"
        with describing(action):
            resource_id = self.create_resource(inputs)
        try:
            with describing(action):
                self.complete(resource_id, inputs)
                state = self._found(resource_id, inputs) or {}
        except ProviderError as error:
            raise IncompleteCreationError(str(error), resource_id, self._state(inputs, {}), inputs) from error
        return resource_id, self._state(inputs, state)

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """Return the state of a resource as AWS has it now, or None when it is gone.

        Args:
            resource_id: The id of the resource.
            known: The last state, for what AWS does not tell. Empty when an existing resource is imported.
        """
        with describing(f"reading {self.title} ({resource_id})"):
            state = self._found(resource_id, known)
        return None if state is None else self._state(known, state)

    def update(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> Properties:
        """Change a resource in place and return its new state.

        Args:
            resource_id: The id of the resource.
            state: The last state.
            inputs: Checked inputs of the program.
            changed: Names of the properties that differ.
        """
        with describing(f"updating {self.title} ({resource_id})"):
            self.update_resource(resource_id, state, inputs, changed)
            now = self._found(resource_id, {**state, **inputs})
        if now is None:
            raise ProviderError(f"updating {self.title} ({resource_id}): couldn't find resource")
        kept = {name: value for name, value in state.items() if name not in self.properties}
        return self._state({**kept, **inputs}, now)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete a resource. One that is gone already is no error."""
        with describing(f"deleting {self.title} ({resource_id})"):
            try:
                self.delete_resource(resource_id, state)
            except ClientError as error:
                if not _is_gone(error):
                    raise

    def inputs_of(self, state: Properties, old_inputs: Properties) -> Properties:
        """Express a state as inputs: those that the program gave before or, on import, all that are not default."""
        if old_inputs:
            inputs = {
                name: self.properties[name].shape.project(value, state.get(name))
                for name, value in old_inputs.items()
                if name in self.properties and not is_empty(state.get(name))
            }
            defaults = {"__defaults": old_inputs["__defaults"]} if "__defaults" in old_inputs else {}
            return {**inputs, **defaults}
        return {
            name: state[name]
            for name, declared in self.properties.items()
            if not is_empty(state.get(name)) and state[name] != declared.default
        }

    # What a resource type says about itself.

    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Yield (property, reason) for inputs that are each fine and yet do not go together."""
        del inputs
        return ()

    def name_suffix(self, inputs: Properties) -> str:
        """What AWS wants at the end of a generated name."""
        del inputs
        return ""

    def display_name(self, inputs: Properties) -> str:
        """How messages call a resource that has no id yet."""
        return str(inputs.get(self.shown_by, ""))

    @abstractmethod
    def create_resource(self, inputs: Properties) -> str:
        """Make the one call after which the resource exists, and return its id."""

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Set what AWS lets one set only after the creation."""
        del resource_id, inputs

    @abstractmethod
    def read_resource(self, resource_id: str, known: Properties) -> Properties | None:
        """Return inputs and outputs as AWS has them; None, or AWS's error for it, where there is none."""

    @abstractmethod
    def update_resource(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> None:
        """Make the AWS calls for the changed properties."""

    @abstractmethod
    def delete_resource(self, resource_id: str, state: Properties) -> None:
        """Delete the resource. AWS's error for one that is gone already counts as done."""

    def client(self, properties: Properties | None = None) -> Any:
        """Return the boto3 client of the service, in the region of a resource."""
        return self.aws.client(self.service, (properties or {}).get("region"))

    # Bookkeeping.

    def _found(self, resource_id: str, known: Properties) -> Properties | None:
        try:
            return self.read_resource(resource_id, known)
        except ClientError as error:
            if _is_gone(error):
                return None
            raise

    def _property_failures(self, inputs: Properties) -> Iterable[CheckFailure]:
        for name, declared in self.properties.items():
            if declared.required and name not in inputs:
                yield CheckFailure(name, f"Missing required property '{name}'")
        for name, value in inputs.items():
            if name not in self.properties:
                known = ", ".join(sorted(self.properties))
                reason = f"the stand-in for the AWS provider has no property {name!r} on {self.token}; it knows {known}"
                yield CheckFailure(name, reason)
            else:
                for reason in self.properties[name].shape.problems(value, name):
                    yield CheckFailure(name, reason)

    def _settle_name(
        self, rule: names.Naming, logical_name: str, old_inputs: Properties, inputs: Properties, seed: bytes
    ) -> Iterable[CheckFailure]:
        name = inputs.get("name")
        if "namePrefix" in inputs:
            if name is not None:
                yield CheckFailure("namePrefix", '"namePrefix": conflicts with name')
            return
        if name is None:
            try:
                name = names.inherited(old_inputs) or rule.automatic(logical_name, seed, self.name_suffix(inputs))
            except ProviderError as error:
                yield CheckFailure("name", str(error))
                return
            inputs["name"] = name
            inputs["__defaults"] = ["name"]
        if isinstance(name, str) and (problem := rule.problem(name)):
            yield CheckFailure("name", problem)

    def _with_name_from_prefix(self, inputs: Properties) -> Properties:
        if "namePrefix" not in inputs:
            return inputs
        name = names.from_prefix(inputs["namePrefix"], self.name_suffix(inputs))
        return {**inputs, "name": name}

    def _differs(
        self, name: str, declared: Property, old_inputs: Properties, state: Properties, news: Properties
    ) -> bool:
        if name not in news:
            return not declared.computed and not declared.shape.same(declared.default, state.get(name))
        wanted = news[name]
        if wanted is UNKNOWN or not declared.shape.same(wanted, state.get(name)):
            return True
        return isinstance(declared.shape, Object) and _has_removed_keys(old_inputs.get(name), wanted)

    def _state(self, known: Properties, found: Properties) -> Properties:
        """Everything that AWS tells, and of the rest what the program said or its default."""
        state = {name: value for name, value in found.items() if value is not None}
        for name, declared in self.properties.items():
            value = known.get(name, declared.default)
            if (declared.kept or not found) and name not in state and value is not None:
                state[name] = value
        if "region" in self.properties:
            state.setdefault("region", known.get("region") or self.aws.region)
        return state


def _is_gone(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _GONE


def _has_removed_keys(old: object, new: object) -> bool:
    if not is_mapping(old) or not is_mapping(new):
        return False
    return any(key not in new or _has_removed_keys(value, new[key]) for key, value in old.items())
