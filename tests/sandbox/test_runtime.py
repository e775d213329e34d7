"""Functions run as on AWS: what they can import, what they are told, and what becomes of their failures."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox

SOURCE = """
import importlib.util, os, sys, time
print("loading")
def handler(event, context):
    print("pid", os.getpid())
    print("oops", file=sys.stderr)
    match event:
        case "fail":
            raise ValueError("no")
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(600)
        case {"find": modules}:
            return [name for name in modules if importlib.util.find_spec(name)]
        case _:
            return [event, dict(os.environ), context.invoked_function_arn, context.aws_request_id,
                    context.get_remaining_time_in_millis(), context.log_group_name]
"""


@pytest.fixture
def invoke(sandbox: Sandbox) -> Callable[..., tuple[Any, str | None]]:
    """Invokes the function; returns its answer and the kind of error, if any."""
    client = sandbox.client("lambda")

    def call(payload: Any = None) -> tuple[Any, str | None]:
        answer = client.invoke(FunctionName="function", Payload=json.dumps(payload))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    return call


def test_given_a_function_when_it_is_invoked_then_it_is_told_what_lambda_tells_and_finds_what_is_in_lambda(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    logging = {"LogGroup": "/custom/group", "LogFormat": "Text"}
    arn = deploy(SOURCE, Environment={"Variables": {"TABLE": "t"}}, MemorySize=256, LoggingConfig=logging)
    (event, environment, told_arn, request_id, remaining, log_group), error = invoke({"a": "ü"})
    assert error is None
    assert (event, told_arn, log_group) == ({"a": "ü"}, arn, "/custom/group")
    assert len(request_id) == 36
    assert 0 < remaining <= 20_000
    expected = {
        "TABLE": "t",
        "AWS_ENDPOINT_URL": sandbox.endpoint,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_REGION": "us-west-2",
    }
    assert expected.items() <= environment.items()
    assert not {"HOME", "VIRTUAL_ENV"} & environment.keys()
    # What it writes is in its log group.
    lines = sandbox.lambda_logs("function")
    written = [line for line in lines if not line.startswith(("START", "END", "REPORT", "pid"))]
    assert written == ["loading", "oops"]
    stored = sandbox.client("logs").filter_log_events(logGroupName="/custom/group")["events"]
    assert [event["message"] for event in stored] == lines
    client = sandbox.client("lambda")
    assert client.get_function_configuration(FunctionName="function")["LoggingConfig"] == logging
    # Modules that are not in the zip are not found, though they are installed here.
    modules = ["boto3", "moto", "pytest", "omics_sandbox", "aws_lambda_powertools", "pulumi", "typer"]
    assert invoke({"find": modules}) == (["boto3"], None)


def test_given_a_function_that_fails_when_it_is_invoked_then_the_error_says_how_and_only_a_living_process_serves_again(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    deploy(SOURCE)

    def fails(event: str) -> tuple[str, str, int]:
        """Kind and message of the error, and the process that served."""
        answer, error = invoke(event)
        assert error == "Unhandled"
        # By streams: each process has one.
        [*_, last] = [line for line in sandbox.lambda_logs("function") if line.startswith("pid")]
        return answer["errorType"], answer["errorMessage"], int(last.removeprefix("pid "))

    kind, message, process = fails("fail")
    assert (kind, message) == ("ValueError", "no")
    kind, message, ended = fails("exit")
    assert kind == "Runtime.ExitError"
    assert "exit status 3" in message
    assert ended == process
    sandbox.client("lambda").update_function_configuration(FunctionName="function", Timeout=1)
    kind, message, killed = fails("sleep")
    assert kind == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in message
    assert killed != process
    for each in (process, killed):
        with pytest.raises(ProcessLookupError):
            os.kill(each, 0)


def test_given_new_code_or_configuration_when_it_is_deployed_then_the_next_invocation_runs_it(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    source = """
import logging, os
def handler(event, context):
    logging.getLogger().info("hello")
    return os.environ.get("V")
"""
    deploy(source, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    assert invoke() == (None, None)
    assert [json.loads(line)["message"] for line in sandbox.lambda_logs("function")] == ["hello"]
    client = sandbox.client("lambda")
    client.update_function_configuration(FunctionName="function", Environment={"Variables": {"V": "2"}})
    assert invoke() == ("2", None)
    client.update_function_code(FunctionName="function", ZipFile=b"not a zip")
    assert invoke()[0]["errorType"] == "Runtime.InvalidPackage"
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="function:none"):
        client.invoke(FunctionName="none")


def test_given_a_module_that_cannot_be_imported_when_the_function_is_invoked_then_the_error_names_it(
    deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    deploy("import moto\ndef handler(event, context): return 1")
    answer, error = invoke()
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert "No module named 'moto'" in answer["errorMessage"]
