"""An execution environment: a process that runs a function with AWS's runtime client, one invocation at a time."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from omics_sandbox.functions.lineage import Lineage
from omics_sandbox.functions.model import Function, Outcome, failure
from omics_sandbox.functions.runtime_api import Invocation, Report, RuntimeApi

LogSink = Callable[[Function, str, list[str]], None]
"""Takes the function that writes, the log stream and lines."""

# Lambda gives 10 s and then starts over within the function's timeout. A busy laptop is slower than Lambda.
_INIT_SECONDS = 30.0
_CHECK_SECONDS = 0.05

# Isolated (-I) and without site-packages (-S): only the standard library, the deployment package and the runtime's
# modules can be imported, in the order in which Lambda has them.
_BOOTSTRAP = (
    "import runpy, sys; sys.path[:] = [{code!r}, *sys.path, {runtime!r}]; "
    "runpy.run_module('awslambdaric', run_name='__main__', alter_sys=True)"
)


class ExecutionEnvironment:
    """Runs a `function`, warm from one invocation to the next, until it fails fatally or is closed."""

    def __init__(
        self, function: Function, *, code: Path, runtime: Path, environment: Mapping[str, str], log: LogSink
    ) -> None:
        self.function = function
        self._log = log
        self._log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        # A file, not a pipe: what was written before an answer is in it when the answer is there.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._read = 0
        self._api = RuntimeApi()
        self._ready = False
        self._init_failure: Report | None = None
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                _BOOTSTRAP.format(code=str(code), runtime=str(runtime)),
                function.handler,
            ],
            cwd=code,
            env={**self._variables(code, runtime), **environment, **function.variables},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return self._process.poll() is None and self._init_failure is None

    def invoke(self, event: bytes, lineage: Lineage) -> Outcome:
        """Run one invocation to its end. After a timeout or the end of the process it is no longer `alive`."""
        request_id = str(uuid.uuid4())
        started = time.monotonic()
        outcome = self._initialize(request_id) or self._run(request_id, event, lineage)
        self._log(self.function, self._log_stream, self._lines(request_id, time.monotonic() - started))
        return outcome

    def end(self) -> None:
        """End the process. An invocation that it runs fails."""
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process and let go of everything. Not while an invocation runs."""
        self.end()
        self._api.close()
        self._output.close()

    def _initialize(self, request_id: str) -> Outcome | None:
        """Wait until the function is loaded; the outcome when it cannot be."""
        if self._ready:
            return None
        report = self._await(_INIT_SECONDS)
        if report is None:
            return self._ended(request_id, _INIT_SECONDS, "Sandbox.InitTimedout")
        if report.kind == "init error":
            self._init_failure = report
            return Outcome(report.body, True)
        self._ready = True
        return None

    def _run(self, request_id: str, event: bytes, lineage: Lineage) -> Outcome:
        timeout = self.function.timeout
        deadline = time.monotonic() + timeout
        deadline_ms = int((time.time() + timeout) * 1000)
        self._api.give(Invocation(request_id, event, deadline_ms, self.function.arn, lineage))
        report = self._await(timeout)
        if report is None:
            return self._ended(request_id, timeout, "Sandbox.Timedout")
        # An invocation is over when the runtime asks for the next one. One that does not is of no further use.
        following = self._await(max(deadline - time.monotonic(), _CHECK_SECONDS))
        if following is None:
            self.end()
        return Outcome(report.body, report.kind != "response")

    def _await(self, seconds: float) -> Report | None:
        """The runtime's next report; None when its process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            ended = self._process.poll() is not None
            try:
                return self._api.reports.get(timeout=min(_CHECK_SECONDS, remaining))
            except queue.Empty:
                if ended:
                    return None
        return None

    def _ended(self, request_id: str, seconds: float, timeout_kind: str) -> Outcome:
        """The outcome when there is no report: the process has ended, or has to be."""
        status = self._process.poll()
        if status is None:
            self.end()
            return failure(timeout_kind, f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds")
        how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")

    def _lines(self, request_id: str, seconds: float) -> list[str]:
        """What has been written since the last invocation, framed as Lambda frames it in the text format."""
        written = os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size - self._read, self._read)
        self._read += len(written)
        # The runtime client separates the lines of one message by carriage returns.
        lines = written.decode("utf-8", "replace").replace("\r", "\n").splitlines()
        if self.function.log_format != "Text":
            return lines
        duration = f"Duration: {seconds * 1000:.2f} ms\tMemory Size: {self.function.memory} MB"
        return [
            f"START RequestId: {request_id} Version: {self.function.version}",
            *lines,
            f"END RequestId: {request_id}",
            f"REPORT RequestId: {request_id}\t{duration}",
        ]

    def _variables(self, code: Path, runtime: Path) -> dict[str, str]:
        """See "Defined runtime environment variables", AWS Lambda Developer Guide."""
        function = self.function
        variables = {
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": function.log_format,
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_RUNTIME_DIR": str(runtime),
            "LAMBDA_TASK_ROOT": str(code),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            "_HANDLER": function.handler,
        }
        if function.log_level:
            variables["AWS_LAMBDA_LOG_LEVEL"] = function.log_level
        return variables
