"""What HealthOmics does: listing, statuses, events, quotas and faults."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from omics_sandbox import Limits, Sandbox

from tests.sandbox.conftest import without_retries


@pytest.fixture
def published(sandbox: Sandbox, make_queue: Callable[..., Any]) -> Callable[[], list[dict[str, Any]]]:
    """Reads the events of HealthOmics published since the start of the test, or since the last reading."""
    events = sandbox.client("events")
    queue = make_queue("published")
    rule = events.put_rule(Name="all", EventPattern='{"source": ["aws.omics", "aws.tag"]}')["RuleArn"]
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": queue.arn}])
    queue.allow(rule)
    return lambda: [json.loads(message["Body"]) for message in queue.receive()]


def test_given_250_read_sets_when_they_are_listed_then_pages_hold_100_and_changes_between_them_hide_and_repeat_none(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    created = [sandbox.omics.create_read_set(store_id, name=f"r{n}") for n in range(250)]
    pages = list(omics.get_paginator("list_read_sets").paginate(sequenceStoreId=store_id))
    assert [len(page["readSets"]) for page in pages] == [100, 100, 50]
    assert [item["id"] for page in pages for item in page["readSets"]] == created

    omics.batch_delete_read_set(sequenceStoreId=store_id, ids=[*created[:2], *created[99:101]])
    added = sandbox.omics.create_read_set(store_id, name="new")
    second = omics.list_read_sets(sequenceStoreId=store_id, nextToken=pages[0]["nextToken"])
    third = omics.list_read_sets(sequenceStoreId=store_id, nextToken=second["nextToken"])
    assert [item["id"] for page in (second, third) for item in page["readSets"]] == [*created[101:], added]
    assert "nextToken" not in third


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


def test_given_each_filter_when_read_sets_are_listed_then_only_the_matching_one_is(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    sandbox.omics.create_read_set(store_id, name="other")
    wanted = sandbox.omics.create_read_set(
        store_id,
        name="wanted",
        status="ARCHIVED",
        reference_arn="arn:aws:omics:us-west-2:1:referenceStore/1/reference/1",
        sample_id="s2",
        subject_id="p2",
        sequence_information={"generatedFrom": "lane 2"},
        creation_type="UPLOAD",
        creation_time=YESTERDAY,
    )
    for given in FILTERS:
        found = omics.list_read_sets(sequenceStoreId=store_id, filter=given)["readSets"]
        assert [item["id"] for item in found] == [wanted], given


def test_given_an_archived_read_set_when_it_is_described_then_it_has_no_files_until_it_is_active_again(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    files = omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["files"]
    sandbox.omics.set_status(store_id, read_set_id, "ARCHIVED")
    assert "files" not in omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)

    job = omics.start_read_set_activation_job(sequenceStoreId=store_id, sources=[{"readSetId": read_set_id}])
    assert job["status"] == "SUBMITTED"
    finished = omics.get_read_set_activation_job(sequenceStoreId=store_id, id=job["id"])
    assert (finished["status"], finished["sources"][0]["status"]) == ("COMPLETED", "FINISHED")
    assert omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["files"] == files


def test_given_a_life_of_a_read_set_when_its_status_changes_then_each_change_is_one_event_and_tags_are_none(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", status="PROCESSING_UPLOAD")
    sandbox.omics.set_status(store_id, read_set_id, "ACTIVE")
    sandbox.omics.set_status(store_id, read_set_id, "ARCHIVED")
    arn = omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["arn"]
    sandbox.omics.tag_events = False
    omics.tag_resource(resourceArn=arn, tags={"a": "b"})
    omics.start_read_set_activation_job(sequenceStoreId=store_id, sources=[{"readSetId": read_set_id}])
    omics.batch_delete_read_set(sequenceStoreId=store_id, ids=[read_set_id])
    sandbox.omics.emit_events = False
    sandbox.omics.create_read_set(store_id, name="silent")
    seen = [event["detail"]["status"] for event in published() if event["detail-type"] == "Read Set Status Change"]
    assert seen == ["PROCESSING_UPLOAD", "ACTIVE", "ARCHIVED", "ACTIVATING", "ACTIVE", "DELETING", "DELETED"]
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.list_tags_for_resource(resourceArn=arn)


def test_given_read_sets_of_all_kinds_when_a_job_activates_them_then_its_events_and_sources_tell_what_became_of_each(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    sandbox.omics.emit_events = False
    ids = {
        status: sandbox.omics.create_read_set(store_id, name=status, status=status)
        for status in ("ARCHIVED", "ACTIVE", "UPLOAD_FAILED")
    }
    sandbox.omics.emit_events = True
    sources = [{"readSetId": each} for each in (*ids.values(), "9999999999")]

    job = omics.start_read_set_activation_job(sequenceStoreId=store_id, sources=sources)["id"]

    events = [(event["detail-type"], event["detail"]["id"], event["detail"]["status"]) for event in published()]
    assert events == [
        ("Read Set Activation Job Status Change", job, "SUBMITTED"),
        ("Read Set Status Change", ids["ARCHIVED"], "ACTIVATING"),
        ("Read Set Status Change", ids["ARCHIVED"], "ACTIVE"),
        ("Read Set Activation Job Status Change", job, "COMPLETED_WITH_FAILURES"),
    ]
    finished = omics.get_read_set_activation_job(sequenceStoreId=store_id, id=job)["sources"]
    assert [each["status"] for each in finished] == ["FINISHED", "FINISHED", "FAILED", "FAILED"]
    [listed] = omics.list_read_set_activation_jobs(sequenceStoreId=store_id)["activationJobs"]
    assert (listed["id"], listed["status"]) == (job, "COMPLETED_WITH_FAILURES")
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.start_read_set_activation_job(sequenceStoreId="9999999999", sources=sources)
    with pytest.raises(ClientError, match="Member must be at most 20"):
        omics.start_read_set_activation_job(sequenceStoreId=store_id, sources=sources * 6)


def test_given_a_token_when_a_job_is_started_again_with_it_then_it_is_the_same_job(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    sources = [{"readSetId": sandbox.omics.create_read_set(store_id, name="r", status="ARCHIVED")}]

    def start(**token: str) -> str:
        return omics.start_read_set_activation_job(sequenceStoreId=store_id, sources=sources, **token)["id"]

    jobs = [start(clientToken="a"), start(clientToken="a"), start(clientToken="b"), start(), start()]

    assert jobs[0] == jobs[1]
    assert list(sandbox.omics.store(store_id).activation_jobs) == jobs[1:]


UPLOAD = {"sourceFileType": "FASTQ", "subjectId": "p1", "sampleId": "s1", "name": "reads", "tags": {"a": "b"}}


def test_given_parts_when_an_upload_of_them_is_completed_then_it_is_an_active_read_set_with_its_events(
    omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    upload = omics.create_multipart_read_set_upload(sequenceStoreId=store_id, generatedFrom="lane 1", **UPLOAD)
    assert upload.items() >= {"name": "reads", "sourceFileType": "FASTQ", "generatedFrom": "lane 1"}.items()
    ids = {"sequenceStoreId": store_id, "uploadId": upload["uploadId"]}
    parts: list[dict[str, Any]] = []
    for source, number, payload in (("SOURCE1", 1, b"first"), ("SOURCE1", 2, b"more"), ("SOURCE2", 1, b"second")):
        part = {"partSource": source, "partNumber": number}
        parts.append(part | {"checksum": omics.upload_read_set_part(**ids, **part, payload=payload)["checksum"]})
    for wrong in (parts[:1], [], [parts[0] | {"checksum": "another"}, *parts[1:]]):
        with pytest.raises(omics.exceptions.ValidationException):
            omics.complete_multipart_read_set_upload(**ids, parts=wrong)
    read_set_id = omics.complete_multipart_read_set_upload(**ids, parts=parts)["readSetId"]
    metadata = omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)
    expected = {"status": "ACTIVE", "creationType": "UPLOAD", "sampleId": "s1", "fileType": "FASTQ"}
    assert metadata.items() >= expected.items()
    files = {name: (file["totalParts"], file["contentLength"]) for name, file in metadata["files"].items()}
    assert files == {"source1": (2, 9), "source2": (1, 6)}
    assert omics.list_tags_for_resource(resourceArn=metadata["arn"])["tags"] == {"a": "b"}
    assert [event["detail"]["status"] for event in published()][-2:] == ["PROCESSING_UPLOAD", "ACTIVE"]
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.complete_multipart_read_set_upload(**ids, parts=parts)


def test_given_an_upload_when_it_is_aborted_or_a_part_is_too_large_then_there_is_nothing_of_it(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    upload = omics.create_multipart_read_set_upload(sequenceStoreId=store_id, **UPLOAD)["uploadId"]
    with pytest.raises(Exception, match="larger than 104857600"):
        sandbox.omics.upload_part(store_id, upload, "SOURCE1", 1, bytes(104_857_601))
    omics.abort_multipart_read_set_upload(sequenceStoreId=store_id, uploadId=upload)
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.abort_multipart_read_set_upload(sequenceStoreId=store_id, uploadId=upload)
    assert omics.list_read_sets(sequenceStoreId=store_id)["readSets"] == []


def test_given_one_that_cannot_be_deleted_when_a_batch_is_then_the_error_names_it_and_the_others_go(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    uploading = sandbox.omics.create_read_set(store_id, name="r", status="PROCESSING_UPLOAD")
    active = sandbox.omics.create_read_set(store_id, name="s")
    answer = omics.batch_delete_read_set(sequenceStoreId=store_id, ids=[uploading, "9" * 10, active])
    assert [(error["id"], error["code"]) for error in answer["errors"]] == [
        (uploading, "ConflictException"),
        ("9" * 10, "ResourceNotFoundException"),
    ]
    assert [item["id"] for item in omics.list_read_sets(sequenceStoreId=store_id)["readSets"]] == [uploading]


def test_given_a_store_with_read_sets_when_it_is_deleted_then_it_is_refused_until_empty(
    sandbox: Sandbox, omics: Any, store_id: str
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    with pytest.raises(omics.exceptions.ConflictException):
        omics.delete_sequence_store(id=store_id)
    omics.batch_delete_read_set(sequenceStoreId=store_id, ids=[read_set_id])
    omics.delete_sequence_store(id=store_id)
    assert omics.list_sequence_stores()["sequenceStores"] == []


def test_given_50_tags_when_another_is_added_then_it_is_refused(sandbox: Sandbox, omics: Any, store_id: str) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", tags={f"k{n}": "v" for n in range(50)})
    arn = omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["arn"]
    omics.tag_resource(resourceArn=arn, tags={"k1": "new"})
    with pytest.raises(omics.exceptions.ValidationException):
        omics.tag_resource(resourceArn=arn, tags={"one": "more"})
    tags = omics.list_tags_for_resource(resourceArn=arn)["tags"]
    assert (len(tags), tags["k1"]) == (50, "new")


def test_given_stores_in_two_regions_when_each_is_listed_then_neither_sees_the_other(sandbox: Sandbox) -> None:
    sandbox.omics.create_store("west")
    sandbox.omics_in("eu-central-1").create_store("central")
    central = sandbox.client("omics", region="eu-central-1").list_sequence_stores()["sequenceStores"]
    assert [store["name"] for store in central] == ["central"]
    assert ":eu-central-1:" in central[0]["arn"]


def test_given_a_quota_when_it_is_exceeded_then_only_that_operation_throttles_and_both_are_counted(
    sandbox: Sandbox, store_id: str
) -> None:
    sandbox.omics.limits = Limits({"GetSequenceStore": 0.001})
    omics = without_retries(sandbox)
    omics.get_sequence_store(id=store_id)
    for _ in range(3):
        with pytest.raises(omics.exceptions.ThrottlingException):
            omics.get_sequence_store(id=store_id)
    omics.list_read_sets(sequenceStoreId=store_id)
    assert sandbox.omics.calls == {"GetSequenceStore": 1, "ListReadSets": 1}
    assert sandbox.omics.throttled == {"GetSequenceStore": 3}


def test_given_the_documented_quotas_when_time_passes_then_five_a_second_are_admitted() -> None:
    clock = [100.0]
    limits = Limits.documented(clock=lambda: clock[0])

    def admitted(attempts: int) -> int:
        return sum(limits.admit("r", "ListReadSets") for _ in range(attempts))

    assert admitted(20) == 5
    clock[0] += 1.0
    assert admitted(20) == 5
    clock[0] += 0.4
    assert admitted(20) == 2
    assert limits.admit("r", "GetReadSetMetadata")
    assert limits.admit("other", "ListReadSets")


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


def test_given_a_call_that_waits_when_the_client_gives_up_then_the_sandbox_stops_without_waiting(
    sandbox: Sandbox, store_id: str
) -> None:
    sandbox.omics.faults.add_latency("*", 3600)
    with pytest.raises(ReadTimeoutError):
        without_retries(sandbox, read_timeout=0.2).get_sequence_store(id=store_id)


@pytest.mark.parametrize("identity", ["123456789", "1" * 37, "12345abcde", "\u0661" * 10])
def test_given_an_impossible_id_when_a_read_set_is_created_with_it_then_it_is_refused(
    sandbox: Sandbox, store_id: str, identity: str
) -> None:
    with pytest.raises(Exception, match="10 to 36 digits"):
        sandbox.omics.create_read_set(store_id, name="r", read_set_id=identity)


def test_given_a_life_of_a_store_when_the_api_changes_it_then_each_status_is_an_event(
    sandbox: Sandbox, omics: Any, published: Callable[[], list[dict[str, Any]]]
) -> None:
    created = omics.create_sequence_store(name="before")
    omics.update_sequence_store(id=created["id"], name="after")
    assert omics.get_sequence_store(id=created["id"])["status"] == "ACTIVE"
    omics.delete_sequence_store(id=created["id"])
    events = published()
    assert {(event["detail-type"], *event["resources"]) for event in events} == {
        ("Sequence Store Status Change", created["arn"])
    }
    common = {"omicsVersion": "1.0.0", "arn": created["arn"], "id": created["id"]}
    assert [event["detail"] for event in events] == [
        common | {"status": status} for status in ("ACTIVE", "UPDATING", "ACTIVE", "DELETING", "DELETED")
    ]


def test_given_events_are_switched_off_when_a_store_changes_then_nothing_is_published(
    sandbox: Sandbox, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    published()
    sandbox.omics.emit_events = False
    sandbox.omics.trail = True
    sandbox.omics.update_store(store_id, name="after")
    sandbox.omics.tag(sandbox.omics.store(store_id).arn, {"a": "b"})
    sandbox.omics.delete_store(store_id)
    assert published() == []


def test_given_no_trail_when_tags_change_then_each_change_is_an_event_of_its_resource(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r", tags={"kept": "0"})
    store, arn = sandbox.omics.store(store_id).arn, sandbox.omics.read_set(store_id, read_set_id).arn
    published()
    omics.tag_resource(resourceArn=arn, tags={"a": "1", "kept": "0"})
    omics.tag_resource(resourceArn=arn, tags={"a": "1"})
    omics.untag_resource(resourceArn=arn, tagKeys=["a", "other"])
    omics.tag_resource(resourceArn=store, tags={"b": "2"})
    events = published()
    assert {(event["source"], event["detail-type"]) for event in events} == {("aws.tag", "Tag Change on Resource")}
    told = ("changed-tag-keys", "tags", "service", "resource-type")
    assert [(event["resources"], *(event["detail"][name] for name in told)) for event in events] == [
        ([arn], ["a"], {"kept": "0", "a": "1"}, "omics", "readSet"),
        ([arn], ["a"], {"kept": "0"}, "omics", "readSet"),
        ([store], ["b"], {"b": "2"}, "omics", "sequenceStore"),
    ]


def test_given_a_trail_when_tags_change_then_each_call_is_an_event_with_its_parameters(
    sandbox: Sandbox, omics: Any, store_id: str, published: Callable[[], list[dict[str, Any]]]
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    arn = sandbox.omics.read_set(store_id, read_set_id).arn
    published()
    sandbox.omics.tag_events, sandbox.omics.trail = False, True
    omics.tag_resource(resourceArn=arn, tags={"a": "1"})
    omics.untag_resource(resourceArn=arn, tagKeys=["a", "other"])
    with pytest.raises(omics.exceptions.ResourceNotFoundException):
        omics.tag_resource(resourceArn=f"{arn}0", tags={"a": "1"})
    events = published()
    assert [(event["detail-type"], event["resources"]) for event in events] == [("AWS API Call via CloudTrail", [])] * 2
    told = ("eventName", "requestParameters", "eventSource", "awsRegion", "recipientAccountId", "readOnly", "eventType")
    common = ("omics.amazonaws.com", "us-west-2", "123456789012", False, "AwsApiCall")
    assert [tuple(event["detail"][name] for name in told) for event in events] == [
        ("TagResource", {"resourceArn": arn, "tags": {"a": "1"}}, *common),
        ("UntagResource", {"resourceArn": arn, "tagKeys": ["a", "other"]}, *common),
    ]
    assert sandbox.omics.read_set(store_id, read_set_id).tags == {}
