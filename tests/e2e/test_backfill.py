"""`omics-meta backfill --via-queue` through the function as it is deployed."""

import json
from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

from tests.docs.permissions import permissions


def test_the_deployed_function_does_the_work(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN read sets whose events were lost, in two stores, and one whose row is left over
    stack = up()
    sandbox.omics.emit_events = False
    first, second = (sandbox.omics.create_store(name) for name in ("first", "second"))
    read_sets = {sandbox.omics.create_read_set(first, name=f"set {n}", tags={"n": str(n)}) for n in range(105)}
    read_sets.add(sandbox.omics.create_read_set(second, name="other"))
    gone = sandbox.omics.create_read_set(second, name="gone")
    assert stack.omics_meta("backfill", "-s", second).returncode == 0
    sandbox.omics.set_status(second, gone, "DELETED")
    sandbox.calls.clear()
    # WHEN
    done = stack.omics_meta("backfill", "--via-queue", "--prune", "--json")
    # THEN every row is complete, and read by the function alone
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout)["totals"]
    assert (totals["listed"], totals["enqueued"], totals["deleted"], totals["failed"]) == (105, 106, 1, 0)
    rows = stack.rows()
    assert rows.keys() == read_sets
    assert not [row for row in rows.values() if "sync_state" in row]
    by_caller = stack.used_actions()
    assert {"omics:ListReadSets", "sqs:SendMessage"} <= by_caller
    assert "omics:ListTagsForResource" not in by_caller
    assert stack.omics_meta("verify", "--deep").returncode == 0
    assert "pipeline: batch 1: " in done.stderr


def test_its_caller_needs_the_documented_permissions(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    sandbox.omics.emit_events = False
    store = sandbox.omics.create_store("cohort")
    gone = sandbox.omics.create_read_set(store, name="gone")
    assert stack.omics_meta("backfill").returncode == 0
    sandbox.omics.set_status(store, gone, "DELETED")
    sandbox.omics.create_read_set(store, name="new")
    sandbox.calls.clear()

    assert stack.omics_meta("backfill", "--via-queue", "--prune").returncode == 0

    used = stack.used_actions()
    needed = permissions("backfill", "backfill of all stores", "backfill --prune", "backfill --via-queue")
    assert {"sqs:SendMessage", "sqs:GetQueueAttributes"} <= used
    assert used <= needed
