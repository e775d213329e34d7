"""docs/json.md is what the commands print."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import fields
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest
from omics_meta.pipeline.cloudwatch import Lag
from omics_meta.terminal.exits import ExitCode

from tests.docs.command_line import COMMANDS
from tests.docs.pages import Page
from tests.docs.world import READ_SET_ID, STORE_ID, World, new_world
from tests.terminal import failures

PAGE = Page("docs/json.md")
BLOCKS: list[dict[str, Any]] = [json.loads(block) for block in PAGE.blocks("json")]
DOCUMENTS = [block for block in BLOCKS if "command" in block]
[OF_A_DRY_RUN] = (block for block in BLOCKS if "command" not in block)
"""What a backfill's document has beside that."""

MAPS = {"statuses", "found", "attributes", "names", "versions"}
"""Members with names that are data."""

ROWS = "read_sets"
"""Whole items of the table, of which the page shows a part."""

NEVER_SEEN_HERE = {
    ("dlq redrive", "failures"),
    ("dlq discard", "failures"),
    ("status", "lag"),
    ("activate", "failures"),
    ("activate", "unanswered"),
}
"""SQS does not fail in the sandbox (see tests/cli/test_dlq.py), and its CloudWatch knows no metrics. Nothing is refused
in a dry run (see tests/cli/test_activate.py)."""


LIKE_FIND = {"get", "export", "duplicates"}


def documented(command: str, *, special: bool = False) -> dict[str, Any]:
    """The document of a command; the special ones are those of a dry run of `backfill`, and of an explanation."""
    if command in LIKE_FIND:
        return {name: value for name, value in documented("find").items() if name != "limited"} | {"command": command}
    if command == "backfill" and special:
        return documented(command) | OF_A_DRY_RUN | {"failures": []}
    [document] = [each for each in DOCUMENTS if each["command"] == command and ("access" in each) == special]
    return document


def differences(said: Any, real: Any, where: str) -> Iterator[str]:
    """What of a real document is not as the page says: names, and types, and lists with nothing in them."""
    if said is None or real is None:
        return
    if isinstance(said, dict) and isinstance(real, dict):
        yield from _of_members(cast("dict[str, Any]", said), cast("dict[str, Any]", real), where)
    elif isinstance(said, list) and isinstance(real, list):
        if said and not real:
            yield f"{where}: nothing to compare"
        for each in cast("list[Any]", real) if said else []:
            yield from differences(said[0], each, where)
    elif _kind(cast("object", said)) is not _kind(cast("object", real)):
        yield f"{where}: {said!r} is documented, {real!r} is printed"


def _of_members(said: Mapping[str, Any], real: Mapping[str, Any], where: str) -> Iterator[str]:
    name = where.rpartition(".")[2]
    if name in MAPS:
        for value in real.values():
            yield from differences(next(iter(said.values()), value), value, f"{where}.*")
        return
    if said.keys() - real.keys() or (name != ROWS and real.keys() - said.keys()):
        yield f"{where}: {sorted(said.keys() ^ real.keys())}"
    for member in said.keys() & real.keys():
        yield from differences(said[member], real[member], f"{where}.{member}")


def _kind(value: object) -> type[object]:
    return float if type(value) is int else type(value)


