"""Starting and stopping: nothing leaks, and the sandbox can be used from a terminal."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from omics_sandbox import Limits, Sandbox
from omics_sandbox.__main__ import main

from tests.existing import create_table


def call(method: str, url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=20) as answer:  # noqa: S310 - 127.0.0.1
        return json.loads(answer.read())


def test_given_a_sandbox_with_everything_running_when_it_stops_then_no_thread_and_no_process_stays() -> None:
    before = set(threading.enumerate())
    with Sandbox(limits=Limits.none()) as sandbox:
        sqs = sandbox.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        polled = threading.Event()

        def poll() -> None:
            polled.set()
            with suppress(EndpointConnectionError, ConnectionClosedError):
                sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)

        poller = threading.Thread(target=poll)
        poller.start()
        polled.wait()
        endpoint = sandbox.endpoint
    poller.join(timeout=60)
    assert set(threading.enumerate()) <= before
    with pytest.raises(urllib.error.URLError):
        call("GET", f"{endpoint}/_sandbox")
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.endpoint


def test_given_a_function_in_the_middle_of_an_invocation_when_the_sandbox_stops_then_its_process_ends(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], tmp_path: Any
) -> None:
    queue = make_queue("q")
    deploy(f"""
import os, time
def handler(event, context):
    open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()) + ".")
    time.sleep(600)
