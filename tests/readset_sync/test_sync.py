"""Rows under events: every status, with and without a row, whatever the source says by then."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from readset_sync.aws.healthomics import HealthOmics, ReadSet
from readset_sync.messages.queue_message import parse_message
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import ContendedRowError
from readset_sync.model.record import REVISION, STATUS_AT
from readset_sync.sync import Change, Outcome, Synchronizer

from tests.readset_sync.conftest import Store
from tests.readset_sync.function import event as event_of

STATUSES = ("ACTIVE", "ACTIVATING", "ARCHIVED", "DELETING", "DELETED", "PROCESSING_UPLOAD", "UPLOAD_FAILED", "NEW")


def event(arn: ReadSetArn, status: str, *, after: timedelta = timedelta(hours=1)) -> ReadSetEvent:
    """An event of this status, from `after` now."""
    read = parse_message(json.dumps(event_of(arn, status, time=datetime.now(UTC) + after)))
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
            assert change == Change(Outcome.IGNORED), case
            assert row == before, case
        elif status == "DELETED":
            assert change == Change(Outcome.DELETED if row_there else Outcome.ABSENT), case
            assert row is None, case
        elif status != "ACTIVE" and before is not None:
            assert change == Change(Outcome.UPDATED, ("set_status",)), case
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


@pytest.mark.usefixtures("wire")
def test_a_status_event_costs_no_call_and_active_costs_two(store: Store) -> None:
    arn = store.add()
    store.synchronizer.refresh(arn)  # The store is remembered from here on.
    store.sandbox.omics.calls.clear()

    for hours, status in enumerate(("ARCHIVED", "ACTIVATING", "DELETING", "DELETED", "PROCESSING_UPLOAD"), start=1):
        store.synchronizer.apply(event(arn, status, after=timedelta(hours=hours)))
    assert store.sandbox.omics.calls == {}

    store.synchronizer.apply(event(arn, "ACTIVE"))
    assert store.sandbox.omics.calls == {"GetReadSetMetadata": 1, "ListTagsForResource": 1}


def test_an_event_of_the_very_second_of_the_row_is_settled_by_the_source(store: Store) -> None:
    [arn] = store.synced(1)
    row = store.row(arn)
    same_second = datetime.fromisoformat(row[STATUS_AT]) - datetime.now(UTC)

    store.synchronizer.apply(event(arn, "DELETING", after=same_second + timedelta(milliseconds=1)))

    assert store.row(arn)["set_status"] == "ACTIVE"


@pytest.mark.usefixtures("wire")
def test_a_status_message_follows_its_status(store: Store) -> None:
    [arn] = store.synced(1)
    as_of = datetime.now(UTC) + timedelta(hours=1)

    store.table.set_status(str(arn), "ARCHIVED", message="by policy", as_of=as_of)
    assert store.row(arn)["set_status_message"] == "by policy"

    store.table.set_status(str(arn), "ACTIVATING", message=None, as_of=as_of + timedelta(hours=1))
    assert "set_status_message" not in store.row(arn)


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


def test_endless_contention_is_an_error_and_not_an_endless_loop(store: Store, client: Callable[[str], Any]) -> None:
    arn = store.add()
    interruptions = [lambda: store.synchronizer.refresh(arn)] * 10
    slow = Synchronizer(Interrupted(client("omics"), interruptions), store.table)

    with pytest.raises(ContendedRowError, match=f"{arn} kept changing: 5 attempts"):
        slow.refresh(arn)


def test_a_row_of_another_tool_is_replaced_only_as_it_was_read(store: Store, client: Callable[[str], Any]) -> None:
    """Rows of the reference implementation have no revision; one that gains a revision meanwhile is newer."""
    arn = store.add()
    assert store.table.put({"set_arn": str(arn), "status": "ACTIVE"}, replacing=None)

    def archive() -> None:
        store.set_status(arn, "ARCHIVED")
        store.synchronizer.refresh(arn)

    Synchronizer(Interrupted(client("omics"), [archive]), store.table).refresh(arn)

    row = store.row(arn)
    assert row["set_status"] == "ARCHIVED"
    assert "status" not in row


@pytest.mark.usefixtures("wire")
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


@pytest.mark.usefixtures("wire")
def test_a_store_without_s3_access_and_a_bare_read_set(store: Store) -> None:
    plain = replace(store, id=store.sandbox.omics.create_store("plain", s3_access=False))
    arn = plain.add(name=None, subject_id=None, sample_id=None, etag=False, s3_access=False, creation_type=None)

    store.synchronizer.refresh(arn)

    row = store.row(arn)
    assert set(row["store"]) == {"store_id", "store_arn", "store_name", "store_type"}
    assert all(set(file) == {"file_type", "content_length", "part_size", "total_parts"} for file in row["files"])
    assert not {"set_name", "set_subject_id", "set_sample_id", "set_etag"} & set(row)


def test_a_late_status_never_overwrites_a_row_that_does_not_tell_its_age(store: Store) -> None:
    """Rows of the reference implementation's format have no `status_at`, so the source is asked."""
    arn = store.add()
    assert store.table.put({"set_arn": str(arn), "set_status": "ACTIVE"}, replacing=None)

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


@pytest.mark.usefixtures("wire")
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
