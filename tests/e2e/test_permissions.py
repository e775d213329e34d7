"""The role of the deployed function may do what the code needs, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0, enforce_iam=True) as running:
        yield running


def test_given_the_deployed_role_when_read_sets_come_change_and_go_then_each_permission_is_used_and_no_other_needed(
    up: Callable[..., Any], sandbox: Sandbox
) -> None:
    stack = up()
    store_id = sandbox.omics.create_store("cohort-a")
    read_set_id = sandbox.omics.create_read_set(store_id, name="NA12878")
    sandbox.drain()
    assert stack.rows()[read_set_id]["set_status"] == "ACTIVE"
    sandbox.omics.set_status(store_id, read_set_id, "ARCHIVED")
    sandbox.omics.set_status(store_id, read_set_id, "DELETED")
    sandbox.drain()
    assert stack.rows() == {}

    role = sandbox.client("lambda").get_function(FunctionName=stack.outputs["functionName"])["Configuration"]["Role"]
    iam, name = sandbox.client("iam"), role.rpartition("/")[2]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
    calls = sandbox.calls.of(role)
    assert [call for call in calls if call.refused] == []
    assert {call.action for call in calls} == {action for statement in statements for action in statement["Action"]}
