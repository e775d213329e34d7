"""What happens while `verify` is at work, or what a listing does not know yet: in flight, and no drift."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from readset_sync.aws.healthomics import ListingPage
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.timestamp import format_timestamp
from readset_sync.stores.verification import DriftStatus

from tests.readset_sync.conftest import Store

Happens = Callable[[Store, ReadSetArn, datetime], object]


def archived_in_the_second_of_the_listing(store: Store, arn: ReadSetArn, listed_at: datetime) -> None:
    store.set_status(arn, "ARCHIVED")
    store.change_row(arn, set_status="ARCHIVED", status_at=format_timestamp(listed_at))


def renamed(store: Store, arn: ReadSetArn, _: datetime) -> None:
    store.rename(arn)
    store.synchronizer.refresh(arn)


def deleted(store: Store, arn: ReadSetArn, _: datetime) -> None:
    store.set_status(arn, "DELETED")
    assert store.table.delete(str(arn))


def created(store: Store, _arn: ReadSetArn, _: datetime) -> None:
    store.synced(1)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("happens", [archived_in_the_second_of_the_listing, renamed, deleted, created])
def test_what_a_listing_does_not_show_yet_is_in_flight_at_the_most(
    happens: Happens, deep: bool, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN rows that have followed a change, and a listing of the moment before it
    arn, _ = store.synced(2)
    pages = store.source.pages

    def behind(store_id: str) -> Iterator[ListingPage]:
        listed = list(pages(store_id))
        happens(store, arn, listed[-1].as_of)
        yield from listed

    monkeypatch.setattr(store.source, "pages", behind)

    findings = store.drift(deep=deep)

    # THEN whatever differs from it is in flight, once it is looked at again
    assert {each.status for each in store.verifier.look_again(findings)} <= {DriftStatus.IN_FLIGHT}
    assert {each.arn for each in findings} <= {str(arn)}


@pytest.mark.parametrize("deep", [False, True])
def test_what_stays_wrong_is_reported(deep: bool, store: Store) -> None:
    stale, missing, gone = store.synced(3)
    store.change_row(stale, set_name="wrong")
    store.table.delete(str(missing))
    store.set_status(gone, "DELETED")

    again = store.verifier.look_again(store.drift(deep=deep))

    assert {each.arn: each.status for each in again} == {
        str(stale): DriftStatus.STALE,
        str(missing): DriftStatus.MISSING,
        str(gone): DriftStatus.ORPHANED,
    }
