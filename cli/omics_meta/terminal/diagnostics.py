"""`--verbose`: says on stderr which AWS calls failed, also those that were tried again, such as throttles."""

import logging
from typing import Any, Final

import boto3
import typer

_LOGGER: Final = logging.getLogger(__name__)


class _Stderr(logging.Handler):
    """Writes to whatever stderr is at the moment: while progress is shown, what is printed goes above it."""

    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(self.format(record), err=True)


def be_verbose() -> None:
    """Show what is logged here from now on."""
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)


def log_failures(session: boto3.Session) -> None:
    """Log every attempt of a call of the session's clients that fails, before it is tried again or given up."""
    session.events.register("response-received", _log_failure)


def _log_failure(event_name: str, *, exception: Exception | None, parsed_response: Any, **_: Any) -> None:
    service, operation = event_name.split(".")[1:]
    if exception is not None:
        _LOGGER.info("%s %s failed: %s", service, operation, exception)
    elif "Error" in parsed_response:
        error = parsed_response["Error"]
        _LOGGER.info("%s %s failed: %s: %s", service, operation, error["Code"], error.get("Message"))
