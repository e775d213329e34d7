"""Comparing a listing with rows."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from readset_sync.model.comparison import compare, full_differences
from readset_sync.model.record import build_row, is_edited, with_bookkeeping

ROWS_OF_0_1_0 = (Path(__file__).parents[1] / "reuse/recorded/rows-0.1.0.jsonl").read_text().splitlines()
LISTED_AT = datetime(2026, 4, 4, 18, 0, 0, tzinfo=UTC)
EARLIER = datetime(2026, 4, 4, 17, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 4, 19, 0, 0, tzinfo=UTC)
STORE = {"id": "1234567890", "arn": "arn:store", "name": "cohort"}
LISTED: dict[str, Any] = {
    "id": "9876543210",
    "arn": "arn:set",
    "sequenceStoreId": "1234567890",
    "status": "ACTIVE",
    "name": "reads",
    "fileType": "FASTQ",
    "subjectId": "subject",
    "sampleId": "sample",
    "creationTime": EARLIER,
    "etag": {"algorithm": "FASTQ_MD5up", "source1": "aaa", "source2": "bbb"},
}
FILES = {"source1": {"contentLength": 1}, "source2": {"contentLength": 2}}


def row(*, as_of: datetime = EARLIER, **changes: Any) -> dict[str, Any]:
    return build_row(
        LISTED | {"files": FILES} | changes, tags={"a": "b"}, store=STORE, store_as_of=as_of, as_of=as_of, previous=None
    )


def comparison(of: dict[str, Any] | None, **listed: Any) -> Any:
    [result] = compare([LISTED | listed], {"arn:set": of} if of else {}, STORE, listed_at=LISTED_AT)
    return result


def test_a_missing_row_is_missing_unless_the_upload_has_not_ended() -> None:
    assert comparison(None).missing
    assert not comparison(None, status="PROCESSING_UPLOAD").missing
    assert not comparison(None, status="UPLOAD_FAILED").missing


def test_a_row_written_since_the_listing_is_judged_by_reading_it_in_full() -> None:
    result = comparison(row(as_of=LATER, status="ARCHIVED"))

    assert (result.fields, result.suspect, result.confirms_row) == ((), True, False)


@pytest.mark.parametrize(
    "edit",
    [
        {"tags": [{"a": "forged"}]},
        {"tags": []},
        {"files": [{"file_type": "source1", "content_length": "1"}]},
        {"files": []},
        {"set_total_size": 1},
        {"set_creation_job_id": "forged"},
    ],
)
def test_an_edit_of_files_or_tags_behind_our_back_raises_suspicion(edit: dict[str, Any]) -> None:
    assert comparison(row() | edit).suspect


def test_content_that_changed_raises_suspicion_too() -> None:
    result = comparison(row(), etag={"algorithm": "FASTQ_MD5up", "source1": "zzz", "source2": "bbb"})

    assert (result.fields, result.suspect) == (("set_etag",), True)


@pytest.mark.parametrize("line", ROWS_OF_0_1_0, ids=range(len(ROWS_OF_0_1_0)))
def test_a_row_of_version_0_1_0_is_not_taken_for_edited_unless_it_is(line: str) -> None:
    written = {name: TypeDeserializer().deserialize(value) for name, value in json.loads(line).items()}

    assert not is_edited(written)
    assert is_edited(written | {"tags": [{"a": "forged"}]})


@pytest.mark.parametrize("lost", ["tags", "files"])
def test_a_lost_attribute_raises_suspicion_even_without_a_digest(lost: str) -> None:
    edited = {name: value for name, value in row().items() if name not in {lost, "sync_digest"}}

    assert comparison(edited).suspect


def test_a_row_in_the_reference_format_is_judged_by_the_attributes_it_can_have() -> None:
    ours = ("sync_", "synced_at", "status_at", "set_creation", "set_etag", "set_sequence", "set_total")
    reference = {name: value for name, value in row().items() if not name.startswith(ours)}
    reference["files"] = [{"file_type": name, "etag": LISTED["etag"][name]} for name in ("source1", "source2")]

    result = comparison(reference)

    assert (result.fields, result.suspect) == ((), False)
    assert not result.confirms_row  # It has not all that ours have, so an archived one is still read in full once.
    assert comparison(reference | {"set_name": "old"}).fields == ("set_name",)
    numbers = [file | {"content_length": Decimal(1)} for file in reference["files"]]
    assert comparison(reference | {"files": numbers}).suspect


REFERENCE: dict[str, Any] = {"referenceArn": "arn:reference"}


@pytest.mark.parametrize(
    ("had", "listed", "fields"),
    [
        ("GRCh38", "GRCh38", ()),
        ("GRCh38", "hg19", ("set_reference_name",)),
        (None, "GRCh38", ("set_reference_name",)),
        # Whoever compares may not read names: whether the row has one says nothing.
        ("GRCh38", None, ()),
        (None, None, ()),
    ],
)
def test_the_name_of_a_reference_is_compared_where_it_can_be_read(
    had: str | None, listed: str | None, fields: tuple[str, ...]
) -> None:
    written = row(**REFERENCE, referenceName=had)

    assert comparison(written, **REFERENCE, referenceName=listed).fields == fields
    assert full_differences(written, row(**REFERENCE, referenceName=listed)) == list(fields)


def test_full_differences_leave_bookkeeping_out() -> None:
    written = row()

    assert full_differences(written, with_bookkeeping(written, as_of=LATER, complete_as_of=LATER)) == []
    assert full_differences(written, row(files={"source1": {"contentLength": 9}})) == ["files", "set_total_size"]
