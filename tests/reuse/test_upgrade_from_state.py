"""From the state that an earlier version left behind, the genuine engine deletes and replaces no table and no queue.

This judges aliases, which the recorded names in `test_upgrade.py` cannot. `recorded/state-<version>.json` is what
`pulumi stack export` gave after `pulumi up` with that version; it is never renewed, and `pytest tests/reuse --renew`
adds the one of CHANGELOG.md's newest version if it is missing (before its release, remove the file to have it made
again).
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from omics_sandbox import Sandbox

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
SQS = "https://sqs.us-west-2.amazonaws.com"
VERSIONS = re.findall(r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
HOLD_DATA = ("aws:dynamodb/table:Table", "aws:sqs/queue:Queue")

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


@pytest.fixture
def project(new_project: Projects, tmp_path: Path) -> Any:
    """The product's own program, with nothing deployed."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    return new_project(folder)


def previewed(project: Any, state: str) -> list[dict[str, str]]:
    """What the next `pulumi up` would do to a stack in this state."""
    (project.folder / "state.json").write_text(state)
    project.pulumi("stack", "import", "--file", "state.json")
    return json.loads(project.pulumi("preview", "--json"))["steps"]


def lost_by_preview(project: Any, state: str) -> set[str]:
    """Names of the tables and queues that a stack in this state would lose with the next `pulumi up`."""
    return {
        step["urn"].rsplit("::", 1)[-1]
        for step in previewed(project, state)
        if step["op"] in ("delete", "replace", "delete-replaced") and any(f"${t}::" in step["urn"] for t in HOLD_DATA)
    }


def without_places(exported: Any) -> Any:
    """The state without the places in the file system where it came about."""
    if isinstance(exported, list):
        return [without_places(each) for each in cast("list[Any]", exported)]
    if not isinstance(exported, dict):
        return exported
    kept = {k: v for k, v in cast("dict[str, Any]", exported).items() if k not in ("sourcePosition", "stackTrace")}
    return {k: "readset-sync.zip" if k == "path" else without_places(v) for k, v in kept.items()}


def test_the_state_of_every_version_is_recorded(request: pytest.FixtureRequest, sandbox: Sandbox) -> None:
    files = [RECORDED / f"state-{version}.json" for version in VERSIONS]
    if request.config.getoption("--renew", default=False) and files and not files[0].exists():
        project = request.getfixturevalue("project")
        project.pulumi("up", "--yes", "--skip-preview")
        exported = json.loads(project.pulumi("stack", "export"))
        files[0].write_text(
            json.dumps(without_places(exported), indent=1, sort_keys=True).replace(sandbox.endpoint, SQS)
        )
        project.pulumi("destroy", "--yes", "--skip-preview")

    missing = [file.name for file in files if not file.exists()]
    assert missing == [], "a version has no recorded state: run `.venv/bin/pytest tests/reuse --renew`"


@pytest.mark.parametrize("file", sorted(RECORDED.glob("state-*.json")), ids=lambda file: file.stem)
def test_an_upgrade_keeps_every_table_and_queue(file: Path, project: Any) -> None:
    state = file.read_text()

    assert lost_by_preview(project, state) == set(), (
        "`pulumi up` would delete or replace what holds users' data: give it its old name, type, parent and fixed"
        " properties back, or add the old identity to its resource options as aliases=[pulumi.Alias(...)]"
    )

    # AND it would be seen: in a state where the table had another name in the program, and the queue one in AWS
    changed = state.replace("::healthomics-metadata-sync-table", "::healthomics-metadata-sync-rows")
    changed = changed.replace("healthomics_set_queue.fifo", "earlier.fifo")
    assert lost_by_preview(project, changed) >= {"healthomics-metadata-sync-rows", "healthomics-metadata-sync-queue"}


def test_a_stack_that_says_true_or_false_of_tag_events_may_go_on_saying_so(project: Any) -> None:
    # GIVEN a stack of a version whose `tagEvents` was a boolean, in either way of writing one
    state = (RECORDED / "state-0.1.0.json").read_text()
    file = project.folder / "Pulumi.dev.yaml"
    created: dict[str, set[str]] = {}
    for value in ("true", '"false"'):
        file.write_text(f"config:\n  healthomics-metadata-sync:tagEvents: {value}\n")
        new = {step["urn"].rsplit("::", 1)[-1] for step in previewed(project, state) if step["op"] == "create"}
        created[value] = {kind for kind in ("tag", "trail") if f"healthomics-metadata-sync-{kind}-rule" in new}

    # THEN true means both rules, and false none
    assert created == {"true": {"tag", "trail"}, '"false"': set()}
