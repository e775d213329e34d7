"""What both gRPC services of this package share: how they listen, and how they refuse."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from omics_sandbox.provider.errors import IncompleteCreationError, ProviderError
from omics_sandbox.provider.values import encode

_LARGEST_MESSAGE: Final = 400 * 1024 * 1024  # as in the engine

Context = grpc.ServicerContext


def make_server(threads: ThreadPoolExecutor) -> grpc.Server:
    """Make a server for messages as large as the engine's."""
    return grpc.server(threads, options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE)])


@contextmanager
def refusing(context: Context) -> Generator[None]:
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
