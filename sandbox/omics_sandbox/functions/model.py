"""A Lambda function as the sandbox runs it, read from moto's registry."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# moto's types are partial.

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction


@dataclass(frozen=True)
class Function:
    """What an execution environment needs of a function. Equal ones can be run in the same environment."""

    name: str
    arn: str
    region: str
    version: str
    handler: str
    runtime: str
    timeout: float
    """Seconds."""
    memory: int
    """MB; told to the function, not enforced."""
    role: str
    """ARN of the execution role."""
    variables: Mapping[str, str]
    code: bytes
    """The deployment package, a zip."""
    log_group: str
    log_format: str
    """Text or JSON."""
    log_level: str | None
    """Application log level, for the JSON format."""
    recursive_loop: str = field(compare=False)
    """What becomes of a function that keeps invoking itself: Terminate or Allow."""

    @classmethod
    def of(cls, registered: "LambdaFunction", logging: Mapping[str, str], recursive_loop: str) -> "Function":
        """A function of moto's registry, with its LoggingConfig and RecursiveLoop (which moto does not keep)."""
        return cls(
            name=registered.function_name,
            arn=registered.function_arn,
            region=registered.region,
            version=str(registered.version),
            handler=registered.handler or "",
            runtime=registered.run_time or "",
            timeout=float(registered.timeout),
            memory=int(registered.memory_size),
            role=registered.role,
            variables=dict(registered.environment_vars),
            code=registered.code_bytes,
            log_group=logging["LogGroup"],
            log_format=logging["LogFormat"],
            log_level=logging.get("ApplicationLogLevel"),
            recursive_loop=recursive_loop,
        )


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation."""

    payload: bytes
    """The function's answer, or Lambda's description of the error: JSON either way."""
    failed: bool
    """Whether the function raised, timed out, could not be loaded or ended its process."""


def failure(kind: str, message: str) -> Outcome:
    """The outcome of an invocation that the function itself could not answer."""
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), True)
