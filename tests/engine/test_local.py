"""`Pulumi.local.yaml`: a stack in the local AWS by configuration alone, without a variable in the environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Limits, Sandbox

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED_ENDPOINT = "http://127.0.0.1:4566"


def test_given_the_local_stacks_configuration_when_brought_up_then_it_is_in_the_local_aws(
    product: Callable[..., Any],
) -> None:
    with Sandbox(limits=Limits.none()) as sandbox:
        stack = product(environment={})
        settings = (ROOT / "Pulumi.local.yaml").read_text()
        assert DOCUMENTED_ENDPOINT in settings
        (stack.folder / "Pulumi.local.yaml").write_text(settings.replace(DOCUMENTED_ENDPOINT, sandbox.endpoint))

        stack.run("stack", "init", "local")
        stack.run("up", "--yes", "--skip-preview")

        table = json.loads(stack.run("stack", "output", "--json"))["tableName"]
        assert sandbox.client("dynamodb").list_tables()["TableNames"] == [table]
        read_set = sandbox.omics.create_read_set(sandbox.omics.create_store("cohort"), name="new")
        sandbox.drain(timeout=60)
        [row] = sandbox.client("dynamodb").scan(TableName=table)["Items"]
        assert row["set_id"]["S"] == read_set
        stack.run("destroy", "--yes")
