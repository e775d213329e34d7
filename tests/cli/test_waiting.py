"""Runs that meet a service that goes away, failures that may pass, or what nothing can succeed against."""

import itertools
import json
import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import Mock, call

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from omics_meta.commands.backfill import again as module
from omics_meta.commands.backfill.again import trying_again
from readset_sync.aws.retries import ATTEMPTS
from readset_sync.constants import OPERATIONS
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.verification import ReadSetResult
from readset_sync.sync import Change, Outcome

from tests.cli.local_aws import Aws
from tests.command_line import FAST, LONGEST_COMMAND_SECONDS, CommandLine

TEMPORARY = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}


def test_a_backfill_waits_for_a_service_that_is_away_and_goes_on_by_itself(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a HealthOmics that answers some calls, then none of many, and then again; one thread calls it
    monkeypatch.setattr("omics_meta.commands.backfill.command.workers", Mock(return_value=1))
    calls = itertools.count(1)
    for operation in OPERATIONS:
        aws.omics.faults.add(operation, "InternalServerException", when=lambda _: 10 < next(calls) <= 70)
    store, table = aws.store(10), aws.table()

    done = cli.run("backfill", "-s", store, "-t", table, *FAST)

    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(store)
    away = r"omics-meta: HealthOmics has not answered for \d+ s \(InternalServerException\): waiting up to 600 s\n"
    assert re.search(away + r"omics-meta: HealthOmics answers again, after \d+ s\n", done.err), done.err


def test_without_patience_what_failed_is_told(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(10), aws.table()
    aws.omics.faults.add("GetReadSetMetadata", "InternalServerException")

    done = cli.run("backfill", "-s", store, "-t", table, "--wait-for-aws", "0", *FAST)

    assert done.code == 1
    assert "InternalServerException" in done.out
    assert "waiting" not in done.err


@pytest.mark.parametrize(
    ("good_answers", "answer", "says"),
    [
        (30, "false", "AWS credentials are missing, expired or refused (Error when retrieving credentials from"),
        (30, "echo Please log in first", "credential_process of profile p gives no credentials (Expecting value"),
        (
            0,
            "echo '{}'".format(json.dumps(TEMPORARY | {"Expiration": "2026-01-01T00:00:00Z"})),
            "credential_process of profile p gives no credentials (Credentials were refreshed, but the refreshed",
        ),
    ],
    ids=["fails", "asks for something", "answers what has expired"],
)
def test_credentials_that_cannot_be_renewed_end_a_run(
    good_answers: int, answer: str, says: str, aws: Aws, cli: CommandLine, tmp_path: Path
) -> None:
    # GIVEN credentials for a few minutes, which are renewed before each call, until they cannot be
    soon = format_timestamp(datetime.now(UTC) + timedelta(minutes=5))
    program, calls, config = tmp_path / "program", tmp_path / "calls", tmp_path / "config"
    good = json.dumps(TEMPORARY | {"Expiration": soon})
    program.write_text(
        f"echo >> {calls}\nif [ $(wc -l < {calls}) -gt {good_answers} ]; then {answer}; else echo '{good}'; fi\n"
    )
    config.write_text(f"[profile p]\ncredential_process = sh {program}\n")
    store, table = aws.store(20), aws.table()

    done = cli.run(
        "backfill",
        *("-s", store, "-t", table, "--profile", "p", *FAST),
        env={"AWS_CONFIG_FILE": str(config)},
        without=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    )

    assert (done.code, done.out) == (2, ""), done.err
    said = done.err.splitlines()[-1]
    assert said.startswith(f"omics-meta: error: {says}")
    assert (". Rows that were written stay. To go on, run: omics-meta backfill " in said) == bool(good_answers)


def test_a_full_disk_ends_a_backfill_with_the_command_that_goes_on(aws: Aws, cli: CommandLine) -> None:
    with Path("/dev/full").open("w") as full:
        done = cli.run("backfill", "-s", aws.store(1), "-t", aws.table(), stdout=full)

    said = done.err.splitlines()[-1]
    assert done.code == 2
    assert said.startswith("omics-meta: error: ")
    assert "No space left on device" in said
    assert ". Rows that were written stay. To go on, run: omics-meta backfill " in said


def test_a_table_that_goes_during_a_backfill_is_said_to_be_missing(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(3), aws.table()
    aws.act_at("ListReadSets", 1, lambda: aws.client("dynamodb").delete_table(TableName=table))

    done = cli.run("backfill", "-s", store, "-t", table)

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"omics-meta: error: no table {table!r} in us-west-2 for this account: check its name, the region and whose "
        "credentials are in use\n"
    )


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    "command", [("backfill",), ("backfill", "--no-listing-pass"), ("verify", "--deep")], ids=" ".join
)
def test_when_nothing_can_succeed_a_command_stops(command: tuple[str, ...], aws: Aws, cli: CommandLine) -> None:
    store = aws.store(80)
    table = aws.filled(store)
    aws.omics.faults.add("GetReadSetMetadata", "AccessDeniedException")

    done = cli.run(*command, "-s", store, "-t", table, *FAST)

    assert done.code == 2, done.err
    said = done.err.splitlines()[-1]
    assert said.startswith("omics-meta: error: permission is missing (GetReadSetMetadata: AccessDeniedException: ")
    assert "allow the action to the identity that runs this command. 30 failed like this" in said
    assert (". To go on, run: omics-meta backfill " in said) == (command[0] == "backfill")
    # No more than the pages that were in hand when it was noticed.
    assert aws.omics.calls["GetReadSetMetadata"] < 80


def test_a_second_interruption_waits_for_nothing(aws: Aws, cli: CommandLine) -> None:
    # GIVEN a command in the middle of calls that are not answered
    store = aws.store(3)
    called = threading.Semaphore(0)
    hangs = itertools.count()

    def begin(_: object) -> bool:
        next(hangs)
        called.release()
        return True

    aws.omics.faults.add_latency("GetReadSetMetadata", 3600, when=begin)
    process = cli.start("backfill", "-s", store, "-t", aws.table(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert called.acquire(timeout=LONGEST_COMMAND_SECONDS)

    # WHEN it is interrupted, THEN it says at once how to go on
    process.send_signal(signal.SIGINT)
    assert process.stderr
    said = next(line for line in process.stderr if "batch" not in line)
    assert "interrupted. Rows that were written stay. To go on, run: omics-meta backfill" in said

    # AND when that is repeated, it is over, and did not wait until no call was tried any more
    for _ in range(2):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONGEST_COMMAND_SECONDS)
    assert (process.returncode, out, err) == (130, "", "")
    assert next(hangs) < 3 * ATTEMPTS


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
