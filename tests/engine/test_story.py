"""The whole story: a stack is brought up, filled, kept true by events, verified, changed, mended and destroyed.

It is the stack of `Pulumi.local.yaml`: in the local AWS by configuration alone, without a variable in the environment.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox

from tests.pulumi_cli import ROOT

DOCUMENTED_ENDPOINT = "http://127.0.0.1:4566"


def test_given_the_local_stack_when_it_lives_then_its_rows_are_true_and_outlive_it(
    product: Callable[..., Any], sandbox: Sandbox
) -> None:
    # GIVEN read sets, and a stack that a preview did not create
    client = sandbox.client
    store = sandbox.omics.create_store("cohort")
    read_sets = [sandbox.omics.create_read_set(store, name=f"before {n}") for n in range(5)]
    settings = (ROOT / "Pulumi.local.yaml").read_text()
    assert DOCUMENTED_ENDPOINT in settings
    stack = product({}, "local", settings.replace(DOCUMENTED_ENDPOINT, sandbox.endpoint))
    assert len([step for step in stack.planned() if step["op"] == "create"]) > 20
    assert client("dynamodb").list_tables()["TableNames"] == []
    stack.update()
    outputs = stack.outputs()
    assert client("dynamodb").list_tables()["TableNames"] == [outputs["tableName"]]

    def omics_meta(command: str) -> None:
        done = subprocess.run(
            [Path(sys.executable).parent / "omics-meta", command, "--stack", "local", "--cwd", stack.folder],
            env=stack.environment | sandbox.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def rows() -> dict[str, str]:
        items = client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
        return {item["set_id"]["S"]: item["set_status"]["S"] for item in items}

    # WHEN it is filled, and read sets change, THEN the rows follow
    omics_meta("backfill")
    assert rows() == dict.fromkeys(read_sets, "ACTIVE")
    archived, deleted, *kept = read_sets
    sandbox.omics.set_status(store, archived, "ARCHIVED")
    client("omics").batch_delete_read_set(sequenceStoreId=store, ids=[deleted])
    created = sandbox.omics.create_read_set(store, name="after")
    sandbox.drain(timeout=120)
    expected = {archived: "ARCHIVED", created: "ACTIVE", **dict.fromkeys(kept, "ACTIVE")}
    assert rows() == expected
    omics_meta("verify")

    # AND a refresh finds no drift
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    # WHEN others change resources, THEN a refresh finds it, and the next update mends that alone
    function, queue = outputs["functionName"], outputs["queueUrl"]
    client("lambda").update_function_configuration(FunctionName=function, Timeout=61)
    client("sqs").tag_queue(QueueUrl=queue, Tags={"someone": "else"})
    [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", fails=True)
    assert stack.update() == {"created": 1, "updated": 2}
    assert client("sqs").list_queue_tags(QueueUrl=queue).get("Tags", {}) == {}

    # WHEN settings change, THEN the two resources that have them are updated in place, and nothing else is left
    stack.configure(functionMemorySize="512", logRetentionDays="90")
    assert stack.update() == {"updated": 2}
    assert stack.outputs() == outputs
    assert client("lambda").get_function_configuration(FunctionName=function)["MemorySize"] == 512

    # WHEN it is destroyed, THEN the table alone is left, with its rows
    stack.destroy()
    assert client("dynamodb").list_tables()["TableNames"] == [outputs["tableName"]]
    assert rows() == expected
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []
