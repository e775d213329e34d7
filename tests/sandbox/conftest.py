"""A sandbox for each test, and the few AWS resources that most of them need."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient, TaggingClient
from omics_sandbox.omics.service import OmicsService


def policy(*statements: dict[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Without quotas; failed messages are visible again at once; or as `started_with` says."""
    options: dict[str, Any] = {"limits": Limits.none(), "retry_delay": 0, **getattr(request, "param", {})}
    with Sandbox(**options) as running:
        yield running


def started_with(**options: Any) -> pytest.MarkDecorator:
    """For a test that wants a sandbox with some options."""
    return pytest.mark.parametrize("sandbox", [options], indirect=True, ids=[",".join(options)])


@pytest.fixture
def omics(sandbox: Sandbox) -> Any:
    return sandbox.client("omics")


@pytest.fixture
def store_id(sandbox: Sandbox) -> str:
    return sandbox.omics.create_store("cohort-a", description="For the tests")


class InProcess:
    """HealthOmics and the tagging API in the process, on a clock that is told the time, with a store.

    Attributes:
        omics: HealthOmics, called as boto3 calls it.
        tagging: The tagging API, called in the same way.
        events: Detail-type, resources and detail of each event so far.
    """

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 4, 12, 30, 15, 123456, tzinfo=UTC)
        self.events: list[tuple[str, list[str], dict[str, Any]]] = []
        self.service = OmicsService("us-west-2", "123456789012", publish=self._publish, clock=lambda: self.now)
        self.omics: Any = OmicsClient(self.service)
        self.tagging: Any = TaggingClient(self.service)
        self.store = self.service.create_store("cohort-a")

    def create(self, name: str | None = "r", **members: Any) -> str:
        """The id of a new read set in the store."""
        return self.service.create_read_set(self.store, name=name, **members)

    def arn(self, read_set_id: str) -> str:
        return f"{self.service.store(self.store).arn}/readSet/{read_set_id}"

    def metadata(self, read_set_id: str) -> dict[str, Any]:
        return self.omics.get_read_set_metadata(sequenceStoreId=self.store, id=read_set_id)

    def listed(self, **given: Any) -> list[dict[str, Any]]:
        return self.omics.list_read_sets(sequenceStoreId=self.store, **given)["readSets"]

    def tags(self, read_set_id: str) -> dict[str, str]:
        return self.omics.list_tags_for_resource(resourceArn=self.arn(read_set_id))["tags"]

    def _publish(self, _region: str, _source: str, kind: str, resources: list[str], detail: dict[str, Any]) -> None:
        self.events.append((kind, resources, detail))


@pytest.fixture
def aws() -> InProcess:
    return InProcess()


def without_retries(sandbox: Sandbox, service: str = "omics", **config: Any) -> Any:
    """A client that tries once."""
    return sandbox.client(service, config=Config(retries={"total_max_attempts": 1}, **config))


@dataclass
class Queue:
    """A queue of the sandbox, for short calls."""

    sqs: Any
    url: str
    arn: str

    def send(self, body: str, group: str | None = None) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **({"MessageGroupId": group} if group else {}))

    def receive(self, count: int = 10, **options: Any) -> list[dict[str, Any]]:
        return self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=count,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
            **options,
        ).get("Messages", [])

    def allow(self, rule_arn: str) -> None:
        """Let a rule send messages."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            "Condition": {"ArnLike": {"aws:SourceArn": rule_arn}},
        }
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy(statement)})


@pytest.fixture
def make_queue(sandbox: Sandbox) -> Callable[..., Queue]:
    sqs = sandbox.client("sqs")

    def make(name: str, **attributes: str) -> Queue:
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Queue(sqs, url, arn)

    return make


@pytest.fixture
def deploy(sandbox: Sandbox) -> Callable[..., str]:
    """Deploys `source` as module `app` of a function; returns the function's ARN."""

    def make(source: str, name: str = "function", **settings: Any) -> str:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", source)
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = sandbox.client("iam").create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument=policy(trust))
        created = sandbox.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=role["Role"]["Arn"],
            **{"Code": {"ZipFile": package.getvalue()}, "Timeout": 20, **settings},
        )
        return created["FunctionArn"]

    return make
