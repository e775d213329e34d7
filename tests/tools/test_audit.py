"""The audit fails on a known vulnerability, and says so where it could not ask, without holding up who is offline.

pip-audit is the real one; only the service that it asks is a local one.
"""

import importlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HASH = f"--hash=sha256:{'0' * 64}"
ADVISORY = {
    "id": "GHSA-1111-2222-3333",
    "aliases": ["CVE-2026-0001"],
    "summary": "Reads what it should not.",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
        }
    ],
}
"""As OSV has it: https://ossf.github.io/osv-schema/."""


class Service(ThreadingHTTPServer):
    """Answers OSV's `POST /v1/query`, with nothing known of any package as long as no test says otherwise.

    Attributes:
        asked: (name, version) of each package that was asked about.
        known: Advisories by name of package.
        status: Of every answer.
        body: Of every answer, instead of the advisories.
        answering: Clear it for a service that takes requests and does not answer; set it at the end.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[tuple[str, str]] = []
        self.known: dict[str, list[dict[str, Any]]] = {}
        self.status = 200
        self.body: str | None = None
        self.answering = threading.Event()
        self.answering.set()

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class _Answer(BaseHTTPRequestHandler):
    server: Service  # pyright: ignore[reportIncompatibleVariableOverride] - no other server is given this class

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = query["package"]["name"]
        self.server.asked.append((name, query["version"]))
        if not self.server.answering.is_set():
            self.server.answering.wait()
            return
        known = self.server.known.get(name)
        body = self.server.body or json.dumps({"vulns": known} if known else {})
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", server.url)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module, with a lock of two packages."""
    monkeypatch.syspath_prepend(ROOT)
    module = importlib.import_module("tools.audit")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"harmless==2.0.0 {HASH}\nleaky==1.0.0 {HASH}\n", encoding="utf-8")
    monkeypatch.setattr(module, "LOCK", lock)
    return module


def test_nothing_known_passes(audit: ModuleType, service: Service, capsys: pytest.CaptureFixture[str]):
    assert audit.main() == 0
    assert capsys.readouterr().out == "No known vulnerabilities found\n"
    assert sorted(service.asked) == [("harmless", "2.0.0"), ("leaky", "1.0.0")]


def test_every_locked_package_is_asked_about(audit: ModuleType, service: Service, monkeypatch: pytest.MonkeyPatch):
    lock = ROOT / "requirements.lock"
    monkeypatch.setattr(audit, "LOCK", lock)
    # Those with a marker may be for another system or version of Python.
    everywhere = re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(everywhere) > 50

    assert audit.main() == 0
    assert set(everywhere) <= set(service.asked)


def test_a_known_vulnerability_fails(audit: ModuleType, service: Service, capsys: pytest.CaptureFixture[str]):
    service.known["leaky"] = [ADVISORY]

    assert audit.main() == 1
    said = capsys.readouterr().err
    assert re.search(r"^leaky +1\.0\.0 +CVE-2026-0001 +1\.0\.1 +GHSA-1111-2222-3333$", said, re.MULTILINE), said
    assert "harmless" not in said
    assert "Lock a version that mends it" in said.splitlines()[-1]


def test_an_ignored_advisory_passes(
    audit: ModuleType, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    service.known["leaky"] = [ADVISORY]
    monkeypatch.setitem(audit.IGNORED, ADVISORY["id"], "2026-01-31: the function that leaks is not called here")

    assert audit.main() == 0
    assert capsys.readouterr().out == "No known vulnerabilities found, 1 ignored\n"


def test_an_ignored_advisory_hides_no_other(
    audit: ModuleType, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    service.known["leaky"] = [ADVISORY, ADVISORY | {"id": "GHSA-4444-5555-6666", "aliases": []}]
    monkeypatch.setitem(audit.IGNORED, ADVISORY["id"], "2026-01-31: the function that leaks is not called here")

    assert audit.main() == 1
    said = capsys.readouterr().err
    assert "GHSA-4444-5555-6666" in said
    assert "GHSA-1111-2222-3333" not in said


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_a_refusal_is_said_and_passes(
    status: int, audit: ModuleType, service: Service, capsys: pytest.CaptureFixture[str]
):
    service.status = status

    assert audit.main() == 0
    assert_not_audited(capsys, f"HTTPError: {status} ", service.url)


def test_an_answer_of_something_else_is_said_and_passes(
    audit: ModuleType, service: Service, capsys: pytest.CaptureFixture[str]
):
    service.body = "<html>Log in to the network first.</html>"

    assert audit.main() == 0
    assert_not_audited(capsys, "JSONDecodeError: ")


def test_a_service_that_is_not_there_is_said_and_passes(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{port}/v1/query")

    assert audit.main() == 0
    assert_not_audited(capsys, "ConnectionError: ", str(port), "Connection refused")


def test_a_host_that_takes_no_connection_is_not_waited_for(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(audit, "ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{full.getsockname()[1]}/v1/query")

        assert audit.main() == 0
    assert_not_audited(capsys, "Could not connect to OSV's vulnerability feed")


@pytest.mark.parametrize(
    ("bound", "seconds", "reason"),
    [("ANSWER_SECONDS", 1, "ReadTimeout: "), ("AUDIT_SECONDS", 3, "it took more than 3 seconds")],
)
def test_a_hung_connection_is_not_waited_for(
    bound: str,
    seconds: int,
    reason: str,
    audit: ModuleType,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    service.answering.clear()
    monkeypatch.setattr(audit, bound, seconds)

    assert audit.main() == 0
    assert_not_audited(capsys, reason)
    service.answering.set()


def test_a_lock_that_cannot_be_audited_fails(audit: ModuleType, service: Service, capsys: pytest.CaptureFixture[str]):
    audit.LOCK.write_text("leaky==1.0.0\n", encoding="utf-8")

    assert audit.main() == 1
    assert "hashed requirements" in capsys.readouterr().err


def assert_not_audited(capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    """It is one line on stdout, with these parts."""
    said = capsys.readouterr()
    assert said.err == ""
    (line,) = said.out.splitlines()
    assert line.startswith("Not audited: known vulnerabilities of requirements.lock could not be asked for, because ")
    for part in parts:
        assert part in line
