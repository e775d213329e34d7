"""What every resource type of the stand-in has in common: check, diff, and the life of a resource in AWS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from botocore import model
from botocore.exceptions import ClientError
from pulumi.runtime.proto.provider_pb2 import CheckFailure

from omics_sandbox.api_model import operation_of
from omics_sandbox.provider import naming as names
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.errors import IncompleteCreationError, ProviderError, describing
from omics_sandbox.provider.shapes import Object, Shape, Text, TextMap, api_name, derived
from omics_sandbox.provider.values import UNKNOWN, Names, Properties, is_empty, is_mapping


@dataclass(frozen=True)
class Property:
    """An input of a resource type.

    Attributes:
        api: The API's name; the property's own with a capital letter if not given.
        shape: What it may hold; what botocore's model says about the parameter if not given.
        required: The program must give it.
        replaces: A change cannot be made in place: a new resource takes the place of the old.
        computed: AWS or the provider chooses a value where the program gives none.
        default: The value in force where the program gives none and nothing is computed.
        kept: AWS does not tell it, so the state remembers what the program said last.
        attribute: It is one of the `Attributes` of SQS and SNS, which are all text.
        apart: It is set by a call of its own.
    """

    api: str = ""
    shape: Shape | None = None
    required: bool = False
    replaces: bool = False
    computed: bool = False
    default: Any = None
    kept: bool = False
    attribute: bool = False
    apart: bool = False


def name_as(api: str) -> Property:
    """Return the property for a name that the provider chooses where the program gives none."""
    return Property(api, Text(), replaces=True, computed=True)


def plain(*names: str, required: bool = False) -> dict[str, Property]:
    """Return properties of which botocore's model says everything but whether they are required."""
    return dict.fromkeys(names, Property(required=required))


@dataclass(frozen=True)
class Tagging:
    """How a service lists, adds and takes away tags.

    Attributes:
        calls: The three methods of boto3.
        resource: The parameter that names the resource.
        of: The output that is its value; the resource's id if not given.
        tags: The parameter, and key of the answer, that holds tags.
        keys: The parameter that holds keys of tags to take away.
        pairs: Tags are a list of `Key` and `Value`.
    """

    calls: tuple[str, str, str]
    resource: str
    of: str = "arn"
    tags: str = "Tags"
    keys: str = "TagKeys"
    pairs: bool = True

    @property
    def shape(self) -> TextMap:
        """The shape of tags."""
        return TextMap("Key" if self.pairs else "")


_USUAL: Final = ("list_tags_for_resource", "tag_resource", "untag_resource")
_TAGGING: Final = {
    "cloudwatch": Tagging(_USUAL, "ResourceARN"),
    "dynamodb": Tagging(("list_tags_of_resource", "tag_resource", "untag_resource"), "ResourceArn"),
    "events": Tagging(_USUAL, "ResourceARN"),
    "iam": Tagging(("list_role_tags", "tag_role", "untag_role"), "RoleName", ""),
    "lambda": Tagging(("list_tags", "tag_resource", "untag_resource"), "Resource", pairs=False),
    "logs": Tagging(_USUAL, "resourceArn", tags="tags", keys="tagKeys", pairs=False),
    "sns": Tagging(_USUAL, "ResourceArn"),
    "sqs": Tagging(("list_queue_tags", "tag_queue", "untag_queue"), "QueueUrl", "", pairs=False),
}


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


