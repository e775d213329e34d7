"""The sandbox: all its parts, started and stopped together."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import boto3
from botocore.config import Config

from omics_sandbox.access.control import USER_NAME, AccessControl, Calls, user_arn
from omics_sandbox.callpoint import CallPoint
from omics_sandbox.control import Control
from omics_sandbox.eventbridge.bus import EventBridge
from omics_sandbox.faults import Faults
from omics_sandbox.functions.api import LambdaApi
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.gateway import Gateway
from omics_sandbox.http import Server
from omics_sandbox.logs import LogsApi
from omics_sandbox.omics.api import OmicsApi
from omics_sandbox.omics.limits import Limits
from omics_sandbox.omics.service import OmicsService
from omics_sandbox.omics.tagging import TaggingApi
from omics_sandbox.queues import Outcome
from omics_sandbox.scheduler import Scheduler
from omics_sandbox.services import Moto

_one_at_a_time = threading.Lock()


# A profile that does not exist, or a file that cannot be read, would end every call of moto's.
_NOT_OF_THE_CALLER: Final = {
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Sandbox:
    """A local AWS on 127.0.0.1: `with Sandbox() as sandbox: sandbox.client("omics").list_sequence_stores()`.

    One process can hold one running sandbox at a time, because moto's state is global to the process.

    Attributes:
        region: The region that `client`, `environment` and `omics` stand for. Requests to other regions are answered
            too, by services of their own.
        callpoint: Acts at an API call of choice.
        faults: Errors, delays and lost answers of DynamoDB, SQS and others, switched on by operation.
        calls: The API calls of each principal, as IAM sees them; `user` is who `client` and `environment` call as.

    Args:
        region: See above.
        account: Account id.
        limits: Request quotas of HealthOmics, the documented ones when not given.
        latency: Seconds that each HealthOmics call takes.
        port: Port to listen on; 0 takes a free one.
        retry_delay: Seconds after which a message is visible again when a function failed on it. None, as on AWS: when
            the visibility timeout of its queue is over.
        enforce_iam: Whether functions, and Lambda in their name, may do no more than the inline policies of their
            roles allow.
    """

    def __init__(
        self,
        region: str = "us-west-2",
        account: str = "123456789012",
        *,
        limits: Limits | None = None,
        latency: float = 0.0,
        port: int = 0,
        retry_delay: int | None = None,
        enforce_iam: bool = False,
    ) -> None:
        self.region = region
        self.account = account
        self.callpoint = CallPoint()
        self.faults = Faults()
        self.calls = Calls()
        self._limits = limits or Limits.documented()
        self._latency = latency
        self._port = port
        self._retry_delay = retry_delay
        self._enforce_iam = enforce_iam
        self._omics: dict[str, OmicsService] = {}
        self._running: _Running | None = None
        self._hidden: dict[str, str | None] = {}

    def start(self) -> Self:
        """Start every part.

        Raises:
            RuntimeError: Another sandbox runs in this process.
            OSError: The port is taken.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("another sandbox runs in this process: stop it first")
        self._hidden = {name: os.environ.get(name) for name in _NOT_OF_THE_CALLER}
        _set(_NOT_OF_THE_CALLER)
        try:
            self._running = self._assemble()
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Stop every part and wait until it has stopped. Does nothing when the sandbox is not running."""
        if self._running is None:
            return
        self._running.server.is_closing.set()
        running, self._running = self._running, None
        for faults in (self.faults, *(service.faults for service in self._omics.values())):
            faults.close()
        running.gateway.close()
        running.functions.close()
        running.server.close()
        running.moto.close()
        self._omics.clear()
        self._end()

    def _end(self) -> None:
        _set(self._hidden)
        _one_at_a_time.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """URL of every service."""
        return self._parts.server.endpoint

    @property
    def events(self) -> EventBridge:
        """EventBridge's deliveries: how many were made, dead-lettered, dropped."""
        return self._parts.events

    @property
    def scheduler(self) -> Scheduler:
        """EventBridge Scheduler's runs: how many were delivered, dead-lettered, dropped."""
        return self._parts.scheduler

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that send an AWS SDK or CLI to the sandbox."""
        return self._environment(self.endpoint)

    @property
    def user(self) -> str:
        """The principal of `client`, and of every program with `environment`."""
        return user_arn(self.account, self.region)

    @property
    def omics(self) -> OmicsService:
        """HealthOmics in the sandbox's region."""
        return self.omics_in(self.region)

    def omics_in(self, region: str) -> OmicsService:
        """HealthOmics in any region; without stores until some are created."""
        with self._parts.moto.lock:
            if region not in self._omics:
                self._omics[region] = OmicsService(
                    region, self.account, publish=self.events.publish, limits=self._limits, latency=self._latency
                )
            return self._omics[region]

    def client(
        self, service: str, *, region: str | None = None, config: Config | None = None, **credentials: Any
    ) -> Any:
        """A boto3 client of the sandbox. Nothing is read from or written to the process environment.

        Args:
            service: Boto3's name of the service.
            region: The sandbox's own when not given.
            config: Settings of the client.
            **credentials: Those of somebody else than `user`, by boto3's names: `aws_access_key_id` and so on.
        """
        own: dict[str, Any] = {"aws_access_key_id": USER_NAME, "aws_secret_access_key": "sandbox"}
        return boto3.client(  # pyright: ignore[reportUnknownMemberType,reportCallIssue,reportUnknownVariableType] - any service
            service,  # pyright: ignore[reportArgumentType] - boto3-stubs lists literals
            region_name=region or self.region,
            endpoint_url=self.endpoint,
            config=Config(inject_host_prefix=False).merge(config or Config()),
            **{**own, **credentials},
        )

    def drain(self, timeout: float = 30.0) -> None:
        """Wait until no message is visible or in flight on a queue that an event source mapping reads.

        Raises:
            TimeoutError: Something is left after `timeout` seconds; the message names queues and groups.
        """
        deadline = time.monotonic() + timeout
        while left := self._parts.functions.backlog():
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {timeout:g} s there is still something: {'; '.join(left)}")
            time.sleep(0.02)

    def run_schedule(self, name: str, group: str = "default") -> Outcome:
        """Run a schedule of EventBridge Scheduler now; see `Scheduler.run`."""
        return self._parts.scheduler.run(self.region, name, group)

    def lambda_logs(self, function_name: str) -> list[str]:
        """What a function has written to its log group, line by line, oldest first."""
        return self._parts.functions.logs(self.region, function_name)

    def kill_functions(self) -> None:
        """Kill every process that runs an invocation, with SIGKILL. The invocation fails."""
        self._parts.functions.kill()

    def _assemble(self) -> "_Running":
        moto = Moto(self.account)
        server = Server(self._port)
        access = AccessControl(moto, self.calls, enforced=self._enforce_iam)
        functions = FunctionService(moto, access, self._environment(server.endpoint), self._retry_delay)
        events = EventBridge(moto)
        scheduler = Scheduler(moto)
        omics = OmicsApi(self.omics_in)
        gateway = Gateway(
            moto,
            {
                "omics": lambda request, _: omics.handle(request),
                "tagging": TaggingApi(self.omics_in).handle,
                "lambda": LambdaApi(functions).handle,
                "scheduler": scheduler.handle,
                "logs": LogsApi(moto).handle,
            },
            events=events,
            control=Control(self).handle,
            callpoint=self.callpoint,
            access=access,
            faults=self.faults,
        )
        moto.start()
        server.start(gateway.answer)
        return _Running(moto, server, functions, events, scheduler, gateway)

    @property
    def _parts(self) -> "_Running":
        if self._running is None:
            raise RuntimeError("the sandbox is not running")
        return self._running

    def _environment(self, endpoint: str) -> dict[str, str]:
        others = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
        unproxied = ",".join(dict.fromkeys(["127.0.0.1", *filter(None, map(str.strip, others))]))
        return {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            # The user's own list, and this machine: otherwise a proxy that HTTP_PROXY names would be asked for the
            # endpoint. gRPC, which connects the parts of a Pulumi program, reads the name in lower case alone.
            "NO_PROXY": unproxied,
            "no_proxy": unproxied,
            "AWS_ACCESS_KEY_ID": USER_NAME,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # HealthOmics prefixes host names ("control-storage-"), which an IP address cannot have.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _set(variables: Mapping[str, str | None]) -> None:
    """Set environment variables of this process; None takes one out."""
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@dataclass(frozen=True)
class _Running:
    """The parts of a sandbox that runs."""

    moto: Moto
    server: Server
    functions: FunctionService
    events: EventBridge
    scheduler: Scheduler
    gateway: Gateway
