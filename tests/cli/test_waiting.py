"""A service that goes away in the middle of a run, and runs that are ended from outside."""

import signal
from functools import partial

import pytest
from readset_sync.constants import OPERATIONS

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

FAILING_CALLS = 60


@pytest.fixture
def away(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """HealthOmics answers some calls, then none of many, and then again."""
    monkeypatch.setattr("readset_sync.aws.retries._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("readset_sync.aws.retries._LONGEST_PAUSE", 0.001)
    calls = 0

    def is_away(_: object) -> bool:
        nonlocal calls
        calls += 1
        return 10 < calls <= 10 + FAILING_CALLS

    for operation in OPERATIONS:
        aws.omics.faults.add(operation, "InternalServerException", when=is_away)


@pytest.mark.usefixtures("away")
def test_a_backfill_waits_for_a_service_that_is_away_and_goes_on_by_itself(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(10), aws.table()

    done = cli.run("backfill", "-s", store, "-t", table, *FAST)

    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(store)
    assert (
        "omics-meta: HealthOmics has not answered for 0 s (InternalServerException): waiting up to 0:10:00" in done.err
    )
    assert "omics-meta: HealthOmics answers again, after 0 s" in done.err


@pytest.mark.usefixtures("away")
def test_without_patience_what_failed_is_told(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(10), aws.table()

    done = cli.run("backfill", "-s", store, "-t", table, "--wait-for-aws", "0", *FAST)

    assert done.code == 1
    assert "InternalServerException" in done.out
    assert "waiting" not in done.err


def test_a_patience_that_is_none_is_refused(aws: Aws, cli: CommandLine) -> None:
    done = cli.run("export", "-t", "t", "--wait-for-aws", "soon")

    assert done.code == 2
    assert "--wait-for-aws 'soon' is no duration: give minutes, hours or days as in 10m, or 0" in done.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_command_as_ctrl_c_does(number: signal.Signals, aws: Aws, cli: CommandLine) -> None:
    store = aws.store(1)
    at_the_listing = partial(aws.act_at, "ListReadSets", 1)

    done = cli.run_and_signal(number, at_the_listing, "backfill", "-s", store, "-t", aws.table())

    assert done.code == 130, done.err
    assert "interrupted. Rows that were written stay; to go on, run: omics-meta backfill" in done.err
