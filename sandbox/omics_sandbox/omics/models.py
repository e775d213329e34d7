"""What HealthOmics keeps: sequence stores, read sets, references, uploads and activation jobs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import dropwhile
from typing import Any, Protocol, TypeVar

from botocore import xform_name

from omics_sandbox.api_model import service_model

READ_SET_STATUSES = (
    "ARCHIVED",
    "ACTIVATING",
    "ACTIVE",
    "DELETING",
    "DELETED",
    "PROCESSING_UPLOAD",
    "UPLOAD_FAILED",
)
FILE_NAMES = ("source1", "source2", "index")
# Statuses in which the files can be read, and the API names them.
_STATUSES_WITH_FILES = frozenset({"ACTIVE"})


class Ordered(Protocol):
    """What the service keeps many of."""

    @property
    def ordinal(self) -> int:
        """Place in the order of creation, from 1."""
        ...


Item = TypeVar("Item", bound=Ordered)


class Shelf(dict[str, Item]):
    """Items by id, in the order of creation."""

    def after(self, ordinal: int) -> Iterator[Item]:
        """The items created after the one with this ordinal; 0 for all."""
        return dropwhile(lambda item: item.ordinal <= ordinal, self.values())


def present(**members: Any) -> dict[str, Any]:
    """The members that have a value: the API leaves out what it has no value for."""
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class SequenceStore:
    """A sequence store with its read sets."""

    ordinal: int
    creation_time: datetime
    id: str
    arn: str
    name: str | None
    description: str | None = None
    s3_access: dict[str, str] | None = None
    """`s3Uri`, `s3AccessPointArn`, perhaps `accessLogLocation`."""
    sse_config: dict[str, str] | None = None
    fallback_location: str | None = None
    etag_algorithm_family: str | None = "MD5up"
    propagated_set_level_tags: list[str] | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    was_tagged: bool = field(default=False, init=False)
    """Whether it has tags, or once had."""
    status: str = "ACTIVE"
    update_time: datetime | None = None
    read_sets: "Shelf[ReadSet]" = field(default_factory=Shelf["ReadSet"])
    activation_jobs: "Shelf[ActivationJob]" = field(default_factory=Shelf["ActivationJob"])
    uploads: "Shelf[Upload]" = field(default_factory=Shelf["Upload"])

    def __post_init__(self) -> None:
        self.was_tagged = bool(self.tags)

    def summary(self) -> dict[str, Any]:
        """A list item of ListSequenceStores."""
        return _members(self, "SequenceStoreDetail")

    def describe(self) -> dict[str, Any]:
        """The answer of CreateSequenceStore, GetSequenceStore and UpdateSequenceStore."""
        return _members(self, "GetSequenceStoreResponse")


@dataclass
class ReadSet:
    """A read set. Its files stay known while it is archived; the API does not show them then."""

    ordinal: int
    creation_time: datetime
    id: str
    arn: str
    sequence_store_id: str
    name: str | None
    file_type: str
    status: str
    files: dict[str, dict[str, Any]]
    """FileInformation by `source1`, `source2`, `index`."""
    etag: dict[str, str] | None
    subject_id: str | None = "subject-1"
    sample_id: str | None = "sample-1"
    description: str | None = None
    reference_arn: str | None = None
    sequence_information: dict[str, Any] | None = None
    creation_type: str | None = "IMPORT"
    creation_job_id: str | None = None
    status_message: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    was_tagged: bool = field(default=False, init=False)
    """Whether it has tags, or once had."""

    def __post_init__(self) -> None:
        self.was_tagged = bool(self.tags)

    def summary(self) -> dict[str, Any]:
        """A list item of ListReadSets: no files, no creation job, no tags."""
        return _members(self, "ReadSetListItem")

    def describe(self) -> dict[str, Any]:
        """The answer of GetReadSetMetadata."""
        described = _members(self, "GetReadSetMetadataResponse")
        if not self.files or self.status not in _STATUSES_WITH_FILES:
            del described["files"]
        return described


@dataclass
class Reference:
    """A genome in a reference store, which read sets may name."""

    creation_time: datetime
    update_time: datetime
    id: str
    arn: str
    reference_store_id: str
    name: str
    md5: str
    status: str = "ACTIVE"
    creation_type: str = "IMPORT"

    def describe(self) -> dict[str, Any]:
        """The answer of GetReferenceMetadata."""
        return _members(self, "GetReferenceMetadataResponse")


@dataclass
class ActivationJob:
    """A job that brings archived read sets back. `sources` holds the state of each."""

    ordinal: int
    creation_time: datetime
    id: str
    sequence_store_id: str
    status: str
    sources: list[dict[str, str]]
    client_token: str | None = None
    completion_time: datetime | None = None

    def summary(self) -> dict[str, Any]:
        """A list item of ListReadSetActivationJobs."""
        return _members(self, "ActivateReadSetJobItem")

    def describe(self) -> dict[str, Any]:
        """The answer of GetReadSetActivationJob."""
        return _members(self, "GetReadSetActivationJobResponse")


@dataclass
class Upload:
    """A multipart upload that is under way."""

    ordinal: int
    creation_time: datetime
    upload_id: str
    sequence_store_id: str
    source_file_type: str
    name: str
    subject_id: str
    sample_id: str
    generated_from: str | None = None
    reference_arn: str | None = None
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    parts: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict[tuple[str, int], tuple[str, int]])
    """Checksum and bytes by the source (SOURCE1, SOURCE2) and number of a part."""

    def describe(self) -> dict[str, Any]:
        """The answer of CreateMultipartReadSetUpload."""
        return _members(self, "CreateMultipartReadSetUploadResponse")


def _members(item: Any, shape: str) -> dict[str, Any]:
    """The members of a shape of the API that an item has a value for."""
    attributes = _attributes(shape)
    return {name: value for name, attribute in attributes if (value := getattr(item, attribute, None)) is not None}


@cache
def _attributes(shape: str) -> list[tuple[str, str]]:
    """The members of a shape, each with its attribute here: `fileType` is `file_type`."""
    members: Any = service_model("omics").shape_for(shape)
    return [(name, xform_name(name).replace("e_tag", "etag")) for name in members.members]


def plausible_etag(read_set_id: str, file_type: str, files: tuple[str, ...], family: str) -> dict[str, str]:
    """An etag as the service computes it: an algorithm by file type, a hash for each source (never for the index)."""
    kind = "BAM" if file_type == "UBAM" else file_type
    sources = [name for name in files if name != "index"]
    digests = {
        name: hashlib.md5(f"{read_set_id}/{name}".encode(), usedforsecurity=False).hexdigest() for name in sources
    }
    return {"algorithm": f"{kind}_{family}", **digests}
