"""What HealthOmics says of a read set, as a row of the table. Pure: no AWS calls.

A row is a plain dictionary of the attributes that docs/schema.md lists. What the source does not give
is left out: no empty strings, no nulls. The shapes read here are those of the HealthOmics API reference:
GetReadSetMetadata, ListReadSets, GetSequenceStore and ListTagsForResource. `referenceName` is added by `HealthOmics`.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

from readset_sync.constants import KEY
from readset_sync.model.timestamp import format_timestamp, is_timestamp

if TYPE_CHECKING:
    from botocore.model import ServiceModel

Response = Mapping[str, Any]
Row = dict[str, Any]

REVISION: Final = "sync_revision"
"""New with every write. A write names the revision that it replaces, so that it never undoes another write."""

CREATED_AT: Final = "set_creation_time"
"""When the read set came to be; never changes."""

REFERENCE_ARN: Final = "set_reference_arn"

STORE_ID: Final = "store_id"

REFERENCE_NAME: Final = "set_reference_name"
"""The name of the reference, which never changes. Whoever may not read it keeps what a row has."""

STATUS_AT: Final = "status_at"
"""When the source was known to have the row's `set_status`."""

STORE_AT: Final = "store_at"
"""When the source was known to have the row's `store`."""

SYNCED_AT: Final = "synced_at"
"""When the source was read for the row as a whole."""

SYNC_STATE: Final = "sync_state"
"""On rows that lack something alone: what they lack. A complete row does not have it."""

LISTED: Final = "listed"
"""The `SYNC_STATE` of a row that holds what an entry of ListReadSets says, and tags if they were told in bulk."""

UNTAGGED: Final = "untagged"
"""The `SYNC_STATE` of a row whose tags have never been read. It may have some that were told in bulk."""

DIGEST: Final = "sync_digest"
"""Digest of what no listing shows, `files` and `tags` above all: an edit behind our back is seen without a call."""

UNKNOWN: Final = "sync_unknown"
"""On rows alone whose writer did not see all that HealthOmics has: the attributes that are missing for that.

An API model may lack them (`unknown_attributes`), and the job that made an archived read set may not be asked for."""

LACKS: Final = "sync_lacks"
"""`files` on rows without them of read sets that have some, which HealthOmics does not show; other rows have it not."""

_DIGEST_FORMAT: Final = 1
"""Part of the digest. Raise it when rows get another attribute: all are then read in full, and that is no drift."""

_FILES: Final = ("source1", "source2", "index")

_TEXTS: Final = {
    "set_id": "id",
    KEY: "arn",
    "set_name": "name",
    "set_description": "description",
    "set_status": "status",
    "set_type": "fileType",
    REFERENCE_ARN: "referenceArn",
    REFERENCE_NAME: "referenceName",
    "set_subject_id": "subjectId",
    "set_sample_id": "sampleId",
    "set_status_message": "statusMessage",
    "set_creation_type": "creationType",
    "set_creation_job_id": "creationJobId",
    # Also in `store`; here because the key of an index must be an attribute of its own.
    STORE_ID: "sequenceStoreId",
}

_CONVERTED: Final = {CREATED_AT: "creationTime", "set_etag": "etag", "set_sequence_information": "sequenceInformation"}
"""Attributes whose value is made of the member: a time as a text, or a map with other names."""

_UNLISTED: Final = ("files", "tags", "set_total_size", "set_creation_job_id")
"""Attributes that no listing shows."""

LISTED_ATTRIBUTES: Final = frozenset({*_TEXTS, *_CONVERTED}) - {KEY, *_UNLISTED}
"""Attributes that an entry of ListReadSets decides, the key aside."""

COMPARED_ATTRIBUTES: Final = LISTED_ATTRIBUTES | {*_UNLISTED, "store", SYNC_STATE}
"""Attributes by which a row is right or wrong. The key and the bookkeeping of writes are not among them."""

REFERENCE_ATTRIBUTES: Final = frozenset(
    {
        "set_id",
        "set_name",
        "set_description",
        "set_status",
        "set_type",
        REFERENCE_ARN,
        "set_subject_id",
        "set_sample_id",
        "files",
        "store",
        "tags",
    }
)
"""Attributes, the key aside, of rows in the reference implementation's format."""

_ETAG: Final = {"algorithm": "algorithm", "source1": "source1", "source2": "source2"}

_SEQUENCE_INFORMATION: Final = {
    "total_read_count": "totalReadCount",
    "total_base_count": "totalBaseCount",
    "generated_from": "generatedFrom",
    "alignment": "alignment",
}

