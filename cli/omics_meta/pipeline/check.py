"""A check of a deployed pipeline: what was found, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from readset_sync.model.errors import SyncError, describe_error, is_denied

from omics_meta.pipeline.stack import Stack
from omics_meta.terminal.errors import denied_action

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


Checker = Callable[[Stack], Iterator[Check]]
"""Checks one part of a pipeline. Raises a ClientError or a SyncError where AWS refuses."""


def run_checker(name: str, checker: Checker, stack: Stack) -> Iterator[Check]:
    """Yield what a checker finds; where AWS refuses, a failed check of this name with the reason."""
    try:
        yield from checker(stack)
    except (ClientError, SyncError) as error:
        yield refused(name, error)
