"""The product's own stack under the genuine engine."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.existing import create_queue, create_table

Products = Callable[..., Any]
Clients = Callable[[str], Any]

TABLE, QUEUE = "healthomics_set_metadata", "healthomics_set_queue.fifo"
OUTPUTS = {
    "functionArn",
    "functionName",
    "logGroupName",
    "queueArn",
    "queueName",
    "queueUrl",
    "region",
    "ruleArn",
    "ruleName",
    "tableArn",
    "tableName",
    "undeliveredQueueArn",
    "undeliveredQueueUrl",
}
OUTPUTS_OF_A_CREATED_QUEUE = {"deadLetterQueueArn", "deadLetterQueueUrl"}
ROW = {"set_arn": {"S": "arn:aws:omics:eu-west-1:123456789012:sequenceStore/1/readSet/2"}}


def create_filled_table(client: Clients, name: str) -> None:
    create_table(client("dynamodb"), name)
    client("dynamodb").put_item(TableName=name, Item=ROW)


def tables(client: Clients) -> set[str]:
    return set(client("dynamodb").list_tables()["TableNames"])


def queues(client: Clients) -> set[str]:
    return {url.rsplit("/", 1)[-1] for url in client("sqs").list_queues().get("QueueUrls", [])}


@pytest.mark.parametrize("adopts_table", [False, True], ids=["created table", "adopted table"])
def test_given_a_stack_that_adopts_its_table_or_its_queue_when_it_lives_then_only_what_it_created_goes(
    adopts_table: bool, product: Products, client: Clients
) -> None:
    """All four modes are in `tests/e2e/test_pipeline.py` and `tests/reuse/test_upgrade.py`, without the engine."""
    adopts_queue = not adopts_table
    config = {"dynamoTableName": "theirs"} if adopts_table else {}
    config |= {"SQSQueueName": "theirs.fifo"} if adopts_queue else {}
    create_filled_table(client, "theirs")
    create_queue(client("sqs"), "theirs.fifo")
    stack = product(**config)

    outputs = stack.up()

    assert {name for name, value in outputs.items() if value is not None} == (
        OUTPUTS if adopts_queue else OUTPUTS | OUTPUTS_OF_A_CREATED_QUEUE
    )
    assert outputs["tableName"] == ("theirs" if adopts_table else TABLE)
    assert outputs["queueName"] == ("theirs.fifo" if adopts_queue else QUEUE)
    [target] = client("events").list_targets_by_rule(Rule=outputs["ruleName"])["Targets"]
    assert target["Arn"] == outputs["queueArn"]
    [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == outputs["queueArn"]
    stack.run("preview", "--expect-no-changes")

    stack.run("destroy", "--yes")

    assert tables(client) == ({"theirs"} if adopts_table else {"theirs", TABLE})
    assert queues(client) == {"theirs.fifo"}
    assert client("dynamodb").scan(TableName="theirs")["Items"] == [ROW]
    assert client("lambda").list_functions()["Functions"] == []


def test_given_a_stack_when_changed_destroyed_and_brought_up_again_then_its_table_keeps_its_rows(
    product: Products, client: Clients
) -> None:
    # GIVEN a stack that a preview did not create, and in which a refresh finds no drift
    stack = product()
    assert len(stack.planned()["create"]) > 20
    assert queues(client) == set()
    before = stack.up()
    stack.run("refresh", "--yes", "--expect-no-changes")

    # WHEN settings change, THEN it is updated in place
    stack.configure(functionMemorySize="512", logRetentionDays="90")
    plan = stack.planned()
    assert set(plan) - {"same"} == {"update"}
    assert len(plan["update"]) == 2, plan
    assert stack.up() == before
    function = client("lambda").get_function_configuration(FunctionName=before["functionName"])
    assert function["MemorySize"] == 512

    # WHEN others change resources, THEN a refresh finds it, and the next update mends it
    client("lambda").update_function_configuration(FunctionName=before["functionName"], Timeout=61)
    client("sqs").tag_queue(QueueUrl=before["queueUrl"], Tags={"someone": "else"})
    [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    stack.run("refresh", "--yes", "--expect-no-changes", fails=True)
    stack.run("refresh", "--yes")
    plan = stack.planned()
    assert [len(plan[operation]) for operation in ("create", "update")] == [1, 2]
    stack.up()
    assert client("sqs").list_queue_tags(QueueUrl=before["queueUrl"]).get("Tags", {}) == {}
    stack.run("preview", "--expect-no-changes")

    # WHEN it is destroyed, THEN the table alone is left
    client("dynamodb").put_item(TableName=TABLE, Item=ROW)
    stack.run("destroy", "--yes")
    assert tables(client) == {TABLE}
    assert queues(client) == set()
    assert client("lambda").list_functions()["Functions"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []

    # WHEN it is brought up again, THEN one setting brings the table back, with what the failed update created
    assert f"Table already exists: {TABLE}" in stack.run("up", "--yes", "--skip-preview", fails=True)
    stack.configure(importRetainedTable="true")
    stack.up()
    assert client("dynamodb").scan(TableName=TABLE)["Items"] == [ROW]
    stack.run("preview", "--expect-no-changes")

    # WHEN it adopts another table, THEN it lets go of this one, and does not delete it
    create_filled_table(client, "theirs")
    stack.configure(importRetainedTable="false", dynamoTableName="theirs")
    assert stack.up()["tableName"] == "theirs"
    assert tables(client) == {TABLE, "theirs"}
    assert client("dynamodb").scan(TableName=TABLE)["Items"] == [ROW]