_STORE: Final = {"store_id": "id", "store_arn": "arn", "store_name": "name"}
_STORE_ACCESS: Final = {"store_uri": "s3Uri", "store_ap_arn": "s3AccessPointArn"}
_FILE_COUNTS: Final = {"content_length": "contentLength", "part_size": "partSize", "total_parts": "totalParts"}
"""Attributes of a file that the reference implementation documents as strings, and writes as numbers."""


_MEMBERS: Final = {
    **{attribute: [member] for attribute, member in _TEXTS.items() if attribute != REFERENCE_NAME},
    CREATED_AT: ["creationTime"],
    "set_etag": [f"etag.{member}" for member in _ETAG.values()],
    "set_sequence_information": [f"sequenceInformation.{member}" for member in _SEQUENCE_INFORMATION.values()],
}
_FILE_MEMBERS: Final = [
    *(f"files.{name}.{member}" for name in _FILES for member in ("s3Access.s3Uri", *_FILE_COUNTS.values())),
    *(f"etag.{name}" for name in _FILES if name in _ETAG),
]
_STORE_MEMBERS: Final = [*_STORE.values(), *(f"s3Access.{member}" for member in _STORE_ACCESS.values())]
_MADE_OF: Final = {
    "GetReadSetMetadataResponse": _MEMBERS
    | {"files": _FILE_MEMBERS, "set_total_size": [f"files.{name}.contentLength" for name in _FILES]},
    "ReadSetListItem": {name: members for name, members in _MEMBERS.items() if name in LISTED_ATTRIBUTES},
    "GetSequenceStoreResponse": {"store": _STORE_MEMBERS},
    "GetReferenceMetadataResponse": {REFERENCE_NAME: ["name"]},
}
"""The members that attributes are made of, by the shape of the API model that has them."""


def unknown_attributes(model: "ServiceModel") -> str:
    """Name the attributes that an API model of HealthOmics does not know in full, with commas between them.

    botocore leaves out of an answer whatever its model does not have, and the function's botocore may be another one
    than that of the command line.
    """
    unknown = {
        attribute
        for shape, attributes in ((model.shape_for(name), attributes) for name, attributes in _MADE_OF.items())
        for attribute, members in attributes.items()
        if not all(_has_member(shape, member) for member in members)
    }
    return ",".join(sorted(unknown))


def build_row(
    read_set: Response,
    *,
    tags: Mapping[str, str] | None,
    store: Response,
    store_as_of: datetime,
    as_of: datetime,
    tags_as_of: datetime | None = None,
    previous: Row | None,
    unknown: str = "",
) -> Row:
    """Build the whole row of a read set.

    Args:
        read_set: The response of GetReadSetMetadata.
        tags: The read set's tags, from ListTagsForResource. None when they were not read: then the row keeps those of
            the row that it replaces, or has none and says so.
        store: The response of GetSequenceStore for its store.
        store_as_of: When the store was read, by the source's own clock.
        as_of: When the read set was read, by the same clock.
        tags_as_of: When the tags were, if that was before.
        previous: The row that this one replaces. An archived read set has no files at the source, so they are
            taken from here for as long as the content is the same; so is the name of its reference if it is not known.
        unknown: What `unknown_attributes` says of the API model that all of this was read with.
    """
    row = read_set_attributes(read_set) | ({UNKNOWN: unknown} if unknown else {})
    row |= store_attributes(store, as_of=store_as_of)
    row |= {"tags": tag_list(tags)} if tags is not None else _kept_tags(previous)
    if previous and lacks_reference_name(row):
        row |= _kept_reference_name(row, previous)
    files = _files(read_set) or _kept_files(row, previous)
    if files:
        row["files"] = files
        row["set_total_size"] = sum(int(file["content_length"]) for file in files if "content_length" in file)
    elif read_set["status"] == "ARCHIVED" or not has_its_files(read_set):
        row[LACKS] = "files"
    return with_bookkeeping(row, as_of=as_of, complete_as_of=(tags_as_of or as_of) if tags is not None else None)


def listed_row(
    listed: Response, *, store: Response, store_as_of: datetime, as_of: datetime, tags: Mapping[str, str] | None = None
) -> Row:
    """Build the row of a read set of which no more is known than its entry of ListReadSets, listed at `as_of`.

    Of what else there is, it may have the tags that were told in bulk after that.
    """
    row = read_set_attributes(listed) | store_attributes(store, as_of=store_as_of) | {SYNC_STATE: LISTED}
    row |= {"tags": tag_list(tags)} if tags is not None else {}
    return with_bookkeeping(row, as_of=as_of, complete_as_of=as_of if tags is not None else None)


