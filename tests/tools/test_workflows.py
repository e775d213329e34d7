"""The workflows are well-formed, and do what can be done by hand."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.pulumi_cli import skip
from tools.engine.sdks import ACTIONLINT
from tools.release import DISTRIBUTIONS

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


def test_the_tests_that_run_on_every_system_are_there():
    assert all((ROOT / line).is_file() for line in (ROOT / "tests" / "in-process.txt").read_text().split())


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


def test_each_distribution_is_published_from_an_environment_of_its_own():
    """PyPI refuses a second pending publisher of the same workflow and environment: pypi/warehouse, issue 16920."""
    [release] = (file for file in WORKFLOWS if file.stem == "release")
    publish = yaml.safe_load(release.read_text())["jobs"]["publish"]
    published = {each["distribution"]: each["environment"] for each in publish["strategy"]["matrix"]["include"]}

    assert published.keys() == DISTRIBUTIONS.keys()
    assert len(set(published.values())) == len(published)
    assert all(f"`{environment}`" in (ROOT / "RELEASING.md").read_text() for environment in published.values())


def test_the_publishing_action_takes_the_metadata_that_hatchling_writes():
    """`Metadata-Version: 2.5` is refused by its versions before 1.14.2."""
    [pinned] = re.findall(r"uses: pypa/gh-action-pypi-publish@\w+ # v([\d.]+)$", COMMENTS, re.MULTILINE)

    assert tuple(map(int, pinned.split("."))) >= (1, 14, 2)
