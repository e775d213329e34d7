"""A check of a pipeline, and the deployed stack that all checks are about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import boto3
from botocore.exceptions import ClientError
from readset_sync.model.errors import SyncError, describe_error

from omics_meta.selection.outputs import Outputs
from omics_meta.selection.target import QueueKind
from omics_meta.terminal.errors import denied_action, is_denied

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

REDEPLOY: Final = "run `pulumi up --refresh` to put back what the program says"


@dataclass(frozen=True, slots=True)
class Check:
    """One property of the deployed pipeline: whether it holds, what was found, and what mends it.

    A warning is about something that works, but not as well as it could. What the caller may not look at is not judged,
    and has not passed.
    """

    name: str
    passed: bool
    found: str
    remedy: str = REDEPLOY
    warning: bool = False
    judged: bool = True

    @property
    def needs_mending(self) -> bool:
        """Whether there is something to do, which the remedy says."""
        return not self.passed or self.warning

    @property
    def document(self) -> dict[str, Any]:
        """The check as a member of a command's JSON document."""
        return {
            "check": self.name,
            "passed": self.passed,
            "warning": self.warning,
            "judged": self.judged,
            "found": self.found,
            "remedy": self.remedy if self.needs_mending else "",
        }


def refused(name: str, error: ClientError | SyncError) -> Check:
    """Return the check of this name that AWS did not let be made."""
    said = describe_error(error)
    if isinstance(error, ClientError) and is_denied(error):
        action = denied_action(error)
        return Check(
            name,
            passed=False,
            found=f"{action} is not allowed ({said})",
            remedy=f"allow the caller {action} (docs/security.md)",
            judged=False,
        )
    return Check(name, passed=False, found=said)


class Stack:
    """A deployed stack.

    Args:
        session: The caller's credentials, and the stack's region.
        outputs: The stack's outputs.
    """

    def __init__(self, session: boto3.Session, outputs: Outputs) -> None:
        self.session = session
        self.outputs = outputs

    def output(self, name: str) -> str:
        """Return an output that every stack has.

        Raises:
            SelectionError: It is missing, so that these are not the outputs of such a stack.
        """
        return self.outputs.text(name, "run `pulumi up` with this version first")

    def dead_letters(self, attribute: Literal["Url", "Arn"]) -> dict[QueueKind, str]:
        """Return URLs or ARNs of the queues of what went wrong.

        Behind an adopted FIFO queue there is the dead-letter queue, if any, that its owner gave it: no output names it.

        Raises:
            SelectionError: An output is missing, so that these are not the outputs of such a stack.
        """
        has_failed = self.outputs.get("deadLetterQueueUrl") is not None
        names = {QueueKind.FAILED: "deadLetterQueue"} if has_failed else {}
        names[QueueKind.UNDELIVERED] = "undeliveredQueue"
        return {kind: self.output(f"{name}{attribute}") for kind, name in names.items()}

    @cached_property
    def function(self) -> "FunctionConfigurationResponseTypeDef":
        """The function's configuration.

        Raises:
            ClientError: There is no such function, or Lambda refuses to tell.
        """
        return self.session.client("lambda").get_function_configuration(FunctionName=self.output("functionName"))

    @property
    def variables(self) -> Mapping[str, str]:
        """The function's environment variables.

        Raises:
            ClientError: There is no such function, or Lambda refuses to tell.
        """
        return self.function.get("Environment", {}).get("Variables", {})


Checker = Callable[[Stack], Iterator[Check]]
"""Checks one part of a pipeline. Raises a ClientError or a SyncError where AWS refuses."""
