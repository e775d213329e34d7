"""Reads AWS HealthOmics. Every moment that it hands out is by the service's clock, not by this machine's.

A laptop's clock may be minutes off, and rows compare moments with those of EventBridge events: the `Date` header of
the response is what both sides share.

A store that is not there raises StoreNotFoundError, and a read set ReadSetNotFoundError.

Read sets and entries of listings have one member that HealthOmics does not give: `referenceName`, the name of their
reference, where the caller may read it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from readset_sync.model.errors import (
    ReadSetNotFoundError,
    StoreNotFoundError,
    describe_error,
    has_bad_credentials,
    is_throttle,
)
from readset_sync.model.record import unknown_attributes

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

    from readset_sync.model.arn import ReadSetArn
    from readset_sync.model.record import Response

PAGE_SIZE: Final = 100
"""Entries in a page of a listing: the most that HealthOmics gives."""

STORE_MAX_AGE: Final = 900.0
"""Seconds that a sequence store is remembered, so that an event does not cost a call for it."""

_UNNAMED_SECONDS: Final = 60.0
"""After which a reference is asked for its name again when that has failed."""

_REFERENCE: Final = re.compile(r"referenceStore/(?P<store_id>\d{10,36})/reference/(?P<id>\d{10,36})", re.ASCII)
"""The end of a reference's ARN (Service Authorization Reference, "Resource types defined by AWS HealthOmics")."""


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Entries of ListReadSets, when they were read, and the token of the next page; None at the end."""

    read_sets: list["Response"]
    as_of: datetime
    next_token: str | None


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What the source says of one read set: GetReadSetMetadata, ListTagsForResource, and when it was read.

    `tags` is None when they were not asked for; `tags_as_of` is when they were read, if that was before.
    """

    metadata: "Response"
    tags: Mapping[str, str] | None
    as_of: datetime
    tags_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """What the source says of a sequence store: GetSequenceStore, and when it was read."""

    metadata: "Response"
    as_of: datetime


