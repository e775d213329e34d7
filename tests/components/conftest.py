"""A recording engine: runs Pulumi programs in this process, with nothing behind them."""
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportIncompatibleVariableOverride=false
# (Pulumi's runtime: what its shell calls is not public, its mocks' dicts have no types, its settings are
# descriptors without setters in the types, and methods of its stub attributes.)

import asyncio
import contextvars
import copy
import json
import logging
import runpy
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from omics_components import function
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto.resource_pb2_grpc import ResourceMonitorStub
from pulumi.runtime.stack import run_in_stack

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
REGION = "us-west-2"
PARTITION = "aws"
EXISTING_TABLE: dict[str, Any] = {
    "hashKey": "set_arn",
    "attributes": [{"name": "set_arn", "type": "S"}],
    "serverSideEncryption": {
        "enabled": True,
        "kmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555",
    },
}


@dataclass(frozen=True)
class Registered:
    """One resource as the engine was asked to make it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    aliases: tuple[str, ...]
    retain_on_delete: bool
    protect: bool
    import_id: str
    transforms: int
    dependencies: frozenset[str]


@dataclass
class World:
    """What exists already in the account, by name."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    queues: set[str] = field(default_factory=set[str])
    queue_properties: dict[str, Any] | None = field(default_factory=dict[str, Any])
    """What Cloud Control tells of each queue; None where it may not be asked."""
    partition: str = PARTITION
    regions: dict[str, str] = field(default_factory=dict[str, str])
    """Region by part of a provider's reference; other providers are in REGION."""

    def region(self, provider: str) -> str:
        return next((region for part, region in self.regions.items() if part in provider), REGION)


@dataclass
class Deployment:
    """What a program did, asserted on only after it has drained."""

    resources: list[Registered] = field(default_factory=list[Registered])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    logs: list[str] = field(default_factory=list[str])
    error: BaseException | None = None

    def kinds(self) -> set[tuple[str, str]]:
        return {(r.type, r.name) for r in self.resources}

    def get(self, name: str) -> Registered:
        """A copy of a resource, because tests share deployments; with or without the program's prefix of its name."""
        (found,) = [r for r in self.resources if r.name in {name, f"healthomics-metadata-sync-{name}"}]
        return copy.deepcopy(found)

    def inputs(self, name: str) -> dict[str, Any]:
        """The inputs of a resource, with documents in JSON as what they hold."""
        return {
            key: json.loads(value) if isinstance(value, str) and value.startswith("{") else value
            for key, value in self.get(name).inputs.items()
        }


class _Mocks(mocks.Mocks):
    """Answers as AWS would."""

    def __init__(self, world: World) -> None:
        self.world = world

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ.startswith("pulumi:providers:"):
            return args.name, args.inputs
        name: str = args.inputs.get("name") or f"{args.inputs.get('namePrefix') or args.name + '-'}1234567"
        if args.inputs.get("fifoQueue") and not name.endswith(".fifo"):
            name += ".fifo"
        region = self.world.region(args.provider or "")
        state = {**args.inputs, "name": name, **_computed(args.typ, name, self.world.partition, region)}
        return name, state

    def call(self, args: mocks.MockCallArgs) -> Any:
        match args.token.rsplit(":", 1)[1]:
            case "getRegion":
                return {"region": self.world.region(args.provider)}
            case "getCallerIdentity":
                return {"accountId": ACCOUNT}
            case "getPartition":
                return {"partition": self.world.partition}
            case "getTable" if table := self.world.tables.get(args.args["name"]):
                name = args.args["name"]
                return {"name": name, **_computed("aws:dynamodb/table:Table", name, PARTITION, REGION), **table}
            case "getQueue" if args.args["name"] in self.world.queues:
                name = args.args["name"]
                return {"name": name, **_computed("aws:sqs/queue:Queue", name, PARTITION, REGION)}
            case "getResource":
                if self.world.queue_properties is None:
                    return {}, [("identifier", "not allowed")]
                return {"properties": json.dumps(self.world.queue_properties)}
            case "getTable" | "getQueue":
                return {}, [("name", "not found")]
            case unknown:
                raise AssertionError(f"a function that AWS was not expected to be asked: {unknown}")


