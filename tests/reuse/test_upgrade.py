"""A newer version of the component must not replace or delete what holds its users' data: tables and queues.

Pulumi takes a resource for the same one as before if it has the same URN, or an alias for the old one. The URN is
made of the types of its parents, its own type and its name; and even then some properties cannot change in place.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from omics_components import queue, table
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy
from omics_sandbox.provider.catalogue import RESOURCE_TYPES

from tests.existing import create_queue, create_table

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
RENEW = ".venv/bin/pytest tests/reuse --renew"
HOLD_DATA = ("aws:dynamodb/table:Table", "aws:sqs/queue:Queue")
MODES: Mapping[str, Mapping[str, str]] = {
    "both-created": {},
    "table-adopted": {"dynamoTableName": "their-table"},
    "queue-adopted": {"SQSQueueName": "their-queue"},
    "both-adopted": {"dynamoTableName": "their-table", "SQSQueueName": "their-queue"},
}

# The fixture of conftest.py, which tests cannot import.
Compare = Callable[[str, str, str], None]
Resources = dict[str, dict[str, Any]]
Deploy = Callable[[str], Resources]


@pytest.fixture(scope="module", autouse=True)
def theirs(sandbox: Sandbox) -> None:
    create_table(sandbox.client("dynamodb"), "their-table")
    create_queue(sandbox.client("sqs"), "their-queue.fifo")


@pytest.fixture
def resources(sandbox: Sandbox) -> Deploy:
    """What the program makes in a mode: by URN (without stack and project), the properties that cannot change."""

    def run(mode: str) -> Resources:
        config: dict[str, Any] = dict(MODES[mode])
        if "dynamoTableName" not in config:  # so that it can be removed
            config |= {"retainTable": False, "tableDeletionProtection": False}
        deployment = deploy(ROOT, stack="any", config=config, environment=sandbox.environment)
        try:
            return {each.urn.split("::", 2)[2]: _fixed(each.token, each.state) for each in deployment.resources}
        finally:
            deployment.destroy()

    return run


def _fixed(token: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a table or a queue whose change would replace it; its region is the user's own choice."""
    if token not in HOLD_DATA:
        return {}
    declared = RESOURCE_TYPES[token].properties
    return {
        name: state[name] for name in sorted(declared) if declared[name].replaces and name in state.keys() - {"region"}
    }


def losses(before: Resources, now: Resources) -> list[str]:
    """What the users of an earlier version would lose, each with the way out."""
    found: list[str] = []
    for urn, fixed in before.items():
        if not any(f"{token}::" in urn for token in HOLD_DATA):
            continue
        if urn not in now:
            found.append(
                f"{urn} would be deleted with what it holds, and a new one created: give it its name, type and parent"
                " back, or add the old ones to its resource options as aliases=[pulumi.Alias(...)]."
            )
            continue
        changed = {name for name in fixed.keys() | now[urn].keys() if fixed.get(name) != now[urn].get(name)}
        found.extend(
            f"{urn} would be replaced and what it holds be lost, because {name} changes from {fixed.get(name)!r} to"
            f" {now[urn].get(name)!r}: leave it as it was, or let users choose it."
            for name in sorted(changed)
        )
    return found


def earlier(mode: str) -> Resources:
    return json.loads((RECORDED / f"{mode}.json").read_text())


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_lost_by_an_upgrade(mode: str, resources: Deploy, recorded: Compare) -> None:
    now = resources(mode)

    lost = losses(earlier(mode), now)
    recorded(
        f"{mode}.json",
        json.dumps(now, indent=2, sort_keys=True) + "\n",
        "\n".join(["The resources are not those of earlier versions.", *lost, f"If all is well, record them: {RENEW}"]),
    )


def under_another_name(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(name: str, *rest: Any) -> Any:
        return original(f"{name}-new", *rest)

    return create


def without_a_parent(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(name: str, settings: Any, _: pulumi.Resource) -> Any:
        return original(name, settings, None)

    return create


def test_a_moved_table_or_queue_is_noticed(resources: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "create_table", under_another_name(table.create_table))
    monkeypatch.setattr(queue, "create_queue", without_a_parent(queue.create_queue))

    lost = losses(earlier("both-created"), resources("both-created"))

    assert [line.split()[0].rsplit("-sync-", 1)[1] for line in sorted(lost)] == ["table", "dead-letter-queue", "queue"]
    assert all("aliases=[pulumi.Alias" in line for line in lost)


def test_another_key_is_noticed(resources: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "KEY", "arn")

    [lost] = losses(earlier("both-created"), resources("both-created"))

    assert "would be replaced and what it holds be lost, because hashKey changes from 'set_arn' to 'arn'" in lost
