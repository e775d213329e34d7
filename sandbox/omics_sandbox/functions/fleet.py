"""The execution environments of all functions: kept warm, one per concurrent invocation."""

import threading
from collections.abc import Callable, Mapping

from omics_sandbox.functions.environment import ExecutionEnvironment, LogSink
from omics_sandbox.functions.lineage import Lineage
from omics_sandbox.functions.model import Function, Outcome, failure
from omics_sandbox.functions.package import PackageError, code_folder, runtime_folder

Credentials = Callable[[Function], Mapping[str, str]]
"""Gives the variables with the credentials of a function's role."""


class Fleet:
    """Runs invocations in as many execution environments as there are at the same time."""

    def __init__(self, environment: Mapping[str, str], credentials: Credentials, log: LogSink) -> None:
        self._environment = dict(environment)
        self._credentials = credentials
        self._log = log
        self._idle: dict[str, list[ExecutionEnvironment]] = {}
        self._busy: set[ExecutionEnvironment] = set()
        self._lock = threading.Lock()
        self._closed = False

    def invoke(self, function: Function, event: bytes, lineage: Lineage) -> Outcome:
        """Run an invocation in an idle environment or a new one."""
        try:
            environment = self._take(function)
            if environment is None:
                return failure("Sandbox.Stopping", "The sandbox is stopping")
            outcome = environment.invoke(event, lineage)
            self._give_back(environment)
        except PackageError as error:
            return failure("Runtime.InvalidPackage", str(error))
        else:
            return outcome

    def kill(self) -> None:
        """Kill every process that runs an invocation, as when its host is lost."""
        with self._lock:
            busy = list(self._busy)
        for environment in busy:
            environment.end()

    def close(self) -> None:
        """End every environment, also those that run an invocation."""
        with self._lock:
            self._closed = True
            idle = [environment for environments in self._idle.values() for environment in environments]
            busy = list(self._busy)
            self._idle.clear()
        for environment in busy:
            environment.end()  # its invocation fails, and then it is closed
        for environment in idle:
            environment.close()

    def _take(self, function: Function) -> ExecutionEnvironment | None:
        """An environment of the function as it is now; None when the fleet is closed."""
        with self._lock:
            if self._closed:
                return None
            idle = self._idle.setdefault(function.arn, [])
            outdated = [environment for environment in idle if environment.function != function]
            current = [environment for environment in idle if environment.function == function]
            environment = current.pop() if current else self._new(function)
            self._idle[function.arn] = current
            self._busy.add(environment)
        for each in outdated:
            each.close()
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            self._busy.discard(environment)
            keep = environment.alive and not self._closed
            if keep:
                self._idle[environment.function.arn].append(environment)
        if not keep:
            environment.close()

    def _new(self, function: Function) -> ExecutionEnvironment:
        regional = {"AWS_REGION": function.region, "AWS_DEFAULT_REGION": function.region}
        return ExecutionEnvironment(
            function,
            code=code_folder(function.code),
            runtime=runtime_folder(),
            environment={**self._environment, **regional, **self._credentials(function)},
            log=self._log,
        )
