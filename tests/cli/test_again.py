"""What fails in a backfill for a reason that may pass is tried again at its end."""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any
from unittest.mock import Mock, call

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from omics_meta.commands.backfill import again as module
from omics_meta.commands.backfill.again import trying_again
from readset_sync.stores.verification import ReadSetResult
from readset_sync.sync import Change, Outcome

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

FAILURES = 15
"""Attempts at a call that fail: more than it has at first, fewer than it has in all rounds, or at a page."""

RIGHT = Change(Outcome.CREATED)


def ending(member: str, text: str) -> Callable[[Any], str | None]:
    """Return what a call is about, where a member of its request ends with a text."""
    return lambda given: text if given[member].endswith(text) else None


def first_calls(of: Callable[[Any], object]) -> Callable[[Any], bool]:
    """Return what tells whether a call is among the first ones of what it is about; None for one about nothing."""
    calls, lock = Counter[object](), Lock()

    def is_first(given: Any) -> bool:
        about = of(given)
        with lock:
            calls[about] += 1
            return about is not None and calls[about] <= FAILURES

    return is_first


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("options", [(), ("--no-listing-pass",)], ids=["two passes", "one pass"])
def test_a_run_under_faults_of_every_kind_ends_with_every_row_right(
    options: tuple[str, ...], aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN 500s, resets and throttles that meet the first attempts at some read sets and at each page
    store = aws.store(14)
    table = aws.filled(store)
    ids = aws.ids(store)
    gone, missing, broken, reset, throttled, untagged, unwritten = ids[:7]
    for each in (missing, unwritten):
        aws.delete(table, aws.arn(store, each))
    aws.omics.set_status(store, gone, "DELETED")
    for each in ids[1:]:
        aws.omics.update_read_set(store, each, name=f"renamed {each}")
    faults, read = aws.omics.faults, "GetReadSetMetadata"
    faults.add(read, "InternalServerException", when=first_calls(ending("id", broken)))
    faults.add_connection_reset(read, when=first_calls(ending("id", reset)))
    faults.add(read, "ThrottlingException", when=first_calls(ending("id", throttled)))
    faults.add("ListTagsForResource", "InternalServerException", when=first_calls(ending("resourceArn", untagged)))
    pages = first_calls(lambda given: given.get("nextToken", "first"))
    faults.add("ListReadSets", "InternalServerException", when=pages)
    reset_write = first_calls(lambda body: next((each for each in (gone, unwritten) if each.encode() in body), None))
    reset_page = first_calls(lambda body: bytes(body))
    send = URLLib3Session.send

    def reset_connection(session: Any, request: Any) -> Any:
        operation = request.headers.get("X-Amz-Target", b"").rpartition(b".")[2]
        is_hit = {b"PutItem": reset_write, b"DeleteItem": reset_write, b"BatchGetItem": reset_page}.get(operation)
        if is_hit and is_hit(request.body):
            raise ConnectionClosedError(endpoint_url=request.url)
        return send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", reset_connection)

    done = cli.run("backfill", "-s", store, "-t", table, "--prune", "--json", *options, *FAST)

    # THEN nothing is called failed in the end
    assert done.code == 0, done.out
    assert "read sets failed for a reason that may pass: tried again in 0 s" in done.err
    assert done.document["failures"] == []
    totals = done.document["totals"]
    assert [totals[each] for each in ("created", "updated", "deleted", "failed")] == [2, 11, 1, 0]
    assert aws.rows(table) == aws.expected(store)


def test_what_goes_on_failing_is_told_once(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(3), aws.table()
    bad = aws.ids(store)[1]
    aws.omics.faults.add("GetReadSetMetadata", "InternalServerException", when=lambda given: given["id"] == bad)

    done = cli.run("backfill", "-s", store, "-t", table, *FAST)

    assert done.code == 1
    assert [line.partition(": ")[0] for line in done.out.splitlines() if "failed arn" in line] == [
        f"failed {aws.arn(store, bad)}"
    ]
    assert done.err.count("1 read set failed for a reason that may pass") == len(module.PAUSES)
    assert "tried again: batch 1: 1 read set: 1 failed" in done.err


def passing(arn: str) -> ReadSetResult:
    return ReadSetResult(arn, None, "throttled", may_pass=True)


def test_rounds_of_trying_again_have_pauses_that_grow_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    again = Mock(side_effect=[[[passing("a"), ReadSetResult("b", RIGHT)]], [[passing("a")]], [[passing("a")]]])
    sleep = Mock()
    monkeypatch.setattr(module, "PAUSES", (10, 30, 90))
    monkeypatch.setattr(module.time, "sleep", sleep)
    # No more are remembered than memory is meant for.
    monkeypatch.setattr(module, "_MOST", 2)
    denied, right = ReadSetResult("c", None, "denied"), ReadSetResult("d", RIGHT)

    def told(*results: ReadSetResult) -> list[ReadSetResult]:
        steps = trying_again(iter([("store 1", "1", list(results))]), again, Mock())
        return [result for _, _, of_step in steps for result in of_step]

    assert told(denied, right) == [denied, right]
    assert sleep.mock_calls == []

    assert told(passing("a"), passing("b"), denied, right, passing("e")) == [
        *(denied, right, passing("e")),
        *(ReadSetResult("b", RIGHT), passing("a")),
    ]
    assert again.mock_calls == [call(["a", "b"]), call(["a"]), call(["a"])]
    assert sleep.mock_calls == [call(10), call(30), call(90)]
