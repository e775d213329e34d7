"""The product's own stack under the genuine engine, with a queue and a table that somebody else has created."""

from collections.abc import Callable
from typing import Any

from omics_meta.selection.outputs import NAMES
from omics_sandbox import Sandbox

from tests.existing import create_queue, create_table

TABLE = "healthomics_set_metadata"
DEAD_LETTERS = ("deadLetterQueueArn", "deadLetterQueueUrl")
ROW = {"set_arn": {"S": "arn:aws:omics:us-west-2:123456789012:sequenceStore/1/readSet/2"}}
WRONG = """
config:
  healthomics-metadata-sync:SQSQueueName: theirs.fifo
  healthomics-metadata-sync:tagEvents: true
  healthomics-metadata-sync:batchSize: 11
  healthomics-metadata-sync:dynamoTableNam: reads
"""


def test_given_an_adopted_queue_and_later_a_table_when_the_stack_lives_then_only_what_it_created_goes(
    product: Callable[..., Any], sandbox: Sandbox
) -> None:
    """All four modes are in `tests/e2e/test_pipeline.py`, without the engine."""
    dynamodb, sqs, functions = map(sandbox.client, ("dynamodb", "sqs", "lambda"))

    def left() -> tuple[list[str], list[str], list[Any]]:
        queues = [url.rsplit("/", 1)[-1] for url in sqs.list_queues()["QueueUrls"]]
        return dynamodb.list_tables()["TableNames"], queues, functions.list_functions()["Functions"]

    def rules() -> set[str]:
        found = sandbox.client("events").list_rules()["Rules"]
        return {each["Name"].removeprefix("healthomics-metadata-sync-").rpartition("-")[0] for each in found}

    def check_outputs(table: str) -> None:
        outputs = stack.outputs()
        assert outputs.keys() == set(NAMES) - set(DEAD_LETTERS), "Pulumi leaves out those that are null"
        assert (outputs["tableName"], outputs["queueName"]) == (table, "theirs.fifo")
        [target] = sandbox.client("events").list_targets_by_rule(Rule=outputs["ruleName"])["Targets"]
        [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
        assert target["Arn"] == mapping["EventSourceArn"] == outputs["queueArn"]

    # GIVEN wrong settings, THEN a preview names them all with their remedies, and nothing is touched
    create_queue(sqs, "theirs.fifo")
    stack = product(sandbox.environment, "dev", WRONG)
    printed = stack.pulumi("preview", fails=True)
    assert 'batchSize: "11" is not accepted: give a whole number from 1 to 10.' in printed
    assert "dynamoTableNam: there is no such setting; the nearest is dynamoTableName" in printed
    assert "Traceback" not in printed
    assert left() == ([], ["theirs.fifo"], [])

    # WHEN they are right, THEN the stack comes up
    (stack.folder / "Pulumi.dev.yaml").write_text("\n".join(WRONG.splitlines()[:4]))
    stack.update()
    check_outputs(TABLE)
    assert rules() == {"rule", "store-rule", "tag-rule", "trail-rule"}, "true, as in the first versions, means both"
    for name in ("tableStreamArn", *DEAD_LETTERS):
        said = f"current stack does not have output property '{name}'"
        assert said in stack.pulumi("stack", "output", name, fails=True)
    dynamodb.put_item(TableName=TABLE, Item=ROW)

    # WHEN it is destroyed, THEN what it did not create and the table are left
    stack.destroy()
    assert left() == ([TABLE], ["theirs.fifo"], [])

    # WHEN it is brought up again, THEN one setting brings the table back, with what the failed update created
    assert f"Table already exists: {TABLE}" in stack.pulumi("up", "--yes", "--skip-preview", fails=True)
    stack.configure(importRetainedTable="true")
    stack.update()
    assert dynamodb.scan(TableName=TABLE)["Items"] == [ROW]
    stack.pulumi("preview", "--expect-no-changes")

    # WHEN it adopts a table, THEN it lets go of its own one, and does not delete it
    create_table(dynamodb, "theirs")
    dynamodb.put_item(TableName="theirs", Item=ROW)
    stack.configure(importRetainedTable="false", dynamoTableName="theirs", tagEvents="false")
    stack.update()
    check_outputs("theirs")
    assert rules() == {"rule", "store-rule"}
    stack.pulumi("preview", "--expect-no-changes")
    stack.destroy()
    assert left() == ([TABLE, "theirs"], ["theirs.fifo"], [])
    assert [dynamodb.scan(TableName=name)["Items"] for name in (TABLE, "theirs")] == [[ROW], [ROW]]