def completed_row(row: Row, *, tags: Mapping[str, str], as_of: datetime) -> Row:
    """Build the row of an archived read set from one that a listing has confirmed, and the tags as of some moment.

    HealthOmics has nothing else of it but the job that made it, which is left out until the read set is active.
    """
    complete = {name: value for name, value in row.items() if name != SYNC_STATE} | {"tags": tag_list(tags)}
    if row.get(SYNC_STATE) == LISTED:
        unknown = {name for name in row.get(UNKNOWN, "").split(",") if name} | {"set_creation_job_id"}
        complete |= {LACKS: "files", UNKNOWN: ",".join(sorted(unknown))}
    return with_bookkeeping(complete, as_of=as_of, complete_as_of=as_of)


def with_bookkeeping(row: Row, *, as_of: datetime, complete_as_of: datetime | None) -> Row:
    """Return the row with the bookkeeping of a fresh write, for which the source was read at `as_of`.

    Unless all of it was read, or known, the row as a whole is as old as what has not been read again.
    """
    moment = format_timestamp(as_of)
    sealed = row | {
        DIGEST: digest(row),
        STATUS_AT: max(moment, row.get(STATUS_AT, "")),
        REVISION: new_revision(),
    }
    if complete_as_of is None:
        return sealed
    return sealed | {SYNCED_AT: max(format_timestamp(complete_as_of), row.get(SYNCED_AT, ""))}


def new_revision() -> str:
    """Return a token that no row has had before."""
    return uuid4().hex


def read_set_attributes(read_set: Response) -> Row:
    """Return the attributes that both GetReadSetMetadata and an entry of ListReadSets give.

    An entry of ListReadSets has no `creationJobId`, so `set_creation_job_id` comes from GetReadSetMetadata alone.
    """
    row = _present(read_set, _TEXTS)
    if created := read_set.get("creationTime"):
        row[CREATED_AT] = format_timestamp(created)
    if etag := _present(read_set.get("etag", {}), _ETAG):
        row["set_etag"] = etag
    if sequence := _present(read_set.get("sequenceInformation", {}), _SEQUENCE_INFORMATION):
        row["set_sequence_information"] = sequence
    return row


def store_attributes(store: Response, *, as_of: datetime) -> Row:
    """Return the attributes that tell of a read set's store, from a response of GetSequenceStore and its time."""
    return {"store": store_map(store), STORE_AT: format_timestamp(as_of)}


