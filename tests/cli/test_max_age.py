"""`omics-meta backfill --max-age`, and the command that goes on with a backfill that was interrupted."""

import shlex
import signal
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from omics_meta.commands.backfill.max_age import command_to_resume, since_of
from omics_meta.terminal.exits import CommandError

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

NOW = datetime(2026, 4, 4, 18, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("0", None),
        ("0h", None),
        ("90m", NOW - timedelta(minutes=90)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-04-04T17:00:00Z", NOW - timedelta(hours=1)),
        ("2026-04-04T19:00:00+02:00", NOW - timedelta(hours=1)),
    ],
)
def test_an_age_is_a_duration_or_a_moment(text: str, since: datetime | None) -> None:
    assert since_of(text, NOW) == since


@pytest.mark.parametrize(
    "text", ["", "7", "-7d", "7 d", "1.5h", "7w", "2026-04-04T17:00:00", "yesterday", "9999999d", f"{'9' * 20}d"]
)
def test_what_is_no_age_is_refused_by_name(text: str) -> None:
    with pytest.raises(CommandError, match=r"--max-age .* is not an age: give minutes, hours or days as in 90m"):
        since_of(text, NOW)


@pytest.mark.parametrize("given", [(), ("--max-age", "7d"), ("--max-age=7d",), ("--max-age", "7d", "--max-age=0")])
def test_the_command_that_goes_on_is_the_same_but_for_its_age(given: tuple[str, ...]) -> None:
    arguments = ["backfill", "--stack", "a b", *given, "--prune"]
    expected = "omics-meta backfill --stack 'a b' --prune --max-age 2026-04-04T18:00:00Z"
    assert command_to_resume(arguments, NOW) == expected


def test_after_a_contradiction_of_tags_the_command_that_goes_on_leaves_no_row(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readset_sync.aws.bulk_tags._AGAIN_SECONDS", 0)
    store, table = aws.store(8), aws.table()
    aws.omics.faults.add_behind("GetResources", seconds=10**9)
    for read_set in aws.ids(store):
        aws.omics.tag(aws.arn(store, read_set), {"number": "changed"})
    # Credentials expire when the first read sets have been compared.
    aws.omics.faults.add("GetReadSetMetadata", "ExpiredTokenException")

    stopped = cli.run("backfill", "-s", store, "-t", table, "--max-age", "1h", *FAST)

    assert stopped.code == 2
    assert "tags in bulk are refused" in stopped.err
    command = shlex.split(stopped.err.rpartition("To go on, run: ")[2])
    assert command == ["omics-meta", "backfill", "-s", store, "-t", table, *FAST]
    aws.omics.faults.clear()
    assert cli.run(*command[1:]).code == 0
    assert aws.rows(table) == aws.expected(store)


def test_without_tags_half_of_the_calls_are_saved(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(3), aws.table()
    done = cli.run("backfill", "-s", store, "-t", table, "--no-tags", "--json", *FAST)
    assert done.code == 0, done.err
    assert dict(aws.omics.calls) == {"GetSequenceStore": 1, "ListReadSets": 1, "GetReadSetMetadata": 3}
    rows = aws.raw_rows(table).values()
    assert [(row["sync_state"], "tags" in row) for row in rows] == [("untagged", False)] * 3


@pytest.mark.parametrize(
    ("number", "given"),
    [(signal.SIGTERM, ("--no-tags", "--max-age", "1h")), (signal.SIGHUP, ())],
    ids=["terminated", "closed terminal"],
)
def test_an_interrupted_backfill_keeps_what_it_wrote_and_names_the_command_that_repeats_nothing(
    number: signal.Signals, given: tuple[str, ...], aws: Aws, cli: CommandLine
) -> None:
    # GIVEN a backfill that is interrupted while it reads the last of the read sets
    store, table = aws.store(30), aws.table()
    arguments = ("backfill", "-s", store, "-t", table, "-r", "us-west-2", "--max-tps", "4", *given)
    # WHEN it has begun more of them than it has threads, which are 6 at this rate
    stopped = cli.run_and_signal(number, partial(aws.act_at, "GetReadSetMetadata", 8), *arguments)
    # THEN what it says last is a command
    assert (stopped.code, stopped.out) == (130, ""), stopped.err
    said, _, command = stopped.err.splitlines()[-1].partition("To go on, run: ")
    assert said == "omics-meta: interrupted. Rows that were written stay. "
    program, *rest = shlex.split(command)
    kept = [each for each in arguments if each not in {"--max-age", "1h"}]
    assert (program, rest[:-2], rest[-2]) == ("omics-meta", kept, "--max-age")
    # AND it does what is left to be done, and nothing twice
    finished = sum("files" in row for row in aws.raw_rows(table).values())
    assert 0 < finished < 30
    aws.omics.faults.clear()
    aws.forget_calls()
    done = cli.run(*("1000" if each == "4" else each for each in rest), "--json")
    assert done.code == 0, done.err
    assert aws.omics.calls["GetReadSetMetadata"] == 30 - finished
    assert (done.document["totals"]["created"], done.document["totals"]["unchanged"]) == (30 - finished, finished)
    # AND the rows are right
    assert cli.run("backfill", "-s", store, "-t", table, *FAST).code == 0
    assert aws.rows(table) == aws.expected(store)
