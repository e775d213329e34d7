"""`omics-meta status` and `report` of the program as it is deployed: what their caller needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox


def test_their_callers_need_the_documented_permissions(
    sandbox: Sandbox, up: Callable[..., Any], documented_actions: Callable[[str, str], set[str]], tmp_path: Path
) -> None:
    stack = up()
    sandbox.omics.create_read_set(sandbox.omics.create_store("cohort"), name="one")
    sandbox.drain()

    def used(*command: str) -> set[str]:
        sandbox.calls.clear()
        done = stack.omics_meta(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return stack.used_actions()

    status, report, cost = used("status"), used("report", "-o", str(tmp_path / "page.html")), used("cost")

    with_stack = documented_actions("With a stack it needs", "and for `--probe`")
    of_report = documented_actions("`report` and `cost` need", "and `cost` with a stack")
    assert status == with_stack | documented_actions("`status` needs what", "`report` and `cost` need")
    assert report == of_report
    assert cost == of_report | documented_actions("and `cost` with a stack", "\n\n")
