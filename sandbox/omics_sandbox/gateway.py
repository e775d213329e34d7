"""One endpoint for every service: who answers a request.

HealthOmics is emulated here, and what the tagging API knows of it. PutEvents, invocations, event source mappings and
the keys of log groups are the sandbox's own, because moto does them otherwise than AWS or not at all; schedules are
checked before moto keeps them. Everything else goes to moto.
"""

import io
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from omics_sandbox.access.control import AccessControl, account_of, owner_allows, owner_of_table, principal
from omics_sandbox.access.request import asked, refusal
from omics_sandbox.callpoint import CallPoint
from omics_sandbox.eventbridge.bus import EventBridge
from omics_sandbox.exceptions import SerializationException, ServiceError
from omics_sandbox.faults import Faults
from omics_sandbox.http import TRACE_HEADER, Request, Response
from omics_sandbox.queues import keep_trace_header
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Forward = Callable[[], Response]
Service = Callable[[Request, Forward], Response]
"""Answers a service's requests, perhaps with the help of moto."""

_POLL_SECONDS = 0.05


class Gateway:
    """Finds the service that a request is for."""

    def __init__(
        self,
        moto: Moto,
        services: Mapping[str, Service],
        *,
        events: EventBridge,
        control: Callable[[Request], Response],
        callpoint: CallPoint,
        access: AccessControl,
        faults: Faults,
    ) -> None:
        self._moto = moto
        self._services = services
        self._events = events
        self._control = control
        self._callpoint = callpoint
        self._access = access
        self._faults = faults
        self._closing = threading.Event()

    def answer(self, environ: "WSGIEnvironment") -> Response:
        """Answer a request."""
        request = Request.from_environ(environ)
        if request.path.startswith("/_sandbox"):
            return self._control(request)
        return self._callpoint.answer(request, lambda: self._serve(request, environ))

    def close(self) -> None:
        """End every long poll."""
        self._closing.set()

    def _serve(self, request: Request, environ: "WSGIEnvironment") -> Response:
        try:
            return self._admit(request, environ)
        except ServiceError as error:
            # Smithy's JSON protocols have one status for all that callers do wrong.
            status = 400 if request.protocol == "json" and error.status < 500 else error.status
            return Response.of_error(error.code, str(error), status)

    def _admit(self, request: Request, environ: "WSGIEnvironment") -> Response:
        if request.region and not self._moto.has_region(request.region):
            return refusal(request, f"there is no region {request.region!r}", code="UnknownRegion")
        caller = principal(self._moto, request.access_key_id, request.region)
        account = account_of(self._moto, request.access_key_id)
        wanted = asked(request, account)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = owner_of_table(wanted, account)
        admitted = self._access.admits(caller, wanted.action, wanted.resources)
        if not (admitted and owner_allows(self._moto, account, wanted)):
            return refusal(request, f"{caller} is not authorized to perform: {wanted.action} on {wanted.resources}")
        if request.unreadable and request.service != "omics":  # which has words of its own
            raise SerializationException(f"the request body cannot be read: {request.unreadable}")
        if request.protocol != "json":
            return self._route(request, environ)
        return self._faults.answer(request.operation, request.parameters, lambda: self._route(request, environ))

    def _route(self, request: Request, environ: "WSGIEnvironment") -> Response:
        def forward() -> Response:
            return self._moto.answer(environ)

        if service := self._services.get(str(request.service)):
            return service(request, forward)
        match request.protocol, request.service, request.operation:
            case "json", "events", "PutEvents":
                return self._put_events(request)
            case "json", "sqs", "SendMessage" | "SendMessageBatch" if TRACE_HEADER in request.headers:
                return self._send_messages(request, forward)
            case "json", "sqs", "ReceiveMessage":
                return self._receive_message(request, environ)
            case _:
                return forward()

    def _put_events(self, request: Request) -> Response:
        entries = request.parameters["Entries"]
        results = self._events.put_events(str(request.region), entries)
        failed = sum("ErrorCode" in result for result in results)
        return Response.of_json({"FailedEntryCount": failed, "Entries": results})

    def _send_messages(self, request: Request, forward: Forward) -> Response:
        """Have messages keep the trace header of their request."""
        # Nobody receives one of them before that.
        with self._moto.lock:
            response = forward()
            if response.status == 200:
                answer = json.loads(response.body)
                sent = answer.get("Successful", [answer])
                queue = self._moto.sqs(str(request.region)).queues[request.json()["QueueUrl"].rpartition("/")[2]]
                keep_trace_header(queue, {each["MessageId"] for each in sent}, request.headers[TRACE_HEADER])
        return response

    def _receive_message(self, request: Request, environ: "WSGIEnvironment") -> Response:
        """Long polling, as many short polls: moto waits inside its lock, where nobody could send."""
        body: dict[str, Any] = request.json()
        deadline = time.monotonic() + float(body.get("WaitTimeSeconds") or 0)
        content = json.dumps(body | {"WaitTimeSeconds": 0}).encode()
        while True:
            polled = {**environ, "wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": str(len(content))}
            response = self._moto.answer(polled)
            found = response.status != 200 or b'"Messages"' in response.body
            if found or time.monotonic() >= deadline or self._closing.wait(_POLL_SECONDS):
                return response
