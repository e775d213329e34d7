"""One endpoint for every service: who answers a request.

HealthOmics is emulated here. PutEvents, invocations and event source mappings are the sandbox's own, because moto does
them otherwise than AWS or not at all. Everything else goes to moto.
"""

import io
import json
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from omics_sandbox.eventbridge.bus import EventBridge
from omics_sandbox.http import Request, Response
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Handler = Callable[[Request], Response | None]

_POLL_SECONDS = 0.05


class Gateway:
    """The WSGI application behind the sandbox's endpoint.

    Args:
        moto: Answers whatever nobody else does.
        omics: Answers HealthOmics.
        events: Takes the events that users put.
        functions: Answers the part of Lambda that is not moto's; None from it leaves the request to moto.
        control: Answers `/_sandbox/…`.
    """

    def __init__(
        self,
        moto: Moto,
        *,
        omics: Handler,
        events: EventBridge,
        functions: Handler,
        control: Handler,
    ) -> None:
        self._moto = moto
        self._events = events
        self._control = control
        self._by_service: dict[str, Handler] = {
            "omics": omics,
            "events": self._put_events,
            "lambda": functions,
        }

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        request = Request.from_environ(environ)
        if request.path.startswith("/_sandbox"):
            handler: Handler | None = self._control
        else:
            handler = self._by_service.get(request.service or "")
        response = handler(request) if handler else None
        if response is not None:
            return response(environ, start_response)
        if request.service == "sqs" and _target(request) == "AmazonSQS.ReceiveMessage":
            return self._receive_message(request, environ, start_response)
        return self._moto(environ, start_response)

    def _put_events(self, request: Request) -> Response | None:
        if _target(request) != "AWSEvents.PutEvents" or request.region is None:
            return None
        entries = request.json()["Entries"]
        if len(entries) > 10:
            message = (
                "Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10"
            )
            return Response.of_json({"__type": "ValidationException", "message": message}, 400)
        results = self._events.put_events(request.region, entries)
        failed = sum("ErrorCode" in result for result in results)
        return Response.of_json(
            {"FailedEntryCount": failed, "Entries": results}, headers={"Content-Type": "application/x-amz-json-1.1"}
        )

    def _receive_message(
        self, request: Request, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Long polling, as many short polls: moto waits inside its lock, where nobody could send."""
        body: dict[str, Any] = request.json()
        deadline = time.monotonic() + float(body.get("WaitTimeSeconds") or 0)
        content = json.dumps(body | {"WaitTimeSeconds": 0}).encode()
        while True:
            environ["wsgi.input"] = io.BytesIO(content)
            environ["CONTENT_LENGTH"] = str(len(content))
            started: list[tuple[Any, ...]] = []
            chunks = list(self._moto(environ.copy(), lambda *given: started.append(given) or _discard))
            if b'"Messages"' in b"".join(chunks) or time.monotonic() >= deadline:
                start_response(*started[-1])
                return chunks
            time.sleep(_POLL_SECONDS)


def _discard(_data: bytes) -> object:
    """The write function that WSGI asks for and no application here uses."""
    return None


def _target(request: Request) -> str | None:
    return request.headers.get("x-amz-target")
