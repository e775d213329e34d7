"""Rows under events: every status, with and without a row, whatever the source says by then."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from readset_sync.aws.healthomics import HealthOmics, ReadSet
from readset_sync.messages.queue_message import parse_message
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import ContendedRowError
from readset_sync.model.record import REVISION, STATUS_AT
from readset_sync.sync import Outcome, Synchronizer

from tests.readset_sync.conftest import Store

STATUSES = ("ACTIVE", "ACTIVATING", "ARCHIVED", "DELETING", "DELETED", "PROCESSING_UPLOAD", "UPLOAD_FAILED", "NEW")


@pytest.fixture
def client(sandbox: Sandbox) -> Callable[[str], Any]:
    """Makes a client that goes over the wire."""
    return sandbox.client


def event(arn: ReadSetArn, status: str, *, after: timedelta = timedelta(hours=1)) -> ReadSetEvent:
    """An event of this status, from `after` now."""
    body: dict[str, Any] = {
        "id": "an-event",
        "source": "aws.omics",
        "detail-type": "Read Set Status Change",
        "account": arn.account,
        "region": arn.region,
        "time": (datetime.now(UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": {"arn": str(arn), "sequenceStoreId": arn.store_id, "id": arn.read_set_id, "status": status},
    }
    read = parse_message(json.dumps(body))
    assert isinstance(read, ReadSetEvent)
    return read


def late(arn: ReadSetArn, status: str) -> ReadSetEvent:
    return event(arn, status, after=-timedelta(hours=1))


@pytest.mark.parametrize("status", STATUSES)
def test_event_by_row_by_source(status: str, store: Store) -> None:
    for row_there, at_source in product((True, False), ("ACTIVE", "ARCHIVED", "gone")):
        case = f"{status}, {row_there=}, {at_source} at the source"
        arn = store.add(tags={"project": "x"})
        key = str(arn)
        if row_there:
            store.synchronizer.refresh(arn)
        before = store.table.get(key)
        if at_source != "ACTIVE":
            store.set_status(arn, "DELETED" if at_source == "gone" else at_source)

        # WHEN an event newer than the row comes in
        change = store.synchronizer.apply(event(arn, status))

        # THEN
        row = store.table.get(key)
        if status in {"PROCESSING_UPLOAD", "UPLOAD_FAILED", "NEW"}:
            assert change.outcome is Outcome.IGNORED, case
            assert row == before, case
        elif status == "DELETED":
            assert change.outcome is (Outcome.DELETED if row_there else Outcome.ABSENT), case
            assert row is None, case
        elif status != "ACTIVE" and before is not None:
            assert row is not None, case
            own = {"set_status", STATUS_AT, REVISION}
            assert row["set_status"] == status, case
            assert {n: row[n] for n in row.keys() - own} == {n: before[n] for n in before.keys() - own}, case
        elif at_source == "gone":
            assert row is None, case
        else:
            assert row is not None, case
            assert row["set_status"] == at_source, case
            assert row["tags"] == [{"project": "x"}], case
            assert row["store"]["store_name"] == "cohort", case
            assert ("files" in row) == (row_there or at_source == "ACTIVE"), case


def test_replaying_an_old_event_changes_nothing_but_a_deletion_that_was_true(store: Store) -> None:
    for status in STATUSES:
        [arn] = store.synced(1)
        store.set_status(arn, "ARCHIVED")
        store.synchronizer.refresh(arn)

        store.synchronizer.apply(late(arn, status))

        row = store.table.get(str(arn))
        if status == "DELETED":  # HealthOmics never uses an id again, so this one can only be about the same read set.
            assert row is None
        else:
            assert row is not None, status
            assert row["set_status"] == "ARCHIVED", status
            assert row["files"], status


def test_a_status_event_costs_no_call_and_active_costs_two(store: Store) -> None:
    arn = store.add()
    store.synchronizer.refresh(arn)  # The store is remembered from here on.
    store.sandbox.omics.calls.clear()

    for hours, status in enumerate(("ARCHIVED", "ACTIVATING", "DELETING", "DELETED", "PROCESSING_UPLOAD"), start=1):
        store.synchronizer.apply(event(arn, status, after=timedelta(hours=hours)))
    assert store.sandbox.omics.calls == {}

    store.synchronizer.apply(event(arn, "ACTIVE"))
    assert store.sandbox.omics.calls == {"GetReadSetMetadata": 1, "ListTagsForResource": 1}


def test_of_two_status_events_in_the_wrong_order_the_source_decides(store: Store) -> None:
    [arn] = store.synced(1)
    store.set_status(arn, "ACTIVATING")

    store.synchronizer.apply(event(arn, "ACTIVATING", after=timedelta(hours=2)))
    store.synchronizer.apply(event(arn, "ARCHIVED", after=timedelta(hours=1)))

    row = store.row(arn)
    assert row["set_status"] == "ACTIVATING"


def test_an_event_of_the_very_second_of_the_row_is_settled_by_the_source(store: Store) -> None:
    [arn] = store.synced(1)
    row = store.row(arn)
    same_second = datetime.fromisoformat(row[STATUS_AT]) - datetime.now(UTC)

    store.synchronizer.apply(event(arn, "DELETING", after=same_second + timedelta(milliseconds=1)))

    row = store.row(arn)
    assert row["set_status"] == "ACTIVE"


def test_a_status_message_follows_its_status(store: Store) -> None:
    [arn] = store.synced(1)
    as_of = datetime.now(UTC) + timedelta(hours=1)

    store.table.set_status(str(arn), "ARCHIVED", message="by policy", as_of=as_of)
    assert store.row(arn)["set_status_message"] == "by policy"

    store.table.set_status(str(arn), "ACTIVATING", message=None, as_of=as_of + timedelta(hours=1))
    assert "set_status_message" not in store.row(arn)


def test_archived_files_come_back_after_activation(store: Store) -> None:
    arn = store.add(status="ARCHIVED")
    store.synchronizer.refresh(arn)
    assert "files" not in store.row(arn)

    store.set_status(arn, "ACTIVE")
    store.synchronizer.apply(event(arn, "ACTIVE"))

    assert [each["file_type"] for each in store.row(arn)["files"]] == ["source1", "source2"]


def without_retries(sandbox: Sandbox) -> Any:
    session = boto3.Session(
        aws_access_key_id=sandbox.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=sandbox.environment["AWS_SECRET_ACCESS_KEY"],
        region_name=sandbox.region,
    )
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
    return session.client("omics", endpoint_url=sandbox.endpoint, config=config)


class Interrupted(HealthOmics):
    """A source beside which somebody else writes the row, between the read of the row and its write."""

    def __init__(self, client: Any, interruptions: list[Any]) -> None:
        super().__init__(client)
        self._interruptions = interruptions

    def read_set(self, arn: ReadSetArn, *, tags: bool = True) -> ReadSet:
        read = super().read_set(arn, tags=tags)
        if self._interruptions:
            self._interruptions.pop(0)()
        return read


@pytest.mark.parametrize(
    ("row_there", "meanwhile", "outcome"),
    [(True, "ARCHIVED", Outcome.UNCHANGED), (True, "DELETED", Outcome.ABSENT), (False, "ARCHIVED", Outcome.UNCHANGED)],
)
def test_what_was_synced_between_the_read_and_the_write_wins(
    row_there: bool, meanwhile: str, outcome: Outcome, store: Store
) -> None:
    arn = store.add()
    if row_there:
        store.synchronizer.refresh(arn)

    def sync() -> None:
        store.set_status(arn, meanwhile)
        store.synchronizer.refresh(arn)

    change = Synchronizer(Interrupted(store.sandbox.client("omics"), [sync]), store.table).refresh(arn)

    assert change.outcome is outcome
    row = store.table.get(str(arn))
    assert (row and row["set_status"]) == (None if meanwhile == "DELETED" else meanwhile)


def test_endless_contention_is_an_error_and_not_an_endless_loop(store: Store) -> None:
    arn = store.add()
    interruptions = [lambda: store.synchronizer.refresh(arn)] * 10
    slow = Synchronizer(Interrupted(store.sandbox.client("omics"), interruptions), store.table)

    with pytest.raises(ContendedRowError, match=f"{arn} kept changing: 5 attempts"):
        slow.refresh(arn)


def test_a_row_of_another_tool_is_replaced_only_as_it_was_read(store: Store) -> None:
    """Rows of the reference implementation have no revision; one that gains a revision meanwhile is newer."""
    arn = store.add()
    store.sandbox.client("dynamodb").put_item(
        TableName=store.table.name, Item={"set_arn": {"S": str(arn)}, "status": {"S": "ACTIVE"}}
    )

    def archive() -> None:
        store.set_status(arn, "ARCHIVED")
        store.synchronizer.refresh(arn)

    Synchronizer(Interrupted(store.sandbox.client("omics"), [archive]), store.table).refresh(arn)

    row = store.row(arn)
    assert row["set_status"] == "ARCHIVED"
    assert "status" not in row


@pytest.mark.parametrize("operation", ["GetReadSetMetadata", "ListTagsForResource"])
def test_no_error_but_a_404_ever_deletes_a_row(operation: str, store: Store) -> None:
    [arn] = store.synced(1)
    before = store.table.get(str(arn))
    impatient = Synchronizer(HealthOmics(without_retries(store.sandbox)), store.table)

    for code in ("ThrottlingException", "AccessDeniedException", "InternalServerException"):
        store.sandbox.omics.faults.clear()
        store.sandbox.omics.faults.add(operation, code)
        with pytest.raises(ClientError, match=code):
            impatient.refresh(arn)
        if operation == "GetReadSetMetadata":
            with pytest.raises(ClientError, match=code):
                impatient.prune(arn)

    assert store.table.get(str(arn)) == before


def test_tags_that_are_not_found_do_not_prove_that_the_read_set_is_gone(store: Store) -> None:
    [arn] = store.synced(1)
    store.sandbox.omics.faults.add("ListTagsForResource", "ResourceNotFoundException")

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        store.synchronizer.refresh(arn)

    assert store.table.get(str(arn)) is not None


def test_prune_leaves_a_row_whose_read_set_is_there(store: Store) -> None:
    [arn] = store.synced(1)

    assert store.synchronizer.prune(arn).outcome is Outcome.UNCHANGED
    assert store.table.get(str(arn)) is not None

    store.set_status(arn, "DELETED")
    assert store.synchronizer.prune(arn).outcome is Outcome.DELETED
    assert store.synchronizer.prune(arn).outcome is Outcome.ABSENT


@pytest.mark.parametrize("digits", [10, 36])
def test_long_ids_and_fifty_unicode_tags_survive_the_wire(digits: int, store: Store) -> None:
    tags = {f"clé {n:02}": f"größe-患者-{n}" for n in reversed(range(50))} | {"empty": ""}
    identity = store.id[-1] + "0" * (digits - 1)
    arn = store.add(read_set_id=identity, name="Früh 🧬", tags=tags, description="naïve")

    store.synchronizer.refresh(arn)

    row = store.row(arn)
    assert row["set_id"] == identity
    assert row["tags"] == [{key: tags[key]} for key in sorted(tags)]
    assert (row["set_name"], row["set_description"]) == ("Früh 🧬", "naïve")


def test_a_store_without_s3_access_and_a_bare_read_set(store: Store) -> None:
    store_id = store.sandbox.omics.create_store("plain", s3_access=False)
    read_set_id = store.sandbox.omics.create_read_set(
        store_id, name=None, subject_id=None, sample_id=None, etag=False, s3_access=False, creation_type=None
    )
    arn = ReadSetArn("aws", store.sandbox.region, store.sandbox.account, store_id, read_set_id)

    store.synchronizer.refresh(arn)

    row = store.row(arn)
    assert set(row["store"]) == {"store_id", "store_arn", "store_name", "store_type"}
    assert all(set(file) == {"file_type", "content_length", "part_size", "total_parts"} for file in row["files"])
    assert not {"set_name", "set_subject_id", "set_sample_id", "set_etag"} & set(row)


def test_rows_are_found_by_tag_with_the_documented_expression(store: Store) -> None:
    wanted, other = store.add(tags={"project": "x"}), store.add(tags={"project": "y"})
    for arn in (wanted, other):
        store.synchronizer.refresh(arn)

    found = store.sandbox.client("dynamodb").scan(
        TableName=store.table.name,
        FilterExpression="contains(tags, :tag)",
        ExpressionAttributeValues={":tag": {"M": {"project": {"S": "x"}}}},
    )

    assert [item["set_arn"]["S"] for item in found["Items"]] == [str(wanted)]


def test_a_late_status_never_overwrites_a_row_that_does_not_tell_its_age(store: Store) -> None:
    """Rows of the reference implementation's format have no `status_at`, so the source is asked."""
    arn = store.add()
    store.sandbox.client("dynamodb").put_item(
        TableName=store.table.name, Item={"set_arn": {"S": str(arn)}, "set_status": {"S": "ACTIVE"}}
    )

    store.synchronizer.apply(late(arn, "ARCHIVED"))

    assert store.row(arn)["set_status"] == "ACTIVE"


ODD: list[dict[str, Any]] = [
    {"files": {"NULL": True}},
    {"files": {"S": "s3://bucket/file"}},
    {"files": {"L": [{"S": "s3://bucket/file"}]}},
    {"files": {"L": [{"M": {"file_type": {"S": "source1"}, "content_length": {"S": "None"}}}]}},
    {"set_etag": {"S": "abc"}},
    {"status_at": {"N": "7"}},
    {"tags": {"M": {"key": {"S": "value"}}}},
]


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED"])
def test_a_row_of_an_odd_shape_is_mended_like_any_other(status: str, store: Store) -> None:
    dynamodb = store.sandbox.client("dynamodb")
    for odd in ODD:
        arn = store.add(status=status)
        dynamodb.put_item(TableName=store.table.name, Item={"set_arn": {"S": str(arn)}, **odd})

        store.synchronizer.apply(event(arn, "ACTIVE"))

        row = store.row(arn)
        assert row["set_status"] == status, odd
        assert row["tags"] == [], odd
        assert all(file["content_length"].isdigit() for file in row.get("files", [])), odd
