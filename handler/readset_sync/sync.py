"""Keeps the row of one read set true to the source, whatever else writes to it meanwhile.

The write protocol: read the row, then the source, then write on the condition that the row is still the one that
was read; when it is not, begin again. So an older state of the source never replaces a newer one, in whatever order
events, backfills and retries come.

HealthOmics may answer with a state that is older than its own events; nothing is documented of that. So an answer that
contradicts what is known is not taken before the source has repeated it, some time later.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from readset_sync.messages.read_set_event import ACTIVE, Action
from readset_sync.model.comparison import full_differences, needs_row
from readset_sync.model.errors import (
    NOT_FOUND,
    ContendedRowError,
    ReadSetNotFoundError,
    StoreNotFoundError,
    error_code,
)
from readset_sync.model.record import (
    DIGEST,
    LACKS,
    LISTED,
    REFERENCE_NAME,
    REVISION,
    STATUS_AT,
    STORE_AT,
    STORE_ID,
    SYNC_STATE,
    SYNCED_AT,
    Row,
    build_row,
    completed_row,
    digest,
    has_its_files,
    is_own,
    listed_row,
    new_revision,
    store_attributes,
    store_map,
    synced_since,
    tag_list,
    tag_map,
)
from readset_sync.model.timestamp import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from readset_sync.aws.healthomics import HealthOmics, ReadSet, Store
    from readset_sync.aws.table import Table
    from readset_sync.messages.read_set_event import ReadSetEvent
    from readset_sync.model.arn import ReadSetArn
    from readset_sync.model.record import Response

BEHIND: Final = timedelta(seconds=60)
"""How long after a change HealthOmics is thought to answer, perhaps, as if it had not been."""

AGAIN_SECONDS: Final = 5.0
"""After which HealthOmics is asked again whether a read set is gone, or a status of the last minute is no more."""

ATTEMPTS: Final = 5
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
    FRESH = "fresh"
    """The row had been refreshed since it was found wrong. Nothing was read."""
    DROPPED = "dropped"
    """Another reconciliation was under way."""
    BEHIND = "behind"
    """HealthOmics did not know yet of the event that its answer was wanted for. Nothing was written."""
    WAITING = "waiting"
    """A step of a reconciliation is left for a minute."""


class Replaced(Enum):
    """What kind of row was replaced."""

    OURS = auto()
    """A row of this product as it had been written, or none."""
    UNFINISHED = auto()
    """A row that a backfill had made, and not completed yet."""
    OVERWRITTEN = auto()
    """A row that somebody else had written or edited."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a row.

    Attributes:
        outcome: What was done.
        fields: Which attributes changed, for `UPDATED`.
        look_again: Whether the event is to be applied once more, a little later.
        replaced: What kind of row was replaced.
    """

    outcome: Outcome
    fields: tuple[str, ...] = ()
    look_again: bool = False
    replaced: Replaced = Replaced.OURS


@dataclass(frozen=True, slots=True)
class KnownTags:
    """Tags of a read set that were told in bulk, after its row had been read, and since when they are known."""

    tags: "Mapping[str, str]"
    as_of: datetime


class Synchronizer:
    """Writes rows of one table from one source."""

    def __init__(self, source: "HealthOmics", table: "Table", *, sleep: Callable[[float], object] = time.sleep) -> None:
        self._source = source
        self._table = table
        self._sleep = sleep

    def apply(self, event: "ReadSetEvent", *, may_be_behind: bool = False, may_come: bool = False) -> Change:
        """Do what an event asks for. The event is a hint: whenever it may be late, the source is asked instead.

        With `may_be_behind`, an answer of the source that contradicts the event, or a later one, is not believed. Then
        the change says that the event is to be applied again. With `may_come`, so it does after an ACTIVE event of a
        read set without tags, and after a DELETED event of one without a row.

        Raises:
            ContendedRowError: The row kept changing.
            StoreNotFoundError: The read set is there, but its store is not.
            ClientError, BotoCoreError: AWS refused a call for good, or could not be asked.
        """
        arn = str(event.arn)
        match event.action:
            case Action.REFRESH:
                return self._refresh_for(event, may_be_behind=may_be_behind, tags_may_come=may_come)
            case Action.SET_STATUS:
                if self._table.set_status(arn, event.status, message=event.status_message, as_of=event.time):
                    return Change(Outcome.UPDATED, ("set_status",))
                may_be_behind = may_be_behind and event.status != "DELETING"
                return self._refresh_for(event, may_be_behind=may_be_behind, tags_may_come=False)
            case Action.REMOVE:
                # A listing that has still shown the read set may be about to become a row.
                deleted = self._table.delete(arn)
                return Change(Outcome.DELETED if deleted else Outcome.ABSENT, look_again=may_come and not deleted)
            case Action.IGNORE:
                return Change(Outcome.IGNORED)

    def refresh(
        self,
        arn: "ReadSetArn",
        *,
        store_after: "datetime | None" = None,
        compared: "datetime | None" = None,
        retagged: bool = False,
    ) -> Change:
        """Read a read set from the source and write its whole row; delete the row if the read set is gone.

        Its store must have been read later than `store_after`, whatever is remembered. A row that has been refreshed
        since it was `compared` is left, because what it was written from is newer than what it was compared with. Where
        the read set is said to be `retagged`, its tags are asked for: those of the row may have been told in bulk, and
        be older. This makes no row of an upload in progress, or failed.
        """
        row = self._table.get(str(arn))
        if row is None and retagged and self._is_uploading(arn):
            return Change(Outcome.IGNORED)
        is_fresh = row and compared and self.is_fresh(arn, row, compared, store_after=store_after)
        if row and is_fresh and (not retagged or self.has_tags(arn, row)):
            return Change(Outcome.FRESH)
        return self.refresh_from(arn, row, store_after=store_after)

    def refresh_from(
        self,
        arn: "ReadSetArn",
        row: Row | None,
        *,
        store_after: "datetime | None" = None,
        tags: bool = True,
        known: KnownTags | None = None,
        expected: str | None = None,
        tags_may_come: bool = False,
    ) -> Change:
        """Do as `refresh` does, with the row that the caller has just read, before anything of the source.

        Without `tags` a call is saved: a row keeps those that it has, and a row without any is `UNTAGGED`. So is one
        with tags that are `known`, for as long as nobody else writes the row. If the read set is to have the status
        that is `expected`, nothing is written before the source says so. With `tags_may_come`, the change says whether
        an ACTIVE read set has none yet.
        """
        for _ in range(ATTEMPTS):
            change = self._try_refresh(
                arn, row, store_after, tags=tags, known=known, expected=expected, tags_may_come=tags_may_come
            )
            if change is not None:
                return change
            # Whoever wrote it may know newer tags.
            row, known = self._table.get(str(arn)), None
        raise ContendedRowError(f"{arn} kept changing: {ATTEMPTS} attempts to write its row lost to other writers")

    def write_listed(
        self,
        listed: "Response",
        store: "Store",
        *,
        as_of: "datetime",
        tags: "Mapping[str, str] | None" = None,
        replacing: Row | None = None,
    ) -> bool:
        """Give a read set a row that holds what a listing of the moment `as_of` shows of it.

        It may be gone already: whoever writes such a row has it refreshed after that, or its DELETED event is applied
        once more a little later.

        Args:
            listed: The entry of the listing.
            store: The read set's store.
            as_of: When it was listed.
            tags: Those that were told in bulk after that, if they were.
            replacing: The row that an earlier listing has made, if there is one.

        Returns:
            Whether that was done. False means that somebody else has written its row meanwhile.
        """
        row = listed_row(listed, store=store.metadata, store_as_of=store.as_of, as_of=as_of, tags=tags)
        return self._table.put(row, replacing=replacing)

    def refresh_tags(self, arn: "ReadSetArn", row: Row, *, as_of: "datetime", known: KnownTags | None = None) -> Change:
        """Refresh an archived read set's row that a listing of the moment `as_of` has shown to be right.

        Nothing but the tags is read, and not even these if they are `known`. Nothing older can be written by this: the
        row keeps the very values that the listing confirmed.
        """
        try:
            tags = known.tags if known else self._source.tags(arn)
        except ReadSetNotFoundError:
            return self.refresh(arn)
        fresh = completed_row(row, tags=tags, as_of=known.as_of if known else as_of)
        if self._table.put(fresh, replacing=row):
            return _change(row, fresh)
        return self.refresh(arn)

    def replace_names(self, row: Row, listed: "Response", store: "Store") -> bool:
        """Give a row its `store` and `store_id`, and the name of its reference, as a listing shows them, and no more.

        Returns:
            Whether that was done. False means that the row knows as new a store, that nothing is left to change, or
            that somebody else wrote the row meanwhile: refresh it instead.
        """
        name = listed.get("referenceName")
        fresh = row | {STORE_ID: listed["sequenceStoreId"]} | ({REFERENCE_NAME: name} if name else {})
        if row.get("store") != store_map(store.metadata):
            fresh |= store_attributes(store.metadata, as_of=store.as_of)
            if row.get(STORE_AT, "") >= fresh[STORE_AT]:
                return False
        anew = {DIGEST: digest(fresh), REVISION: new_revision()}
        return fresh != row and self._table.put(fresh | anew, replacing=row)

    def prune(self, arn: "ReadSetArn") -> Change:
        """Delete a row on the source's own word that its read set is gone, and leave it otherwise."""
        row = self._table.get(str(arn))
        if row is None:
            return Change(Outcome.ABSENT)
        if not self.is_absent(arn):
            return Change(Outcome.UNCHANGED)
        self._sleep(AGAIN_SECONDS)
        gone = self.is_absent(arn) and self._table.delete_unchanged(row)
        return Change(Outcome.DELETED if gone else Outcome.UNCHANGED)

    def is_absent(self, arn: "ReadSetArn") -> bool:
        """Whether the source says that there is no such read set. It takes two of these to delete a row."""
        try:
            self._source.metadata(arn)
        except ReadSetNotFoundError:
            return True
        return False

    def is_fresh(
        self, arn: "ReadSetArn", row: Row, compared: "datetime", *, store_after: "datetime | None" = None
    ) -> bool:
        """Whether a row has been refreshed since a moment, and knows its store as it is."""
        if not synced_since(row, compared):
            return False
        # Whoever refreshed the row may have remembered a store of another name.
        try:
            store = self._source.store(arn.store_id, after=store_after)
        except StoreNotFoundError:
            return False
        return row.get("store") == store_map(store.metadata)

    def has_tags(self, arn: "ReadSetArn", row: Row) -> bool:
        """Whether a row has the tags that the source tells just now."""
        try:
            return row.get("tags") == tag_list(self._source.tags(arn))
        except ReadSetNotFoundError:
            return False  # Whether it is gone takes more than one answer.

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
            tags_as_of=read_set.tags_as_of,
            previous=previous,
            unknown=self._source.unknown,
        )

    def _refresh_for(self, event: "ReadSetEvent", *, may_be_behind: bool, tags_may_come: bool) -> Change:
        row = self._table.get(str(event.arn))
        if row and _lacks_tags_alone(row, event):
            # The row has all that the event tells of. Tags may have come after it.
            return self._look_for_tags(event.arn, look_again=tags_may_come)
        expected = _expected_status(event, row) if may_be_behind else None
        return self.refresh_from(event.arn, row, expected=expected, tags_may_come=tags_may_come)

    def _is_uploading(self, arn: "ReadSetArn") -> bool:
        try:
            metadata, _ = self._source.metadata(arn)
        except ReadSetNotFoundError:
            return False
        return not needs_row(metadata)

    def _look_for_tags(self, arn: "ReadSetArn", *, look_again: bool) -> Change:
        try:
            if not self._source.tags(arn):
                return Change(Outcome.UNCHANGED, look_again=look_again)
        except ReadSetNotFoundError:
            pass  # Whether it is gone takes more than one answer.
        return self.refresh(arn)

    def _try_refresh(
        self,
        arn: "ReadSetArn",
        row: Row | None,
        store_after: "datetime | None",
        *,
        tags: bool,
        known: KnownTags | None,
        expected: str | None,
        tags_may_come: bool,
    ) -> Change | None:
        """One attempt. None: somebody else wrote the row in between."""
        tags = tags and known is None
        try:
            read_set = self._read(arn, tags=tags)
        except ClientError as error:
            if expected and error_code(error) == NOT_FOUND:  # of the tags
                return Change(Outcome.BEHIND, look_again=True)
            raise
        if expected:
            if read_set is None or read_set.metadata["status"] != expected or not has_its_files(read_set.metadata):
                return Change(Outcome.BEHIND, look_again=True)
        elif row and _is_doubtful(row, read_set):
            self._sleep(AGAIN_SECONDS)
            read_set = self._read(arn, tags=tags)
        if read_set is None:
            if row is None:
                return Change(Outcome.ABSENT)
            return Change(Outcome.DELETED) if self._table.delete_unchanged(row) else None
        if known:
            read_set = replace(read_set, tags=known.tags, tags_as_of=known.as_of)
        fresh = self.row_of(arn, read_set, previous=row, store_after=store_after)
        if not self._table.put(fresh, replacing=row):
            return None
        is_active = read_set.metadata["status"] == ACTIVE
        return replace(_change(row, fresh), look_again=tags_may_come and is_active and not read_set.tags)

    def _read(self, arn: "ReadSetArn", *, tags: bool) -> "ReadSet | None":
        try:
            return self._source.read_set(arn, tags=tags)
        except ReadSetNotFoundError:
            return None


