"""The real program, deployed into a local AWS by Pulumi's own Python runtime."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import Deployment, deploy

from tests.command_line import FAST, CommandLine, Finished

ROOT = Path(__file__).resolve().parents[2]
_deserialize = TypeDeserializer().deserialize

EARLIER = datetime.now(UTC) - timedelta(hours=1)
"""The creation time of a read set that is to be missed: no reconciliation misses one of its own second."""


@dataclass
class Stack:
    """The deployed program, and the AWS that it is deployed in."""

    sandbox: Sandbox
    deployment: Deployment
    folder: Path

    @property
    def outputs(self) -> dict[str, Any]:
        return self.deployment.outputs

    def rows(self) -> dict[str, dict[str, Any]]:
        """All rows of the stack's table, by the read set's id."""
        client = self.sandbox.client("dynamodb")
        pages = client.get_paginator("scan").paginate(TableName=self.outputs["tableName"])
        items = [item for page in pages for item in page["Items"]]
        rows = [{name: _deserialize(value) for name, value in item.items()} for item in items]
        return {row["set_id"]: row for row in rows}

    def statuses(self) -> dict[str, str]:
        """The statuses that rows have, by the read set's id."""
        return {read_set_id: row["set_status"] for read_set_id, row in self.rows().items()}

    def omics_meta(self, *arguments: str | Path, code: int = 0) -> Finished:
        """Run a command on the stack, which must end with an exit code."""
        outputs = self.folder / "outputs.json"
        outputs.write_text(json.dumps(self.outputs))
        fast = FAST if arguments[0] in {"backfill", "verify"} else ()
        done = CommandLine(self.sandbox.environment, self.folder).run(*arguments, "--outputs", outputs, *fast)
        assert done.code == code, done.out + done.err
        return done

    def reconcile(self) -> None:
        """Have the schedule's time come, and wait until all that follows is done."""
        [schedule] = self.sandbox.client("scheduler").list_schedules()["Schedules"]
        assert self.sandbox.run_schedule(schedule["Name"]) == "delivered"
        self.sandbox.drain()

    def logs(self) -> list[dict[str, Any]]:
        """What the function has logged, without what Lambda itself logs."""
        lines = self.sandbox.lambda_logs(self.outputs["functionName"])
        return [json.loads(line) for line in lines if line.startswith("{")]

    def finished(self) -> list[dict[str, int]]:
        """What each reconciliation found that has come to its end."""
        return [line["found"] for line in self.logs() if line.get("message") == "reconciliation finished"]

    def queued(self, url: str) -> list[dict[str, Any]]:
        """Messages of a queue."""
        answer = self.sandbox.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        return answer.get("Messages", [])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        yield running


@pytest.fixture
def up(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Stack]:
    """Deploy the program with some configuration."""

    def run(**config: Any) -> Stack:
        return Stack(sandbox, deploy(ROOT, stack="dev", config=config, environment=sandbox.environment), tmp_path)

    return run