def _computed(type_: str, name: str, partition: str, region: str) -> dict[str, Any]:
    """The attributes that AWS adds to a resource."""

    def arn(service: str, path: str) -> str:
        return f"arn:{partition}:{service}:{region}:{ACCOUNT}:{path}"

    match type_:
        case "aws:sqs/queue:Queue":
            return {"arn": arn("sqs", name), "url": f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"}
        case "aws:dynamodb/table:Table":
            # DynamoDB tells the ARN of the latest stream, also when it is switched off.
            return {"arn": arn("dynamodb", f"table/{name}"), "streamArn": arn("dynamodb", f"table/{name}/stream/1")}
        case "aws:lambda/function:Function":
            return {"arn": arn("lambda", f"function:{name}")}
        case "aws:iam/role:Role":
            return {"arn": f"arn:{partition}:iam::{ACCOUNT}:role/{name}"}
        case "aws:cloudwatch/logGroup:LogGroup":
            return {"arn": arn("logs", f"log-group:{name}")}
        case "aws:cloudwatch/eventRule:EventRule":
            return {"arn": arn("events", f"rule/{name}")}
        case "aws:sns/topic:Topic":
            return {"arn": arn("sns", name)}
        case _:
            return {}


class _Monitor(mocks.MockMonitor, ResourceMonitorStub):
    """Keeps what MockMonitor throws away: parents, options and outputs.

    Pulumi's older SDKs take transforms for a `ResourceMonitorStub` only.
    """

    def __init__(self, answers: _Mocks, deployment: Deployment) -> None:
        super().__init__(answers)
        self._deployment = deployment

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the engine's name for it)
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self._deployment.resources.append(
                Registered(
                    type=request.type,
                    name=request.name,
                    inputs=_plain(request.object),
                    parent=request.parent.rsplit("::", 1)[-1],
                    provider=request.provider,
                    aliases=tuple(alias.spec.name for alias in request.aliases),
                    retain_on_delete=request.retainOnDelete,
                    protect=request.protect,
                    import_id=request.importId,
                    transforms=len(request.transforms),
                    dependencies=frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 (the engine's name for it)
        if "::pulumi:pulumi:Stack::" in request.urn:
            self._deployment.outputs = _plain(request.outputs)
        return super().RegisterResourceOutputs(request)


def _plain(struct: Any) -> dict[str, Any]:
    return MessageToDict(struct)


class _Log(logging.Handler):
    def __init__(self, deployment: Deployment) -> None:
        super().__init__()
        self._deployment = deployment

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.INFO:
            self._deployment.logs.append(record.getMessage())


Deploy = Callable[..., Deployment]
"""Runs a program, and returns what it did; see `_deploy`."""


def _deploy(
    program: Callable[[], object],
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    secret_keys: tuple[str, ...] = (),
    project: str = "some-project",
    *,
    preview: bool = False,
) -> Deployment:
    deployment = Deployment()

    def run() -> None:
        # As the engine hands configuration over: every key in its namespace.
        named = {key if ":" in key else f"{project}:{key}": value for key, value in (config or {}).items()}
        set_all_config(named, [f"{project}:{key}" for key in secret_keys])
        logger = logging.Logger("deployment", logging.INFO)
        logger.addHandler(_Log(deployment))
        settings.reset_options(project=project, stack="dev", preview=preview)
        settings.SETTINGS.monitor = _Monitor(_Mocks(world or World()), deployment)
        settings.SETTINGS.engine = mocks.MockEngine(logger)
        with _event_loop() as loop:
            try:
                loop.run_until_complete(run_in_stack(lambda: _ignore(program())))
            except Exception as error:  # noqa: BLE001 (whatever it is, it is for the test to judge)
                deployment.error = error

    # Pulumi keeps its settings in context variables: a context of one's own isolates every deployment.
    contextvars.Context().run(run)
    return deployment


@contextmanager
def _event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """A loop of its own for one deployment, closed with those that MockMonitor wants in its threads."""
    of_threads: list[asyncio.AbstractEventLoop] = []

    def prepare_thread() -> None:
        of_threads.append(asyncio.new_event_loop())
        asyncio.set_event_loop(of_threads[-1])

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(4, initializer=prepare_thread))
    try:
        yield loop
    finally:
        # What a failed program left running would be reported in the middle of a later test.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        for each in (loop, *of_threads):
            each.close()


def _ignore(_: object) -> None:
    """A program's value means nothing; run_in_stack would await some of them."""


@pytest.fixture(scope="session", autouse=True)
def package() -> Generator[None]:
    """Build the deployment package once: its own tests are in test_package.py."""
    path = function.write_package()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "write_package", lambda: path)
        yield


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """Run a program and return what it did, once everything that it started has ended."""
    return _deploy


@pytest.fixture(scope="session")
def deploy_main() -> Deploy:
    """Run the project's own program."""

    def run(**options: Any) -> Deployment:
        return _deploy(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"), **options)

    return run


@pytest.fixture(scope="session")
def deployed(deploy_main: Deploy) -> Deploy:
    """Deploy the program with a configuration into an account that has a table and a queue; once for all tests."""
    done: dict[str, Deployment] = {}

    def run(config: Mapping[str, str] | None = None) -> Deployment:
        key = json.dumps(config or {}, sort_keys=True)
        if key not in done:
            world = World(tables={"their-table": EXISTING_TABLE}, queues={"their-queue.fifo"})
            done[key] = deploy_main(config=config, world=world)
            assert done[key].error is None
        return done[key]

    return run
