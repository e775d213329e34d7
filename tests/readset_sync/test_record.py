"""Building rows from what HealthOmics says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from readset_sync.model.record import build_row, digest, with_bookkeeping, without_malformed

ARN = "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890/readSet/9876543210"
AS_OF = datetime(2026, 4, 4, 17, 53, 6, tzinfo=UTC)
STORE = {
    "id": "1234567890",
    "arn": "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890",
    "name": "cohort",
    "s3Access": {
        "s3Uri": "s3://123456789012-abc/123456789012/sequenceStore/1234567890/",
        "s3AccessPointArn": "arn:aws:s3:us-west-2:123456789012:accesspoint/123456789012-abc",
    },
}
COUNTS = {"content_length": "250000000", "part_size": "104857600", "total_parts": "3"}
"""What the row has of every file."""


def file(name: str, *, s3: bool = True) -> dict[str, Any]:
    given: dict[str, Any] = {"totalParts": 3, "partSize": 104857600, "contentLength": 250000000}
    return given | ({"s3Access": {"s3Uri": f"s3://bucket/{name}"}} if s3 else {})


def read_set(**changes: Any) -> dict[str, Any]:
    complete = {
        "id": "9876543210",
        "arn": ARN,
        "sequenceStoreId": "1234567890",
        "subjectId": "subject",
        "sampleId": "sample",
        "status": "ACTIVE",
        "name": "reads",
        "description": "exome",
        "fileType": "FASTQ",
        "creationTime": datetime(2026, 4, 4, 12, 0, 0, tzinfo=UTC),
        "sequenceInformation": {
            "totalReadCount": 100,
            "totalBaseCount": 15000,
            "generatedFrom": "run",
            "alignment": "UNALIGNED",
        },
        "referenceArn": "arn:aws:omics:us-west-2:123456789012:referenceStore/1/reference/2",
        "files": {"source1": file("r1"), "source2": file("r2")},
        "etag": {"algorithm": "FASTQ_MD5up", "source1": "aaa", "source2": "bbb"},
        "creationType": "IMPORT",
        "creationJobId": "5555555555",
    } | changes
    return {name: value for name, value in complete.items() if value is not None}


def row(previous: dict[str, Any] | None = None, tags: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return build_row(
        read_set(**changes), tags=tags or {}, store=STORE, store_as_of=AS_OF, as_of=AS_OF, previous=previous
    )


def test_a_paired_fastq_read_set_gives_every_documented_attribute() -> None:
    built = row(tags={"project": "x", "Cohort": "y"})

    assert built.pop("sync_revision")
    assert built.pop("sync_digest") == digest(built)
    assert built == {
        "set_id": "9876543210",
        "set_arn": ARN,
        "store_id": "1234567890",
        "set_name": "reads",
        "set_description": "exome",
        "set_status": "ACTIVE",
        "set_type": "FASTQ",
        "set_reference_arn": "arn:aws:omics:us-west-2:123456789012:referenceStore/1/reference/2",
        "set_subject_id": "subject",
        "set_sample_id": "sample",
        "files": [
            {"file_path": "s3://bucket/r1", "etag": "aaa", "file_type": "source1", **COUNTS},
            {"file_path": "s3://bucket/r2", "etag": "bbb", "file_type": "source2", **COUNTS},
        ],
        "store": {
            "store_id": "1234567890",
            "store_arn": "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890",
            "store_name": "cohort",
            "store_uri": "s3://123456789012-abc/123456789012/sequenceStore/1234567890/",
            "store_ap_arn": "arn:aws:s3:us-west-2:123456789012:accesspoint/123456789012-abc",
            "store_type": "sequence_store",
        },
        "tags": [{"Cohort": "y"}, {"project": "x"}],
        "set_creation_time": "2026-04-04T12:00:00Z",
        "set_creation_type": "IMPORT",
        "set_creation_job_id": "5555555555",
        "set_etag": {"algorithm": "FASTQ_MD5up", "source1": "aaa", "source2": "bbb"},
        "set_sequence_information": {
            "total_read_count": 100,
            "total_base_count": 15000,
            "generated_from": "run",
            "alignment": "UNALIGNED",
        },
        "set_total_size": 500000000,
        "synced_at": "2026-04-04T17:53:06Z",
        "status_at": "2026-04-04T17:53:06Z",
        "store_at": "2026-04-04T17:53:06Z",
    }


def test_the_index_comes_last_and_has_no_etag_of_its_own() -> None:
    built = row(
        fileType="BAM",
        files={"index": file("i"), "source1": file("s")},
        etag={"algorithm": "BAM_MD5up", "source1": "aaa"},
    )

    assert [each["file_type"] for each in built["files"]] == ["source1", "index"]
    assert built["files"][0]["etag"] == "aaa"
    assert "etag" not in built["files"][1]


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_the_source_does_not_give_is_left_out(nothing: str | None) -> None:
    attributes = {
        "name": "set_name",
        "description": "set_description",
        "referenceArn": "set_reference_arn",
        "subjectId": "set_subject_id",
        "sampleId": "set_sample_id",
        "creationType": "set_creation_type",
        "creationJobId": "set_creation_job_id",
    }
    given: dict[str, Any] = dict.fromkeys(attributes, nothing)

    built = row(**given, etag={"algorithm": "FASTQ_MD5up", "source1": nothing})

    assert built.keys().isdisjoint(attributes.values())
    assert built["set_etag"] == {"algorithm": "FASTQ_MD5up"}
    assert "etag" not in built["files"][0]


def test_a_read_set_and_files_without_s3_access_and_without_etag_have_neither() -> None:
    built = row(files={"source1": file("s", s3=False)}, etag=None, sequenceInformation=None)

    assert built.keys().isdisjoint({"set_etag", "set_sequence_information"})
    assert built["tags"] == []
    assert built["files"] == [{"file_type": "source1", **COUNTS}]


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "ACTIVATING", "DELETING"])
def test_files_stay_while_the_content_is_unchanged(status: str) -> None:
    active = row()

    archived = row(previous=active, status=status, files=None)

    assert archived["files"] == active["files"]
    assert archived["set_total_size"] == active["set_total_size"]
    assert archived["set_status"] == status


def test_the_name_of_a_reference_stays_where_it_cannot_be_read() -> None:
    named = row(referenceName="GRCh38")
    other = row(previous=named, referenceArn="arn:other")

    assert row(previous=named)["set_reference_name"] == "GRCh38"
    assert row(previous=named, referenceName="hg19")["set_reference_name"] == "hg19"
    assert "set_reference_name" not in other
    assert "set_reference_name" not in row(previous=row())
    assert "set_reference_name" not in row(previous=named, referenceArn=None)


def test_files_go_when_the_content_changed() -> None:
    changed = {"algorithm": "FASTQ_MD5up", "source1": "zzz", "source2": "bbb"}

    archived = row(previous=row(), status="ARCHIVED", files=None, etag=changed)

    assert "files" not in archived
    assert "set_total_size" not in archived
    assert archived["sync_lacks"] == "files"


@pytest.mark.parametrize(
    ("lacks", "given"),
    [
        ("files", {"status": "ARCHIVED", "files": None}),
        ("files", {"files": None}),
        (None, {}),
        (None, {"files": None, "etag": None}),
        (None, {"status": "PROCESSING_UPLOAD", "files": None}),
        (None, {"status": "ARCHIVED", "files": None, "previous": row()}),
    ],
)
def test_a_row_without_the_files_that_its_read_set_has_says_so(lacks: str | None, given: dict[str, Any]) -> None:
    assert row(**given).get("sync_lacks") == lacks


def test_files_of_a_row_as_the_reference_implementation_writes_it_stay_in_the_documented_form() -> None:
    """It writes numbers, an empty text where there is no etag, and the files in the order of the response."""
    counts = {name: Decimal(text) for name, text in COUNTS.items()}
    index = {"file_type": "index", "etag": "", "file_path": "s3://bucket/i", **counts}
    source = {"file_type": "source1", "etag": "aaa", "file_path": "s3://bucket/s", **counts}
    reference = without_malformed({"set_arn": ARN, "files": [index, source]})

    archived = row(previous=reference, status="ARCHIVED", files=None)

    assert archived["files"] == [
        {"file_type": "source1", "etag": "aaa", "file_path": "s3://bucket/s", **COUNTS},
        {"file_type": "index", "file_path": "s3://bucket/i", **COUNTS},
    ]
    assert archived["set_total_size"] == 500000000


@pytest.mark.parametrize(
    "malformed", [{"content_length": Decimal("1.5")}, {"part_size": Decimal(-1)}, {"etag": Decimal(1)}, {"etag": None}]
)
def test_files_of_any_other_form_are_left_out(malformed: dict[str, Any]) -> None:
    assert "files" not in without_malformed({"set_arn": ARN, "files": [{"file_type": "source1", **malformed}]})


def test_bookkeeping_never_goes_back_in_time_only_forward() -> None:
    earlier = datetime(2026, 4, 4, 17, 0, 0, tzinfo=UTC)
    later = datetime(2026, 4, 4, 18, 0, 0, tzinfo=UTC)
    built = row()

    assert with_bookkeeping(built, as_of=earlier, complete_as_of=earlier)["status_at"] == "2026-04-04T17:53:06Z"
    assert with_bookkeeping(built, as_of=later, complete_as_of=later)["status_at"] == "2026-04-04T18:00:00Z"
    assert with_bookkeeping(built, as_of=later, complete_as_of=later)["sync_revision"] != built["sync_revision"]
