"""`omics-meta status` and `report` of the program as it is deployed: what their caller needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox

from tests.docs.permissions import permissions


def test_their_callers_need_the_documented_permissions(
    sandbox: Sandbox, up: Callable[..., Any], tmp_path: Path
) -> None:
    stack = up()
    sandbox.omics.create_read_set(sandbox.omics.create_store("cohort"), name="one")
    sandbox.drain()

    def used(*command: str) -> set[str]:
        sandbox.calls.clear()
        done = stack.omics_meta(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return {call.action for call in sandbox.calls.of(f"arn:aws:iam::{sandbox.account}:user/sandbox")}

    status, report, cost = used("status"), used("report", "-o", str(tmp_path / "page.html")), used("cost")

    assert status == permissions("verify with a stack", "status")
    assert report == permissions("report, cost")
    assert cost == permissions("report, cost", "cost with a stack")