class ResourceType:
    """One Pulumi resource type over the AWS API.

    A subclass is a row of a table: names of calls and properties. It has methods only for what is odd about its type.

    Attributes:
        known: All subclasses with a token, by their tokens.
        token: Pulumi's name of the type.
        service: What boto3 calls the AWS service.
        title: What the real provider calls the type in its messages.
        naming: The rule for names, for types that are named automatically.
        shown_by: The property by which messages call a resource that has no id yet.
        properties: The inputs by their wire names.
        outputs: Wire names of what the state has beside the inputs, and the API's.
        create_call: The method of boto3 that creates. The model of its parameters gives the shapes of properties.
        read_call: The method that reads; `create_call` with the verb `get` if not given.
        delete_call: The method that deletes; `create_call` with the verb `delete` if not given.
        update_call: The method that changes; without one, `create_call` overwrites.
        overwrites: `update_call` wants all properties and not only those that change.
        fixed: Parameters of `create_call` that are always the same.
        answer: The key under which answers hold the resource, if not at the top.
        identity: The parameters that name a resource. Their values, joined by `separator`, are its id.
        separator: See `identity`.
        created: The key of the id in the answer of `create_call`, where AWS chooses the id.
    """

    known: ClassVar[dict[str, type["ResourceType"]]] = {}
    token: ClassVar[str]
    service: ClassVar[str]
    title: ClassVar[str]
    naming: ClassVar[names.Naming | None] = None
    shown_by: ClassVar[str] = "name"
    properties: ClassVar[Mapping[str, Property]]
    outputs: ClassVar[Mapping[str, str]] = {}
    create_call: ClassVar[str]
    read_call: ClassVar[str] = ""
    delete_call: ClassVar[str] = ""
    update_call: ClassVar[str] = ""
    overwrites: ClassVar[bool] = False
    fixed: ClassVar[Mapping[str, Any]] = {}
    answer: ClassVar[str] = ""
    identity: ClassVar[tuple[str, ...]]
    separator: ClassVar[str] = ""
    created: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if "token" in vars(cls):
            cls.known[cls.token] = cls

    def __init__(self, aws: Aws, root: Path) -> None:
        """Args: the clients to use, and the folder that relative paths of assets start from."""
        self.aws = aws
        self.root = root

    @classmethod
    def state_names(cls) -> frozenset[str]:
        """Wire names of everything that a state may have."""
        tags = {"tagsAll"} if "tags" in cls.properties else set[str]()
        return frozenset(cls.properties.keys() | cls.outputs.keys() | tags)

    # What Pulumi asks.

    def check(self, logical_name: str, old_inputs: Properties, news: Properties, seed: bytes = b"") -> Checked:
        """Validate inputs and give the resource a name where the program gives none."""
        inputs = {name: value for name, value in news.items() if not name.startswith("__")}
        failures = [*self._property_failures(inputs)]
        if self.naming is not None:
            failures += self._settle_name(self.naming, logical_name, old_inputs, inputs, seed)
        if not failures:
            failures += [CheckFailure(property=name, reason=reason) for name, reason in self.check_together(inputs)]
        return Checked(inputs, failures)

    def diff(self, old_inputs: Properties, state: Properties, news: Properties) -> Difference:
        """Compare the last inputs, and the state that was last seen, with what the program wants now."""
        changed = frozenset(name for name in self.properties if self._differs(name, old_inputs, state, news))
        return Difference(changed, frozenset(name for name in changed if self.properties[name].replaces))

    def create(self, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource and return its id and state.

        Raises:
            ProviderError: AWS refused; nothing was created.
            IncompleteCreationError: The resource exists, but not all of its properties could be set.
        """
        if "namePrefix" in inputs:
            inputs = {**inputs, "name": names.from_prefix(inputs["namePrefix"])}
        action = f"creating {self.title} ({inputs.get(self.shown_by, '')})"
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

        `known` is the last state, for what AWS does not tell; empty when an existing resource is imported.
        """
        with describing(f"reading {self.title} ({resource_id})"):
            state = self._found(resource_id, known)
        return None if state is None else self._state(known, state)

    def update(self, resource_id: str, state: Properties, inputs: Properties, changed: Names) -> Properties:
        """Change a resource in place and return its new state."""
        with describing(f"updating {self.title} ({resource_id})"):
            if changed - {"tags"}:
                self.update_resource(resource_id, {**state, **inputs}, inputs, changed - {"tags"})
            if "tags" in changed:
                self._set_tags(resource_id, state, inputs)
            now = self._found(resource_id, {**state, **inputs})
        if now is None:
            raise ProviderError(f"updating {self.title} ({resource_id}): couldn't find resource")
        return self._state(inputs, now)

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
                name: self.shape(name).project(value, state.get(name))
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

    # What a resource type with oddities replaces.

    def check_together(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Yield (property, reason) for inputs that are each fine and yet do not go together."""
        del inputs
        return ()

    def name_suffix(self, inputs: Properties) -> str:
        """What AWS wants at the end of a generated name."""
        del inputs
        return ""

    def create_resource(self, inputs: Properties) -> str:
        """Make the one call after which the resource exists, and return its id."""
        answer = self.call(self.create_call, **self.arguments(inputs, inputs), **self.fixed)
        if self.created:
            return answer[self.created]
        values = {self.api(name): inputs.get(name, declared.default) for name, declared in self.properties.items()}
        return self.separator.join(values[parameter] for parameter in self.identity)

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Set what AWS lets one set only after the creation."""
        del resource_id, inputs

    def fetch(self, resource_id: str, known: Properties) -> dict[str, Any] | None:
        """Return the resource as AWS describes it, by the API's names; None, or AWS's error, where there is none."""
        del known
        answer = self.call(self.read_call or self._other("get"), **self.identify(resource_id))
        return dict(answer[self.answer] if self.answer else answer)

    def update_resource(self, resource_id: str, wanted: Properties, inputs: Properties, changed: Names) -> None:
        """Make the AWS calls for the changed properties other than tags.

        `wanted` is the last state with the inputs over it, for names that AWS or the provider chose.
        """
        if not self.update_call:
            named = {name: wanted[name] for name in self.properties if self.api(name) in self.identity}
            everything = {**inputs, **named}
            self.call(self.create_call, **self.arguments(everything, everything.keys() - {"tags"}), **self.fixed)
        elif arguments := self.arguments(inputs, inputs if self.overwrites else changed):
            self.call(self.update_call, **{**arguments, **self.identify(resource_id)})

    def delete_resource(self, resource_id: str, state: Properties) -> None:
        """Delete the resource. AWS's error for one that is gone already counts as done."""
        del state
        self.call(self.delete_call or self._other("delete"), **self.identify(resource_id))

    # What they use for it.

    @property
    def client(self) -> Any:  # one type per service
        """The boto3 client of the service."""
        return self.aws.client(self.service)

    def call(self, method: str, **parameters: Any) -> Any:  # an answer of boto3
        """Call AWS."""
        return getattr(self.client, method)(**parameters)

    def _other(self, verb: str) -> str:
        return f"{verb}_{self.create_call.partition('_')[2]}"

    @classmethod
    def api(cls, name: str) -> str:
        """The API's name of a property."""
        return cls.properties[name].api or api_name(name)

    @classmethod
    def parameters(cls) -> Mapping[str, model.Shape]:
        """What botocore's model says about the parameters from which properties get their shapes."""
        shape = operation_of(cls.service, cls.create_call).input_shape
        return shape.members if shape else {}

    @classmethod
    def shape(cls, name: str) -> Shape:
        """What a property may hold."""
        if name == "tags":
            return _TAGGING[cls.service].shape
        api = cls.api(name)
        return cls.properties[name].shape or derived(api, cls.parameters()[api])

    def identify(self, resource_id: str) -> dict[str, str]:
        """Return the parameters that name a resource."""
        parts = resource_id.split(self.separator, len(self.identity) - 1) if self.separator else [resource_id]
        if len(parts) != len(self.identity) or not all(parts):
            form = self.separator.join(f"<{parameter}>" for parameter in self.identity)
            raise ProviderError(f"unexpected format of ID ({resource_id}), expected {form}")
        return dict(zip(self.identity, parts, strict=True))

    def arguments(self, inputs: Properties, chosen: Iterable[str]) -> dict[str, Any]:
        """Return boto3's arguments for those of the named properties that are not set apart.

        What the inputs do not have gets its default or the empty value of its shape.
        """
        arguments: dict[str, Any] = {}
        attributes: dict[str, str] = {}
        for name in chosen:
            declared = self.properties.get(name)
            if declared is None or declared.apart:
                continue
            shape, value = self.shape(name), inputs.get(name, declared.default)
            if not declared.attribute:
                arguments[self.api(name)] = shape.empty if value is None else shape.to_api(value)
            else:
                text = "" if value is None else str(value)
                attributes[self.api(name)] = text.lower() if isinstance(value, bool) else text
        return {**arguments, "Attributes": attributes} if attributes else arguments

    # Bookkeeping.

    def _found(self, resource_id: str, known: Properties) -> Properties | None:
        try:
            described = self.fetch(resource_id, known)
            if described is None:
                return None
            described = {**self.identify(resource_id), **described}
            state = {name: described[theirs] for name, theirs in self.outputs.items() if described.get(theirs)}
            for name, declared in self.properties.items():
                value = described.get(self.api(name))
                if value is not None and name != "tags":
                    state[name] = self.shape(name).from_api(value)
                elif not is_empty(declared.default):
                    state[name] = declared.default
            if "tags" in self.properties:
                tagging = _TAGGING[self.service]
                resource = {tagging.resource: state.get(tagging.of, resource_id)}
                tags = tagging.shape.from_api(self.call(tagging.calls[0], **resource).get(tagging.tags, {}))
                state |= {"tags": tags, "tagsAll": tags}
        except ClientError as error:
            if _is_gone(error):
                return None
            raise
        return state

    def _set_tags(self, resource_id: str, state: Properties, inputs: Properties) -> None:
        tagging = _TAGGING[self.service]
        resource = {tagging.resource: state.get(tagging.of, resource_id)}
        before: dict[str, str] = state.get("tags") or {}
        tags: dict[str, str] = inputs.get("tags") or {}
        if gone := sorted(before.keys() - tags.keys()):
            self.call(tagging.calls[2], **resource, **{tagging.keys: gone})
        if tags:
            self.call(tagging.calls[1], **resource, **{tagging.tags: tagging.shape.to_api(tags)})

    def _property_failures(self, inputs: Properties) -> Iterable[CheckFailure]:
        for name, declared in self.properties.items():
            if declared.required and name not in inputs:
                yield CheckFailure(property=name, reason=f"Missing required property '{name}'")
        for name, value in inputs.items():
            if name not in self.properties:
                known = ", ".join(sorted(self.properties))
                reason = f"the stand-in for the AWS provider has no property {name!r} on {self.token}; it knows {known}"
                yield CheckFailure(property=name, reason=reason)
            else:
                for reason in self.shape(name).problems(value, name):
                    yield CheckFailure(property=name, reason=reason)

    def _settle_name(
        self, rule: names.Naming, logical_name: str, old_inputs: Properties, inputs: Properties, seed: bytes
    ) -> Iterable[CheckFailure]:
        name = inputs.get("name")
        if "namePrefix" in inputs:
            if name is not None:
                yield CheckFailure(property="namePrefix", reason='"namePrefix": conflicts with name')
            return
        if name is None:
            try:
                name = names.inherited(old_inputs) or rule.automatic(logical_name, seed, self.name_suffix(inputs))
            except ProviderError as error:
                yield CheckFailure(property="name", reason=str(error))
                return
            inputs["name"] = name
            inputs["__defaults"] = ["name"]
        if isinstance(name, str) and name != UNKNOWN and (problem := rule.problem(name)):
            yield CheckFailure(property="name", reason=problem)

    def _differs(self, name: str, old_inputs: Properties, state: Properties, news: Properties) -> bool:
        declared, shape = self.properties[name], self.shape(name)
        if name not in news:
            return not declared.computed and not shape.same(declared.default, state.get(name))
        wanted = news[name]
        if wanted == UNKNOWN or not shape.same(wanted, state.get(name)):
            return True
        return isinstance(shape, Object) and _has_removed_keys(old_inputs.get(name), wanted)

    def _state(self, known: Properties, found: Properties) -> Properties:
        """Everything that AWS tells, and of the rest what the program said or its default."""
        state = dict(found)
        for name, declared in self.properties.items():
            value = known.get(name, declared.default)
            if (declared.kept or not found) and name not in state and value is not None:
                state[name] = value
        return state


def _is_gone(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _GONE


def _has_removed_keys(old: object, new: object) -> bool:
    if not is_mapping(old) or not is_mapping(new):
        return False
    return any(key not in new or _has_removed_keys(value, new[key]) for key, value in old.items())
