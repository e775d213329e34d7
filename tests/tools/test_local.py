"""`python -m tools.local`: deploys into the local AWS, and never into an AWS account."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "endpoint", [None, "", "https://dynamodb.us-west-2.amazonaws.com", "http://127.0.0.1.example.org"]
)
def test_it_refuses_what_is_not_the_local_aws(endpoint: str | None):
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = surroundings | ({} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint})

    done = subprocess.run(
        [sys.executable, "-m", "tools.local"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"AWS_ENDPOINT_URL = {endpoint!r} is not the local AWS: start it with `make sandbox`")
    assert done.stderr.count("\n") == 1


def run(sandbox: Sandbox, outputs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.local", "-o", str(outputs)],
        env=os.environ | sandbox.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_what_it_deployed_where_the_outputs_are_and_what_to_type_next(tmp_path: Path):
    file = tmp_path / "outputs.json"
    with Sandbox(limits=Limits.none()) as sandbox:
        done = run(sandbox, file)
        tables = sandbox.client("dynamodb").list_tables()["TableNames"]
        endpoint = sandbox.endpoint

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    outputs = json.loads(file.read_text(encoding="utf-8"))
    assert [outputs["tableName"]] == tables
    for told in (endpoint, outputs["tableName"], outputs["queueName"], outputs["functionName"], f"in {file}"):
        assert told in done.stderr
    assert done.stderr.endswith(f"  omics-meta backfill --outputs {file}\n")


def test_what_is_there_already_is_not_deployed_again_and_its_outputs_are_left(tmp_path: Path):
    outputs = tmp_path / "outputs.json"
    outputs.write_text("of the first time", encoding="utf-8")
    key: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": "set_arn", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "set_arn", "KeyType": "HASH"}],
    }
    with Sandbox(limits=Limits.none()) as sandbox:
        sandbox.client("dynamodb").create_table(
            TableName="healthomics_set_metadata", BillingMode="PAY_PER_REQUEST", **key
        )
        done = run(sandbox, outputs)

    assert (done.returncode, done.stdout) == (1, "")
    assert "already exists" in done.stderr
    assert done.stderr.endswith("To begin anew, start the local AWS again.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]
    assert outputs.read_text(encoding="utf-8") == "of the first time"