def check(said: dict[str, Any], real: dict[str, Any]) -> None:
    found = list(differences(said, real, said["command"]))
    unseen = {f"{command}.{member}: nothing to compare" for command, member in NEVER_SEEN_HERE}
    assert not set(found) - unseen


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which there is something to be seen of every kind."""
    with new_world(tmp_path_factory.mktemp("home")) as world:
        sandbox = world.sandbox
        deploy_and_backfill = ["python -m tools.local -o outputs.json", "omics-meta backfill --outputs outputs.json"]
        assert not failures(world.type(*deploy_and_backfill))
        sandbox.omics.emit_events = False
        twin = {"algorithm": "FASTQ_MD5up", "source1": "1", "source2": "2"}
        for name in ("first", "second"):
            sandbox.omics.create_read_set(STORE_ID, name=name, etag=twin)
        world.document("backfill", "--stack", "dev")
        sandbox.run_schedule(sandbox.client("scheduler").list_schedules()["Schedules"][0]["Name"])
        sandbox.drain(timeout=60)
        for queue in ("undeliveredQueueUrl", "deadLetterQueueUrl"):
            fifo = {"MessageGroupId": "1", "MessageDeduplicationId": "1"} if queue == "deadLetterQueueUrl" else {}
            sandbox.client("sqs").send_message(QueueUrl=world.outputs[queue], MessageBody="not an event", **fifo)
        yield world


def failing(world: World) -> Any:
    """Have a read set fail for the backfill, and for the function, should it look at it in the meantime."""
    faults = world.sandbox.omics.faults
    faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == READ_SET_ID)
    document = world.document("backfill", "--stack", "dev", "--no-listing-pass")
    faults.clear()
    return document


def differing(world: World) -> Any:
    """Have a row differ, whichever documents were looked at before."""
    omics = world.sandbox.omics
    archived = omics.store(STORE_ID).read_sets[READ_SET_ID].status == "ARCHIVED"
    omics.set_status(STORE_ID, READ_SET_ID, "ACTIVE" if archived else "ARCHIVED")
    return world.document("verify", "--stack", "dev")


def tried_out(world: World) -> Any:
    """Let the command look again and again without a pause."""
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: sum(pauses))
    modules = ("commands.selftest", "pipeline.own_store", "pipeline.probe")
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(patch(f"omics_meta.{module}.time", clock))
        return world.document("selftest", "--stack", "dev", "--yes")


CASES: dict[str, Callable[[World], Any]] = {
    "verify": differing,
    "find": lambda world: world.document("find", "--stack", "dev", "--sample", "NA12878"),
    "get": lambda world: world.document("get", "--stack", "dev", READ_SET_ID),
    "export": lambda world: world.document("export", "--stack", "dev"),
    "count": lambda world: world.document("count", "--stack", "dev", "--by", "status,tag:cohort"),
    "activate": lambda world: world.document("activate", "--stack", "dev", "--store", STORE_ID, "--dry-run"),
    "duplicates": lambda world: world.document("duplicates", "--stack", "dev"),
    "status": lambda world: world.document("status", "--stack", "dev"),
    "selftest": tried_out,
    "cost": lambda world: world.document("cost", "--stack", "dev"),
    "dlq list": lambda world: world.document("dlq", "list", "--stack", "dev"),
    "dlq show": lambda world: world.document("dlq", "show", "--stack", "dev"),
    "dlq redrive": lambda world: world.document("dlq", "redrive", "--stack", "dev", "--dry-run"),
    "dlq discard": lambda world: world.document("dlq", "discard", "--stack", "dev", "--dry-run"),
    "backfill": failing,
}


@pytest.mark.parametrize("command", CASES)
def test_documents_are_as_documented(troubled: World, command: str):
    check(documented(command), CASES[command](troubled))


def test_the_document_of_a_dry_run_has_the_changes(troubled: World):
    troubled.sandbox.omics.set_status(STORE_ID, "9876543211", "ARCHIVED")

    real = troubled.document("backfill", "--stack", "dev", "--dry-run")

    check(documented("backfill", special=True), real)


def test_the_document_of_an_explanation(troubled: World):
    real = troubled.document("find", "--stack", "dev", "--sample", "NA12878", "--tag", "cohort=a", "--explain")

    check(documented("find", special=True), real)


def test_the_lag_is_documented():
    assert documented("status")["lag"].keys() == {field.name for field in fields(Lag)}


def test_every_command_with_a_json_option_has_its_document_and_its_exit_codes():
    with_json = {name for name, options in COMMANDS.items() if "--json" in options}
    told = {name for row in PAGE.table_under("Exit codes", 1) for name in _names(row[0])}

    assert {each["command"] for each in DOCUMENTS} | LIKE_FIND == with_json == CASES.keys()
    assert told == COMMANDS.keys() - {"", "dlq"}


def _names(cell: str) -> list[str]:
    return [name.strip("`") for name in cell.partition(" with ")[0].split(", ")]


def test_exit_codes_are_documented():
    assert [int(row[0]) for row in PAGE.table_under("Exit codes")] == sorted(ExitCode)
