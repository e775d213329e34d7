"""The commands that only look, on the program as it is deployed: what permissions their caller needs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Sandbox

from tests.docs.pages import Page
from tests.docs.permissions import permissions


@pytest.fixture
def stack(sandbox: Sandbox, up: Callable[..., Any]) -> Any:
    """The deployed program, with two read sets of the same content in its table."""
    deployed = up()
    store = sandbox.omics.create_store("cohort")
    etag = {"algorithm": "FASTQ_MD5up", "source1": "one", "source2": "two"}
    for name in ("one", "two"):
        sandbox.omics.create_read_set(store, name=name, sample_id="HG002", etag=etag)
    sandbox.drain()
    return deployed


@pytest.fixture
def used(sandbox: Sandbox, stack: Any) -> Callable[..., set[tuple[str, str]]]:
    """Runs a command, and returns the actions that it took, each with what it was on."""

    def run(*command: str) -> set[tuple[str, str]]:
        sandbox.calls.clear()
        done = stack.omics_meta(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        calls = sandbox.calls.of(f"arn:aws:iam::{sandbox.account}:user/sandbox")
        return {(call.action, resource) for call in calls for resource in call.resources}

    return run


def test_finding_takes_the_documented_permissions(
    stack: Any, used: Callable[..., set[tuple[str, str]]], tmp_path: Path
) -> None:
    row = next(iter(stack.rows().values()))

    scanned, queried = used("find"), used("find", "--sample", "HG002")
    by_arn, by_id = used("get", row["set_arn"]), used("get", row["set_id"])
    exported, duplicates = used("export", "-o", str(tmp_path / "rows.csv")), used("duplicates")

    everything = scanned | queried | by_arn | by_id | exported | duplicates
    [policy] = Page("README.md").blocks("json")
    [allowed] = json.loads(policy)["Statement"]
    assert {action for action, _ in everything} == permissions("find, get, export, duplicates")
    assert {action for action, _ in everything} == set(allowed["Action"])
    assert allowed["Resource"] == [stack.outputs["tableArn"], f"{stack.outputs['tableArn']}/index/*"]
    assert {resource for _, resource in everything} == {stack.outputs["tableArn"]}
    assert "dynamodb:Query" in {action for action, _ in queried} - {action for action, _ in scanned}


def test_looking_takes_the_documented_permissions(used: Callable[..., set[tuple[str, str]]], tmp_path: Path) -> None:
    def names(*command: str) -> set[str]:
        return {action for action, _ in used(*command)}

    status, report, cost = names("status"), names("report", "-o", str(tmp_path / "page.html")), names("cost")

    assert status == permissions("verify with a stack", "status")
    assert report == permissions("report, cost")
    assert cost == permissions("report, cost", "cost with a stack")
