"""A HealthOmics that answers as if something had not happened yet: it is asked again, and believed only then."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock, call

import pytest
from readset_sync import sync as module
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.message_sender import MessageSender
from readset_sync.aws.table import Table
from readset_sync.messages.queue_message import REFRESH
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.record import STATUS_AT, SYNCED_AT
from readset_sync.model.timestamp import format_timestamp
from readset_sync.sync import BEHIND, Outcome, Synchronizer

from tests.readset_sync.conftest import Store
from tests.readset_sync.function import Function, event, own_message, record

TAGS = {"project": "x"}
LAG = "SourceToRowLag"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited; none of them passes."""
    monkeypatch.setattr(module, "AGAIN_SECONDS", 5)
    return []


@pytest.fixture
def synchronizer(source: HealthOmics, table: Table, slept: list[float]) -> Synchronizer:
    return Synchronizer(source, table, sleep=slept.append)


class Receiver(Function):
    """The function, and when its messages come again."""

    def __init__(self, synchronizer: Synchronizer, max_receives: int = 5) -> None:
        self.sender = Mock(spec=MessageSender)
        super().__init__(synchronizer, Mock(), self.sender, max_receives=max_receives)

    def receive(self, body: Any, receives: int) -> int | None:
        """Have a message received so often; return after how many seconds it is to come again, None for never."""
        self.sender.reset_mock()
        if not self.consume(record("one", body, receives=receives)):
            assert self.sender.mock_calls == []
            return None
        [hidden] = self.sender.mock_calls
        assert hidden == call.hide("receipt of one", seconds=hidden.kwargs["seconds"])
        return hidden.kwargs["seconds"]

    def looks_three_times(self, body: Any) -> Iterator[None]:
        """Have a message received three times, each of which is not enough; yield after each."""
        for receives, seconds in ((1, 5), (2, 10), (3, 20)):
            assert self.receive(body, receives) == seconds
            yield


@pytest.fixture
def function(synchronizer: Synchronizer) -> Receiver:
    return Receiver(synchronizer)


def becomes_active(store: Store, *, was: str | None, behind: str, answers: int) -> ReadSetArn:
    """A read set that had another status, or was not there, and becomes ACTIVE while HealthOmics is behind."""
    arn = store.add(tags=TAGS, status=was) if was else None
    store.sandbox.omics.faults.add_behind(behind, answers=answers)
    if arn is None:
        return store.add(tags=TAGS)
    store.set_status(arn, "ACTIVE")
    return arn


@pytest.mark.parametrize(
    ("behind", "was"),
    [("GetReadSetMetadata", None), ("GetReadSetMetadata", "PROCESSING_UPLOAD"), ("files", "ARCHIVED")],
)
def test_an_answer_that_contradicts_a_recent_event_is_believed_after_three_looks(
    behind: str, was: str | None, store: Store, function: Receiver
):
    arn = becomes_active(store, was=was, behind=behind, answers=100)
    body = event(arn)

    for _ in function.looks_three_times(body):
        assert store.table.get(str(arn)) is None
        assert function.measured[LAG] == []
    assert function.receive(body, 4) is None

    row = store.table.get(str(arn))
    assert row is None if was is None else row is not None


@pytest.mark.parametrize("operation", ["GetReadSetMetadata", "ListTagsForResource"])
def test_what_is_known_at_the_second_look_is_written_then(operation: str, store: Store, function: Receiver):
    arn = store.add(tags=TAGS)
    store.sandbox.omics.faults.add(operation, "ResourceNotFoundException", times=1)

    assert function.receive(event(arn), 1) == 5
    assert function.receive(event(arn), 2) is None

    row = store.row(arn)
    assert (row["set_status"], row["tags"]) == ("ACTIVE", [TAGS])
    assert len(function.measured[LAG]) == 1


def test_a_404_for_a_read_set_that_a_listing_has_just_shown_is_believed_after_three_looks(
    store: Store, function: Receiver
):
    arn = becomes_active(store, was=None, behind="GetReadSetMetadata", answers=4)
    request = own_message(REFRESH, {"arn": str(arn)})
    assert len(list(function.looks_three_times(request))) == 3
    assert function.receive(request, 4) is None
    assert store.table.get(str(arn)) is None

    assert function.receive(request, 1) is None
    assert store.row(arn)["set_status"] == "ACTIVE"


def test_an_old_event_is_no_reason_to_doubt_the_source(store: Store, function: Receiver):
    arn = store.add(tags=TAGS)
    store.set_status(arn, "ARCHIVED")

    assert function.receive(event(arn, time=datetime.now(UTC) - BEHIND), 1) is None

    assert store.row(arn)["set_status"] == "ARCHIVED"


def test_no_message_becomes_a_dead_letter_for_a_source_that_is_behind(store: Store, synchronizer: Synchronizer):
    arn = becomes_active(store, was="PROCESSING_UPLOAD", behind="GetReadSetMetadata", answers=100)
    function = Receiver(synchronizer, max_receives=2)

    assert function.receive(event(arn), 1) == 5
    assert function.receive(event(arn), 2) is None
    assert Receiver(synchronizer, max_receives=1).receive(event(store.add()), 1) is None


