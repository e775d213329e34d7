"""`omics-meta verify` of the program as it is deployed."""

import json
from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

from tests.docs.permissions import permissions


def test_every_check_passes_and_a_probe_goes_through(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()
    store = sandbox.omics.create_store("cohort")
    read_set = sandbox.omics.create_read_set(store, name="probed")
    sandbox.drain()
    before = stack.rows()[read_set]["sync_revision"]

    verified = stack.omics_meta("verify", "--probe", "--json")

    assert verified.returncode == 0, verified.stdout + verified.stderr
    checks = {each["check"]: each["found"] for each in json.loads(verified.stdout)["pipeline"]}
    assert f"readSet/{read_set} was refreshed after " in checks["probe"]
    assert stack.rows()[read_set]["sync_revision"] != before
    assert {"schedule enabled", "further rule enabled", "oldest message", "deliveries"} <= checks.keys()


def test_its_caller_needs_the_documented_permissions(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN something to repair of every kind, and a read set to probe with
    stack = up()
    store = sandbox.omics.create_store("cohort")
    _, gone = (sandbox.omics.create_read_set(store, name=f"set {n}") for n in range(2))
    sandbox.drain()
    sandbox.omics.emit_events = False
    sandbox.omics.set_status(store, gone, "DELETED")
    sandbox.omics.create_read_set(store, name="missing")
    sandbox.calls.clear()

    assert stack.omics_meta("verify", "--repair", "--probe").returncode == 0

    used = stack.used_actions()
    assert len(used) > 20
    assert used <= permissions("verify", "verify --repair", "verify with a stack", "verify --probe")
