"""The whole story: a stack brought up by the genuine engine, filled, kept true by events, verified, destroyed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Limits, Sandbox

READ_SETS = 5


def test_given_a_stack_when_backfilled_and_fed_with_events_then_it_verifies_and_its_rows_outlive_it(
    product: Callable[..., Any],
) -> None:
    with Sandbox(limits=Limits.none()) as sandbox:
        store = sandbox.omics.create_store("cohort")
        read_sets = [sandbox.omics.create_read_set(store, name=f"before {n}") for n in range(READ_SETS)]
        sandbox.drain(timeout=60)
        stack = product(environment=sandbox.environment)
        table = stack.up()["tableName"]

        def omics_meta(command: str) -> str:
            done = subprocess.run(
                [Path(sys.executable).parent / "omics-meta", command, "--stack", "dev", "--cwd", stack.folder],
                env=stack.environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        def rows() -> dict[str, str]:
            items = sandbox.client("dynamodb").scan(TableName=table)["Items"]
            return {item["set_id"]["S"]: item["set_status"]["S"] for item in items}

        omics_meta("backfill")
        assert rows() == dict.fromkeys(read_sets, "ACTIVE")

        archived, deleted, *kept = read_sets
        sandbox.omics.set_status(store, archived, "ARCHIVED")
        sandbox.client("omics").batch_delete_read_set(sequenceStoreId=store, ids=[deleted])
        created = sandbox.omics.create_read_set(store, name="after")
        sandbox.drain(timeout=120)
        expected = {archived: "ARCHIVED", created: "ACTIVE", **dict.fromkeys(kept, "ACTIVE")}
        assert rows() == expected

        omics_meta("verify")
        stack.run("preview", "--expect-no-changes")
        stack.run("destroy", "--yes")
        assert rows() == expected
