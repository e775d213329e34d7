"""A Pulumi resource monitor that really creates what a program registers, in the process of the caller.

It takes the messages of the engine's gRPC protocol, so that Pulumi's own Python runtime runs against it unchanged,
but without the wire, on which a deployment spent a third of its time.
Where the engine plans against a state, this monitor only ever creates: every deployment starts from nothing.
"""

# ruff: noqa: N802 - methods have the names of the protocol's

import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2
from pulumi.runtime.proto.provider_pb2 import CheckFailure

from omics_sandbox.provider import invokes
from omics_sandbox.provider.aws import Aws, check_settings
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.errors import IncompleteCreationError, ProviderError
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import Properties, decode, encode

InvokeResponse: Any = getattr(resource_pb2, "ResourceInvokeResponse", provider_pb2.InvokeResponse)
"""What a lookup is answered with: in Pulumi's older SDKs, as by a provider."""

_STACK_TYPE: Final = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX: Final = "pulumi:providers:"
# What matters only to later updates (aliases, deleted-with) is accepted and has nothing to do here.
_FEATURES: Final = {
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
}
_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeployedResource:
    """A resource as it was created. One to `retain` stays when the deployment is destroyed."""

    urn: str
    implementation: ResourceType
    resource_id: str
    state: Properties
    retain: bool = False


@dataclass
class Deployment:
    """A program that has been deployed.

    Attributes:
        outputs: The outputs of the stack, by name, as `pulumi stack output --json` gives them.
        resources: What is deployed now, in the order of creation.
        errors: What the program has logged as errors.
    """

    outputs: Properties = field(default_factory=dict[str, Any])
    resources: list[DeployedResource] = field(default_factory=list[DeployedResource])
    errors: list[str] = field(default_factory=list[str])

    def destroy(self) -> None:
        """Delete the resources, those that depend on others first. What is to be retained stays in AWS.

        Raises:
            ProviderError: AWS refused to delete one. What was not deleted can be destroyed by another call.
        """
        # A resource is created after all that it depends on, so the reverse of that order is safe.
        while self.resources:
            resource = self.resources[-1]
            if not resource.retain:
                resource.implementation.delete(resource.resource_id, resource.state)
            self.resources.pop()


class Monitor:
    """The resource monitor of one deployment."""

    def __init__(self, aws: Aws, project: str, stack: str, root: Path, deployment: Deployment) -> None:
        self._aws = aws
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._root = root
        self._deployment = deployment
        self._providers: dict[str, Aws] = {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def GetDeploymentInfo(self, _: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:
        """Tell the runtime which parts of the protocol it may use."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES.values())

    def SupportsFeature(self, request: resource_pb2.SupportsFeatureRequest) -> resource_pb2.SupportsFeatureResponse:
        """Tell an older runtime the same, part by part."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Create what the program registers, or take it under management by its import id."""
        if request.remote:
            raise ProviderError(f"components of other packages are not supported without the engine: {request.type}")
        urn = self._urn(request.parent, request.type, request.name)
        with self._lock:
            if urn in self._urns:
                raise ProviderError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
            self._urns.add(urn)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        inputs = decode(request.object)
        if request.type.startswith(_PROVIDER_PREFIX):
            return self._register_provider(urn, request, inputs)
        resource = self._create(urn, request, inputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=resource.resource_id, object=encode(resource.state))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:
        """Answer a lookup."""
        found = invokes.invoke(self._provider(request.provider), request.tok, decode(request.args))
        # `return` is a word of Python's own, so it cannot be written as a keyword argument.
        answer: dict[str, Any] = {"return": encode(found)}
        return InvokeResponse(**answer)

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:
        """Keep the outputs of the stack; those of components are of no use to anybody here."""
        if f"::{_STACK_TYPE}::" in request.urn:
            self._deployment.outputs.update(decode(request.outputs))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _: empty_pb2.Empty) -> empty_pb2.Empty:
        """Let the program go: nothing is left to do once it has finished."""
        return empty_pb2.Empty()

    def _register_provider(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: Properties
    ) -> resource_pb2.RegisterResourceResponse:
        if request.type != f"{_PROVIDER_PREFIX}aws":
            raise ProviderError(f"the local AWS has no provider {request.type.removeprefix(_PROVIDER_PREFIX)}")
        _refuse(urn, check_settings(inputs))
        provider_id = str(uuid.uuid4())
        self._providers[f"{urn}::{provider_id}"] = self._aws.with_settings(inputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=provider_id, object=request.object)

    def _create(self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: Properties) -> DeployedResource:
        implementation = resource_type(request.type)(self._provider(request.provider), self._root)
        checked = implementation.check(request.name, {}, inputs)
        _refuse(urn, checked.failures)

        def record(resource_id: str, state: Properties) -> DeployedResource:
            resource = DeployedResource(urn, implementation, resource_id, state, request.retainOnDelete)
            with self._lock:
                self._deployment.resources.append(resource)
            return resource

        if request.importId:
            found = implementation.read(request.importId, {})
            if found is None:
                raise ProviderError(f"resource '{request.importId}' of type {request.type} does not exist")
            return record(request.importId, found)
        try:
            return record(*implementation.create(checked.inputs))
        except IncompleteCreationError as error:
            record(error.resource_id, error.state)
            raise

    def _provider(self, reference: str) -> Aws:
        return self._providers[reference] if reference else self._aws

    def _urn(self, parent: str, token: str, name: str) -> str:
        # As in the engine, the types of all component parents are part of the URN, but not that of the stack.
        parents = parent.split("::")[2] if parent and f"::{_STACK_TYPE}::" not in parent else ""
        return f"{self._prefix}{parents}{'$' if parents else ''}{token}::{name}"


class Diagnostics:
    """The part of the engine that takes log messages, as the runtime calls it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        """Pass a message on to Python's logging."""
        level = logging.getLevelNamesMapping()[engine_pb2.LogSeverity.Name(request.severity)]
        _LOGGER.log(level, request.message)
        if request.severity == engine_pb2.ERROR:
            self._deployment.errors.append(request.message)
        return empty_pb2.Empty()


def _refuse(urn: str, failures: Sequence[CheckFailure]) -> None:
    if failures:
        token, name = urn.split("::")[-2:]
        reasons = "; ".join(failure.reason for failure in failures)
        raise ProviderError(f"{token.rsplit('$', 1)[-1]} resource '{name}' has a problem: {reasons}")
