"""The workflows are well-formed, and do what can be done by hand."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.pulumi_cli import skip
from tools.engine.sdks import ACTIONLINT

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
COMMENTS = "".join(file.read_text() for file in WORKFLOWS)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_actionlint_finds_nothing():
    if not ACTIONLINT.is_file():
        skip(f"there is no {ACTIONLINT}: run `make sdks`, which says why it cannot be made, if it cannot")

    done = subprocess.run([ACTIONLINT, *WORKFLOWS], capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout == ""
    assert done.returncode == 0


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_calls_targets_that_there_are_and_says_where_its_actions_were_looked_up(file: Path):
    text = file.read_text()
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]

    called = {word for step in steps for word in re.findall(r"^make ([a-z-]+)", step.get("run", ""))}
    assert called
    assert called <= TARGETS
    for used in (step["uses"] for step in steps if "uses" in step):
        action, commit = used.rsplit("@", 1)
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
        assert re.search(rf"{used} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
        assert re.search(rf"^# .*\b{action.split('/')[1]} v\d", COMMENTS, re.MULTILINE), "say where it was looked up"
