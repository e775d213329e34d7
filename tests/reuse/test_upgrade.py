"""A newer version of the component must not replace or delete what holds its users' data: tables and queues.

Pulumi takes a resource for the same one as before if it has the same URN, or an alias for the old one. The URN is
made of the types of its parents, its own type and its name; and even then some properties cannot change in place.
"""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy
from omics_sandbox.provider.catalogue import RESOURCE_TYPES

from tests.existing import create_queue, create_table
from tests.pulumi_cli import ROOT

RECORDED = Path(__file__).parent / "recorded"
HOLD_DATA = ("aws:dynamodb/table:Table", "aws:sqs/queue:Queue")
PASSING = {"retainTable": False, "tableDeletionProtection": False}  # so that it can be removed
MODES: Mapping[str, Mapping[str, Any]] = {
    "both-created": PASSING,
    "table-adopted": {"dynamoTableName": "their-table"},
    "queue-adopted": {"SQSQueueName": "their-queue", **PASSING},
    "both-adopted": {"dynamoTableName": "their-table", "SQSQueueName": "their-queue"},
}
REMEDY = """\
The resources are not those of earlier versions. A table or queue under another URN would be deleted with what it
holds, and a new one created: give it its name, type and parent back, or add the old ones to its resource options as
aliases=[pulumi.Alias(...)]. One with another of the recorded properties would be replaced: leave them as they were, or
let users choose them. If all is well, record the resources: .venv/bin/pytest tests/reuse --renew"""


@pytest.fixture(scope="module", autouse=True)
def theirs(sandbox: Sandbox) -> None:
    create_table(sandbox.client("dynamodb"), "their-table")
    create_queue(sandbox.client("sqs"), "their-queue.fifo")


def fixed(token: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a table or a queue whose change would replace it; its region is the user's own choice."""
    if token not in HOLD_DATA:
        return {}
    declared = RESOURCE_TYPES[token].properties
    return {
        name: state[name] for name in sorted(declared) if declared[name].replaces and name in state.keys() - {"region"}
    }


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_lost_by_an_upgrade(mode: str, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    deployment = deploy(ROOT, stack="any", config=MODES[mode], environment=sandbox.environment)
    # By URN without stack and project
    now = {r.urn.split("::", 2)[2]: fixed(r.implementation.token, r.state) for r in deployment.resources}
    deployment.destroy()

    file, text = RECORDED / f"{mode}.json", json.dumps(now, indent=2, sort_keys=True) + "\n"
    if request.config.getoption("--renew", default=False):
        file.write_text(text)
    before = file.read_text().splitlines()
    difference = list(difflib.unified_diff(before, text.splitlines(), "recorded", "now", lineterm="", n=2))
    if difference:
        pytest.fail("\n".join([REMEDY, *difference]), pytrace=False)