@pytest.mark.parametrize("write", [Synchronizer.refresh, Synchronizer.prune])
def test_a_row_is_deleted_when_the_source_says_twice_that_it_is_gone_and_not_for_a_single_404(
    write: Callable[[Synchronizer, ReadSetArn], Any],
    store: Store,
    synchronizer: Synchronizer,
    slept: list[float],
):
    [arn] = store.synced(1)
    store.set_status(arn, "ARCHIVED")
    store.sandbox.omics.faults.add("GetReadSetMetadata", "ResourceNotFoundException", times=1)
    assert write(synchronizer, arn).outcome is (Outcome.UPDATED if write is Synchronizer.refresh else Outcome.UNCHANGED)
    assert slept.pop() == 5
    assert store.row(arn)["files"]

    store.set_status(arn, "DELETED")
    assert write(synchronizer, arn).outcome is Outcome.DELETED

    assert slept == [5]
    assert store.table.get(str(arn)) is None
    assert write(synchronizer, arn).outcome is Outcome.ABSENT


def test_a_status_of_the_last_minute_is_undone_on_second_thought_alone(
    store: Store, synchronizer: Synchronizer, slept: list[float], monkeypatch: pytest.MonkeyPatch
):
    # GIVEN a row that an event has just archived, while the source says for once that it is still ACTIVE
    [arn] = store.synced(1)
    store.table.set_status(str(arn), "ARCHIVED", message=None, as_of=datetime.now(UTC) + timedelta(seconds=1))
    synchronizer = Synchronizer(
        store.source, store.table, sleep=lambda seconds: (slept.append(seconds), store.set_status(arn, "ARCHIVED"))
    )

    synchronizer.refresh(arn)

    assert slept == [5]
    assert store.row(arn)["set_status"] == "ARCHIVED"

    # WHEN it is said twice, THEN it is so
    store.set_status(arn, "ACTIVE")
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0)
    Synchronizer(store.source, store.table).refresh(arn)
    assert store.row(arn)["set_status"] == "ACTIVE"


def test_tags_that_come_after_the_event_are_found_a_minute_later_for_one_call(store: Store, function: Receiver):
    # GIVEN a read set that has no tags when it becomes ACTIVE
    arn = store.add()
    body = event(arn, time=datetime.now(UTC) - timedelta(seconds=2))
    assert function.receive(body, 1) == 60
    assert len(function.measured[LAG]) == 1
    assert store.row(arn)["tags"] == []
    calls = store.sandbox.omics.calls

    # WHEN it still has none a minute later
    calls.clear()
    body |= {"time": format_timestamp(datetime.now(UTC) - timedelta(seconds=62))}
    assert function.receive(body, 2) is None
    # THEN that took one call, and is no lag
    assert calls == {"ListTagsForResource": 1}
    assert function.measured[LAG] == []

    # WHEN it has some
    store.tag(arn, project="x")
    assert function.receive(body, 2) is None
    # THEN
    assert store.row(arn)["tags"] == [{"project": "x"}]

    # AND they are looked for later also after answers that were behind
    assert function.receive(event(store.add(), time=datetime.now(UTC) - timedelta(seconds=36)), 4) == 60


def test_an_older_event_undoes_no_later_one_while_healthomics_is_behind(store: Store, function: Receiver):
    # GIVEN a read set that has been archived, as its event says and HealthOmics does not yet
    arn = store.add(tags=TAGS)
    older = event(arn, time=datetime.now(UTC) - timedelta(seconds=2))
    assert function.receive(older, 1) is None
    store.sandbox.omics.faults.add_behind("GetReadSetMetadata", answers=100)
    store.set_status(arn, "ARCHIVED")
    assert function.receive(event(arn, "ARCHIVED", time=datetime.now(UTC) + timedelta(seconds=1)), 1) is None

    # WHEN the event before it comes once more
    for _ in function.looks_three_times(older):
        assert store.row(arn)["set_status"] == "ARCHIVED"


def test_an_event_completes_a_row_that_was_written_before_the_files_were_known(
    store: Store, synchronizer: Synchronizer, function: Receiver
):
    store.sandbox.omics.faults.add_behind("files", answers=2)
    arn = store.add(tags=TAGS)
    synchronizer.refresh(arn)
    assert "files" not in store.row(arn)
    older = event(arn, time=datetime.now(UTC) - timedelta(seconds=2))

    assert function.receive(older, 1) == 5
    assert function.receive(older, 2) is None

    assert store.row(arn)["files"]


def test_a_row_that_is_as_old_as_the_event_is_read_in_full(store: Store, synchronizer: Synchronizer):
    arn = store.add()
    body = event(arn)
    synchronizer.refresh(arn)
    row = store.row(arn)
    assert row[STATUS_AT] == row[SYNCED_AT]
    store.rename(arn)

    Receiver(synchronizer).receive(body | {"time": row[SYNCED_AT]}, 1)

    assert store.row(arn)["set_name"] == "renamed"