def store_map(store: Response) -> dict[str, str]:
    """Return the `store` attribute from a response of GetSequenceStore. A store may have no S3 access."""
    access = store.get("s3Access", {})
    return {
        **_present(store, _STORE),
        **_present(access, _STORE_ACCESS),
        "store_type": "sequence_store",
    }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the `tags` attribute: one single-entry map per tag, sorted by key, so that `contains` finds them."""
    return [{key: tags[key]} for key in sorted(tags)]


def tag_map(row: Row) -> dict[str, str]:
    """Return the tags of a row: none, too, of one that does not say."""
    return {key: value for tag in row.get("tags", ()) for key, value in tag.items()}


def has_its_files(read_set: Response) -> bool:
    """Whether GetReadSetMetadata shows the files of a read set, if it is ACTIVE: those that have an etag."""
    expected = {name for name in _FILES if name in read_set.get("etag", {})}
    return read_set["status"] != "ACTIVE" or expected <= read_set.get("files", {}).keys()


def lacks_reference_name(row: Row) -> bool:
    """Whether a row has a reference, and not its name."""
    return REFERENCE_ARN in row and REFERENCE_NAME not in row


def synced_since(row: Row, moment: datetime) -> bool:
    """Whether the source was read for the row as a whole after a moment."""
    return SYNC_STATE not in row and row.get(SYNCED_AT, "") > format_timestamp(moment)


def is_own(row: Row) -> bool:
    """Whether a row is as this product wrote it, as far as its bookkeeping tells."""
    return REVISION in row and not is_edited(row)


def is_edited(row: Row) -> bool:
    """Whether somebody changed attributes of a row of ours that no listing shows."""
    return DIGEST in row and row[DIGEST] not in {digest(row), _digest_of_0_1(row)}


def digest(row: Row) -> str:
    """Return a digest of the row's attributes that no listing shows."""
    unlisted = [_DIGEST_FORMAT, *(row.get(name) for name in _UNLISTED)]
    # DynamoDB gives numbers back as Decimal.
    content = json.dumps(unlisted, sort_keys=True, default=int)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _digest_of_0_1(row: Row) -> str:
    """Return what version 0.1.0 wrote as a digest, so that an upgrade does not make all rows look edited."""
    content = json.dumps([row.get("files"), row.get("tags")], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def same_content(row: Row, etag: Mapping[str, str]) -> bool:
    """Whether nothing says that the content changed since the row was written.

    Compares, file by file, the etags that both sides know. Rows written by another tool have no `set_etag`, so
    those beside the files count.
    """
    known = {file.get("file_type"): file["etag"] for file in row.get("files", []) if "etag" in file}
    known |= {name: value for name, value in row.get("set_etag", {}).items() if name in _FILES}
    return all(known[name] == value for name, value in etag.items() if name in known)


def without_malformed(row: Row) -> Row:
    """Leave out attributes of another type than the schema's, which only another tool can have written.

    Files with numbers in place of texts stay: of an archived read set, the table may be all that knows them.
    """
    return {name: value for name, value in row.items() if _fits(name, value)}


def has_numeric_file_values(row: Row) -> bool:
    """Whether a file of the row has a number in place of a text, as no row of ours does."""
    return any(not isinstance(value, str) for file in row.get("files", []) for value in file.values())


def _fits(name: str, value: object) -> bool:
    match name:
        case "files":
            return isinstance(value, list) and all(map(_is_file, cast("list[object]", value)))
        case "tags":
            return isinstance(value, list) and all(map(_is_text_map, cast("list[object]", value)))
        case "set_etag" | "store":
            return _is_text_map(value)
        case "set_sequence_information":
            return isinstance(value, dict)
        case "set_total_size":
            return isinstance(value, int | Decimal)
        case "synced_at" | "status_at" | "store_at" | "set_creation_time":
            return is_timestamp(value)
        case _:
            return name not in (*_TEXTS, UNKNOWN) or isinstance(value, str)


def _is_file(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    file = cast("dict[str, object]", value)
    texts = {name: each for name, each in file.items() if name not in _FILE_COUNTS or not _is_count(each)}
    return _is_text_map(texts) and str(texts.get("content_length", "0")).isdigit()


def _is_count(value: object) -> bool:
    return isinstance(value, Decimal) and value == int(value) and value >= 0


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in cast("dict[str, object]", value).values())


def _kept_tags(previous: Row | None) -> Row:
    """The tags of the replaced row with the time since when they are known; or that there are none."""
    if previous is None or "tags" not in previous:
        return {SYNC_STATE: UNTAGGED}
    if SYNC_STATE in previous:
        # They were told in bulk, and perhaps never compared.
        return {"tags": previous["tags"], SYNC_STATE: UNTAGGED}
    return {name: previous[name] for name in ("tags", SYNCED_AT) if name in previous}


def _kept_reference_name(row: Row, previous: Row) -> Row:
    """The name that the replaced row has for the same reference, if any."""
    is_known = REFERENCE_NAME in previous and previous.get(REFERENCE_ARN) == row[REFERENCE_ARN]
    return {REFERENCE_NAME: previous[REFERENCE_NAME]} if is_known else {}


def _kept_files(row: Row, previous: Row | None) -> list[dict[str, str]]:
    """Files of the replaced row that still hold, for a read set that does not show any at the source."""
    if previous is None or not same_content(previous, row.get("set_etag", {})):
        return []
    files = {file.get("file_type"): file for file in previous.get("files", [])}
    return [_texts(files[name]) for name in _FILES if name in files]


def _files(read_set: Response) -> list[dict[str, str]]:
    """Return one map per file present, all values strings."""
    files = read_set.get("files", {})
    etags = read_set.get("etag", {})
    return [_file(name, files[name], etags.get(name)) for name in _FILES if name in files]


def _file(name: str, file: Response, etag: str | None) -> dict[str, str]:
    given = {
        "file_path": file.get("s3Access", {}).get("s3Uri"),
        "etag": etag,
        "file_type": name,
    }
    return _texts(given | _present(file, _FILE_COUNTS))


def _texts(file: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(int(value) if isinstance(value, Decimal) else value)
        for name, value in file.items()
        if value not in (None, "")
    }


def _has_member(shape: Any, path: str) -> bool:
    for name in path.split("."):
        if name not in shape.members:
            return False
        shape = shape.members[name]
    return True


def _present(response: Response, names: Mapping[str, str]) -> Row:
    """Rename members of a response, leaving out what it does not give."""
    return {
        attribute: response[member] for attribute, member in names.items() if response.get(member) not in (None, "")
    }
