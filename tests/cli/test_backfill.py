"""`omics-meta backfill`: afterwards the table says what the source says."""

import sys
from operator import itemgetter
from typing import Any

import pytest
from omics_sandbox import Limits

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine


def test_rows_of_a_store_equal_the_source(aws: Aws, cli: CommandLine) -> None:
    # GIVEN read sets of every shape
    store = aws.store(2)
    reference = aws.omics.create_reference("GRCh38")
    aws.omics.create_read_set(
        store, name="aligned", file_type="BAM", files=("source1", "index"), reference_arn=reference, description="30x",
        sequence_information={"totalReadCount": 3, "totalBaseCount": 450, "alignment": "ALIGNED"},
    )  # fmt: skip
    aws.omics.create_read_set(store, name="compressed", file_type="CRAM", files=("source1", "index"), s3_access=False)
    aws.omics.create_read_set(store, name="archived", status="ARCHIVED", tags={"tier": "cold"})
    aws.omics.create_read_set(store, name="bare", subject_id=None, sample_id=None, etag=False, creation_type=None)
    aws.omics.create_read_set(store, name="Łódź 試料 🧬", tags={f"schlüssel {n}": "wert ✓" for n in range(50)})
    aws.omics.create_read_set(store, name="imported", creation_job_id="3333333333", read_set_id="9" * 36)
    table = aws.table()
    # WHEN they are backfilled
    module = (sys.executable, "-m", "omics_meta")
    done = cli.run_process("backfill", "-s", store, "-t", table, "-r", "us-west-2", *FAST, by=module)
    # THEN every row says all that the source says
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(store)
    assert done.err.splitlines() == [
        f"listing of store {store}: batch 1: 8 read sets: 8 from listing",
        f"store {store}: batch 1: 8 read sets: 8 created",
    ]
    assert done.out.splitlines()[0] == f"Rows of table {table} in us-west-2"
    [line] = [line for line in done.out.splitlines() if store in line]
    assert [part.strip() for part in line.split("│")[1:-1]] == [store, *"8080000"]


def test_several_stores_and_none_else(aws: Aws, cli: CommandLine) -> None:
    first, second, other = aws.store(2, "first"), aws.store(1, None, s3_access=False), aws.store(1, "other")
    table = aws.table()
    done = cli.run("backfill", "-s", first, "-s", second, "-s", first, "-t", table, "--json", *FAST)
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(first, second)
    assert other not in done.out
    assert done.document["stores"] == [
        {"store_id": first, **_counts(listed=2, created=2)},
        {"store_id": second, **_counts(listed=1, created=1)},
    ]


def test_a_dry_run_tells_and_writes_nothing(aws: Aws, cli: CommandLine) -> None:
    # GIVEN a row to create, one to update, one to leave, one to delete
    store = aws.store(4)
    missing, stale, right, gone = aws.ids(store)
    table = aws.filled(store)
    aws.delete(table, aws.arn(store, missing))
    aws.omics.update_read_set(store, stale, name="renamed", subject_id="other")
    aws.omics.set_status(store, gone, "DELETED")
    before = aws.raw_rows(table)
    done = cli.run("backfill", "-s", store, "-t", table, "--dry-run", "--prune", "--json", *FAST)
    plain = cli.run("backfill", "-s", store, "-t", table, "--dry-run", *FAST)
    assert (done.code, plain.code) == (0, 0)
    assert aws.raw_rows(table) == before
    assert done.document["dry_run"] is True
    assert done.document["totals"] == _counts(created=1, updated=1, unchanged=1, deleted=1)
    assert done.document["changes"] == [
        {"set_arn": aws.arn(store, missing), "outcome": "created", "fields": []},
        {"set_arn": aws.arn(store, stale), "outcome": "updated", "fields": ["set_name", "set_subject_id"]},
        {"set_arn": aws.arn(store, gone), "outcome": "deleted", "fields": []},
    ]
    assert f"Rows of table {table} in us-west-2 (dry run)" in plain.out.splitlines()
    # AND without --prune nothing is said of the row that is left over
    assert [line for line in plain.out.splitlines() if line.startswith("would be")] == [
        f"would be created: {aws.arn(store, missing)}",
        f"would be updated: {aws.arn(store, stale)} (set_name, set_subject_id)",
    ]
    assert right not in done.out


def test_existing_rows_are_overwritten_and_prune_deletes_those_whose_read_set_is_gone(
    aws: Aws, cli: CommandLine
) -> None:
    # GIVEN one edited row, one of the reference implementation's, one as it should be, one of a read set that is gone
    store, other = aws.store(4), aws.store(2)
    edited, foreign, right, gone = (aws.arn(store, read_set) for read_set in aws.ids(store))
    table = aws.filled(store, other)
    aws.edit(table, edited, set_name="wrong", files=None, tags=[{"wrong": "tag"}], set_description="invented")
    aws.put(table, {"set_arn": foreign, "status": "ARCHIVED", "set_name": "half"})
    aws.omics.set_status(store, gone.rpartition("/")[2], "DELETED")
    # AND rows of other stores, which are none of this run's business
    aws.put(table, {"set_arn": aws.arn("9999999999", "8888888888"), "set_name": "of another store"})
    aws.omics.set_status(other, aws.ids(other)[0], "DELETED")
    before = aws.raw_rows(table)

    done = cli.run("backfill", "-s", store, "-t", table, "--json", *FAST)
    assert (done.code, done.document["totals"]) == (0, _counts(updated=2, unchanged=1)), done.err
    assert aws.raw_rows(table).keys() == before.keys(), "a backfill without --prune deletes nothing"

    done = cli.run("backfill", "-s", store, "-t", table, "--prune", "--json", *FAST)
    assert (done.code, done.document["totals"]) == (0, _counts(unchanged=3, deleted=1)), done.err
    after = aws.raw_rows(table)
    assert before.keys() - after.keys() == {gone}
    for arn in after.keys() - {edited, foreign, right}:
        assert after[arn] == before[arn]
        aws.delete(table, arn)
    assert aws.rows(table) == aws.expected(store)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("dry_run", [False, True], ids=["apply", "dry-run"])
