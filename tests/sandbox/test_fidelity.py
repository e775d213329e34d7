"""Every answer of the HealthOmics emulator has the shape that the service's API model gives it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from omics_sandbox.api_model import checked, service_model
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.operations import OPERATIONS


class Recorder:
    """Keeps the raw answers of a boto3 client, by operation."""

    def __init__(self, client: Any) -> None:
        self.answers: dict[str, list[bytes]] = {}
        self._client = client
        client.meta.events.register(f"after-call.{client.meta.service_model.service_id.hyphenize()}", self._keep)

    def _keep(self, http_response: Any, model: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            self.answers.setdefault(model.name, []).append(http_response.content)

    def check(self) -> None:
        """Check that every answer has the members, types and constraints of its model, and no more."""
        for name, bodies in self.answers.items():
            shape = self._client.meta.service_model.operation_model(name).output_shape
            for body in bodies if shape else ():
                answer = json.loads(body or b"{}")
                assert json.loads(json.dumps(checked(shape, answer), default=iso_8601)) == answer, name


def iso_8601(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_given_every_kind_of_store_and_read_set_when_every_operation_is_called_then_every_answer_fits_its_model(
    sandbox: Sandbox, omics: Any
) -> None:
    recorder = Recorder(omics)
    plain = omics.create_sequence_store(name="a", clientToken="t")["id"]
    full = omics.create_sequence_store(
        name="Größe 研究",
        description="d",
        tags={"k": ""},
        fallbackLocation="s3://bucket/prefix/",
        eTagAlgorithmFamily="SHA256up",
        propagatedSetLevelTags=["k"],
        sseConfig={"type": "KMS", "keyArn": "arn:aws:kms:us-west-2:123456789012:key/abc"},
        s3AccessConfig={"accessLogLocation": "s3://logs/prefix/"},
    )["id"]
    omics.update_sequence_store(id=full, name="renamed", description="e", propagatedSetLevelTags=["k", "l"])
    old = sandbox.omics.create_store(None, s3_access=False, store_id="9" * 36)
    create = sandbox.omics.create_read_set
    read_sets = [
        create(plain, name="fastq"),
        create(plain, name="bam", file_type="BAM", files=("source1", "index"), reference_arn="arn:aws:omics:x"),
        create(plain, name="cram", file_type="CRAM", files=("source1",), s3_access=False, etag=False),
        create(plain, name=None, subject_id=None, sample_id=None, creation_type=None, read_set_id="1" * 36),
        create(
            plain,
            name="failed",
            status="UPLOAD_FAILED",
            status_message="no",
            creation_type="UPLOAD",
            creation_job_id="5555555555",
            file_type="UBAM",
            files=("source1",),
            sequence_information={
                "totalReadCount": 5,
                "totalBaseCount": 6,
                "generatedFrom": "x",
                "alignment": "UNALIGNED",
            },
        ),
        create(plain, name="archived", status="ARCHIVED", tags={f"k{n}": "v" for n in range(50)}),
    ]
    bam = {"sourceFileType": "BAM", "referenceArn": "arn:aws:omics:x", "subjectId": "p", "sampleId": "s", "name": "n"}
    for ending in ("complete", "abort"):
        upload = omics.create_multipart_read_set_upload(sequenceStoreId=plain, **bam)["uploadId"]
        part: Any = {"partSource": "SOURCE1", "partNumber": 1}
        taken = omics.upload_read_set_part(sequenceStoreId=plain, uploadId=upload, **part, payload=b"BAM")
        parts = {"parts": [part | {"checksum": taken["checksum"]}]} if ending == "complete" else {}
        getattr(omics, f"{ending}_multipart_read_set_upload")(sequenceStoreId=plain, uploadId=upload, **parts)
    for store in (plain, full, old):
        omics.get_sequence_store(id=store)
    arn = ""
    for read_set in read_sets:
        arn = omics.get_read_set_metadata(sequenceStoreId=plain, id=read_set)["arn"]
        omics.list_tags_for_resource(resourceArn=arn)
    omics.list_sequence_stores(maxResults=1)
    omics.list_read_sets(sequenceStoreId=plain, maxResults=2)
    omics.list_read_sets(sequenceStoreId=plain)
    job = omics.start_read_set_activation_job(
        sequenceStoreId=plain, sources=[{"readSetId": read_sets[-1]}, {"readSetId": "9" * 10}]
    )
    omics.get_read_set_activation_job(sequenceStoreId=plain, id=job["id"])
    omics.list_read_set_activation_jobs(sequenceStoreId=plain)
    omics.tag_resource(resourceArn=arn, tags={"k0": "w"})
    omics.untag_resource(resourceArn=arn, tagKeys=["k1", "k2"])
    omics.batch_delete_read_set(sequenceStoreId=plain, ids=[read_sets[0], "9" * 10])
    omics.delete_sequence_store(id=full)
    reference = sandbox.omics.create_reference("GRCh38").split("/")
    omics.get_reference_metadata(referenceStoreId=reference[1], id=reference[3])

    assert recorder.answers.keys() == OPERATIONS.keys()
    recorder.check()


ERROR_CODES = [
    "AccessDeniedException",
    "ConflictException",
    "InternalServerException",
    "RequestTimeoutException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
    "ThrottlingException",
    "ValidationException",
]


def test_given_a_fault_of_each_error_when_it_is_raised_then_it_is_the_modeled_exception_with_its_status(
    sandbox: Sandbox, store_id: str
) -> None:
    client: Any = OmicsClient(sandbox.omics)
    for code in ERROR_CODES:
        sandbox.omics.faults.add("GetSequenceStore", code, times=1)
        with pytest.raises(getattr(client.exceptions, code)) as raised:
            client.get_sequence_store(id=store_id)
        modeled: Any = service_model("omics").shape_for(code).metadata
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == modeled["error"]["httpStatusCode"]
        assert raised.value.response["Error"]["Message"]


ABSENT = "9" * 12
STORE = "1234567890"
NOT_FOUND: list[tuple[str, dict[str, Any]]] = [
    ("get_sequence_store", {"id": ABSENT}),
    ("update_sequence_store", {"id": ABSENT, "name": "n"}),
    ("delete_sequence_store", {"id": ABSENT}),
    ("list_read_sets", {"sequenceStoreId": ABSENT}),
    ("get_read_set_metadata", {"sequenceStoreId": STORE, "id": ABSENT}),
    ("get_reference_metadata", {"referenceStoreId": STORE, "id": ABSENT}),
    ("batch_delete_read_set", {"sequenceStoreId": ABSENT, "ids": [ABSENT]}),
    ("get_read_set_activation_job", {"sequenceStoreId": STORE, "id": ABSENT}),
    ("list_tags_for_resource", {"resourceArn": f"arn:aws:omics:x:y:sequenceStore/{ABSENT}"}),
]
INVALID: list[tuple[str, dict[str, Any], str]] = [
    ("get_sequence_store", {"id": "abcdefghijkl"}, "'id'"),
    ("get_sequence_store", {"id": "1" * 37}, "at most 36"),
    ("list_read_sets", {"sequenceStoreId": STORE, "maxResults": 101}, "at most 100"),
    ("list_read_sets", {"sequenceStoreId": STORE, "filter": {"status": "LOST"}}, "enum value set"),
    ("list_read_sets", {"sequenceStoreId": STORE, "nextToken": "%"}, "nextToken"),
    (
        "start_read_set_activation_job",
        {"sequenceStoreId": STORE, "sources": [{"readSetId": ABSENT}] * 21},
        "at most 20",
    ),
]


def test_given_wrong_input_when_it_is_sent_then_the_modeled_error_says_what_is_wrong(
    sandbox: Sandbox, omics: Any
) -> None:
    sandbox.omics.create_store("cohort", store_id=STORE)
    for operation, given in NOT_FOUND:
        with pytest.raises(omics.exceptions.ResourceNotFoundException, match=ABSENT):
            getattr(omics, operation)(**given)
    for operation, given, complaint in INVALID:
        with pytest.raises(omics.exceptions.ValidationException, match=complaint):
            getattr(omics, operation)(**given)
    with pytest.raises(ClientError, match="does not emulate"):
        omics.list_reference_stores()


UUID = "00000000-0000-0000-0000-000000000000"
UNKNOWN: list[tuple[str, Callable[[Any], object], int, dict[str, str]]] = [
    ("lambda", lambda client: client.get_event_source_mapping(UUID=UUID), 404, {"Type": "User"}),
    ("logs", lambda client: client.disassociate_kms_key(logGroupName="none"), 400, {}),
]


def test_the_errors_of_other_services_are_as_these_write_them(sandbox: Sandbox) -> None:
    for service, call, status, more in UNKNOWN:
        with pytest.raises(ClientError) as raised:
            call(sandbox.client(service))
        response: Any = raised.value.response
        assert response["Error"]["Code"] == "ResourceNotFoundException", response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert response.items() >= more.items()


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("dynamodb", "list_tables", {}),
        ("events", "put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
        ("lambda", "update_event_source_mapping", {"UUID": UUID}),
        ("resourcegroupstaggingapi", "get_resources", {"ResourceARNList": ["arn:aws:omics:x"]}),
        ("scheduler", "get_schedule", {"Name": "a"}),
    ],
)
def test_a_body_that_is_not_json_is_named(sandbox: Sandbox, service: str, operation: str, given: Any) -> None:
    def garble(params: dict[str, Any], **_: Any) -> None:
        params["body"] = b'{"Enabled": fal'

    client = sandbox.client(service)
    client.meta.events.register("before-call", garble)

    with pytest.raises(ClientError, match=r"SerializationException.*Expecting value"):
        getattr(client, operation)(**given)
