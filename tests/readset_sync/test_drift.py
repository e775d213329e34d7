"""Nights of a pipeline, hour by hour on a clock of their own: what counts as drift, and what is read how often."""

from collections import Counter
from datetime import timedelta

import pytest
from readset_sync.stores import reconciliation
from readset_sync.stores.backfill import Backfill, PendingRefreshes

from tests.in_process import Serial
from tests.readset_sync.night import Night


def test_what_no_event_has_announced_is_drift(night: Night):
    untouched, renamed, deleted, archived = night.synced(4)
    # More than half of all, and yet no first fill.
    created = night.add(9)
    night.service.update_read_set(night.store, renamed.read_set_id, name="another name")
    night.service.set_status(night.store, deleted.read_set_id, "DELETED")
    night.service.set_status(night.store, archived.read_set_id, "ARCHIVED")
    before = night.row(untouched)

    night.reconcile()

    assert night.drift == 12
    [finished] = night.finished
    assert (finished["found"]["missing"], finished["found"]["stale"]) == (9, 2)
    assert night.table.get(str(deleted)) is None
    assert all(night.table.get(str(arn)) for arn in created)
    assert (night.row(renamed)["set_name"], night.row(archived)["set_status"]) == ("another name", "ARCHIVED")
    assert night.row(untouched) == before
    # WHEN the next night finds nothing, THEN it says so, and the alarm is over
    night.metrics.clear()
    night.reconcile()
    assert night.metrics["ReconciliationDrift"] == [0]
    assert night.metrics["Reconciliations"] == [1]


def test_what_an_event_announces_soon_is_in_flight(night: Night):
    _, deleted, archived = night.synced(3)
    [created] = night.add(tags={"project": "x"})
    night.service.set_status(night.store, deleted.read_set_id, "DELETED")
    night.service.set_status(night.store, archived.read_set_id, "ARCHIVED")
    night.meanwhile = [
        lambda: night.tell(created, "ACTIVE"),
        lambda: night.tell(deleted, "DELETED"),
        lambda: night.tell(archived, "ARCHIVED"),
    ]

    night.reconcile()

    assert night.drift == 0
    assert night.metrics["Reconciliations"] == [1]
    outcomes = Counter(line["outcome"] for line in night.log if line["message"] == "event applied")
    assert outcomes["fresh"] == 1, "the row that the event made is not made again"


def test_old_rows_and_those_of_a_backfill_or_of_somebody_else_are_no_drift(night: Night):
    aged, edited, foreign = night.synced(3)
    night.now += timedelta(days=8)
    night.service.tag(str(aged), {"changed": "yes"})
    night.change_row(edited, tags=[{"by": "hand"}])
    night.change_row(foreign, set_name="theirs", sync_revision=None)
    [listed] = night.add()
    page = night.source.page(night.store)
    [entry] = [each for each in page.read_sets if each["arn"] == str(listed)]
    assert night.synchronizer.write_listed(entry, night.source.store(night.store), as_of=page.as_of)

    night.reconcile()

    assert night.drift == 0
    [finished] = night.finished
    assert finished["found"]["unfinished"] == 1
    overwritten = {line["set_arn"] for line in night.log if "overwritten" in line}
    assert overwritten == {str(edited), str(foreign)}
    assert night.row(aged)["tags"] == [{"changed": "yes"}]


def test_two_nights_at_once_read_each_read_set_once(night: Night):
    night.synced(1)
    arns = night.add(30)

    night.ask()
    night.reconcile()

    assert len(night.table.get_many(map(str, arns))) == 30
    assert night.reads == 30


def test_a_backfill_reads_nothing_that_another_or_a_reconciliation_has_read(night: Night):
    arns = night.add(30)
    first, second = (Backfill(night.source, night.table, Serial()) for _ in range(2))  # pyright: ignore[reportArgumentType] - has what is called
    pending, others = (PendingRefreshes(arns[0].store_arn) for _ in range(2))
    listing = list(first.create_listed_rows(pending))

    night.now += timedelta(seconds=2)
    night.reconcile()
    assert night.reads == 30
    assert night.drift == 0
    done = [*second.refresh_pending([others], second.create_listed_rows(others))]
    assert night.reads == 60, "what was read before the listing is read again"
    done = [*first.refresh_pending([pending], (batch for batch in listing))]

    assert night.reads == 60
    assert Counter(each.change and each.change.outcome for batch in done for each in batch.results) == {
        "listed": 30,
        "unchanged": 30,
    }


def test_a_message_that_is_received_once_only_does_not_wait():
    night = Night(max_receives=1)
    night.synced(1)
    [created] = night.add()

    night.reconcile()

    assert night.table.get(str(created))
    assert night.drift == 1


@pytest.fixture
def small_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a minute of a first fill be 20 rows."""
    monkeypatch.setattr(reconciliation, "FILL_A_MINUTE", 20)
    monkeypatch.setattr(reconciliation, "_REFRESHES", 20)


@pytest.mark.usefixtures("small_loads")
def test_a_table_that_was_never_filled_is_filled_with_time_for_others(night: Night):
    arns = night.add(45)
    began = night.now

    night.reconcile()

    assert not any("sync_state" in night.row(arn) for arn in arns)
    assert night.reads == 45
    assert night.drift == 0
    # Its steps are no reason to ring for a reconciliation that does not end.
    assert night.metrics["Reconciliations"] == [0, 0, 1]
    [finished] = night.finished
    assert finished["found"] == {"listed": 45, "filled": 45}
    assert night.now - began > timedelta(minutes=45 / 20 - 1)


@pytest.mark.usefixtures("small_loads")
def test_a_reconciliation_that_begins_while_another_works_is_dropped(night: Night):
    night.batch = 10
    night.add(45)

    night.ask()
    for _ in range(10):
        night.work()
    night.reconcile()

    outcomes = Counter(line.get("outcome") for line in night.log)
    assert outcomes["dropped"] == 1
    assert night.metrics["Reconciliations"] == [0, 0, 1]
    assert night.reads == 45
    # WHEN the next one begins after that, THEN it works
    night.reconcile()
    assert night.metrics["Reconciliations"] == [0, 0, 1, 1]


def test_a_live_event_hardly_waits_for_a_first_fill(night: Night):
    night.add(300)
    waited: list[timedelta] = []

    def live() -> None:
        [arn] = night.add(tags={"project": "x"})
        night.tell(arn, "ACTIVE")
        at = night.now
        while not night.table.get(str(arn)) and night.work():
            pass
        waited.append(night.now - at)

    night.ask()
    for _ in range(40):
        night.work()
    for _ in range(4):
        live()
        for _ in range(50):
            night.work()

    assert max(waited) < timedelta(seconds=50)
