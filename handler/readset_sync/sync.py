"""Keeps the row of one read set true to the source, whatever else writes to it meanwhile.

The write protocol: read the row, then the source, then write on the condition that the row is still the one that
was read; when it is not, begin again. So an older state of the source never replaces a newer one, in whatever order
events, backfills and retries come.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from readset_sync.messages.read_set_event import Action
from readset_sync.model.comparison import full_differences
from readset_sync.model.errors import ContendedRowError, ReadSetNotFoundError
from readset_sync.model.record import (
    LISTED,
    REVISION,
    STORE_AT,
    SYNC_STATE,
    Row,
    build_row,
    listed_row,
    new_revision,
    store_attributes,
    store_map,
    tag_list,
    with_bookkeeping,
)
from readset_sync.model.timestamp import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from readset_sync.aws.healthomics import HealthOmics, ReadSet, Store
    from readset_sync.aws.table import Table
    from readset_sync.messages.read_set_event import ReadSetEvent
    from readset_sync.model.arn import ReadSetArn
    from readset_sync.model.record import Response

_ATTEMPTS: Final = 5
"""Tries at one row. Each lost one means that another writer won, so a handful is plenty."""


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    LISTED = "listed"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    ABSENT = "absent"
    IGNORED = "ignored"
    ENQUEUED = "enqueued"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a row, and which of its attributes changed (for `UPDATED`)."""

    outcome: Outcome
    fields: tuple[str, ...] = ()


class Synchronizer:
    """Writes rows of one table from one source."""

    def __init__(self, source: "HealthOmics", table: "Table") -> None:
        self._source = source
        self._table = table

    def apply(self, event: "ReadSetEvent") -> Change:
        """Do what an event asks for. The event is a hint: whenever it may be late, the source is asked instead.

        Raises:
            ContendedRowError: The row kept changing.
            StoreNotFoundError: The read set is there, but its store is not.
            ClientError, BotoCoreError: AWS refused a call for good, or could not be asked.
        """
        arn = str(event.arn)
        match event.action:
            case Action.REFRESH:
                return self.refresh(event.arn)
            case Action.SET_STATUS:
                if self._table.set_status(arn, event.status, message=event.status_message, as_of=event.time):
                    return Change(Outcome.UPDATED, ("set_status",))
                return self.refresh(event.arn)
            case Action.REMOVE:
                return Change(Outcome.DELETED if self._table.delete(arn) else Outcome.ABSENT)
            case Action.IGNORE:
                return Change(Outcome.IGNORED)

    def refresh(self, arn: "ReadSetArn", *, store_after: "datetime | None" = None) -> Change:
        """Read a read set from the source and write its whole row; delete the row if the read set is gone.

        Its store must have been read later than `store_after`, whatever is remembered.
        """
        return self.refresh_from(arn, self._table.get(str(arn)), store_after=store_after)

    def refresh_from(
        self, arn: "ReadSetArn", row: Row | None, *, store_after: "datetime | None" = None, tags: bool = True
    ) -> Change:
        """Do as `refresh` does, with the row that the caller has just read, before anything of the source.

        Without `tags` a call is saved: a row keeps those that it has, and a row without any is `UNTAGGED`.
        """
        for _ in range(_ATTEMPTS):
            change = self._try_refresh(arn, row, store_after, tags=tags)
            if change is not None:
                return change
            row = self._table.get(str(arn))
        raise ContendedRowError(f"{arn} kept changing: {_ATTEMPTS} attempts to write its row lost to other writers")

    def create_listed(self, listed: "Response", store: "Store", *, as_of: "datetime") -> bool:
        """Give a read set without a row one that holds what a listing of the moment `as_of` shows of it.

        The read set may be gone already: whoever creates such a row has it refreshed after that.

        Returns:
            Whether that was done. False means that somebody else has written its row meanwhile.
        """
        row = listed_row(listed, store=store.metadata, store_as_of=store.as_of, as_of=as_of)
        return self._table.put(row, replacing=None)

    def refresh_tags(self, arn: "ReadSetArn", row: Row, *, as_of: "datetime") -> Change:
        """Refresh a row that a listing of the moment `as_of` has shown to be right, reading nothing but the tags.

        Nothing older can be written by this: the row keeps the very values that the listing confirmed.
        """
        try:
            tags = tag_list(self._source.tags(arn))
        except ReadSetNotFoundError:
            return self.refresh(arn)
        known = {name: value for name, value in row.items() if name != SYNC_STATE}
        fresh = with_bookkeeping(known | {"tags": tags}, as_of=as_of)
        if self._table.put(fresh, replacing=row):
            return _change(row, fresh)
        return self.refresh(arn)

    def replace_store(self, row: Row, store: "Store") -> bool:
        """Give a row another `store`, and change nothing else.

        Returns:
            Whether that was done. False means that the row knows as new a store, or that somebody else wrote it
            meanwhile: refresh it instead.
        """
        fresh = row | store_attributes(store.metadata, as_of=store.as_of)
        is_older = row.get(STORE_AT, "") < fresh[STORE_AT]
        return is_older and self._table.put(fresh | {REVISION: new_revision()}, replacing=row)

    def prune(self, arn: "ReadSetArn") -> Change:
        """Delete a row on the source's own word that its read set is gone, and leave it otherwise."""
        row = self._table.get(str(arn))
        if row is None:
            return Change(Outcome.ABSENT)
        try:
            self._source.metadata(arn)
        except ReadSetNotFoundError:
            return Change(Outcome.DELETED if self._table.delete_unchanged(row) else Outcome.UNCHANGED)
        return Change(Outcome.UNCHANGED)

    def row_of(
        self,
        arn: "ReadSetArn",
        read_set: "ReadSet",
        *,
        previous: Row | None,
        store_after: "datetime | None" = None,
    ) -> Row:
        """Build the row of a read set that has been read.

        The store is remembered, and so may be older than the one in the row that is replaced: then it is read again.
        """
        store = self._source.store(arn.store_id, after=store_after)
        if previous and previous.get("store") != store_map(store.metadata):
            known_at = previous.get(STORE_AT, "")
            if known_at >= format_timestamp(store.as_of):
                store = self._source.store(arn.store_id, after=parse_timestamp(known_at))
        return build_row(
            read_set.metadata,
            tags=read_set.tags,
            store=store.metadata,
            store_as_of=store.as_of,
            as_of=read_set.as_of,
            previous=previous,
        )

    def _try_refresh(
        self, arn: "ReadSetArn", row: Row | None, store_after: "datetime | None", *, tags: bool
    ) -> Change | None:
        """One attempt. None: somebody else wrote the row in between."""
        try:
            read_set = self._source.read_set(arn, tags=tags)
        except ReadSetNotFoundError:
            if row is None:
                return Change(Outcome.ABSENT)
            return Change(Outcome.DELETED) if self._table.delete_unchanged(row) else None
        fresh = self.row_of(arn, read_set, previous=row, store_after=store_after)
        return _change(row, fresh) if self._table.put(fresh, replacing=row) else None


def _change(row: Row | None, fresh: Row) -> Change:
    if row is None or row.get(SYNC_STATE) == LISTED:
        return Change(Outcome.CREATED)
    fields = tuple(full_differences(row, fresh))
    return Change(Outcome.UPDATED, fields) if fields else Change(Outcome.UNCHANGED)
