"""A read set that always fails delays only itself; and what failed can be sent back at any later time."""

from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

STATUSES = ("ARCHIVED", "ACTIVATING", "ACTIVE")


def test_bad_read_sets_fail_alone_and_are_redriven_when_they_are_mended(
    sandbox: Sandbox, up: Callable[..., Any]
) -> None:
    # GIVEN more read sets than a batch holds, three of which HealthOmics never gives
    stack = up(maxReceiveCount=2, maxTps="1000", storeEvents=False)
    omics = sandbox.omics
    omics.emit_events = False
    store = omics.create_store("cohort")
    read_sets = [omics.create_read_set(store, name=f"set {number}") for number in range(13)]
    omics.emit_events = True
    bad = read_sets[4:7]
    omics.faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] in bad)

    # WHEN each has three events
    for status in STATUSES:
        for read_set in read_sets:
            omics.set_status(store, read_set, status)
    sandbox.drain(timeout=120)

    # THEN all the others are right
    assert set(stack.rows()) == set(read_sets) - set(bad)
    differences = stack.omics_meta("verify", "--json", code=1).document["differences"]
    assert sorted((each["set_id"], each["state"]) for each in differences) == [(each, "missing") for each in bad]

    # AND the bad ones' events are dead letters, with the reason in the log
    shown = stack.omics_meta("dlq", "show", "--json").document["messages"]
    # Those that waited behind another were sent to the end of their message group.
    for each in bad:
        assert sorted(dead["status"] for dead in shown if dead["set_arn"].endswith(f"/{each}")) == sorted(STATUSES)
    assert len(shown) == len(bad) * len(STATUSES)
    failures = [line for line in sandbox.lambda_logs(stack.outputs["functionName"]) if "event failed" in line]
    assert len(failures) >= len(shown)
    assert all("AccessDeniedException" in line and any(each in line for each in bad) for line in failures)

    # WHEN they are mended, and two of them archived and deleted since
    omics.faults.clear()
    mended, archived, deleted = bad
    omics.set_status(store, archived, "ARCHIVED")
    omics.set_status(store, deleted, "DELETED")
    sandbox.drain()
    before = stack.statuses()
    assert {each: before.get(each) for each in bad} == {mended: None, archived: "ARCHIVED", deleted: None}

    # THEN what is redriven makes the missing row, and leaves the others true
    [queue, *_] = stack.omics_meta("dlq", "redrive", "--json").document["queues"]
    assert queue["redriven"] == len(shown)
    sandbox.drain(timeout=60)
    assert stack.statuses() == before | {mended: "ACTIVE"}
    assert stack.queued(stack.outputs["deadLetterQueueUrl"]) == []
    stack.omics_meta("verify", "--deep")
