"""A local AWS, empty for each test, and the resource types over it."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from omics_sandbox.provider.archives import with_hash
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY, Properties


@pytest.fixture(scope="session")
def aws_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def shared_aws(aws_server: str) -> Aws:
    """Clients are dear to make, and the same for all tests."""
    return Aws(variables(aws_server))


@pytest.fixture
def environment(aws_server: str) -> dict[str, str]:
    """The variables that name the local AWS, which has nothing in it."""
    reset = http.client.HTTPConnection(aws_server.removeprefix("http://"), timeout=30)
    reset.request("POST", "/moto-api/reset")
    assert reset.getresponse().status == 200
    reset.close()
    return variables(aws_server)


def variables(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": endpoint,
    }


@pytest.fixture
def aws(environment: dict[str, str], shared_aws: Aws) -> Aws:
    return shared_aws


@pytest.fixture
def implementation(aws: Aws, tmp_path: Path) -> Callable[[str], ResourceType]:
    """Make the implementation of a type by its token."""
    return lambda token: resource_type(token)(aws, tmp_path)


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], Properties]:
    """Make an archive with a handler of a given text, as the engine passes it on."""

    def make(text: str) -> Properties:
        asset = {SIGNATURE_KEY: ASSET_SIGNATURE, "text": text}
        return with_hash({SIGNATURE_KEY: ARCHIVE_SIGNATURE, "assets": {"handler.py": asset}}, tmp_path)

    return make


@pytest.fixture
def existing(aws: Aws, code: Callable[[str], Properties]) -> dict[str, Any]:
    """What other resources refer to: a FIFO queue, a standard one, a role, a rule, a topic and a function."""
    sqs, role = aws.client("sqs"), "a-role"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    fifo = sqs.create_queue(QueueName="source.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.create_queue(QueueName="plain")
    created = aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document)["Role"]
    aws.client("events").put_rule(Name="a-rule", EventPattern='{"source": ["aws.omics"]}')
    arn = "arn:aws:sqs:eu-west-1:123456789012"
    return {
        "queue_url": fifo,
        "queue_arn": f"{arn}:source.fifo",
        "plain_arn": f"{arn}:plain",
        "role": role,
        "role_arn": created["Arn"],
        "rule": "a-rule",
        "topic_arn": aws.client("sns").create_topic(Name="a-topic")["TopicArn"],
        "code": code("def handle(event, context): return 1"),
        "other_code": code("def handle(event, context): return 2"),
        "function": "arn:aws:lambda:eu-west-1:123456789012:function:a-function",
    }
