"""The command line as its users run it, against a local AWS with nothing in it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A local AWS. Of the module, because a process can hold one at a time, and other folders have theirs."""
    with Sandbox(limits=Limits.none()) as running:
        yield running


@pytest.fixture(scope="module")
def local_aws(sandbox: Sandbox) -> Aws:
    return Aws(sandbox)


@pytest.fixture
def aws(local_aws: Aws) -> Aws:
    """The local AWS, with nothing of other tests in HealthOmics."""
    local_aws.clear()
    return local_aws


@pytest.fixture
def cli(sandbox: Sandbox, tmp_path: Path) -> CommandLine:
    """The command line, pointed at the local AWS."""
    home = tmp_path / "home"
    home.mkdir()
    return CommandLine(sandbox.environment, home)


@pytest.fixture(scope="module")
def stack_outputs(local_aws: Aws) -> dict[str, Any]:
    """The outputs of the product's program, deployed with all it has."""
    config = {"tableDeletionProtection": False, "alarmEmail": "on-call@example.org", "dashboard": True}
    return deploy(ROOT, stack="dev", config=config, environment=local_aws.sandbox.environment).outputs


@pytest.fixture(scope="module", autouse=True)
def no_pauses() -> Iterator[None]:
    """Calls are tried again at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_LONGEST_PAUSE", "_PROBE_SECONDS"):
            patch.setattr(f"readset_sync.aws.retries.{name}", 0)
        yield


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page of a listing hold ten read sets, so that few fill several."""
    for module in ("aws.healthomics", "stores.backfill"):
        monkeypatch.setattr(f"readset_sync.{module}.PAGE_SIZE", 10)


Answer = Callable[[str, bytes], tuple[int, dict[str, Any] | bytes | Iterator[bytes]]]
"""Status and JSON, or something else than JSON, for an operation's name and the body of its request."""


class _Handler(BaseHTTPRequestHandler):
    answer: Answer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, document = type(self).answer(self.headers.get("x-amz-target", "").rpartition(".")[2], body)
        said = json.dumps(document).encode() if isinstance(document, dict) else document
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.0")
        if isinstance(said, bytes):
            self.send_header("content-length", str(len(said)))
        self.end_headers()
        with suppress(ConnectionError):  # whoever asked waits no longer
            for piece in [said] if isinstance(said, bytes) else said:
                self.wfile.write(piece)

    do_GET = do_POST  # noqa: N815 - the name is the base class's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start an endpoint that answers as told, as AWS or not; return its URL."""
    with ExitStack() as stack:

        def start(answer: Answer) -> str:
            handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.fixture(scope="module")
def refusing(serve: Callable[[Answer], str]) -> Callable[[str, str], str]:
    """Start an endpoint that answers every request with this error code and message; return its URL."""

    def start(code: str, message: str) -> str:
        error = {"__type": f"com.amazon.coral.service#{code}", "message": message}
        return serve(lambda operation, body: (400, error))

    return start
