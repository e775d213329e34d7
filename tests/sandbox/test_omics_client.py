"""HealthOmics in the process: the client answers as boto3 does from the sandbox's endpoint."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ParamValidationError
from omics_sandbox import Limits, Sandbox
from omics_sandbox.omics.client import OmicsClient
from omics_sandbox.omics.service import OmicsService

NOW = datetime(2026, 4, 4, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def service() -> OmicsService:
    return OmicsService("us-west-2", "123456789012", clock=lambda: NOW)


@pytest.fixture
def store_id(service: OmicsService) -> str:
    return service.create_store("cohort-a")


def test_given_the_same_stores_when_boto3_asks_for_them_over_http_then_the_answers_are_equal(sandbox: Sandbox) -> None:
    service = sandbox.omics
    store_id = service.create_store("cohort-a", tags={"owner": "lab"})
    read_set_id = service.create_read_set(store_id, name="NA12878", tags={"cohort": "a"})
    arn = service.read_set(store_id, read_set_id).arn
    reference_id = service.create_reference("GRCh38").rpartition("/")[2]

    def answers(client: Any) -> list[Any]:
        found = [
            client.list_sequence_stores(),
            client.get_sequence_store(id=store_id),
            client.list_read_sets(sequenceStoreId=store_id, filter={"name": "NA12878"}),
            client.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id),
            client.list_tags_for_resource(resourceArn=arn),
            client.get_reference_metadata(referenceStoreId="1000000000", id=reference_id),
        ]
        return [{name: value for name, value in each.items() if name != "ResponseMetadata"} for each in found]

    assert answers(OmicsClient(service)) == answers(sandbox.client("omics"))


def test_given_a_clock_then_times_and_the_date_of_answers_are_its_own(service: OmicsService, store_id: str) -> None:
    answer = OmicsClient(service).get_sequence_store(id=store_id)

    assert answer["creationTime"] == NOW.replace(microsecond=123000)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["date"] == "Sat, 04 Apr 2026 12:30:15 GMT"


def test_given_short_pages_when_the_paginator_goes_through_them_then_every_read_set_is_there_once(
    service: OmicsService, store_id: str
) -> None:
    made = [service.create_read_set(store_id, name="r") for _ in range(5)]
    service.page_size = 2

    pages = list(OmicsClient(service).get_paginator("list_read_sets").paginate(sequenceStoreId=store_id))

    assert [[item["id"] for item in page["readSets"]] for page in pages] == [made[:2], made[2:4], made[4:]]
    assert service.calls["ListReadSets"] == 3


def test_given_errors_of_every_kind_then_they_are_raised_as_boto3_raises_them(
    service: OmicsService, store_id: str
) -> None:
    client = OmicsClient(service)
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.get_read_set_metadata(sequenceStoreId=store_id, id="9" * 10)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ParamValidationError, match="resourceArn"):
        client.list_tags_for_resource()
    service.faults.add_connection_reset("GetSequenceStore", times=1)
    with pytest.raises(ConnectionClosedError):
        client.get_sequence_store(id=store_id)
    service.limits = Limits({"GetSequenceStore": 1}, clock=lambda: 0.0)
    client.get_sequence_store(id=store_id)
    with pytest.raises(client.exceptions.ThrottlingException):
        client.get_sequence_store(id=store_id)
    with pytest.raises(AttributeError, match="start_run"):
        client.start_run()


def test_given_an_answer_when_the_caller_changes_it_then_the_service_keeps_its_own(
    service: OmicsService, store_id: str
) -> None:
    client = OmicsClient(service)
    read_set_id = service.create_read_set(store_id, name="r")
    client.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["files"].clear()

    assert client.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["files"]
