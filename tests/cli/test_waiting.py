"""A service that goes away in the middle of a run, answers that get lost, and runs that are ended from outside."""

import signal
from collections import Counter
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from readset_sync.constants import OPERATIONS

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

FAILING_CALLS = 60


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are tried again at once."""
    monkeypatch.setattr("readset_sync.aws.retries._LONGEST_PAUSE", 0)


@pytest.fixture
def away(aws: Aws, no_pauses: None) -> None:
    """HealthOmics answers some calls, then none of many, and then again."""
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


@pytest.mark.usefixtures("no_pauses")
def test_answers_that_get_lost_cost_no_row(aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN rows to create, to update, to leave and to delete, and a DynamoDB whose first two answers to each write
    # get lost
    store = aws.store(12)
    missing, stale, gone, *_ = aws.ids(store)
    table = aws.filled(store)
    aws.delete(table, aws.arn(store, missing))
    aws.omics.update_read_set(store, stale, name="renamed")
    aws.omics.set_status(store, gone, "DELETED")
    send, attempts = URLLib3Session.send, Counter[bytes]()

    def lose(session: Any, request: Any) -> Any:
        answer = send(session, request)
        target = request.headers.get("X-Amz-Target", b"")
        if target.endswith((b"PutItem", b"DeleteItem")):
            attempts[request.body] += 1
            if attempts[request.body] <= 2:
                raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr(URLLib3Session, "send", lose)

    done = cli.run("backfill", "-s", store, "-t", table, "--prune", "--json", *FAST)

    # THEN each write counts once, and every row is right
    assert done.code == 0, done.out
    counts = {"listed": 1, "created": 1, "updated": 1, "unchanged": 9, "deleted": 1, "enqueued": 0, "failed": 0}
    assert done.document["totals"] == counts
    assert aws.rows(table) == aws.expected(store)
    assert set(attempts.values()) == {3}


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
