"""The life of a stack under the genuine engine, with the stand-in as its AWS plugin."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Stacks = Callable[..., Any]
Clients = Callable[[str], Any]

EVERYTHING = {
    "dead-letters",
    "every-type-dev",
    "function",
    "logs",
    "mapping",
    "queue",
    "queue-policy",
    "redrive-allow-policy",
    "role",
    "role-policy",
    "rule",
    "schedule",
    "scheduler-role",
    "table",
    "target",
    "undelivered",
}


def test_given_a_new_stack_when_it_is_brought_up_then_nothing_is_left_to_do(new_stack: Stacks, client: Clients) -> None:
    stack = new_stack()

    assert set(stack.planned()["create"]) == EVERYTHING
    assert client("sqs").list_queues().get("QueueUrls", []) == [], "a preview must not create anything"

    outputs = stack.up()

    assert outputs["account"] == "123456789012"
    assert outputs["partition"] == "aws"
    assert outputs["region"] == "eu-west-1"
    assert outputs["tableKey"] == "set_arn"
    assert outputs["queueUrl"].endswith(".fifo")
    assert outputs["queueArn"].endswith(outputs["queueUrl"].rsplit("/", 1)[-1])
    stack.run("preview", "--expect-no-changes")
    stack.run("refresh", "--yes", "--expect-no-changes")
    stack.run("preview", "--expect-no-changes")


def test_given_a_stack_when_settings_change_then_resources_are_updated_in_place(
    new_stack: Stacks, client: Clients
) -> None:
    stack = new_stack()
    before = stack.up()
    stack.configure(memory="512", retention="14", visibility="720", purpose="other", rate="rate(1 day)")
    stack.run("config", "set", "--secret", "token", "do-not-show")

    plan = stack.planned()
    assert set(plan) - {"same"} == {"update"}
    assert plan["update"] == ["function", "logs", "queue", "schedule"]
    after = stack.up()

    assert after == before
    function = client("lambda").get_function_configuration(FunctionName=after["functionName"])
    assert function["MemorySize"] == 512
    assert function["Environment"]["Variables"]["TOKEN"] == "do-not-show"
    queue = client("sqs").get_queue_attributes(QueueUrl=after["queueUrl"], AttributeNames=["VisibilityTimeout"])
    assert queue["Attributes"] == {"VisibilityTimeout": "720"}
    assert client("sqs").list_queue_tags(QueueUrl=after["queueUrl"])["Tags"] == {"purpose": "other"}
    schedule = client("scheduler").get_schedule(Name=after["scheduleName"])
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["Target"]["DeadLetterConfig"]["Arn"].rpartition(":")[2].startswith("undelivered-")
    assert "do-not-show" not in stack.run("stack", "export"), "a secret must stay one in the state"
    stack.run("preview", "--expect-no-changes")


def test_given_a_stack_when_the_queue_is_renamed_then_it_is_replaced_and_the_table_is_not(
    new_stack: Stacks, client: Clients
) -> None:
    stack = new_stack(queueName="first.fifo")
    before = stack.up()
    stack.configure(queueName="second.fifo")

    plan = stack.planned()
    assert plan["replace"] == ["mapping", "queue", "queue-policy"]
    assert not any("table" in names for operation, names in plan.items() if operation != "same")
    after = stack.up()

    assert after["tableName"] == before["tableName"]
    queues = {url.rsplit("/", 1)[-1] for url in client("sqs").list_queues()["QueueUrls"]}
    assert "second.fifo" in queues
    assert "first.fifo" not in queues
    [target] = client("events").list_targets_by_rule(Rule=after["ruleName"])["Targets"]
    assert target["Arn"] == after["queueArn"]
    stack.run("preview", "--expect-no-changes")


def test_given_changes_behind_its_back_when_refreshed_then_the_stack_finds_and_mends_them(
    new_stack: Stacks, client: Clients
) -> None:
    stack = new_stack()
    outputs = stack.up()
    client("lambda").update_function_configuration(FunctionName=outputs["functionName"], MemorySize=1024)
    client("logs").put_retention_policy(logGroupName=outputs["logGroupName"], retentionInDays=365)
    client("sqs").tag_queue(QueueUrl=outputs["queueUrl"], Tags={"someone": "else"})
    client("lambda").delete_event_source_mapping(UUID=outputs["mappingId"])

    stack.run("refresh", "--yes", "--expect-no-changes", fails=True)
    stack.run("refresh", "--yes")

    plan = stack.planned()
    assert plan["create"] == ["mapping"]
    assert plan["update"] == ["function", "logs", "queue"]
    stack.up()
    function = client("lambda").get_function_configuration(FunctionName=outputs["functionName"])
    assert function["MemorySize"] == 128
    assert client("sqs").list_queue_tags(QueueUrl=outputs["queueUrl"])["Tags"] == {"purpose": "test"}
    stack.run("preview", "--expect-no-changes")


def test_given_a_destroyed_stack_when_brought_up_again_then_the_retained_table_is_imported_with_its_rows(
    new_stack: Stacks, client: Clients
) -> None:
    stack = new_stack(tableName="kept")
    stack.up()
    row = {"set_arn": {"S": "arn:of:a:read:set"}}
    client("dynamodb").put_item(TableName="kept", Item=row)

    stack.run("destroy", "--yes")

    assert client("dynamodb").list_tables()["TableNames"] == ["kept"]
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("events").list_rules()["Rules"] == []
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []
    taken = stack.run("up", "--yes", "--skip-preview", fails=True)
    assert "creating AWS DynamoDB Table (kept)" in taken
    assert "Table already exists: kept" in taken

    # The next update recovers from the failed one, with what it created.
    stack.configure(importTable="true")
    stack.up()

    assert client("dynamodb").scan(TableName="kept")["Items"] == [row]
    stack.run("preview", "--expect-no-changes")


def test_given_no_region_when_previewed_then_the_message_says_how_to_set_it(
    new_stack: Stacks, aws_environment: dict[str, str]
) -> None:
    del aws_environment["AWS_REGION"]
    stack = new_stack(environment=aws_environment)

    assert "pulumi config set aws:region" in stack.run("preview", fails=True)


def test_given_no_credentials_when_previewed_then_the_message_says_so(new_stack: Stacks) -> None:
    environment = {
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_CONFIG_FILE": "/nonexistent",
    }
    stack = new_stack(environment=environment)

    assert "No valid credential sources found" in stack.run("preview", fails=True)


def test_given_explicit_providers_when_brought_up_then_each_region_has_its_queue(
    new_stack: Stacks, aws_environment: dict[str, str]
) -> None:
    endpoints = json.dumps([{"sqs": aws_environment["AWS_ENDPOINT_URL"]}])
    stack = new_stack(
        program=f"""
