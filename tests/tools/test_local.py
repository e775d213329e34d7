"""`python -m tools.local`: deploys into the local AWS, and never into an AWS account."""

import json
from pathlib import Path

import pytest
from omics_sandbox import Limits, Sandbox

from tools import local


@pytest.mark.parametrize(
    "endpoint", [None, "", "https://dynamodb.us-west-2.amazonaws.com", "http://127.0.0.1.example.org"]
)
def test_it_refuses_what_is_not_the_local_aws(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["local"])
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    assert local.main() == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"AWS_ENDPOINT_URL = {endpoint!r} is not the local AWS: start it with `make sandbox`")
    assert printed.err.count("\n") == 1


def test_it_deploys_says_what_and_where_and_what_to_type_next_and_deploys_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file, again = tmp_path / "outputs.json", tmp_path / "again.json"
    with Sandbox(limits=Limits.none()) as sandbox:
        for name, value in sandbox.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["local", "-o", str(file)])
        code, done = local.main(), capsys.readouterr()
        tables = sandbox.client("dynamodb").list_tables()["TableNames"]
        endpoint = sandbox.endpoint
        again.write_text("of another time", encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["local", "-o", str(again)])
        refusal, refused = local.main(), capsys.readouterr()

    assert (code, done.out) == (0, ""), done.err
    outputs = json.loads(file.read_text(encoding="utf-8"))
    assert [outputs["tableName"]] == tables
    for told in (endpoint, outputs["tableName"], outputs["queueName"], outputs["functionName"], f"in {file}"):
        assert told in done.err
    assert done.err.endswith(f"  omics-meta backfill --outputs {file}\n")

    # AND what is there already is not deployed again, and its outputs are left
    assert (refusal, refused.out) == (1, "")
    assert "already exists" in refused.err
    assert refused.err.endswith("To begin anew, start the local AWS again.\n")
    assert {path.name for path in tmp_path.iterdir()} == {"outputs.json", "again.json"}
    assert again.read_text(encoding="utf-8") == "of another time"
