"""Compares what the source says of read sets with the rows of the table. Pure: no AWS calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from readset_sync.model.record import (
    COMPARED_ATTRIBUTES,
    LISTED,
    LISTED_ATTRIBUTES,
    REFERENCE_ATTRIBUTES,
    REFERENCE_NAME,
    REVISION,
    STATUS_AT,
    SYNC_STATE,
    SYNCED_AT,
    UNKNOWN,
    Response,
    Row,
    has_numeric_file_values,
    is_edited,
    lacks_reference_name,
    read_set_attributes,
    same_content,
    store_map,
    tag_list,
)
from readset_sync.model.timestamp import format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

_LAG: Final = timedelta(minutes=15)
"""How far tags that are told in bulk are thought to lag, perhaps. Nothing is documented of that."""

_UPLOADING: Final = frozenset({"PROCESSING_UPLOAD", "UPLOAD_FAILED"})


@dataclass(frozen=True, slots=True)
class RefreshScope:
    """What a backfill refreshes.

    Attributes:
        tags: Whether tags are read. Otherwise rows keep those that they have.
        since: Rows that were synced since are left where the listing confirms them; None leaves none.
    """

    tags: bool = True
    since: "datetime | None" = None


EVERYTHING: Final = RefreshScope()
"""Every row is refreshed, and nothing is taken to be right."""


class Need(Enum):
    """What is to be read of a read set so that its row is right."""

    NOTHING = "nothing"
    TAGS = "tags"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One entry of a listing beside the row that the table has for it.

    Attributes:
        listed: The entry of ListReadSets.
        row: The row, read after the listing; None if there is none.
        fields: Attributes of the row that the listing contradicts, sorted.
        suspect: Whether the row must be read in full to be judged: it has been written since the listing, or its
            `files` or `tags`, which no listing shows, cannot be right.
        listed_at: When the listing was read, by the source's clock.
        tags: The tags that were told in bulk after the row had been read; None where none were told.
    """

    listed: Response
    row: Row | None
    fields: tuple[str, ...]
    suspect: bool
    listed_at: "datetime"
    tags: Mapping[str, str] | None = None

    @property
    def missing(self) -> bool:
        """Whether the table lacks a row that it should have."""
        return self.row is None and needs_row(self.listed)

    @property
    def confirms_row(self) -> bool:
        """Whether the listing proves that a row of ours is right in all that it shows, and lacks tags at the most."""
        if self.row is None or self.row.get(SYNC_STATE) == LISTED:
            return False
        is_right = set(self.fields) <= {SYNC_STATE} and not self.suspect and not self.contradicts_tags
        return REVISION in self.row and is_right

    @property
    def confirms_tags(self) -> bool:
        """Whether a complete row has the very tags that were told in bulk, and was not written meanwhile."""
        return self._has_comparable_tags and not self.contradicts_tags

    @property
    def contradicts_tags(self) -> bool:
        """Whether a row has other tags than those told in bulk. Which side is right has to be asked."""
        return self._has_comparable_tags and tag_list(self.tags or {}) != (self.row or {})["tags"]

    @property
    def tags_may_be_behind(self) -> bool:
        """Whether tags that were told in bulk may be behind a change without being wrong for that.

        Either the row has them, and nobody heard of the change; or it was refreshed a short while ago.
        """
        synced_at = (self.row or {}).get(SYNCED_AT, "")
        return self.confirms_tags or synced_at > format_timestamp(self.listed_at - _LAG)

    @property
    def _has_comparable_tags(self) -> bool:
        return self.tags is not None and self.row is not None and SYNC_STATE not in self.row and not self.suspect

    def need(self, scope: RefreshScope) -> Need:
        """What a backfill has to read for the row."""
        if self.row is None or not self.confirms_row:
            return Need.ALL
        # A refresh without tags does not move `synced_at`.
        synced_at = self.row.get(SYNCED_AT if scope.tags else STATUS_AT, "")
        if scope.since is not None and synced_at >= format_timestamp(scope.since):
            return Need.NOTHING
        if self.listed["status"] != "ARCHIVED":
            return Need.ALL
        # An archived read set has no files at the source: only its tags could be new.
        return Need.TAGS if scope.tags else Need.NOTHING


def compare(
    read_sets: Iterable[Response],
    rows: Mapping[str, Row],
    store: Response,
    *,
    listed_at: "datetime",
    unknown: str = "",
    tags: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Comparison]:
    """Compare a page of a listing with the rows that were read after it, and the `tags` told in bulk after these.

    What is `unknown_attributes` of the API model in use is not compared, nor what was to the writer of a row.
    """
    told = tags or {}
    compared = (_compare(listed, rows.get(listed["arn"]), store, listed_at, unknown) for listed in read_sets)
    return [replace(each, tags=told.get(each.listed["arn"])) for each in compared]


def _compare(listed: Response, row: Row | None, store: Response, listed_at: "datetime", unknown: str) -> Comparison:
    if row is None or row.get(STATUS_AT, "") > format_timestamp(listed_at):
        return Comparison(listed, row, (), suspect=row is not None, listed_at=listed_at)
    fields = tuple(listed_differences(row, listed, store, unknown))
    return Comparison(listed, row, fields, suspect=is_suspect(row, listed), listed_at=listed_at)


def needs_row(listed: Response) -> bool:
    """Whether a read set is expected in the table: the events of an upload in progress, or failed, make no row."""
    return listed["status"] not in _UPLOADING


def listed_differences(row: Row, listed: Response, store: Response, unknown: str = "") -> list[str]:
    """Name the attributes of a row that an entry of ListReadSets, or the store, contradicts.

    An empty list does not prove that `files` and `tags` are right, because no listing shows them: see `is_suspect`.
    """
    expected = read_set_attributes(listed) | {"store": store_map(store), UNKNOWN: unknown}
    return _differences(row, expected, _comparable(row, LISTED_ATTRIBUTES | {"store", SYNC_STATE}))


def full_differences(row: Row, expected: Row) -> list[str]:
    """Name the attributes in which a row differs from the one that would be written now."""
    return _differences(row, expected, _comparable(row, COMPARED_ATTRIBUTES))


def is_suspect(row: Row, listed: Response) -> bool:
    """Whether a row's `files` or `tags` cannot be right, as far as can be told without reading the read set itself."""
    return row.get(SYNC_STATE) != LISTED and (
        ("tags" not in row and SYNC_STATE not in row)
        or is_edited(row)
        or (listed["status"] == "ACTIVE" and not _has_every_file(row, listed))
        or not same_content(row, listed.get("etag", {}))
        or has_numeric_file_values(row)
    )


def _has_every_file(row: Row, listed: Response) -> bool:
    present = {file.get("file_type") for file in row.get("files", [])}
    expected = {name for name in ("source1", "source2") if name in listed.get("etag", {})}
    return bool(present) and expected <= present


def _comparable(row: Row, names: frozenset[str]) -> frozenset[str]:
    """Leave out attributes that rows of the reference implementation's format do not have, in such rows."""
    return names if REVISION in row else names & (REFERENCE_ATTRIBUTES | {SYNC_STATE})


def _differences(row: Row, expected: Row, names: frozenset[str]) -> list[str]:
    unknown = {name for each in (row, expected) for name in each.get(UNKNOWN, "").split(",")}
    if lacks_reference_name(expected):
        # It may not be read here, and may have been by whoever wrote the row.
        unknown.add(REFERENCE_NAME)
    return sorted(name for name in names - unknown if row.get(name) != expected.get(name))