import pulumi
import pulumi_aws as aws
for region in ("eu-west-1", "us-east-2"):
    provider = aws.Provider(region, region=region, endpoints={endpoints}, skip_credentials_validation=True)
    queue = aws.sqs.Queue(region, name="jobs", opts=pulumi.ResourceOptions(provider=provider))
    pulumi.export(region, queue.arn)
"""
    )

    assert stack.up() == {
        "eu-west-1": "arn:aws:sqs:eu-west-1:123456789012:jobs",
        "us-east-2": "arn:aws:sqs:us-east-2:123456789012:jobs",
    }
    stack.run("preview", "--expect-no-changes")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param("aws.s3.Bucket('b')", "has no resource type aws:s3/bucket:Bucket", id="type"),
        pytest.param("aws.get_availability_zones()", "has no function aws:index/getAvail", id="function"),
        pytest.param("aws.sqs.Queue('q', fifo_queue=True, name='jobs')", "invalid queue name: jobs", id="FIFO suffix"),
        pytest.param("aws.iam.Role('r', assume_role_policy='{')", "invalid JSON", id="policy"),
    ],
)
def test_given_what_the_real_provider_or_the_stand_in_refuses_when_previewed_then_the_message_says_why(
    new_stack: Stacks, program: str, message: str
) -> None:
    stack = new_stack(program=f"import pulumi_aws as aws\n{program}\n")

    assert message in stack.run("preview", fails=True)
