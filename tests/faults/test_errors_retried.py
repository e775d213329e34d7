"""Which errors AWS clients try again, by the product's own configuration of them."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from omics_sandbox import Sandbox
from readset_sync.aws.clients import dynamodb_client, omics_client, sqs_client
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.aws.retries import ATTEMPTS

from tests.faults.matrix import OPERATIONS, Injection, cases, declared, documented_errors, errors_of

PARAMETERS: dict[str, dict[str, Any]] = {
    "ListSequenceStores": {},
    "GetSequenceStore": {"id": "1234567890"},
    "ListReadSets": {"sequenceStoreId": "1234567890"},
    "GetReadSetMetadata": {"sequenceStoreId": "1234567890", "id": "1234567890"},
    "GetReferenceMetadata": {"referenceStoreId": "1234567890", "id": "1234567890"},
    "ListTagsForResource": {"resourceArn": "arn:aws:omics:us-west-2:123456789012:sequenceStore/1234567890"},
    "DescribeTable": {"TableName": "rows"},
    "GetItem": {"TableName": "rows", "Key": {"set_arn": {"S": "arn"}}},
    "BatchGetItem": {"RequestItems": {"rows": {"Keys": [{"set_arn": {"S": "arn"}}]}}},
    "PutItem": {"TableName": "rows", "Item": {"set_arn": {"S": "arn"}}},
    "UpdateItem": {"TableName": "rows", "Key": {"set_arn": {"S": "arn"}}},
    "DeleteItem": {"TableName": "rows", "Key": {"set_arn": {"S": "arn"}}},
    "Scan": {"TableName": "rows"},
    "SendMessageBatch": {
        "QueueUrl": "https://sqs.us-west-2.amazonaws.com/123456789012/queue.fifo",
        "Entries": [{"Id": "0", "MessageBody": "body"}],
    },
    "GetQueueAttributes": {"QueueUrl": "https://sqs.us-west-2.amazonaws.com/123456789012/queue.fifo"},
}
CLIENTS: dict[str, Callable[[boto3.Session], Any]] = {
    "omics": lambda session: omics_client(session, max_tps=MaxTps(10_000)),
    "dynamodb": dynamodb_client,
    "sqs": sqs_client,
}


def test_the_errors_that_are_documented_are_those_that_can_be_and_all_that_models_declare() -> None:
    every = [each for operations in OPERATIONS.values() for each in operations]

    assert {error for each in every for error in declared(each)} <= documented_errors().keys()
    assert documented_errors().keys() <= {error for each in every for error in errors_of(each)}


@pytest.mark.parametrize(
    ("service", "operation"), [(service, each) for service, operations in OPERATIONS.items() for each in operations]
)
def test_given_an_error_when_a_client_meets_it_then_it_tries_again_what_may_pass(
    service: str, operation: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    # Backoff, and the limiter's pace after throttles, would take minutes.
    monkeypatch.setattr(time, "sleep", Mock())
    session = boto3.Session()
    played = [case for case in cases() if case.operation == operation]
    assert played

    for case in played:
        client = CLIENTS[service](session)
        injection = Injection()
        injection.attach(client)
        injection.set(case.error, operation)
        with pytest.raises((ClientError, BotoCoreError)) as raised:
            getattr(client, xform_name(operation))(**PARAMETERS[operation])
        if isinstance(raised.value, ClientError):
            # The other tests raise it by this code, without a client of botocore.
            assert raised.value.response.get("Error", {}).get("Code") == case.error
        assert injection.calls[operation] == (ATTEMPTS if case.retried else 1), case