class HealthOmics:
    """The sequence stores and read sets of one account and region.

    Args:
        client: Of HealthOmics.
        store_max_age: Seconds that a sequence store is remembered.
        tell: Given a line, once, when the names of references cannot be read.
        needs: Who lacks a permission, as a line says it: `you need`.
    """

    def __init__(
        self,
        client: "OmicsClient",
        *,
        store_max_age: float = STORE_MAX_AGE,
        tell: Callable[[str], object] = lambda _: None,
        needs: str = "you need",
    ) -> None:
        self._client = client
        self._store_max_age = store_max_age
        self._tell = tell
        self._needs = needs
        self._has_told = False
        self._lock = threading.Lock()
        # Of what is being asked for, so that threads that begin together make one call and not one each.
        self._asking: dict[str, threading.Lock] = {}
        self._stores: dict[str, tuple[float, Store]] = {}
        self._reference_names: dict[str, str | None] = {}
        self._unnamed_until: dict[str, float] = {}

    @cached_property
    def unknown(self) -> str:
        """The attributes of rows that answers leave out, whatever HealthOmics says: see `unknown_attributes`."""
        return unknown_attributes(self._client.meta.service_model)

    def store_ids(self) -> list[str]:
        """Return the ids of all sequence stores of the account and region."""
        pages = self._client.get_paginator("list_sequence_stores").paginate(PaginationConfig={"PageSize": PAGE_SIZE})
        return [store["id"] for page in pages for store in page["sequenceStores"]]

    def store(self, store_id: str, *, after: datetime | None = None) -> Store:
        """Return a sequence store, remembered for a while.

        Args:
            store_id: The store.
            after: What is remembered counts only if it was read later than this.
        """
        with self._asking.setdefault(store_id, threading.Lock()):
            now = time.monotonic()
            remembered_at, store = self._stores.get(store_id, (now, None))
            if store and now - remembered_at <= self._store_max_age and (after is None or store.as_of > after):
                return store
            try:
                answer = self._client.get_sequence_store(id=store_id)
            except self._client.exceptions.ResourceNotFoundException as error:
                raise StoreNotFoundError(
                    f"no sequence store {store_id} in {self._client.meta.region_name} for this account: "
                    "check its id, the region and whose credentials are in use"
                ) from error
            store = Store(answer, _read_at(answer))
            self._stores[store_id] = (now, store)
            return store

    def pages(self, store_id: str) -> Iterator[ListingPage]:
        """List the read sets of a store, page by page."""
        page = self.page(store_id)
        yield page
        while page.next_token is not None:
            page = self.page(store_id, page.next_token)
            yield page

    def page(self, store_id: str, token: str | None = None) -> ListingPage:
        """Return one page of a store's listing: the first, or the one that a token stands for."""
        following: Any = {"nextToken": token} if token is not None else {}
        try:
            answer = self._client.list_read_sets(sequenceStoreId=store_id, maxResults=PAGE_SIZE, **following)
        except self._client.exceptions.ResourceNotFoundException as error:
            raise StoreNotFoundError(f"sequence store {store_id} is gone") from error
        present = [entry for entry in answer["readSets"] if entry["status"] != "DELETED"]
        return ListingPage([self._with_name(each) for each in present], _read_at(answer), answer.get("nextToken"))

    def read_set(self, arn: "ReadSetArn", *, tags: bool = True) -> ReadSet:
        """Read one read set, and its tags if they are wanted: a call for each."""
        metadata, as_of = self.metadata(arn)
        return ReadSet(metadata=self._with_name(metadata), tags=self.tags(arn) if tags else None, as_of=as_of)

    def metadata(self, arn: "ReadSetArn") -> tuple["Response", datetime]:
        """Return the response of GetReadSetMetadata, and when it was read."""
        try:
            metadata = self._client.get_read_set_metadata(sequenceStoreId=arn.store_id, id=arn.read_set_id)
        except self._client.exceptions.ResourceNotFoundException as error:
            raise ReadSetNotFoundError(f"{arn} is gone") from error
        if metadata["status"] == "DELETED":
            raise ReadSetNotFoundError(f"{arn} has been deleted")
        return metadata, _read_at(metadata)

    def tags(self, arn: "ReadSetArn") -> dict[str, str]:
        """Return the tags of a read set.

        Raises:
            ReadSetNotFoundError: There is no such read set. The answer of ListTagsForResource alone is not taken as
                proof of that, because rows are deleted on it.
            ClientError: The tags are not there though the read set is, among all that AWS may refuse.
        """
        try:
            return self._client.list_tags_for_resource(resourceArn=str(arn))["tags"]
        except self._client.exceptions.ResourceNotFoundException:
            self.metadata(arn)
            raise

    def _with_name(self, read_set: "Response") -> "Response":
        """Add the name of a read set's reference, which is asked for once: HealthOmics cannot rename references.

        Where an error keeps it from being read, it is left out, and asked for again after a minute.
        """
        arn = read_set.get("referenceArn", "")
        with self._asking.setdefault(arn, threading.Lock()):
            if arn not in self._reference_names and time.monotonic() >= self._unnamed_until.get(arn, 0.0):
                self._ask_for_name(arn, of=read_set["arn"])
        name = self._reference_names.get(arn)
        return {**read_set, "referenceName": name} if name else read_set

    def _ask_for_name(self, arn: str, *, of: str) -> None:
        place, _, path = arn.rpartition(":")
        match = _REFERENCE.fullmatch(path)
        # The call takes ids alone, which in another account or region are those of another reference.
        is_here = place == of.rpartition(":")[0]
        try:
            name = self._name_of(match["store_id"], match["id"]) if match and is_here else None
        except ClientError as error:
            if is_throttle(error) or has_bad_credentials(error):
                raise
            self._tell_once(f"names of references are left out: {describe_error(error)}")
            self._unnamed_until[arn] = time.monotonic() + _UNNAMED_SECONDS
        else:
            self._reference_names[arn] = name

    def _name_of(self, store_id: str, reference_id: str) -> str | None:
        """The name of a reference; None where it is gone, has no name, or the caller may not read it."""
        errors = self._client.exceptions
        try:
            return self._client.get_reference_metadata(referenceStoreId=store_id, id=reference_id).get("name")
        except errors.ResourceNotFoundException:
            return None
        except errors.AccessDeniedException as error:
            self._tell_once(
                f"names of references are left out: {describe_error(error)}: {self._needs} omics:GetReferenceMetadata"
            )
            return None

    def _tell_once(self, line: str) -> None:
        with self._lock:
            is_first, self._has_told = not self._has_told, True
        if is_first:
            self._tell(line)


def _read_at(response: Mapping[str, Any]) -> datetime:
    """When the service answered, by its own clock."""
    date = response["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
