"""A deployed stack: its outputs, and the configuration of its function."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import boto3

from omics_meta.selection.outputs import Outputs
from omics_meta.selection.target import QueueKind

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Stack:
    """A deployed stack.

    Attributes:
        client: Returns the client of an AWS service, which is made once: that takes longer than most calls.
    """

    def __init__(self, session: boto3.Session, outputs: Outputs) -> None:
        self.session = session
        self.outputs = outputs
        self.client = _cached(session.client)  # pyright: ignore[reportUnknownArgumentType] - services without stubs

    def output(self, name: str) -> str:
        """Return an output that every stack has.

        Raises:
            OutputsError: It is missing, so that these are not the outputs of such a stack.
        """
        return self.outputs.text(name)

    def dead_letters(self, attribute: Literal["Url", "Arn"]) -> dict[QueueKind, str]:
        """Return URLs or ARNs of the queues of what went wrong.

        Behind an adopted FIFO queue there is the dead-letter queue, if any, that its owner gave it: no output names it.
        """
        has_failed = self.outputs.get("deadLetterQueueUrl") is not None
        names = {QueueKind.FAILED: "deadLetterQueue"} if has_failed else {}
        names[QueueKind.UNDELIVERED] = "undeliveredQueue"
        return {kind: self.output(f"{name}{attribute}") for kind, name in names.items()}

    @cached_property
    def function(self) -> "FunctionConfigurationResponseTypeDef":
        """The function's configuration."""
        return self.client("lambda").get_function_configuration(FunctionName=self.output("functionName"))

    @property
    def variables(self) -> Mapping[str, str]:
        """The function's environment variables."""
        return self.function.get("Environment", {}).get("Variables", {})


def _cached(function: _Function) -> _Function:
    # `cache` alone would lose the types that `client` returns for each service.
    return cast("_Function", cache(function))