def told_tags(row: Row, since: datetime) -> KnownTags | None:
    """The tags that were told in bulk for a row which a listing has made since a moment; None if none were."""
    is_listed = row.get(SYNC_STATE) == LISTED and row.get(SYNCED_AT, "") >= format_timestamp(since)
    return KnownTags(tag_map(row), parse_timestamp(row[SYNCED_AT])) if is_listed and "tags" in row else None


def _lacks_tags_alone(row: Row, event: "ReadSetEvent") -> bool:
    """Whether a row of an ACTIVE read set was read in full since an event, and had no tags."""
    is_complete = synced_since(row, event.time) and LACKS not in row
    return is_complete and row.get("set_status") == event.status == ACTIVE and row.get("tags") == []


def _expected_status(event: "ReadSetEvent", row: Row | None) -> str | None:
    """The status that the source must know of after an event: the event's, or that of a change which came after it.

    None where the later change is so old that whatever the source says may be later still.
    """
    known_at = row.get(STATUS_AT, "") if row else ""
    if row is None or known_at < format_timestamp(event.time):
        return event.status
    is_recent = known_at > format_timestamp(datetime.now(UTC) - BEHIND)
    return row.get("set_status") if is_recent or LACKS in row else None


def _is_doubtful(row: Row, read_set: "ReadSet | None") -> bool:
    """Whether an answer of the source would delete a row, or undo a status that was so a moment ago."""
    if read_set is None:
        return True
    moment_ago = format_timestamp(read_set.as_of - BEHIND)
    return read_set.metadata["status"] != row.get("set_status") and row.get(STATUS_AT, "") > moment_ago


def _change(row: Row | None, fresh: Row) -> Change:
    if row is None:
        return Change(Outcome.CREATED)
    if row.get(SYNC_STATE) == LISTED:
        return Change(Outcome.CREATED, replaced=Replaced.UNFINISHED)
    fields = tuple(full_differences(row, fresh))
    outcome = Outcome.UPDATED if fields else Outcome.UNCHANGED
    return Change(outcome, fields, replaced=_kind(row))


def _kind(row: Row) -> Replaced:
    if not is_own(row):
        return Replaced.OVERWRITTEN
    return Replaced.UNFINISHED if SYNC_STATE in row else Replaced.OURS
