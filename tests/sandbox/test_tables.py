"""What the sandbox's DynamoDB does better than moto's: an index is looked up, and a stream comes on again."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.table import Table
from omics_sandbox import Sandbox

from tests.existing import create_table


def test_a_query_of_an_index_finds_what_was_written_and_looks_at_nothing_else(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sandbox.client("dynamodb")
    key = {"AttributeName": "key", "KeyType": "HASH"}
    index = {"IndexName": "by-name", "KeySchema": [key | {"AttributeName": "name"}]}
    client.create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("key", "name")],
        GlobalSecondaryIndexes=[index | {"Projection": {"ProjectionType": "ALL"}}],
    )

    def found(name: str) -> list[str]:
        values = {":name": {"S": name}}
        condition: Any = {"KeyConditionExpression": "#n = :name", "ExpressionAttributeNames": {"#n": "name"}}
        answer = client.query(TableName="rows", IndexName="by-name", **condition, ExpressionAttributeValues=values)
        return [item["key"]["S"] for item in answer["Items"]]

    for number in range(3):
        client.put_item(TableName="rows", Item={"key": {"S": str(number)}, "name": {"S": "a"}})
    client.put_item(TableName="rows", Item={"key": {"S": "3"}})
    assert sorted(found("a")) == ["0", "1", "2"]

    client.update_item(
        TableName="rows",
        Key={"key": {"S": "1"}},
        UpdateExpression="SET #n = :name",
        ExpressionAttributeNames={"#n": "name"},
        ExpressionAttributeValues={":name": {"S": "b"}},
    )
    client.delete_item(TableName="rows", Key={"key": {"S": "2"}})
    assert (found("a"), found("b"), found("c")) == (["0"], ["1"], [])

    # WHEN moto would look at all items
    monkeypatch.setattr(Table, "all_items", None)
    assert (found("a"), found("b")) == (["0"], ["1"])


def test_a_stream_is_switched_on_and_off_and_on_again(sandbox: Sandbox) -> None:
    client = sandbox.client("dynamodb")
    create_table(client, "rows")

    def switch(enabled: bool) -> str | None:
        view: Any = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if enabled else {}
        client.update_table(TableName="rows", StreamSpecification={"StreamEnabled": enabled, **view})
        return client.describe_table(TableName="rows")["Table"].get("LatestStreamArn")

    first = switch(True)
    with pytest.raises(ClientError, match="ValidationException"):
        switch(True)
    assert first
    assert switch(False) == first
    with pytest.raises(ClientError, match="ValidationException"):
        switch(False)
    assert switch(True) not in {None, first}
