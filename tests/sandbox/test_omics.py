"""What HealthOmics does: listing, statuses, events, quotas and faults."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from omics_sandbox import Limits, Sandbox

from tests.sandbox.conftest import InProcess, without_retries

ABSENT = "9" * 10


def test_given_250_read_sets_when_they_are_listed_then_pages_hold_100_and_changes_between_them_hide_and_repeat_none(
    aws: InProcess,
) -> None:
    created = [aws.create() for _ in range(250)]
    pages = list(aws.omics.get_paginator("list_read_sets").paginate(sequenceStoreId=aws.store))
    assert [len(page["readSets"]) for page in pages] == [100, 100, 50]
    assert [item["id"] for page in pages for item in page["readSets"]] == created

    aws.omics.batch_delete_read_set(sequenceStoreId=aws.store, ids=[*created[:2], *created[99:101]])
    added = aws.create()
    second = aws.omics.list_read_sets(sequenceStoreId=aws.store, nextToken=pages[0]["nextToken"])
    third = aws.omics.list_read_sets(sequenceStoreId=aws.store, nextToken=second["nextToken"])
    assert [item["id"] for page in (second, third) for item in page["readSets"]] == [*created[101:], added]
    assert "nextToken" not in third
    aws.service.page_size = 2
    assert [item["id"] for item in aws.listed(nextToken=pages[1]["nextToken"])] == created[200:202]


YESTERDAY = datetime(2026, 1, 1, tzinfo=UTC)
FILTERS = [
    {"name": "wanted"},
    {"status": "ARCHIVED"},
    {"referenceArn": "arn:aws:omics:us-west-2:1:referenceStore/1/reference/1"},
    {"sampleId": "s2"},
    {"subjectId": "p2"},
    {"generatedFrom": "lane 2"},
    {"creationType": "UPLOAD"},
    {"createdAfter": YESTERDAY - timedelta(hours=1), "createdBefore": YESTERDAY + timedelta(hours=1)},
]


def test_given_each_filter_when_read_sets_are_listed_then_only_the_matching_one_is(aws: InProcess) -> None:
    aws.create("other")
    wanted = aws.create(
        "wanted",
        status="ARCHIVED",
        reference_arn="arn:aws:omics:us-west-2:1:referenceStore/1/reference/1",
        sample_id="s2",
        subject_id="p2",
        sequence_information={"generatedFrom": "lane 2"},
        creation_type="UPLOAD",
        creation_time=YESTERDAY,
    )
    for given in FILTERS:
        assert [item["id"] for item in aws.listed(filter=given)] == [wanted], given


def test_given_a_life_of_a_read_set_when_its_status_changes_then_each_change_is_one_event_and_its_files_come_and_go(
    aws: InProcess,
) -> None:
    aws.events.clear()
    read_set = aws.create(status="PROCESSING_UPLOAD", creation_job_id="5555555555")
    aws.service.set_status(aws.store, read_set, "ACTIVE")
    files = aws.metadata(read_set)["files"]
    aws.service.set_status(aws.store, read_set, "ARCHIVED", message="cold")
    assert "files" not in aws.metadata(read_set)
    job = aws.omics.start_read_set_activation_job(sequenceStoreId=aws.store, sources=[{"readSetId": read_set}])
    assert job["status"] == "SUBMITTED"
    assert aws.metadata(read_set)["files"] == files
    aws.omics.batch_delete_read_set(sequenceStoreId=aws.store, ids=[read_set])
    aws.service.emit_events = False
    aws.create("silent")
    seen = [(resources, detail) for kind, resources, detail in aws.events if kind == "Read Set Status Change"]
    assert [detail["status"] for _, detail in seen] == [
        *("PROCESSING_UPLOAD", "ACTIVE", "ARCHIVED", "ACTIVATING", "ACTIVE", "DELETING", "DELETED")
    ]
    arn = aws.arn(read_set)
    assert seen[2] == (
        [arn],
        {
            "omicsVersion": "1.0.0",
            "arn": arn,
            "sequenceStoreId": aws.store,
            "id": read_set,
            "status": "ARCHIVED",
            "statusMessage": "cold",
            "creationJobId": "5555555555",
        },
    )
    for ask in (aws.metadata, aws.tags):
        with pytest.raises(aws.omics.exceptions.ResourceNotFoundException):
            ask(read_set)


def test_given_read_sets_of_all_kinds_when_a_job_activates_them_then_its_events_and_sources_tell_what_became_of_each(
    aws: InProcess,
) -> None:
    ids = [aws.create(status=status) for status in ("ARCHIVED", "ACTIVE", "UPLOAD_FAILED")]
    aws.events.clear()

    def start(**token: str) -> str:
        sources = [{"readSetId": each} for each in (*ids, ABSENT)]
        return aws.omics.start_read_set_activation_job(sequenceStoreId=aws.store, sources=sources, **token)["id"]

    job = start(clientToken="a")

    assert [(kind, detail["id"], detail["status"]) for kind, _, detail in aws.events] == [
        ("Read Set Activation Job Status Change", job, "SUBMITTED"),
        ("Read Set Status Change", ids[0], "ACTIVATING"),
        ("Read Set Status Change", ids[0], "ACTIVE"),
        ("Read Set Activation Job Status Change", job, "COMPLETED_WITH_FAILURES"),
    ]
    finished = aws.omics.get_read_set_activation_job(sequenceStoreId=aws.store, id=job)
    assert finished["status"] == "COMPLETED_WITH_FAILURES"
    assert [each["status"] for each in finished["sources"]] == ["FINISHED", "FINISHED", "FAILED", "FAILED"]
    # A token stands for one job.
    others = [start(clientToken="b"), start(), start()]
    assert start(clientToken="a") == job
    assert list(aws.service.store(aws.store).activation_jobs) == [job, *others]


UPLOAD = {"sourceFileType": "FASTQ", "subjectId": "p1", "sampleId": "s1", "name": "reads", "tags": {"a": "b"}}


def test_given_parts_when_an_upload_of_them_is_completed_then_it_is_an_active_read_set_with_its_events(
    aws: InProcess,
) -> None:
    omics = aws.omics
    upload = omics.create_multipart_read_set_upload(sequenceStoreId=aws.store, generatedFrom="lane 1", **UPLOAD)
    ids = {"sequenceStoreId": aws.store, "uploadId": upload["uploadId"]}
    parts: list[dict[str, Any]] = []
    for source, number, payload in (("SOURCE1", 1, b"first"), ("SOURCE1", 2, b"more"), ("SOURCE2", 1, b"second")):
        part = {"partSource": source, "partNumber": number}
        parts.append(part | {"checksum": omics.upload_read_set_part(**ids, **part, payload=payload)["checksum"]})
    for wrong in (parts[:1], [], [parts[0] | {"checksum": "another"}, *parts[1:]]):
        with pytest.raises(omics.exceptions.ValidationException):
            omics.complete_multipart_read_set_upload(**ids, parts=wrong)
    read_set_id = omics.complete_multipart_read_set_upload(**ids, parts=parts)["readSetId"]
    metadata = aws.metadata(read_set_id)
    expected = {"status": "ACTIVE", "creationType": "UPLOAD", "sampleId": "s1", "fileType": "FASTQ"}
    assert metadata.items() >= expected.items()
    files = {name: (file["totalParts"], file["contentLength"]) for name, file in metadata["files"].items()}
    assert files == {"source1": (2, 9), "source2": (1, 6)}
    assert aws.tags(read_set_id) == {"a": "b"}
    assert [detail["status"] for *_, detail in aws.events][-2:] == ["PROCESSING_UPLOAD", "ACTIVE"]
    # Nothing is left of one that is complete, or aborted.
    other = omics.create_multipart_read_set_upload(sequenceStoreId=aws.store, **UPLOAD)["uploadId"]
    with pytest.raises(Exception, match="larger than 104857600"):
        aws.service.upload_part(aws.store, other, "SOURCE1", 1, bytes(104_857_601))
    omics.abort_multipart_read_set_upload(sequenceStoreId=aws.store, uploadId=other)
    for upload_id in (ids["uploadId"], other):
        with pytest.raises(omics.exceptions.ResourceNotFoundException):
            omics.abort_multipart_read_set_upload(sequenceStoreId=aws.store, uploadId=upload_id)
    assert [item["id"] for item in aws.listed()] == [read_set_id]


def test_given_what_cannot_be_done_when_it_is_asked_for_then_it_is_refused_and_the_rest_is_done(aws: InProcess) -> None:
    omics, errors = aws.omics, aws.omics.exceptions
    uploading, active = aws.create(status="PROCESSING_UPLOAD"), aws.create(tags={f"k{n}": "v" for n in range(50)})
    # No more than 50 tags
    omics.tag_resource(resourceArn=aws.arn(active), tags={"k1": "new"})
    with pytest.raises(errors.ValidationException):
        omics.tag_resource(resourceArn=aws.arn(active), tags={"one": "more"})
    assert (len(aws.tags(active)), aws.tags(active)["k1"]) == (50, "new")
    # No deletion of a read set that is uploaded now
    answer = omics.batch_delete_read_set(sequenceStoreId=aws.store, ids=[uploading, ABSENT, active])
    assert [(error["id"], error["code"]) for error in answer["errors"]] == [
        (uploading, "ConflictException"),
        (ABSENT, "ResourceNotFoundException"),
    ]
    assert [item["id"] for item in aws.listed()] == [uploading]
    # Nor of a store that has some
    with pytest.raises(errors.ConflictException):
        omics.delete_sequence_store(id=aws.store)
    aws.service.set_status(aws.store, uploading, "DELETED")
    omics.delete_sequence_store(id=aws.store)
    assert omics.list_sequence_stores()["sequenceStores"] == []
    for identity in ("123456789", "1" * 37, "12345abcde", "\u0661" * 10):
        with pytest.raises(Exception, match="10 to 36 digits"):
            aws.service.create_store("s", store_id=identity)


def test_given_a_quota_when_it_is_exceeded_then_only_that_operation_throttles_and_both_are_counted(
    aws: InProcess,
) -> None:
    clock = [100.0]
    aws.service.limits = Limits.documented(clock=lambda: clock[0])

    def answered(attempts: int) -> int:
        before = aws.service.calls["GetSequenceStore"]
        for _ in range(attempts):
            try:
                aws.omics.get_sequence_store(id=aws.store)
            except aws.omics.exceptions.ThrottlingException:
                continue
        return aws.service.calls["GetSequenceStore"] - before

    assert answered(20) == 5
    aws.listed()
    clock[0] += 1.0
    assert answered(20) == 5
    clock[0] += 0.4
    assert answered(20) == 2
    assert aws.service.calls == {"GetSequenceStore": 12, "ListReadSets": 1}
    assert aws.service.throttled == {"GetSequenceStore": 48}
    assert aws.service.limits.admit("another region", "GetSequenceStore")


def test_given_faults_in_line_when_calls_come_then_each_meets_the_first_that_is_meant_for_it(
    sandbox: Sandbox, store_id: str
) -> None:
    good, bad = (sandbox.omics.create_read_set(store_id, name=name) for name in ("good", "bad"))
    faults, omics = sandbox.omics.faults, without_retries(sandbox)
    faults.add("GetSequenceStore", "InternalServerException", times=1)
    faults.add("GetSequenceStore", "ExpiredTokenException", times=1)
    faults.add_connection_reset("GetSequenceStore", times=1)
    faults.add_latency("GetSequenceStore", 0.2, times=1)
    faults.add("GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad)
    for complaint in (r"\(InternalServerException\)", r"\(ExpiredTokenException\)"):
        with pytest.raises(ClientError, match=complaint):
            omics.get_sequence_store(id=store_id)
    with pytest.raises(ConnectionClosedError):
        omics.get_sequence_store(id=store_id)
    started = time.monotonic()
    omics.get_sequence_store(id=store_id)
    assert time.monotonic() - started >= 0.2
    omics.get_read_set_metadata(sequenceStoreId=store_id, id=good)
    with pytest.raises(omics.exceptions.AccessDeniedException):
        omics.get_read_set_metadata(sequenceStoreId=store_id, id=bad)
    # One that waits is left alone when the sandbox stops.
    faults.add_latency("*", 3600)
    with pytest.raises(ReadTimeoutError):
        without_retries(sandbox, read_timeout=0.2).get_sequence_store(id=store_id)


def test_given_a_life_of_a_store_when_the_api_changes_it_then_each_status_is_an_event(aws: InProcess) -> None:
    aws.events.clear()
    created = aws.omics.create_sequence_store(name="before")
    aws.omics.update_sequence_store(id=created["id"], name="after")
    assert aws.omics.get_sequence_store(id=created["id"])["status"] == "ACTIVE"
    aws.omics.delete_sequence_store(id=created["id"])
    common = {"omicsVersion": "1.0.0", "arn": created["arn"], "id": created["id"]}
    assert aws.events == [
        ("Sequence Store Status Change", [created["arn"]], common | {"status": status})
        for status in ("ACTIVE", "UPDATING", "ACTIVE", "DELETING", "DELETED")
    ]
    aws.events.clear()
    aws.service.emit_events, aws.service.trail = False, True
    aws.service.update_store(aws.store, name="after")
    aws.service.tag(aws.service.store(aws.store).arn, {"a": "b"})
    aws.service.delete_store(aws.store)
    assert aws.events == []


def test_given_tags_that_change_when_events_or_a_trail_tell_of_it_then_each_tells_in_its_way(aws: InProcess) -> None:
    read_set, store = aws.arn(aws.create(tags={"kept": "0"})), aws.service.store(aws.store).arn
    aws.events.clear()
    aws.omics.tag_resource(resourceArn=read_set, tags={"a": "1", "kept": "0"})
    aws.omics.tag_resource(resourceArn=read_set, tags={"a": "1"})
    aws.omics.untag_resource(resourceArn=read_set, tagKeys=["a", "other"])
    aws.omics.tag_resource(resourceArn=store, tags={"b": "2"})
    told = ("changed-tag-keys", "tags", "service", "resource-type")
    assert [(kind, resources, *(detail[name] for name in told)) for kind, resources, detail in aws.events] == [
        ("Tag Change on Resource", [read_set], ["a"], {"kept": "0", "a": "1"}, "omics", "readSet"),
        ("Tag Change on Resource", [read_set], ["a"], {"kept": "0"}, "omics", "readSet"),
        ("Tag Change on Resource", [store], ["b"], {"b": "2"}, "omics", "sequenceStore"),
    ]

    aws.events.clear()
    aws.service.tag_events, aws.service.trail = False, True
    aws.omics.tag_resource(resourceArn=read_set, tags={"a": "1"})
    aws.omics.untag_resource(resourceArn=read_set, tagKeys=["a", "other"])
    with pytest.raises(aws.omics.exceptions.ResourceNotFoundException):
        aws.omics.tag_resource(resourceArn=f"{read_set}0", tags={"a": "1"})
    told = ("eventName", "requestParameters", "eventSource", "awsRegion", "recipientAccountId", "readOnly", "eventType")
    common = ("omics.amazonaws.com", "us-west-2", "123456789012", False, "AwsApiCall")
    assert [(kind, resources, *(detail[name] for name in told)) for kind, resources, detail in aws.events] == [
        ("AWS API Call via CloudTrail", [], name, {"resourceArn": read_set, **parameters}, *common)
        for name, parameters in (
            ("TagResource", {"tags": {"a": "1"}}),
            ("UntagResource", {"tagKeys": ["a", "other"]}),
        )
    ]
