"""Log groups with KMS keys: moto alone cannot change those, so that this needs the sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import resource_type
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.resource_type import ResourceType

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "logs.us-west-2.amazonaws.com"},
    "Action": "kms:*",
    "Resource": "*",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def log_group(sandbox: Sandbox, tmp_path: Path) -> ResourceType:
    return resource_type("aws:cloudwatch/logGroup:LogGroup")(Aws(sandbox.environment), tmp_path)


def test_given_a_log_group_when_it_gets_changes_and_loses_a_key_then_that_is_done_in_place(
    sandbox: Sandbox, log_group: ResourceType
) -> None:
    kms = sandbox.client("kms")
    key, other = (kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"] for _ in range(2))
    steps = [{"name": "g"}, {"name": "g", "kmsKeyId": key}, {"name": "g", "kmsKeyId": other}, {"name": "g"}]
    inputs = steps[0]
    resource_id, state = log_group.create(inputs)
    for wanted in steps[1:]:
        difference = log_group.diff(inputs, state, wanted)
        assert (difference.changed, difference.replacing) == ({"kmsKeyId"}, set())
        state = log_group.update(resource_id, state, wanted, difference.changed)
        assert state["kmsKeyId"] == wanted.get("kmsKeyId", "")
        assert log_group.read(resource_id, state) == state
        assert log_group.diff(wanted, state, wanted).changed == set()
        inputs = wanted


def test_given_a_key_that_the_service_may_not_use_when_a_log_group_is_created_then_the_message_names_it(
    sandbox: Sandbox, log_group: ResourceType
) -> None:
    key = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ProviderError, match=r"creating CloudWatch Logs Log Group \(g\): .*not allowed .*log-group:g'"):
        log_group.create({"name": "g", "kmsKeyId": key})
