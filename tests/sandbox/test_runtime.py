"""Functions run as on AWS: what they can import, what they are told, and what becomes of their failures."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Sandbox


@pytest.fixture
def invoke(sandbox: Sandbox) -> Callable[..., tuple[Any, str | None]]:
    """Invokes the function; returns its answer and the kind of error, if any."""
    client = sandbox.client("lambda")

    def call(payload: Any = None, name: str = "function") -> tuple[Any, str | None]:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(payload))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    return call


def test_given_a_function_when_it_is_invoked_then_it_is_told_what_lambda_tells(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    source = """
import os
def handler(event, context):
    return [event, dict(os.environ), context.invoked_function_arn, context.aws_request_id,
            context.get_remaining_time_in_millis(), context.log_group_name]
"""
    arn = deploy(source, Environment={"Variables": {"TABLE": "t"}}, MemorySize=256, Timeout=20)
    (event, environment, told_arn, request_id, remaining, log_group), error = invoke({"a": "ü"})
    assert error is None
    assert (event, told_arn, log_group) == ({"a": "ü"}, arn, "/aws/lambda/function")
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
    assert "HOME" not in environment
    assert "VIRTUAL_ENV" not in environment


def test_given_modules_that_are_not_in_the_zip_when_they_are_imported_then_that_fails_though_they_are_installed_here(
    deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    modules = ["boto3", "moto", "pytest", "omics_sandbox", "aws_lambda_powertools", "pulumi", "typer"]
    deploy(f"""
import importlib.util
def handler(event, context):
    return [name for name in {modules} if importlib.util.find_spec(name)]
""")
    assert invoke() == (["boto3"], None)
    deploy("import moto\ndef handler(event, context): return 1", name="other")
    answer, error = invoke(name="other")
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
    assert "No module named 'moto'" in answer["errorMessage"]


def test_given_a_function_that_fails_when_it_is_invoked_then_the_error_is_its_own_and_the_environment_stays_warm(
    deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    deploy("""
import os
def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    return os.getpid()
""")
    before, _ = invoke()
    answer, error = invoke("fail")
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "ValueError", "no")
    assert invoke() == (before, None)


def test_given_a_function_that_takes_too_long_when_its_time_is_over_then_its_process_is_killed_and_a_new_one_serves(
    deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]], tmp_path: Path
) -> None:
    deploy(
        f"""
import os, time
def handler(event, context):
    if event == "sleep":
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    return os.getpid()
""",
        Timeout=1,
    )
    answer, error = invoke("sleep")
    assert error == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]
    killed = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(killed, 0)
    assert invoke()[0] != killed


def test_given_a_function_that_ends_its_process_when_it_is_invoked_then_lambda_says_so(
    deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    deploy("import os\ndef handler(event, context): os._exit(3)")
    answer, error = invoke()
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in answer["errorMessage"]


def test_given_new_code_or_configuration_when_it_is_deployed_then_the_next_invocation_runs_it(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    deploy("import os\ndef handler(event, context): return os.environ.get('V')")
    assert invoke() == (None, None)
    client = sandbox.client("lambda")
    client.update_function_configuration(FunctionName="function", Environment={"Variables": {"V": "2"}})
    assert invoke() == ("2", None)
    client.update_function_code(FunctionName="function", ZipFile=b"not a zip")
    assert invoke()[0]["errorType"] == "Runtime.InvalidPackage"


def test_given_what_a_function_writes_when_it_is_done_then_it_is_in_its_log_group(
    sandbox: Sandbox, deploy: Callable[..., str]
) -> None:
    source = """
import sys
print("loading")
def handler(event, context):
    print("hello")
    print("oops", file=sys.stderr)
"""
    deploy(source, LoggingConfig={"LogGroup": "/custom/group", "LogFormat": "Text"})
    client = sandbox.client("lambda")
    client.invoke(FunctionName="function")
    lines = sandbox.lambda_logs("function")
    assert [line for line in lines if not line.startswith(("START", "END", "REPORT"))] == ["loading", "hello", "oops"]
    stored = sandbox.client("logs").filter_log_events(logGroupName="/custom/group")["events"]
    assert [event["message"] for event in stored] == lines
    described = client.get_function_configuration(FunctionName="function")["LoggingConfig"]
    assert described == {"LogGroup": "/custom/group", "LogFormat": "Text"}


def test_given_json_logging_when_a_function_logs_then_the_runtime_writes_json_lines(
    sandbox: Sandbox, deploy: Callable[..., str], invoke: Callable[..., tuple[Any, str | None]]
) -> None:
    source = "import logging\ndef handler(event, context): logging.getLogger().info('hello')"
    deploy(source, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    invoke()
    assert [json.loads(line)["message"] for line in sandbox.lambda_logs("function")] == ["hello"]


def test_given_no_concurrency_left_or_no_such_function_when_it_is_invoked_then_the_error_says_so(
    sandbox: Sandbox, deploy: Callable[..., str]
) -> None:
    deploy("def handler(event, context): return 1")
    client = sandbox.client("lambda")
    client.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.invoke(FunctionName="function")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="function:none"):
        client.invoke(FunctionName="none")
