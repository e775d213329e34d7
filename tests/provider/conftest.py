"""A local AWS for each module, and the resource types over it."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.values import ARCHIVE_SIGNATURE, SIGNATURE_KEY


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(region="eu-west-1", limits=Limits.none()) as running:
        yield running


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables that name the local AWS, with no two ways to the region."""
    return {name: value for name, value in sandbox.environment.items() if name != "AWS_DEFAULT_REGION"}


@pytest.fixture(scope="module")
def aws(sandbox: Sandbox) -> Aws:
    return Aws(sandbox.environment)


@pytest.fixture
def implementation(aws: Aws, tmp_path: Path) -> Callable[[str], ResourceType]:
    """Make the implementation of a type by its token."""
    return lambda token: resource_type(token)(aws, tmp_path)


@pytest.fixture(scope="module")
def existing(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What other resources refer to."""
    sqs, arn = aws.client("sqs"), "arn:aws:sqs:eu-west-1:123456789012"
    fifo = sqs.create_queue(QueueName="source.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.create_queue(QueueName="plain")
    services = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws.client("iam").create_role(RoleName="a-role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": ["sqs:*", "lambda:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.client("iam").put_role_policy(RoleName="a-role", PolicyName="p", PolicyDocument=document)
    aws.client("events").put_rule(Name="a-rule", EventPattern='{"source": ["aws.omics"]}')
    logs = {"Effect": "Allow", "Principal": {"Service": "logs.eu-west-1.amazonaws.com"}, "Action": "kms:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**logs, "Resource": "*"}]})
    function = resource_type("aws:lambda/function:Function")(aws, Path())
    path = tmp_path_factory.mktemp("code") / "code.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("handler.py", "def handle(event, context): return 1")
    # The engine adds a hash of the contents.
    code = {SIGNATURE_KEY: ARCHIVE_SIGNATURE, "path": str(path), "hash": "1"}
    inputs = {"code": code, "handler": "handler.handle", "name": "f", "role": role, "runtime": "python3.13"}
    function.create(inputs)
    return {
        "queue_url": fifo,
        "queue_arn": f"{arn}:source.fifo",
        "plain_arn": f"{arn}:plain",
        "role_arn": role,
        "topic_arn": aws.client("sns").create_topic(Name="a-topic")["TopicArn"],
        "code": code,
        "other_code": {**code, "hash": "2"},
        "key": aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"],
        "other_key": aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"],
        "key_of_others": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
    }
