"""HealthOmics in one region: its stores, what changes them, and the events that follow.

This is the service behind the API (`operations`) and also what a test or a demonstration drives directly: it does
what an import, an archiving policy or a person in the console would do. It needs no server and no moto, starts no
threads, and asks the clock that it is given: `omics_sandbox.omics.client` calls it as boto3 would.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from omics_sandbox.omics import trail
from omics_sandbox.omics.faults import Faults
from omics_sandbox.omics.limits import Limits
from omics_sandbox.omics.models import (
    FILE_NAMES,
    READ_SET_STATUSES,
    ActivationJob,
    ReadSet,
    SequenceStore,
    Shelf,
    plausible_etag,
    present,
)

Publish = Callable[[str, str, list[str], dict[str, Any]], None]
"""Publishes an event of the service: region, detail-type, resources, detail."""

_MAXIMUM_TAGS = 50
_PART_SIZE = 104_857_600
_SUFFIXES = {"FASTQ": "fastq.gz", "BAM": "bam", "CRAM": "cram", "UBAM": "bam"}
_INDEX_SUFFIXES = {"BAM": "bam.bai", "CRAM": "cram.crai", "UBAM": "bam.bai", "FASTQ": "fastq.gzi"}


class OmicsService:
    """The sequence stores of one account and region.

    Attributes:
        limits: Request quotas of the API; replace it to change them.
        faults: Errors, timeouts and delays of the API, switched on by operation.
        calls: API calls answered (or failed by a fault), by operation name. Throttled ones are not in it.
        throttled: API calls answered with ThrottlingException because of `limits`, by operation name.
        emit_events: Set to False and everything happens silently, as when an event is lost on the way.
        trail: Set to True and changes of tags are published as well, as in an account with a trail of CloudTrail.
        latency: Seconds that each API call takes.
        page_size: The most items on a page of a listing.
        hold_transitions: Set to True and an activation, a deletion or the change of a store stays at ACTIVATING,
            DELETING or UPDATING until `settle`. Otherwise both statuses, and both events, follow at once.

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
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.emit_events = True
        self.trail = False
        self.latency = latency
        self.page_size = 100
        self.hold_transitions = False
        self.stores = Shelf[SequenceStore]()
        self.lock = threading.RLock()
        """Held while the stores are read or changed; events are published under it, so they keep their order."""
        self._publish = publish
        self._clock = clock
        self._ids = count(1_000_000_001)
        self._ordinals = count(1)
        self._transitions: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The time as the API gives it: UTC, to the millisecond."""
        time = self._clock()
        return time.replace(microsecond=time.microsecond // 1000 * 1000)

    def create_store(
        self,
        name: str | None,
        *,
        s3_access: bool = True,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        store_id: str | None = None,
        **members: Any,
    ) -> str:
        """Create an ACTIVE sequence store and publish its status.

        Args:
            name: Name of the store; None for a store without one.
            s3_access: Whether the store has an S3 access point (older stores have none).
            description: Free text.
            tags: Tags of the store.
            store_id: 10 to 36 digits; chosen when not given.
            **members: Further attributes of `SequenceStore`, for example `etag_algorithm_family`.

        Returns:
            The id of the store.
        """
        with self.lock:
            identity = self._identity(store_id)
            arn = f"arn:{self._partition}:omics:{self.region}:{self.account}:sequenceStore/{identity}"
            store = SequenceStore(
                next(self._ordinals),
                self.now(),
                identity,
                arn,
                name,
                description=description,
                s3_access=self._store_access(identity) if s3_access else None,
                tags=dict(tags or {}),
                **members,
            )
            if identity in self.stores:
                raise ValidationException(f"A sequence store {identity} exists already")
            self.stores[identity] = store
            self._announce_store(store)
        return identity

    def create_read_set(
        self,
        store_id: str,
        *,
        name: str | None,
        file_type: str = "FASTQ",
        files: Sequence[str] | Mapping[str, Mapping[str, Any]] = ("source1", "source2"),
        status: str = "ACTIVE",
        subject_id: str | None = "subject-1",
        sample_id: str | None = "sample-1",
        description: str | None = None,
        reference_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        etag: bool | Mapping[str, str] = True,
        s3_access: bool = True,
        read_set_id: str | None = None,
        creation_type: str | None = "IMPORT",
        creation_job_id: str | None = None,
        sequence_information: Mapping[str, Any] | None = None,
        creation_time: datetime | None = None,
        status_message: str | None = None,
    ) -> str:
        """Create a read set and publish its status, as a finished import does.

        Args:
            store_id: The store it goes into.
            name: Name of the read set; None for one without.
            file_type: FASTQ, BAM, CRAM or UBAM.
            files: The files it has, of `source1`, `source2` and `index`; or a whole FileInformation for each.
            status: Its first status.
            subject_id: Subject; None for none.
            sample_id: Sample; None for none.
            description: Free text.
            reference_arn: The reference that the reads are aligned to.
            tags: Tags of the read set.
            etag: True for a plausible one, False for none, or the etag itself.
            s3_access: Whether the files have an S3 URI.
            read_set_id: 10 to 36 digits; chosen when not given.
            creation_type: IMPORT or UPLOAD; None for neither.
            creation_job_id: The import job that made it.
            sequence_information: totalReadCount, totalBaseCount, generatedFrom, alignment.
            creation_time: Time of creation, aware of its zone; now when not given.
            status_message: Detail of the status.

        Returns:
            The id of the read set.
        """
        _known_status(status)
        with self.lock:
            store = self.store(store_id)
            identity = self._identity(read_set_id)
            if identity in store.read_sets:
                raise ValidationException(f"A read set {identity} exists already in sequence store {store_id}")
            if isinstance(files, Mapping):
                information = {file: dict(given) for file, given in files.items()}
            else:
                information = {
                    file: self._file(store, identity, file, file_type, s3_access)
                    for file in FILE_NAMES
                    if file in files
                }
            if etag is True:
                family = store.etag_algorithm_family or "MD5up"
                given_etag: dict[str, str] | None = plausible_etag(identity, file_type, tuple(information), family)
            else:
                given_etag = dict(etag) if etag else None
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
                given_etag,
                subject_id=subject_id,
                sample_id=sample_id,
                description=description,
                reference_arn=reference_arn,
                sequence_information=dict(sequence_information) if sequence_information else None,
                creation_type=creation_type,
                creation_job_id=creation_job_id,
                status_message=status_message,
                tags=dict(tags or {}),
            )
            store.read_sets[identity] = read_set
            self._announce(read_set)
        return identity

    def update_read_set(self, store_id: str, read_set_id: str, **members: Any) -> None:
        """Change attributes of a read set (those of `ReadSet`) without any event."""
        with self.lock:
            read_set = self.read_set(store_id, read_set_id)
            for name, value in members.items():
                if not hasattr(read_set, name):
                    raise TypeError(f"a read set has no attribute {name!r}")
                setattr(read_set, name, value)

    def update_store(self, store_id: str, **members: Any) -> None:
        """Change attributes of a store (those of `SequenceStore`), for example `name`: UPDATING now, ACTIVE then."""
        with self.lock:
            store = self.store(store_id)
            for name, value in members.items():
                if not hasattr(store, name):
                    raise TypeError(f"a sequence store has no attribute {name!r}")
                setattr(store, name, value)
            store.update_time = self.now()
            self._set_store_status(store, "UPDATING")
        self._later(lambda: self._move_store(store, "UPDATING", "ACTIVE"))

    def delete_store(self, store_id: str) -> None:
        """Start deleting a store: DELETING now, DELETED then.

        Raises:
            ConflictException: It still holds read sets, or is being deleted.
        """
        with self.lock:
            store = self.store(store_id)
            if store.read_sets:
                raise ConflictException(f"Sequence store {store_id} still holds read sets")
            if store.status == "DELETING":
                raise ConflictException(f"Sequence store {store_id} is being deleted")
            self._set_store_status(store, "DELETING")
        self._later(lambda: self._move_store(store, "DELETING", "DELETED"))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a store or a read set tags, in addition to those that it has.

        Raises:
            ValidationException: It would have too many.
        """
        with self.lock:
            resource = self.tagged(arn)
            together = {**resource.tags, **tags}
            if len(together) > _MAXIMUM_TAGS:
                raise ValidationException(f"A resource can have at most {_MAXIMUM_TAGS} tags")
            resource.tags = together
            self._put_on_trail("TagResource", resourceArn=arn, tags=dict(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags from a store or a read set; a key that it does not have is no error."""
        with self.lock:
            resource = self.tagged(arn)
            resource.tags = {key: value for key, value in resource.tags.items() if key not in keys}
            self._put_on_trail("UntagResource", resourceArn=arn, tagKeys=list(keys))

    def set_status(self, store_id: str, read_set_id: str, status: str, *, message: str | None = None) -> None:
        """Give a read set a status and publish the event; DELETED removes it.

        Args:
            store_id: The store that the read set is in.
            read_set_id: The read set.
            status: Any status of the API.
            message: `statusMessage` of the read set and of the event.
        """
        _known_status(status)
        with self.lock:
            read_set = self.read_set(store_id, read_set_id)
            read_set.status = status
            read_set.status_message = message
            if status == "DELETED":
                del self.store(store_id).read_sets[read_set_id]
            self._announce(read_set)

    def store(self, store_id: str) -> SequenceStore:
        """The store of this id.

        Raises:
            ResourceNotFoundException: There is none.
        """
        store = self.stores.get(store_id)
        if store is None:
            raise ResourceNotFoundException(f"Sequence store {store_id} does not exist")
        return store

    def read_set(self, store_id: str, read_set_id: str) -> ReadSet:
        """The read set of this id.

        Raises:
            ResourceNotFoundException: There is no such store, or no such read set in it.
        """
        read_set = self.store(store_id).read_sets.get(read_set_id)
        if read_set is None:
            raise ResourceNotFoundException(f"Read set {read_set_id} does not exist in sequence store {store_id}")
        return read_set

    def tagged(self, arn: str) -> SequenceStore | ReadSet:
        """The store or read set of this ARN.

        Raises:
            ResourceNotFoundException: There is none.
        """
        for store in self.stores.values():
            if store.arn == arn:
                return store
            if arn.startswith(f"{store.arn}/readSet/"):
                return self.read_set(store.id, arn.rpartition("/")[2])
        raise ResourceNotFoundException(f"Resource {arn} does not exist")

    def delete_read_set(self, store_id: str, read_set_id: str) -> None:
        """Start deleting a read set: DELETING now, DELETED then."""
        self.set_status(store_id, read_set_id, "DELETING")
        self._later(lambda: self.set_status(store_id, read_set_id, "DELETED"))

    def start_activation(self, store_id: str, read_set_ids: Sequence[str]) -> ActivationJob:
        """Start bringing archived read sets back: ACTIVATING now, ACTIVE then."""
        with self.lock:
            store = self.store(store_id)
            sources = [self._start_source(store, read_set_id) for read_set_id in read_set_ids]
            job = ActivationJob(next(self._ordinals), self.now(), self._identity(None), store_id, "SUBMITTED", sources)
            store.activation_jobs[job.id] = job
        self._later(lambda: self._finish_activation(store, job))
        return job

    def settle(self) -> None:
        """Finish the transitions that `hold_transitions` has kept back, in the order in which they began."""
        with self.lock:
            while self._transitions:
                self._transitions.pop(0)()

    def _start_source(self, store: SequenceStore, read_set_id: str) -> dict[str, str]:
        read_set = store.read_sets.get(read_set_id)
        if read_set is None:
            return {"readSetId": read_set_id, "status": "FAILED", "statusMessage": "The read set does not exist"}
        if read_set.status == "ARCHIVED":
            self.set_status(store.id, read_set_id, "ACTIVATING")
        return {"readSetId": read_set_id, "status": "IN_PROGRESS"}

    def _finish_activation(self, store: SequenceStore, job: ActivationJob) -> None:
        with self.lock:
            for source in job.sources:
                read_set = store.read_sets.get(source["readSetId"])
                if source["status"] == "FAILED":
                    continue
                if read_set is not None and read_set.status == "ACTIVATING":
                    self.set_status(store.id, read_set.id, "ACTIVE")
                source["status"] = "FINISHED" if read_set is not None else "FAILED"
            failures = sum(source["status"] == "FAILED" for source in job.sources)
            if failures == len(job.sources):
                job.status = "FAILED"
            else:
                job.status = "COMPLETED_WITH_FAILURES" if failures else "COMPLETED"
            job.completion_time = self.now()

    def _later(self, change: Callable[[], None]) -> None:
        """Make a change that ends a transition: now, or with `settle`."""
        if self.hold_transitions:
            self._transitions.append(change)
        else:
            change()

    def _move_store(self, store: SequenceStore, status: str, following: str) -> None:
        """End a transition of a store, unless another one has begun."""
        with self.lock:
            if store.status == status:
                self._set_store_status(store, following)

    def _set_store_status(self, store: SequenceStore, status: str) -> None:
        """Give a store a status and publish the event; DELETED removes it."""
        store.status = status
        if status == "DELETED":
            del self.stores[store.id]
        self._announce_store(store)

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
        self._emit("Read Set Status Change", [read_set.arn], detail)

    def _announce_store(self, store: SequenceStore) -> None:
        """Publish the "Sequence Store Status Change" event."""
        detail = {"omicsVersion": "1.0.0", "arn": store.arn, "id": store.id, "status": store.status}
        self._emit("Sequence Store Status Change", [store.arn], detail)

    def _put_on_trail(self, operation: str, **parameters: Any) -> None:
        """Publish CloudTrail's event of an API call, where there is a trail."""
        if self.trail:
            detail = trail.api_call(self.region, self.account, self._partition, operation, parameters, self.now())
            self._emit(trail.DETAIL_TYPE, [], detail)

    def _emit(self, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        if self.emit_events and self._publish is not None:
            self._publish(self.region, detail_type, resources, detail)

    def _identity(self, given: str | None) -> str:
        if given is None:
            return str(next(self._ids))
        if not (given.isascii() and given.isdigit() and 10 <= len(given) <= 36):
            raise ValidationException(f"The id {given!r} is not 10 to 36 digits")
        return given

    @property
    def _partition(self) -> str:
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
            "s3AccessPointArn": f"arn:{self._partition}:s3:{self.region}:{self.account}:accesspoint/{point}",
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
