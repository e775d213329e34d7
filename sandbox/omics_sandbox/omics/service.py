"""HealthOmics in one region: its stores, what changes them, and the events that follow.

This is the service behind the API (`operations`) and also what a test or a demonstration drives directly: it does
what an import, an archiving policy or a person in the console would do. It needs no server and no moto, starts no
threads, and asks the clock that it is given: `omics_sandbox.omics.client` calls it as boto3 would.
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from omics_sandbox.omics import trail
from omics_sandbox.omics.behind import OmicsFaults
from omics_sandbox.omics.limits import Limits
from omics_sandbox.omics.models import (
    FILE_NAMES,
    READ_SET_STATUSES,
    ActivationJob,
    ReadSet,
    Reference,
    SequenceStore,
    Shelf,
    Upload,
    plausible_etag,
    present,
)

Publish = Callable[[str, str, str, list[str], dict[str, Any]], object]
"""Publishes an event: region, source, detail-type, resources, detail."""

_SOURCE = "aws.omics"
_MAXIMUM_TAGS = 50
_PART_SIZE = 104_857_600
"""Bytes of a part, and the most of one that is uploaded ("Direct upload to a HealthOmics sequence store")."""
_SUFFIXES = {"FASTQ": "fastq.gz", "BAM": "bam", "CRAM": "cram", "UBAM": "bam"}
_INDEX_SUFFIXES = {"BAM": "bam.bai", "CRAM": "cram.crai", "UBAM": "bam.bai", "FASTQ": "fastq.gzi"}


class OmicsService:
    """The sequence stores of one account and region.

    GetResources of the Resource Groups Tagging API is an operation of it too, in all that goes by operation.

    Attributes:
        limits: Request quotas of the API; replace it to change them.
        faults: Errors, delays, lost answers and answers that are behind, switched on by operation.
        calls: API calls answered (or failed by a fault), by operation name. Throttled ones are not in it.
        throttled: API calls refused because of `limits`, by operation name.
        emit_events: Set to False and everything happens silently, as when an event is lost on the way.
        tag_events: Set to False and changes of tags publish no "Tag Change on Resource".
        trail: Set to True and changes of tags are published as well, as in an account with a trail of CloudTrail.
        latency: Seconds that each API call takes.
        page_size: The most items on a page of a listing.
        references: The references of all reference stores, by ARN.

    Args:
        region: Region of the stores.
        account: Account id.
        publish: Called with each event; events are lost when not given.
        limits: See above; none when not given.
        latency: See above.
        clock: The time in UTC; the real one when not given.
    """

    def __init__(
        self,
        region: str,
        account: str,
        *,
        publish: Publish | None = None,
        limits: Limits | None = None,
        latency: float = 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.region = region
        self.account = account
        self.limits = limits or Limits.none()
        self.faults = OmicsFaults(clock)
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.emit_events = True
        self.tag_events = True
        self.trail = False
        self.latency = latency
        self.page_size = 100
        self.stores = Shelf[SequenceStore]()
        self.references: dict[str, Reference] = {}
        self.lock = threading.RLock()
        """Held while the stores are read or changed; events are published under it, so they keep their order."""
        self._publish = publish
        self._clock = clock
        self._ids = count(1_000_000_001)
        self._ordinals = count(1)

    def now(self) -> datetime:
        """The time as the API gives it: UTC, to the millisecond."""
        time = self._clock()
        return time.replace(microsecond=time.microsecond // 1000 * 1000)

    def create_store(
        self,
        name: str | None,
        *,
        s3_access: bool = True,
        tags: Mapping[str, str] | None = None,
        store_id: str | None = None,
        **members: Any,
    ) -> str:
        """Create an ACTIVE sequence store and publish its status.

        Args:
            name: Name of the store; None for a store without one.
            s3_access: Whether the store has an S3 access point (older stores have none).
            tags: Tags of the store.
            store_id: 10 to 36 digits; chosen when not given.
            **members: Further attributes of `SequenceStore`, for example `description`.
        """
        with self.lock:
            identity = self._new_id(store_id, self.stores)
            store = SequenceStore(
                next(self._ordinals),
                self.now(),
                identity,
                f"arn:{self.partition}:omics:{self.region}:{self.account}:sequenceStore/{identity}",
                name,
                s3_access=self._store_access(identity) if s3_access else None,
                tags=dict(tags or {}),
                **members,
            )
            self.stores[identity] = store
            self._announce_store(store, "ACTIVE")
        return identity

    def create_read_set(
        self,
        store_id: str,
        *,
        name: str | None,
        file_type: str = "FASTQ",
        files: Sequence[str] = ("source1", "source2"),
        status: str = "ACTIVE",
        tags: Mapping[str, str] | None = None,
        etag: bool | Mapping[str, str] = True,
        s3_access: bool = True,
        read_set_id: str | None = None,
        creation_time: datetime | None = None,
        **members: Any,
    ) -> str:
        """Create a read set and publish its status, as a finished import does.

        Args:
            store_id: The store it goes into.
            name: Name of the read set; None for one without.
            file_type: FASTQ, BAM, CRAM or UBAM.
            files: The files it has, of `source1`, `source2` and `index`.
            status: Its first status.
            tags: Tags of the read set.
            etag: True for a plausible one, False for none, or the etag itself.
            s3_access: Whether the files have an S3 URI.
            read_set_id: 10 to 36 digits; chosen when not given.
            creation_time: Time of creation, aware of its zone; now when not given.
            **members: Further attributes of `ReadSet`, for example `sample_id`.
        """
        _known_status(status)
        with self.lock:
            store = self.store(store_id)
            identity = self._new_id(read_set_id, store.read_sets)
            named = [file for file in FILE_NAMES if file in files]
            information = {file: self._file(store, identity, file, file_type, s3_access) for file in named}
            if etag is True:
                family = store.etag_algorithm_family or "MD5up"
                etag = plausible_etag(identity, file_type, tuple(information), family)
            read_set = ReadSet(
                next(self._ordinals),
                creation_time or self.now(),
                identity,
                f"{store.arn}/readSet/{identity}",
                store_id,
                name,
                file_type,
                status,
                information,
                dict(etag) if etag else None,
                tags=dict(tags or {}),
                **members,
            )
            self.faults.remember(read_set.arn, None)
            store.read_sets[identity] = read_set
            self._announce(read_set)
        return identity

    def create_reference(
        self, name: str, *, reference_store_id: str = "1000000000", reference_id: str | None = None
    ) -> str:
        """Create an ACTIVE reference, as a finished import does. Return its ARN, which read sets may name."""
        with self.lock:
            identity = self._new_id(reference_id, ())
            arn = self.reference_arn(reference_store_id, identity)
            md5 = hashlib.md5(arn.encode(), usedforsecurity=False).hexdigest()
            now = self.now()
            self.references[arn] = Reference(now, now, identity, arn, reference_store_id, name, md5)
        return arn

    def reference_arn(self, reference_store_id: str, reference_id: str) -> str:
        """The ARN that a reference of these ids has."""
        store = f"arn:{self.partition}:omics:{self.region}:{self.account}:referenceStore/{reference_store_id}"
        return f"{store}/reference/{reference_id}"

    def update_read_set(self, store_id: str, read_set_id: str, **members: Any) -> None:
        """Change attributes of a read set (those of `ReadSet`) without any event."""
        with self.lock:
            read_set = self.read_set(store_id, read_set_id)
            self.faults.remember(read_set.arn, read_set)
            _change(read_set, members)

    def update_store(self, store_id: str, **members: Any) -> None:
        """Change attributes of a store (those of `SequenceStore`), for example `name`: UPDATING, then ACTIVE."""
        with self.lock:
            store = self.store(store_id)
            self.faults.remember(store.arn, store)
            _change(store, {**members, "update_time": self.now()})
            self._announce_store(store, "UPDATING")
            self._announce_store(store, "ACTIVE")

    def delete_store(self, store_id: str) -> None:
        """Delete a store: DELETING, then DELETED."""
        with self.lock:
            store = self.store(store_id)
            if store.read_sets:
                raise ConflictException(f"Sequence store {store_id} still holds read sets")
            self.faults.remember(store.arn, store)
            self._announce_store(store, "DELETING")
            del self.stores[store_id]
            self._announce_store(store, "DELETED")

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a store or a read set tags, in addition to those that it has."""
        with self.lock:
            resource = self.tagged(arn)
            together = {**resource.tags, **tags}
            if len(together) > _MAXIMUM_TAGS:
                raise ValidationException(f"A resource can have at most {_MAXIMUM_TAGS} tags")
            self._set_tags(resource, together)
            self._put_on_trail("TagResource", resourceArn=arn, tags=dict(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags from a store or a read set; a key that it does not have is no error."""
        with self.lock:
            resource = self.tagged(arn)
            self._set_tags(resource, {key: value for key, value in resource.tags.items() if key not in keys})
            self._put_on_trail("UntagResource", resourceArn=arn, tagKeys=list(keys))

    def set_status(self, store_id: str, read_set_id: str, status: str, *, message: str | None = None) -> None:
        """Give a read set a status, with a `statusMessage`, and publish the event; DELETED removes it."""
        _known_status(status)
        with self.lock:
            read_set = self.read_set(store_id, read_set_id)
            self.faults.remember(read_set.arn, read_set)
            read_set.status = status
            read_set.status_message = message
            if status == "DELETED":
                del self.store(store_id).read_sets[read_set_id]
            self._announce(read_set)

    def store(self, store_id: str) -> SequenceStore:
        """The store of this id."""
        store = self.stores.get(store_id)
        if store is None:
            raise ResourceNotFoundException(f"Sequence store {store_id} does not exist")
        return store

    def read_set(self, store_id: str, read_set_id: str) -> ReadSet:
        """The read set of this id."""
        read_set = self.store(store_id).read_sets.get(read_set_id)
        if read_set is None:
            raise ResourceNotFoundException(f"Read set {read_set_id} does not exist in sequence store {store_id}")
        return read_set

    def tagged(self, arn: str) -> SequenceStore | ReadSet:
        """The store or read set of this ARN."""
        for store in self.stores.values():
            if store.arn == arn:
                return store
            if arn.startswith(f"{store.arn}/readSet/"):
                return self.read_set(store.id, arn.rpartition("/")[2])
        raise ResourceNotFoundException(f"Resource {arn} does not exist")

    def delete_read_set(self, store_id: str, read_set_id: str) -> None:
        """Delete a read set: DELETING, then DELETED."""
        with self.lock:
            status = self.read_set(store_id, read_set_id).status
            if status in {"DELETING", "ACTIVATING", "PROCESSING_UPLOAD"}:
                raise ConflictException(f"Read set {read_set_id} is {status} and cannot be deleted now")
            self.set_status(store_id, read_set_id, "DELETING")
            self.set_status(store_id, read_set_id, "DELETED")

    def activate(self, store_id: str, read_set_ids: Sequence[str], client_token: str | None = None) -> ActivationJob:
        """Bring archived read sets back: ACTIVATING, then ACTIVE. The job that is returned is done.

        A token stands for one job of a store: given again, nothing is done, and that job is returned.
        """
        with self.lock:
            store = self.store(store_id)
            for known in store.activation_jobs.values():
                if client_token and known.client_token == client_token:
                    return known
            identity = self._new_id(None, store.activation_jobs)
            job = ActivationJob(next(self._ordinals), self.now(), identity, store_id, "SUBMITTED", [], client_token)
            store.activation_jobs[identity] = job
            self._announce_job(job)
            job.sources = [self._activate(store, read_set_id) for read_set_id in read_set_ids]
            failures = sum(source["status"] == "FAILED" for source in job.sources)
            job.status = "COMPLETED_WITH_FAILURES" if failures else "COMPLETED"
            if failures == len(job.sources):
                job.status = "FAILED"
            job.completion_time = self.now()
            self._announce_job(job)
        return job

    def begin_upload(self, store_id: str, **members: Any) -> Upload:
        """Begin a multipart upload of a read set. `members` are those of `Upload`."""
        with self.lock:
            store = self.store(store_id)
            upload = Upload(next(self._ordinals), self.now(), self._new_id(None, store.uploads), store_id, **members)
            store.uploads[upload.upload_id] = upload
        return upload

    def upload_part(self, store_id: str, upload_id: str, source: str, number: int, payload: bytes) -> str:
        """Take a part of an upload, in place of an earlier one of the same number; return its checksum."""
        if len(payload) > _PART_SIZE:
            raise ValidationException(f"A part of {len(payload)} bytes is larger than {_PART_SIZE}")
        checksum = hashlib.sha256(payload).hexdigest()
        with self.lock:
            self.upload(store_id, upload_id).parts[source, number] = (checksum, len(payload))
        return checksum

    def complete_upload(self, store_id: str, upload_id: str, checksums: Mapping[tuple[str, int], str]) -> str:
        """Make a read set of the parts of an upload: PROCESSING_UPLOAD, then ACTIVE. Return its id."""
        with self.lock:
            upload = self.upload(store_id, upload_id)
            if not checksums or checksums != {part: checksum for part, (checksum, _) in upload.parts.items()}:
                raise ValidationException("The parts are not those that were uploaded")
            del self.store(store_id).uploads[upload_id]
            sizes: dict[str, list[int]] = {}
            for (source, _), (_, size) in sorted(upload.parts.items()):
                sizes.setdefault(source.lower(), []).append(size)
            read_set_id = self.create_read_set(
                store_id,
                name=upload.name,
                file_type=upload.source_file_type,
                files=tuple(sizes),
                status="PROCESSING_UPLOAD",
                tags=upload.tags,
                subject_id=upload.subject_id,
                sample_id=upload.sample_id,
                description=upload.description,
                reference_arn=upload.reference_arn,
                sequence_information=present(generatedFrom=upload.generated_from),
                creation_type="UPLOAD",
            )
            for file, information in self.read_set(store_id, read_set_id).files.items():
                of_parts = sizes[file]
                information |= {
                    "totalParts": len(of_parts),
                    "partSize": of_parts[0],
                    "contentLength": sum(of_parts),
                }
            self.set_status(store_id, read_set_id, "ACTIVE")
        return read_set_id

    def abort_upload(self, store_id: str, upload_id: str) -> None:
        """Forget an upload and its parts."""
        with self.lock:
            del self.store(store_id).uploads[self.upload(store_id, upload_id).upload_id]

    def upload(self, store_id: str, upload_id: str) -> Upload:
        """The upload of this id, while it is under way."""
        upload = self.store(store_id).uploads.get(upload_id)
        if upload is None:
            raise ResourceNotFoundException(f"Upload {upload_id} does not exist in sequence store {store_id}")
        return upload

    def _activate(self, store: SequenceStore, read_set_id: str) -> dict[str, str]:
        read_set = store.read_sets.get(read_set_id)
        status = read_set.status if read_set else "not there"
        if status == "ARCHIVED":
            self.set_status(store.id, read_set_id, "ACTIVATING")
            self.set_status(store.id, read_set_id, "ACTIVE")
        elif status not in {"ACTIVATING", "ACTIVE"}:
            return {"readSetId": read_set_id, "status": "FAILED", "statusMessage": f"The read set is {status}"}
        return {"readSetId": read_set_id, "status": "FINISHED"}

    def _announce(self, read_set: ReadSet) -> None:
        """Publish the "Read Set Status Change" event.

        Format, here and below: "EventBridge in AWS HealthOmics", AWS HealthOmics User Guide.
        """
        detail = {
            "omicsVersion": "1.0.0",
            "arn": read_set.arn,
            "sequenceStoreId": read_set.sequence_store_id,
            "id": read_set.id,
            "status": read_set.status,
        } | present(statusMessage=read_set.status_message, creationJobId=read_set.creation_job_id)
        self._emit(_SOURCE, "Read Set Status Change", [read_set.arn], detail)

    def _announce_store(self, store: SequenceStore, status: str) -> None:
        """Give a store a status and publish the "Sequence Store Status Change" event."""
        store.status = status
        detail = {"omicsVersion": "1.0.0", "arn": store.arn, "id": store.id, "status": status}
        self._emit(_SOURCE, "Sequence Store Status Change", [store.arn], detail)

    def _announce_job(self, job: ActivationJob) -> None:
        """Publish the "Read Set Activation Job Status Change" event, of which AWS documents the name alone."""
        detail = {
            "omicsVersion": "1.0.0",
            "sequenceStoreId": job.sequence_store_id,
            "id": job.id,
            "status": job.status,
        }
        self._emit(_SOURCE, "Read Set Activation Job Status Change", [self.store(job.sequence_store_id).arn], detail)

    def _set_tags(self, resource: SequenceStore | ReadSet, tags: dict[str, str]) -> None:
        """Give a store or a read set its tags, and publish the "Tag Change on Resource" event of what is new.

        Format: "Monitor tag changes with serverless workflows and Amazon EventBridge", Tag Editor User Guide. It does
        not say what `resource-type` is for HealthOmics.
        """
        self.faults.remember(resource.arn, resource)
        changed = sorted({key for key, _ in resource.tags.items() ^ tags.items()})
        _change(resource, {"tags": tags})
        if changed and self.tag_events:
            detail = {
                "changed-tag-keys": changed,
                "service": "omics",
                "resource-type": "readSet" if isinstance(resource, ReadSet) else "sequenceStore",
                "version": next(self._ordinals),
                "tags": tags,
            }
            self._emit("aws.tag", "Tag Change on Resource", [resource.arn], detail)

    def _put_on_trail(self, operation: str, **parameters: Any) -> None:
        """Publish CloudTrail's event of an API call, where there is a trail."""
        if self.trail:
            detail = trail.api_call(self.region, self.account, self.partition, operation, parameters, self.now())
            self._emit(_SOURCE, trail.DETAIL_TYPE, [], detail)

    def _emit(self, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        if self.emit_events and self._publish is not None:
            self._publish(self.region, source, detail_type, resources, detail)

    def _new_id(self, given: str | None, taken: Container[str]) -> str:
        identity = given or str(next(self._ids))
        if not (identity.isascii() and identity.isdigit() and 10 <= len(identity) <= 36):
            raise ValidationException(f"The id {given!r} is not 10 to 36 digits")
        if identity in taken:
            raise ValidationException(f"The id {identity} is taken")
        return identity

    @property
    def partition(self) -> str:
        """The partition of the region, such as `aws`."""
        for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def _bucket(self, store_id: str) -> str:
        return f"{self.account}-{store_id[:16]}-sandbox-s3alias"

    def _store_access(self, store_id: str) -> dict[str, str]:
        point = f"{self.account}-{store_id[:16]}"
        return {
            "s3Uri": f"s3://{self._bucket(store_id)}/{self.account}/sequenceStore/{store_id}/",
            "s3AccessPointArn": f"arn:{self.partition}:s3:{self.region}:{self.account}:accesspoint/{point}",
        }

    def _file(
        self, store: SequenceStore, read_set_id: str, file: str, file_type: str, s3_access: bool
    ) -> dict[str, Any]:
        parts = 1 if file == "index" else 3
        information: dict[str, Any] = {
            "totalParts": parts,
            "partSize": _PART_SIZE,
            "contentLength": (parts - 1) * _PART_SIZE + 1_234_567,
        }
        if s3_access:
            suffix = _INDEX_SUFFIXES[file_type] if file == "index" else _SUFFIXES[file_type]
            folder = f"s3://{self._bucket(store.id)}/{self.account}/sequenceStore/{store.id}/readSet/{read_set_id}"
            information["s3Access"] = {"s3Uri": f"{folder}/{file}.{suffix}"}
        return information


def _known_status(status: str) -> None:
    if status not in READ_SET_STATUSES:
        raise ValidationException(f"{status!r} is not a read set status; there are {', '.join(READ_SET_STATUSES)}")


def _change(item: SequenceStore | ReadSet, members: Mapping[str, Any]) -> None:
    for name, value in members.items():
        if not hasattr(item, name):
            raise TypeError(f"{type(item).__name__} has no attribute {name!r}")
        setattr(item, name, value)
    item.was_tagged = item.was_tagged or bool(item.tags)
