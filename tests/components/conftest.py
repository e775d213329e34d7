"""A recording engine: runs Pulumi programs in this process, with nothing behind them."""

import contextvars
import copy
import json
import runpy
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from omics_components import function
from omics_sandbox.provider import monitor
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.deployment import run_program
from omics_sandbox.provider.project import Project
from omics_sandbox.provider.values import decode, encode
from pulumi.runtime.proto import engine_pb2, provider_pb2, resource_pb2

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
REGION = "us-west-2"
PARTITION = "aws"
KEY_ARN = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
EXISTING_TABLE: dict[str, Any] = {
    "hashKey": "set_arn",
    "attributes": [{"name": "set_arn", "type": "S"}],
    "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY_ARN},
}


@dataclass(frozen=True)
class Registered:
    """One resource as the engine was asked to make it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str
    provider: str
    retain_on_delete: bool
    import_id: str
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


class _Monitor(monitor.Monitor):
    """Keeps what is registered, and answers as AWS would."""

    def __init__(self, world: World, deployment: Deployment, project: Project) -> None:
        super().__init__(Aws({}), project.name, "dev", project.folder, monitor.Deployment(deployment.outputs))
        self._world = world
        self._resources = deployment.resources

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the engine's name for it)
        urn, inputs = self._urn(request.parent, request.type, request.name), decode(request.object)
        if request.type != "pulumi:pulumi:Stack":
            self._resources.append(
                Registered(
                    urn=urn,
                    type=request.type,
                    name=request.name,
                    inputs=inputs,
                    parent=request.parent.rsplit("::", 1)[-1],
                    provider=request.provider,
                    retain_on_delete=request.retainOnDelete,
                    import_id=request.importId,
                    dependencies=frozenset(urn.rsplit("::", 1)[-1] for urn in request.dependencies),
                )
            )
        if not request.custom or request.type.startswith("pulumi:providers:"):
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)
        name: str = inputs.get("name") or f"{inputs.get('namePrefix') or request.name + '-'}1234567"
        if inputs.get("fifoQueue") and not name.endswith(".fifo"):
            name += ".fifo"
        region = self._world.region(request.provider)
        state = {**inputs, "name": name, **_computed(request.type, name, self._world.partition, region)}
        return resource_pb2.RegisterResourceResponse(urn=urn, id=name, object=encode(state))

    def Invoke(self, request: Any) -> Any:  # noqa: N802 (the engine's name for it)
        found = self._look_up(request.tok, decode(request.args), request.provider)
        if isinstance(found, str):
            failure = provider_pb2.CheckFailure(property=found, reason="not found")
            return monitor.InvokeResponse(failures=[failure])
        answer: dict[str, Any] = {"return": encode(found)}
        return monitor.InvokeResponse(**answer)

    def _look_up(self, token: str, args: Mapping[str, Any], provider: str) -> dict[str, Any] | str:
        """What there is; the name of the argument by which there is nothing."""
        name, world = args.get("name", ""), self._world
        match token.rsplit(":", 1)[1]:
            case "getRegion":
                return {"region": world.region(provider)}
            case "getCallerIdentity":
                return {"accountId": ACCOUNT}
            case "getPartition":
                return {"partition": world.partition}
            case "getTable" if table := world.tables.get(name):
                return {"name": name, **_computed("aws:dynamodb/table:Table", name, PARTITION, REGION), **table}
            case "getQueue" if name in world.queues:
                return {"name": name, **_computed("aws:sqs/queue:Queue", name, PARTITION, REGION)}
            case "getResource":
                if world.queue_properties is None:
                    return "identifier"
                return {"properties": json.dumps(world.queue_properties)}
            case "getTable" | "getQueue":
                return "name"
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


class _Log(monitor.Diagnostics):
    def __init__(self, logs: list[str]) -> None:
        super().__init__(monitor.Deployment())
        self._logs = logs

    def Log(self, request: Any) -> Any:  # noqa: N802 (the engine's name for it)
        if request.severity != engine_pb2.DEBUG:
            self._logs.append(request.message)
        return super().Log(request)


def deploy(
    program: Callable[[], object],
    world: World | None = None,
    config: Mapping[str, str] | None = None,
    *,
    preview: bool = False,
) -> Deployment:
    """Run a program and return what it did, once everything that it started has ended."""
    deployment, project = Deployment(), Project("some-project", ROOT, program)
    recorder = _Monitor(world or World(), deployment, project)
    config = project.resolve_config(config or {})
    try:
        # Pulumi keeps its settings in context variables: a context of one's own isolates every deployment.
        contextvars.Context().run(run_program, project, "dev", config, recorder, _Log(deployment.logs), preview=preview)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is for the test to judge)
        deployment.error = error
    return deployment


@pytest.fixture(scope="session", autouse=True)
def package() -> Generator[None]:
    """Build the deployment package once: its own tests are in test_package.py."""
    path = function.write_package()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "write_package", lambda: path)
        yield


def deploy_main(**options: Any) -> Deployment:
    """Run the project's own program."""
    return deploy(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"), **options)


_done: dict[str, Deployment] = {}


def deployed(config: Mapping[str, str] | None = None) -> Deployment:
    """Deploy the program with a configuration into an account that has a table and a queue; once for all tests."""
    key = json.dumps(config or {}, sort_keys=True)
    if key not in _done:
        world = World(tables={"their-table": EXISTING_TABLE}, queues={"their-queue.fifo"})
        _done[key] = deploy_main(config=config, world=world)
        assert _done[key].error is None
    return _done[key]
