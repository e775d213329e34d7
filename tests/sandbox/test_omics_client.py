"""HealthOmics in the process: the client answers as boto3 does from the sandbox's endpoint."""

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ParamValidationError
from omics_sandbox import Sandbox
from omics_sandbox.omics.client import OmicsClient

from tests.sandbox.conftest import InProcess


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


def test_given_a_clock_then_times_and_the_date_of_answers_are_its_own_and_the_caller_may_change_them(
    aws: InProcess,
) -> None:
    answer = aws.omics.get_sequence_store(id=aws.store)
    assert answer["creationTime"] == aws.now.replace(microsecond=123000)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["date"] == "Sat, 04 Apr 2026 12:30:15 GMT"

    read_set_id = aws.create()
    aws.metadata(read_set_id)["files"].clear()
    assert aws.metadata(read_set_id)["files"]


def test_given_errors_of_every_kind_then_they_are_raised_as_boto3_raises_them(aws: InProcess) -> None:
    with pytest.raises(aws.omics.exceptions.ResourceNotFoundException) as missing:
        aws.metadata("9" * 10)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ParamValidationError, match="resourceArn"):
        aws.omics.list_tags_for_resource()
    aws.service.faults.add_connection_reset("GetSequenceStore", times=1)
    with pytest.raises(ConnectionClosedError):
        aws.omics.get_sequence_store(id=aws.store)
    with pytest.raises(AttributeError, match="start_run"):
        aws.omics.start_run()
