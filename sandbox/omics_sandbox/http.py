"""Requests and responses as the sandbox's own services see them, and the HTTP server in front of all services."""

import io
import json
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import MotoRequestHandler  # pyright: ignore[reportMissingTypeStubs] - inline types

from omics_sandbox.api_model import rest_operation

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


TRACE_HEADER = "x-amzn-trace-id"
"""The header in which AWS SDKs tell, inside a function, which invocation a request is part of."""


class ConnectionDroppedError(ConnectionError):
    """Raised by a service that wants the connection closed without an answer."""


class _Called(NamedTuple):
    operation: str
    parameters: Mapping[str, Any]
    unreadable: str | None = None


@dataclass(frozen=True)
class Request:
    """One API call: what a service needs to know of it, whoever sent it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    service: str | None
    """Service of the signature's credential scope; None for an unsigned request."""
    region: str | None
    """Region of the signature's credential scope."""
    access_key_id: str | None
    """Access key of the signature."""

    @classmethod
    def from_environ(cls, environ: "WSGIEnvironment") -> "Request":
        """Read a WSGI request; its body stays readable for an application behind."""
        body: bytes = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {
            key[len("HTTP_") :].replace("_", "-").lower(): str(value)
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        access_key_id, region, service = _credential(headers.get("authorization", ""))
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
            headers=headers,
            body=body,
            service=service,
            region=region,
            access_key_id=access_key_id,
        )

    @cached_property
    def protocol(self) -> Literal["json", "query", "rest-json"]:
        """The protocol that it is in. See https://smithy.io/2.0/aws/protocols/."""
        if "x-amz-target" in self.headers:
            return "json"
        return "query" if self.body.startswith(b"Action=") else "rest-json"

    @property
    def operation(self) -> str:
        """Name of the operation that it calls; `METHOD /path` for a request to nothing that botocore knows."""
        return self._called.operation

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The operation's parameters in the path and in the body, by the API's names; not those in a query string."""
        return self._called.parameters

    @property
    def unreadable(self) -> str | None:
        """Why the parameters in the body cannot be read; None where they can, or there are none."""
        return self._called.unreadable

    @cached_property
    def _called(self) -> "_Called":
        match self.protocol:
            case "json":
                return self._with_body(self.headers["x-amz-target"].rpartition(".")[2], {})
            case "query":
                form = {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}
                return _Called(form["Action"], form)
            case "rest-json":
                model, path = rest_operation(str(self.service), self.method, self.path)
                if model is None:
                    return _Called(f"{self.method} {self.path}", {})
                # A payload, such as that of an invocation, holds no parameters.
                is_payload = model.input_shape is not None and "payload" in model.input_shape.serialization
                return _Called(model.name, path) if is_payload else self._with_body(model.name, path)

    def _with_body(self, operation: str, path: Mapping[str, str]) -> "_Called":
        try:
            return _Called(operation, {**self.json(), **path})
        except ValueError as error:
            return _Called(operation, path, str(error))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        value: Any = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one error for every malformed body
        return cast("dict[str, Any]", value)


@dataclass(frozen=True)
class Response:
    """What a service answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Response":
        """An answer with a JSON body."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, body, {"Content-Type": "application/json", **(headers or {})})

    @classmethod
    def of_error(cls, code: str, message: str, status: int, headers: Mapping[str, str] | None = None) -> "Response":
        """An error as SDKs read it in the JSON protocols: the code is in the body for some, in a header for others.

        Services differ in how they spell `message`, and Lambda also says whose fault it is.
        """
        error = {"__type": code, "message": message, "Message": message, "Type": "User"}
        return cls.of_json(error, status, {"x-amzn-ErrorType": code, **(headers or {})})


def _credential(authorization: str) -> tuple[str | None, str | None, str | None]:
    """Key, region and service of a Signature Version 4 header (`Credential=KEY/DATE/REGION/SERVICE/aws4_request`)."""
    _, found, rest = authorization.partition("Credential=")
    parts = rest.split(",")[0].split("/")
    if not found or len(parts) < 5:
        return None, None, None
    return "/".join(parts[:-4]), parts[-3], parts[-2].lower()


class _Handler(MotoRequestHandler):
    """Answers requests with HTTP keep-alive.

    Werkzeug's own handler closes every connection and waits 10 ms after each answer for stray input. The sandbox
    answers thousands of small requests per test, so it reads each body completely and keeps the connection.
    """

    server: "Server"  # pyright: ignore[reportIncompatibleVariableOverride] - werkzeug's own server elsewhere
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        length = environ.get("CONTENT_LENGTH")
        if length:
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(length)))
        elif "wsgi.input_terminated" not in environ:
            environ["wsgi.input"] = io.BytesIO()
        try:
            answer = self.server.answer(environ)
        except ConnectionDroppedError:
            self.close_connection = True
            return
        except Exception as error:  # noqa: BLE001 - whatever moto or the sandbox cannot do, the client is told
            if self.server.is_closing.is_set():
                self.close_connection = True
                return
            answer = _cannot(error)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the person at the terminal wants to see their own commands."""


def _cannot(error: Exception) -> Response:
    """An answer that SDKs do not retry, in the form that they understand for JSON services."""
    if not isinstance(error, NotImplementedError):  # moto's, of which the message says all
        traceback.print_exc()
    message = f"The sandbox cannot answer this request: {type(error).__name__}: {error}"
    return Response.of_error("SandboxError", message, 501)


class Server(ThreadingHTTPServer):
    """Serves requests on 127.0.0.1, one thread per connection, until `close`."""

    daemon_threads = True
    request_queue_size = 128
    # What werkzeug's request handler asks of its server.
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "omics-sandbox"

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer: Callable[[WSGIEnvironment], Response]
        self.is_closing = threading.Event()
        """Set while the services behind are stopped, which leave what is asked meanwhile without an answer."""
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._connections_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="omics-sandbox")

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self, answer: "Callable[[WSGIEnvironment], Response]") -> None:
        """Start serving; until then, connections wait."""
        self.answer = answer
        self._thread.start()

    def close(self) -> None:
        """Stop serving, close every open connection and wait for their threads."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._connections_lock:
            open_connections = dict(self._connections)
        for connection in open_connections:
            with suppress(OSError):  # closed by the client in this moment
                connection.shutdown(socket.SHUT_RDWR)
        for thread in open_connections.values():
            thread.join(timeout=10)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection in a thread that `close` knows."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True, name="omics-sandbox-io"
        )
        with self._connections_lock:
            self._connections[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, then forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._connections_lock:
                self._connections.pop(request, None)

    def log(self, level: str, message: str, *args: Any) -> None:
        """Take werkzeug's log calls; only errors are worth a line."""
        if level == "error":
            print(f"omics-sandbox: {message % args}".rstrip(), file=sys.stderr, flush=True)