def test_a_listing_that_fails_ends_the_command_and_prunes_nothing(aws: Aws, cli: CommandLine, dry_run: bool) -> None:
    # GIVEN rows of read sets that are gone, and a listing that fails on its second page
    store = aws.store(11)
    table = aws.table()
    left_over = [aws.arn(store, str(number)) for number in range(7_000_000_000, 7_000_000_003)]
    for arn in left_over:
        aws.put(table, {"set_arn": arn})
    aws.omics.faults.add("ListReadSets", "InternalServerException", when=lambda given: "nextToken" in given)
    options = ("--dry-run",) if dry_run else ()
    done = cli.run("backfill", "-s", store, "-t", table, "--prune", *options, *FAST)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("omics-meta: error: AWS refused a call (ListReadSets: Internal")
    assert set(left_over) <= aws.raw_rows(table).keys()


def test_a_read_set_that_keeps_failing_is_reported_and_the_rest_is_done(aws: Aws, cli: CommandLine) -> None:
    store = aws.store(5)
    bad, denied, *_ = aws.ids(store)
    aws.omics.faults.add("GetReadSetMetadata", "ValidationException", when=lambda given: given["id"] == bad)
    aws.omics.faults.add(
        "ListTagsForResource", "AccessDeniedException", when=lambda given: given["resourceArn"].endswith(denied)
    )
    table = aws.table()
    done = cli.run("backfill", "-s", store, "-t", table, "--json", *FAST)
    plain = cli.run("backfill", "-s", store, "-t", table, *FAST)
    assert (done.code, plain.code) == (1, 1)
    assert done.document["totals"] == _counts(listed=5, created=3, failed=2)
    reasons = {
        bad: "GetReadSetMetadata: ValidationException: Injected by the sandbox into GetReadSetMetadata",
        denied: "ListTagsForResource: AccessDeniedException: Injected by the sandbox into ListTagsForResource",
    }
    assert sorted(done.document["failures"], key=itemgetter("set_id")) == [
        {"set_arn": aws.arn(store, each), "store_id": store, "set_id": each, "reason": reason}
        for each, reason in reasons.items()
    ]
    for each, reason in reasons.items():
        assert f"failed {aws.arn(store, each)}: {reason}" in plain.out.splitlines()
    incomplete = {arn for arn, row in aws.raw_rows(table).items() if "sync_state" in row}
    assert incomplete == {aws.arn(store, each) for each in (bad, denied)}


@pytest.mark.usefixtures("small_pages")
def test_every_store_can_be_searched_before_any_read_set_has_been_read(aws: Aws, cli: CommandLine) -> None:
    # GIVEN stores, one of them empty, and a HealthOmics that lists and does nothing else
    stores = first, second, _ = aws.store(3), aws.store(12), aws.store(0)
    table = aws.table()
    aws.omics.faults.add("GetReadSetMetadata", "ValidationException")
    done = cli.run("backfill", "--all-stores", "-t", table, "--json", *FAST)
    # THEN all that listings show is there
    assert done.code == 1
    assert done.document["totals"] == _counts(listed=15, failed=15)
    assert aws.omics.calls["ListReadSets"] == 4
    assert aws.omics.calls["GetSequenceStore"] == 3
    rows, expected = aws.raw_rows(table), aws.expected(first, second)
    assert rows.keys() == expected.keys()
    assert {row["sync_state"] for row in rows.values()} == {"listed"}
    # AND a backfill that may read them completes them
    aws.omics.faults.clear()
    aws.forget_calls()
    done = cli.run("backfill", "--all-stores", "-t", table, "--max-age", "1h", "--json", *FAST)
    assert done.code == 0, done.err
    assert done.document["totals"] == _counts(created=15)
    assert [(each["store_id"], each["created"]) for each in done.document["stores"]] == list(
        zip(stores, (3, 12, 0), strict=True)
    )
    assert aws.rows(table) == expected
    assert dict(aws.omics.calls) == {
        "ListSequenceStores": 1,
        "GetSequenceStore": 3,
        "ListReadSets": 4,
        "GetResources": 3,
        "GetReadSetMetadata": 15,
        "ListTagsForResource": 15,
    }


def test_without_a_listing_pass_rows_are_written_once(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(3), aws.table()
    done = cli.run("backfill", "-s", store, "-t", table, "--no-listing-pass", "--json", *FAST)
    assert done.code == 0, done.err
    assert done.document["totals"] == _counts(created=3)
    assert done.err == f"store {store}: batch 1: 3 read sets: 3 created\n"
    assert aws.rows(table) == aws.expected(store)


def test_the_default_pace_stays_within_the_default_quota(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(10), aws.table()
    aws.omics.limits = Limits.documented()
    done = cli.run("backfill", "-s", store, "-t", table)
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(store)
    assert not aws.omics.throttled


def _counts(**counts: int) -> dict[str, Any]:
    return {"listed": 0, "enqueued": 0, "created": 0, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0} | counts