""")
    sandbox.client("lambda").create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="function")
    queue.send("1")
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("."):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sandbox.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text().rstrip(".")), 0)


def test_given_one_sandbox_after_another_when_the_second_starts_then_it_is_empty_and_of_its_own_account() -> None:
    for region, account in (("us-west-2", "123456789012"), ("eu-west-1", "999999999999")):
        with Sandbox(region, account, limits=Limits.none()) as sandbox:
            assert sandbox.client("sqs").list_queues().get("QueueUrls", []) == []
            assert sandbox.client("dynamodb").list_tables()["TableNames"] == []
            assert sandbox.client("omics").list_sequence_stores()["sequenceStores"] == []
            assert sandbox.client("sts").get_caller_identity()["Account"] == account
            sandbox.client("sqs").create_queue(QueueName="q")
            store_id = sandbox.omics.create_store("s")
            arn = sandbox.client("omics").get_sequence_store(id=store_id)["arn"]
            assert arn.startswith(f"arn:aws:omics:{region}:{account}:")


def test_given_a_running_sandbox_or_a_port_that_is_taken_when_one_is_started_then_it_says_so_and_others_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(port=taken.getsockname()[1]).start()
    with Sandbox() as sandbox:
        with pytest.raises(RuntimeError, match="another sandbox runs"):
            Sandbox().start()
        assert sandbox.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_given_what_the_sandbox_cannot_answer_when_it_is_called_then_the_error_says_so_at_once(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClientError, match="cannot answer this request: NotImplementedError"):
        sandbox.client("sqs").start_message_move_task(SourceArn="arn:aws:sqs:us-west-2:123456789012:q")
    for service, operation in (("dynamodb", "list_tables"), ("omics", "list_sequence_stores"), ("iam", "list_roles")):
        with pytest.raises(ClientError, match=r"UnknownRegion.*there is no region 'nonsense'"):
            getattr(sandbox.client(service, region="nonsense"), operation)()
    assert capsys.readouterr() == ("", "")


def test_given_a_call_that_is_being_answered_when_the_sandbox_stops_then_it_stays_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def handle(*_: object) -> None:
        stopping.start()
        while sandbox.endpoint:  # until there is none, which is an error of the sandbox's
            time.sleep(0.01)

    monkeypatch.setattr("omics_sandbox.control.Control.handle", handle)
    sandbox = Sandbox().start()
    stopping = threading.Thread(target=sandbox.stop)

    with pytest.raises((ConnectionError, urllib.error.URLError)):
        call("GET", f"{sandbox.endpoint}/_sandbox")

    stopping.join()
    assert capsys.readouterr() == ("", "")


def test_given_concurrent_conditional_writes_when_they_race_then_exactly_one_wins_each(sandbox: Sandbox) -> None:
    dynamodb = sandbox.client("dynamodb")
    create_table(dynamodb, "t")
    won: list[str] = []

    def write() -> None:
        for number in range(20):
            try:
                item = {"set_arn": {"S": str(number)}}
                dynamodb.put_item(TableName="t", Item=item, ConditionExpression="attribute_not_exists(set_arn)")
            except dynamodb.exceptions.ConditionalCheckFailedException:
                continue
            won.append(str(number))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won, key=int) == [str(number) for number in range(20)]


def test_given_the_control_over_http_when_each_request_is_made_then_it_does_what_its_table_says(
    sandbox: Sandbox, omics: Any
) -> None:
    def control(method: str, path: str, body: Any = None) -> Any:
        return call(method, f"{sandbox.endpoint}/_sandbox{path}", body)

    store_id = control("POST", "/stores", {"name": "s"})["id"]
    read_sets = f"/stores/{store_id}/readsets"
    read_set_id = control("POST", read_sets, {"name": "r", "tags": {"a": "b"}})["id"]
    control("PATCH", f"{read_sets}/{read_set_id}", {"subject_id": "p"})
    control("PUT", f"{read_sets}/{read_set_id}/status", {"status": "ARCHIVED"})
    assert control("POST", "/references", {"name": "GRCh38"}) == {"arn": next(iter(sandbox.omics.references))}
    read_set = sandbox.omics.read_set(store_id, read_set_id)
    assert (read_set.subject_id, read_set.tags) == ("p", {"a": "b"})
    assert control("GET", "") == {
        "region": "us-west-2",
        "faults": [],
        "stores": [{"id": store_id, "name": "s", "readSets": [{"id": read_set_id, "name": "r", "status": "ARCHIVED"}]}],
    }
    control("POST", "/faults", {"operation": "GetSequenceStore", "error_code": "AccessDeniedException", "times": 1})
    with pytest.raises(omics.exceptions.AccessDeniedException):
        omics.get_sequence_store(id=store_id)
    for unkind in (
        {"kind": "latency", "operation": "*", "seconds": 3600},
        {"kind": "connection_reset", "operation": "PutItem", "times": 2},
        {"kind": "lost_answer", "operation": "PutItem"},
        {"kind": "behind", "operation": "files", "seconds": 5, "answers": 1},
        {"kind": "unknown", "operation": "GetResources", "arns": ["arn:aws:omics:x"]},
    ):
        control("POST", "/faults", unkind)
    assert [each["error"] for each in control("GET", "")["faults"]] == [
        "3600 s later",
        "5 s or 1 answers behind",
        "some ARNs unknown",
        "connection closed",
        "answer lost",
    ]
    control("DELETE", "/faults")
    assert control("GET", "")["faults"] == []
    control("PUT", "/settings", {"per_second": 5, "literal_groups": True, "emit_events": False, "trail": True})
    assert (sandbox.events.literal_groups, sandbox.omics.emit_events, sandbox.omics.trail) == (True, False, True)
    assert [sandbox.omics.limits.admit("r", "o") for _ in range(6)] == [True] * 5 + [False]
    assert control("POST", "/drain", {"timeout": 1}) == {}
    for method, path, body, status in WRONG:
        with pytest.raises(urllib.error.HTTPError) as raised:
            control(method, path, body)
        with raised.value as answer:
            assert answer.code == status
            assert json.loads(answer.read())["error"]


WRONG: list[tuple[str, str, Any, int]] = [
    ("GET", "/nothing", None, 404),
    ("POST", "/stores", {}, 400),
    ("POST", "/stores", {"name": "s", "colour": "blue"}, 400),
    ("PUT", "/stores/1234567890/readsets/1234567890/status", {"status": "ACTIVE"}, 404),
    ("POST", "/faults", {"operation": "PutItem", "kind": "wait"}, 400),
    ("POST", "/faults", {"operation": "PutItem", "kind": "behind"}, 400),
    ("POST", "/faults", {"operation": "ListReadSets", "kind": "unknown"}, 400),
    ("PUT", "/settings", [5], 400),
    ("PUT", "/settings", {"colour": "blue"}, 400),
    ("POST", "/schedules/none/run", {}, 404),
]


def test_given_the_command_when_it_is_started_seeded_and_interrupted_then_it_prints_the_environment_and_stops_cleanly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "omics_sandbox", "--port", "0", "--seed", "--no-limits"]
    own = os.environ | {"NO_PROXY": "internal.example.org", "no_proxy": "internal.example.org, 127.0.0.1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ").strip() for _ in range(9)]
        exports: dict[str, str] = dict(line.split("=", 1) for line in lines)
        assert exports["NO_PROXY"] == exports["no_proxy"] == "127.0.0.1,internal.example.org"
        endpoint = urllib.parse.urlsplit(exports["AWS_ENDPOINT_URL"])
        assert endpoint.hostname == "127.0.0.1"
        client = boto3.client(
            "dynamodb",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.list_tables()["TableNames"] == []
        [store] = call("GET", f"{exports['AWS_ENDPOINT_URL']}/_sandbox")["stores"]
        assert len(store["readSets"]) == 10

        # Another one cannot have the port, and says so in one line.
        monkeypatch.setattr(sys, "argv", ["omics-sandbox", "--port", str(endpoint.port)])
        assert main() == 2
        complaint = capsys.readouterr().err
        assert str(endpoint.port) in complaint
        assert complaint.count("\n") == 1

        process.send_signal(signal.SIGINT)
        _, hints = process.communicate(timeout=30)
        assert process.returncode == 0
    assert "curl" in hints
    assert "Traceback" not in hints
