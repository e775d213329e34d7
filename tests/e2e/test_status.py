"""`omics-meta status` and `report` of the program as it is deployed: what their caller needs."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox

README = Path(__file__).parents[2] / "README.md"


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

    section = README.read_text(encoding="utf-8").partition("`omics-meta` runs with the caller's own credentials.")[2]
    with_stack = actions(section.partition("With a stack it needs")[2].partition("and for `--probe`")[0])
    told = section.partition("`status` needs what")[2].partition("\n\n")[0]
    of_status, _, others = told.partition("`report` and `cost` need")
    of_report, _, of_cost = others.partition("and `cost` with a stack")
    assert status == with_stack | actions(of_status)
    assert report == actions(of_report)
    assert cost == actions(of_report) | actions(of_cost)


def actions(text: str) -> set[str]:
    return set(re.findall(r"\b[a-z]+:[A-Z]\w+", text))
