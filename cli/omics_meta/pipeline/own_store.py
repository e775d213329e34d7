"""A sequence store of our own with one small read set, for a while: whatever happens, it is removed again."""

import gzip
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError
from readset_sync.messages.read_set_event import ACTIVE
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import EXPECTED_ERRORS, SyncError, describe_error, is_passing

if TYPE_CHECKING:
    from types_boto3_omics import OmicsClient

TAGS: Final = {"omics-meta": "selftest"}
"""Tags of the read set."""

REMOVAL_SECONDS: Final = 120
"""How long to try to remove the store: not before HealthOmics has deleted what is in it."""

_POLL_SECONDS: Final = 5.0

_READS: Final = "".join(f"@read{number}\nACGTACGTACGTACGT\n+\nIIIIIIIIIIIIIIII\n" for number in range(4))


class OwnStore:
    """A sequence store that is made for a test.

    Attributes:
        name: How it is named, and, at its beginning, how it is renamed.
        id: Its id, once it has been made.
        arn: Its ARN.
        is_begun: Whether it may be there.
    """

    def __init__(self, client: "OmicsClient") -> None:
        self.name = f"omics-meta-selftest-{uuid.uuid4().hex[:12]}"
        self.id = self.arn = ""
        self._client = client
        self.is_begun = False
        self._read_sets: set[str] = set()

    def make(self) -> None:
        """Make the store."""
        self.is_begun = True
        try:
            made = self._client.create_sequence_store(name=self.name, description="Made by omics-meta selftest")
        except ClientError as error:
            self.is_begun = is_passing(error)  # a refusal makes none
            raise
        self.id, self.arn = made["id"], made["arn"]

    def is_ready(self) -> bool:
        """Whether it takes read sets."""
        try:
            return self._client.get_sequence_store(id=self.id).get("status", ACTIVE) == ACTIVE
        except self._client.exceptions.ResourceNotFoundException:
            return False

    def upload(self) -> ReadSetArn:
        """Upload a read set of four reads, in one part."""
        upload = self._client.create_multipart_read_set_upload(
            sequenceStoreId=self.id,
            sourceFileType="FASTQ",
            subjectId="omics-meta-selftest",
            sampleId="omics-meta-selftest",
            generatedFrom="omics-meta selftest",
            name=self.name,
            tags=TAGS,
        )["uploadId"]
        try:
            part = self._client.upload_read_set_part(
                sequenceStoreId=self.id,
                uploadId=upload,
                partSource="SOURCE1",
                partNumber=1,
                payload=gzip.compress(_READS.encode(), mtime=0),
            )
            completed = self._client.complete_multipart_read_set_upload(
                sequenceStoreId=self.id,
                uploadId=upload,
                parts=[{"partSource": "SOURCE1", "partNumber": 1, "checksum": part["checksum"]}],
            )
        except BaseException:
            with suppress(*EXPECTED_ERRORS):  # it may be complete, and its answer lost
                self._client.abort_multipart_read_set_upload(sequenceStoreId=self.id, uploadId=upload)
            raise
        self._read_sets.add(completed["readSetId"])
        return ReadSetArn.parse(f"{self.arn}/readSet/{completed['readSetId']}")

    def tag(self, arn: ReadSetArn, tags: dict[str, str]) -> None:
        """Give the read set tags."""
        self._client.tag_resource(resourceArn=str(arn), tags=tags)

    def rename(self) -> str:
        """Rename the store; return its new name."""
        name = f"{self.name}-renamed"
        self._client.update_sequence_store(id=self.id, name=name)
        return name

    def delete(self, arn: ReadSetArn) -> None:
        """Delete the read set."""
        errors = self._client.batch_delete_read_set(sequenceStoreId=self.id, ids=[arn.read_set_id]).get("errors", [])
        if errors:
            raise SyncError(f"BatchDeleteReadSet: {errors[0]['code']}: {errors[0]['message']}")

    def remove(self) -> list[str]:
        """Delete the store, if it is begun, and all in it; return what is left, why, and what to do about it."""
        if not self.is_begun:
            return []
        stores = {self.id} - {""}
        unknown = ""
        try:
            # By name, because the answer of the call that made it may have been lost, and the call repeated.
            pages = self._client.get_paginator("list_sequence_stores").paginate()
            found = [each for page in pages for each in page["sequenceStores"]]
            stores |= {each["id"] for each in found if each.get("name", "").startswith(self.name)}
        except EXPECTED_ERRORS as error:
            unknown = describe_error(error)
        left = [self._left(store, reason) for store in sorted(stores) if (reason := self._remove(store))]
        if unknown and not self.id:
            left.append(self._left("", unknown))
        self.is_begun = bool(left)
        return left

    def left_now(self) -> list[str]:
        """Return what is left as long as nothing more is removed, and what to do about it."""
        return [self._left(self.id, "interrupted")] if self.is_begun else []

    def _left(self, store: str, reason: str) -> str:
        """Say what is left, of a store that has this id or none that is known, why, and what to do about it."""
        region = f"--region {self._client.meta.region_name}"
        if not store:
            look = f"aws omics list-sequence-stores {region} --filter name={self.name}"
            return (
                f"a sequence store named {self.name} may be left ({reason}): look for it with `{look}`, and delete it"
            )
        ids = " ".join(sorted(self._read_sets)) if store == self.id else ""
        empty = f"run `aws omics batch-delete-read-set {region} --sequence-store-id {store} --ids {ids}`"
        return (
            f"sequence store {store} is left ({reason}): {empty if ids else 'delete its read sets'}, and then "
            f"`aws omics delete-sequence-store {region} --id {store}`"
        )

    def _remove(self, store: str) -> str:
        """Delete one store; return why that did not work, or ""."""
        began = time.monotonic()
        exceptions = self._client.exceptions
        while True:
            try:
                self._empty(store)
                self._client.delete_sequence_store(id=store)
            except exceptions.ResourceNotFoundException:
                return ""
            except exceptions.ConflictException as error:
                if time.monotonic() - began >= REMOVAL_SECONDS:
                    return describe_error(error)
                time.sleep(_POLL_SECONDS)
            except EXPECTED_ERRORS as error:
                return describe_error(error)
            else:
                return ""

    def _empty(self, store: str) -> None:
        listed = self._client.list_read_sets(sequenceStoreId=store)["readSets"]
        ids = {each["id"] for each in listed if each["status"] not in {"DELETING", "DELETED"}}
        if store == self.id:
            ids |= self._read_sets  # of which a listing may not know yet
        if ids:
            self._client.batch_delete_read_set(sequenceStoreId=store, ids=sorted(ids))
