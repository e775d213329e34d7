"""What becomes of functions that keep invoking themselves: moto knows nothing of it, so that this needs the sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider.archives import zip_bytes
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.resource_type import ResourceType

NAME = "a-function"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def functions(code: Any, tmp_path: Path) -> Iterator[Any]:
    """A client of Lambda, which has one function."""
    with Sandbox() as sandbox:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        role = sandbox.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]
        client = sandbox.client("lambda")
        client.create_function(
            FunctionName=NAME,
            Role=role["Arn"],
            Runtime="python3.13",
            Handler="handler.handle",
            Code={"ZipFile": zip_bytes(code("handle = print"), tmp_path)},
        )
        yield client


@pytest.fixture
def recursion(functions: Any, tmp_path: Path) -> ResourceType:
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": functions.meta.region_name,
        "AWS_ENDPOINT_URL": functions.meta.endpoint_url,
    }
    return resource_type("aws:lambda/functionRecursionConfig:FunctionRecursionConfig")(Aws(environment), tmp_path)


def test_given_a_recursion_configuration_when_it_lives_then_the_function_has_it_and_in_the_end_the_default(
    functions: Any, recursion: ResourceType
) -> None:
    inputs: dict[str, Any] = {"functionName": NAME, "recursiveLoop": "Allow"}
    assert recursion.check("thing", {}, inputs).failures == []

    resource_id, state = recursion.create(inputs)
    assert functions.get_function_recursion_config(FunctionName=NAME)["RecursiveLoop"] == "Allow"
    assert recursion.read(resource_id, {}) == state
    assert recursion.diff(inputs, state, inputs).changed == frozenset()

    other: dict[str, Any] = {**inputs, "recursiveLoop": "Terminate"}
    difference = recursion.diff(inputs, state, other)
    assert (difference.changed, difference.replacing) == ({"recursiveLoop"}, frozenset())
    assert recursion.update(resource_id, state, other, difference.changed)["recursiveLoop"] == "Terminate"
    assert recursion.update(resource_id, state, inputs, difference.changed) == state
    assert recursion.diff(inputs, state, {**inputs, "functionName": "another"}).replacing == {"functionName"}

    recursion.delete(resource_id, state)
    assert functions.get_function_recursion_config(FunctionName=NAME)["RecursiveLoop"] == "Terminate"
    functions.delete_function(FunctionName=NAME)
    assert recursion.read(resource_id, state) is None
    recursion.delete(resource_id, state)
