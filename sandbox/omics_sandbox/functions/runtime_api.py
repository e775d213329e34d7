"""The Lambda Runtime API: the four HTTP calls through which a runtime client gets invocations and answers them.

See "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide.
"""

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from omics_sandbox.functions.lineage import Lineage

_PREFIX = "/2018-06-01/runtime"

Kind = Literal["ready", "response", "error", "init error"]


@dataclass(frozen=True)
class Report:
    """Something that the runtime said: it asks for work, answers, failed, or could not load the function."""

    kind: Kind
    body: bytes = b""


@dataclass(frozen=True)
class Invocation:
    """Work for the runtime."""

    request_id: str
    event: bytes
    deadline_ms: int
    """Milliseconds since 1970."""
    function_arn: str
    lineage: Lineage


class RuntimeApi:
    """Serves one execution environment on a port of its own."""

    def __init__(self) -> None:
        self.reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._work: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="lambda-runtime-api")
        self._thread.start()

    @property
    def address(self) -> str:
        """Value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def give(self, invocation: Invocation) -> None:
        """Hand out work to the runtime, which asks for it."""
        self._work.put(invocation)

    def next(self) -> Invocation | None:
        """Wait for work; None at the end."""
        self.reports.put(Report("ready"))
        return self._work.get()

    def close(self) -> None:
        """Stop serving. The runtime's process must have ended before."""
        self._work.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - the only server that it is used with
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """`GET /runtime/invocation/next`."""
        invocation = self.server.api.next() if self.path == f"{_PREFIX}/invocation/next" else None
        if invocation is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(invocation.event)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        root = f"Root=1-{invocation.request_id[:8]}-{invocation.request_id[-12:]}"
        self.send_header("Lambda-Runtime-Trace-Id", f"{root};{invocation.lineage}")
        self.end_headers()
        self.wfile.write(invocation.event)

    def do_POST(self) -> None:
        """`POST /runtime/invocation/ID/response`, `…/error` and `/runtime/init/error`."""
        body = self._body()
        if self.path == f"{_PREFIX}/init/error":
            kind: Kind = "init error"
        else:
            kind = "response" if self.path.endswith("/response") else "error"
        # Answered before it is reported, so that nobody ends the process while it waits for this answer.
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.api.reports.put(Report(kind, body))

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Say nothing."""
