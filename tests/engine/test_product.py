"""The product's own stack under the genuine engine, with a table or a queue that somebody else has created."""

from collections.abc import Callable
from typing import Any

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


def test_given_an_adopted_table_when_the_stack_lives_then_only_what_it_created_goes(
    product: Products, client: Clients
) -> None:
    """All four modes are in `tests/e2e/test_pipeline.py` and `tests/reuse/test_upgrade.py`, without the engine."""
    create_filled_table(client, "theirs")
    stack = product(dynamoTableName="theirs")

    check_outputs(client, stack.up(), OUTPUTS | OUTPUTS_OF_A_CREATED_QUEUE, "theirs", QUEUE)
    stack.run("preview", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")

    assert tables(client) == {"theirs"}
    assert queues(client) == set()
    assert client("dynamodb").scan(TableName="theirs")["Items"] == [ROW]
    assert client("lambda").list_functions()["Functions"] == []


def test_given_an_adopted_queue_when_the_stack_is_destroyed_and_brought_up_again_then_its_table_keeps_its_rows(
    product: Products, client: Clients
) -> None:
    create_queue(client("sqs"), "theirs.fifo")
    stack = product(SQSQueueName="theirs.fifo")

    check_outputs(client, stack.up(), OUTPUTS, TABLE, "theirs.fifo")
    for name in ("tableStreamArn", *sorted(OUTPUTS_OF_A_CREATED_QUEUE)):
        said = f"current stack does not have output property '{name}'"
        assert said in stack.run("stack", "output", name, fails=True)
    client("dynamodb").put_item(TableName=TABLE, Item=ROW)

    # WHEN it is destroyed, THEN what it did not create and the table are left
    stack.run("destroy", "--yes", "--skip-preview")
    assert tables(client) == {TABLE}
    assert queues(client) == {"theirs.fifo"}
    assert client("lambda").list_functions()["Functions"] == []

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


def check_outputs(client: Clients, outputs: dict[str, Any], names: set[str], table: str, queue: str) -> None:
    assert outputs.keys() == names, "Pulumi leaves out those that are null"
    assert outputs["tableName"] == table
    assert outputs["queueName"] == queue
    [target] = client("events").list_targets_by_rule(Rule=outputs["ruleName"])["Targets"]
    assert target["Arn"] == outputs["queueArn"]
    [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == outputs["queueArn"]
