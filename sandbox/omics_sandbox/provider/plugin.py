"""The stand-in as a plugin of the genuine Pulumi engine.

The service is `pulumirpc.ResourceProvider` (https://github.com/pulumi/pulumi, proto/pulumi/provider.proto).
"""

import json
import os
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from typing_extensions import override

from omics_sandbox.provider import invokes
from omics_sandbox.provider.aws import Aws, check_settings
from omics_sandbox.provider.catalogue import RESOURCE_TYPES, resource_type
from omics_sandbox.provider.errors import IncompleteCreationError, ProviderError
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import UNKNOWN, Properties, decode, encode

_PARALLEL: Final = 16
_LARGEST_MESSAGE: Final = 400 * 1024 * 1024  # as in the engine

Context = grpc.ServicerContext


def serve() -> None:
    """Serve the plugin until the engine ends the process; its port goes to stdout.

    The engine starts its plugins in the folder of the program.
    """
    with serving(os.environ, Path.cwd()) as (server, port):
        print(port, flush=True)
        server.wait_for_termination()


@contextmanager
def serving(environment: Mapping[str, str], root: Path) -> Generator[tuple[grpc.Server, int]]:
    """Serve the plugin on a free local port.

    With `PULUMI_DEBUG_PROVIDERS=aws:PORT`, an engine uses it instead of a process of its own. That is for engines one
    after the other whose programs have no provider but the default one.

    Args:
        environment: The variables that name AWS.
        root: The folder from which relative paths of archives start.
    """
    with ThreadPoolExecutor(_PARALLEL) as threads:
        server = grpc.server(threads, options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE)])
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(environment, root), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield server, port
        finally:
            server.stop(None).wait()


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """The resource provider of one engine run."""

    # The protocol's method names are not Python's.

    def __init__(self, environment: Mapping[str, str], root: Path) -> None:
        self._aws = Aws(environment)
        self._root = root

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    @override
    def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version())

    @override
    def GetSchema(self, request: provider_pb2.GetSchemaRequest, context: Context) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=json.dumps(_schema()))

    @override
    def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        inputs = decode(request.news)
        failures = check_settings(inputs)
        if not failures:
            with _refusing(context):
                aws = self._aws.with_settings(inputs)
                aws.require_credentials()
                inputs.setdefault("region", aws.region)
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=failures)

    @override
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        olds, news = decode(request.old_inputs), decode(request.news)
        changed = sorted(name for name in olds.keys() | news.keys() if olds.get(name) != news.get(name))
        # Resources of another region are other resources.
        return _difference(changed, [name for name in changed if name == "region"])

    @override
    def Configure(self, request: provider_pb2.ConfigureRequest, context: Context) -> provider_pb2.ConfigureResponse:
        self._aws = self._aws.with_settings(decode(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @override
    def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:
        with _refusing(context):
            # `return` is a word of Python's own, so it cannot be written as a keyword argument.
            answer: dict[str, Any] = {"return": encode(invokes.invoke(self._aws, request.tok, decode(request.args)))}
            return provider_pb2.InvokeResponse(**answer)

    @override
    def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        with _refusing(context):
            name = request.urn.split("::", 3)[3]
            checked = self._type(request.urn).check(
                name, decode(request.olds), decode(request.news), request.randomSeed
            )
            return provider_pb2.CheckResponse(inputs=encode(checked.inputs), failures=checked.failures)

    @override
    def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        with _refusing(context):
            implementation = self._type(request.urn)
            news, state = decode(request.news), decode(request.olds)
            difference = implementation.diff(decode(request.old_inputs), state, news)
            ignored = set(request.ignoreChanges)
            response = _difference(sorted(difference.changed - ignored), sorted(difference.replacing - ignored))
            # Two resources of one name cannot exist at a time.
            named_alike = implementation.naming is not None and news.get("name") == state.get("name")
            response.deleteBeforeReplace = bool(response.replaces) and named_alike
            return response

    @override
    def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        with _refusing(context):
            implementation, inputs = self._type(request.urn), decode(request.properties)
            if request.preview:
                return provider_pb2.CreateResponse(properties=encode(_planned(implementation, inputs)))
            resource_id, state = implementation.create(inputs)
            return provider_pb2.CreateResponse(id=resource_id, properties=encode(state))

    @override
    def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        with _refusing(context):
            implementation, inputs = self._type(request.urn), decode(request.inputs)
            state = implementation.read(request.id, decode(request.properties))
            if state is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=request.id,
                properties=encode(state),
                inputs=encode(implementation.inputs_of(state, inputs)),
            )

    @override
    def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        with _refusing(context):
            implementation = self._type(request.urn)
            state, inputs = decode(request.olds), decode(request.news)
            if request.preview:
                return provider_pb2.UpdateResponse(properties=encode({**state, **inputs}))
            changed = implementation.diff(decode(request.old_inputs), state, inputs).changed
            ignored = set(request.ignoreChanges)
            state = implementation.update(request.id, state, inputs, changed - ignored)
            return provider_pb2.UpdateResponse(properties=encode(state))

    @override
    def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        with _refusing(context):
            self._type(request.urn).delete(request.id, decode(request.properties))
        return empty_pb2.Empty()

    def _type(self, urn: str) -> ResourceType:
        token = urn.split("::", 3)[2].rsplit("$", 1)[-1]
        return resource_type(token)(self._aws, self._root)


def version() -> str:
    """The version of the AWS provider that the stand-in stands in for: that of the SDK that is installed."""
    return metadata.version("pulumi-aws")


def _difference(changed: list[str], replacing: list[str]) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.DiffResponse
    return provider_pb2.DiffResponse(
        changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed, replaces=replacing
    )


def _planned(implementation: ResourceType, inputs: Properties) -> Properties:
    """Return the state of a resource that a preview would create: what AWS will choose is not known yet."""
    computed = {name for name, declared in implementation.properties.items() if declared.computed}
    unknown = (implementation.state_names() - implementation.properties.keys() | computed) - inputs.keys()
    return {**inputs, **dict.fromkeys(unknown, UNKNOWN)}


def _schema() -> dict[str, Any]:
    """Return a schema of what the stand-in knows; Pulumi's generators want one of every provider."""
    return {
        "name": "aws",
        "version": version(),
        "resources": {
            token: {
                "inputProperties": {name: {"$ref": "pulumi.json#/Any"} for name in known.properties},
                "properties": {name: {"$ref": "pulumi.json#/Any"} for name in sorted(known.state_names())},
                "requiredInputs": [name for name, declared in known.properties.items() if declared.required],
            }
            for token, known in sorted(RESOURCE_TYPES.items())
        },
    }


@contextmanager
def _refusing(context: Context) -> Generator[None]:
    """Answer a call with the message of a ProviderError instead of a trace of our own code."""
    try:
        yield
    except IncompleteCreationError as error:
        context.abort_with_status(_Incomplete(error))
    except ProviderError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


class _Incomplete(grpc.Status):
    """The status by which the engine learns that a resource exists in spite of the error."""

    def __init__(self, error: IncompleteCreationError) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = str(error)
        failed = provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id, properties=encode(error.state), reasons=[str(error)], inputs=encode(error.inputs)
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(failed)
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)
