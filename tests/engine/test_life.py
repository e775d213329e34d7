"""The life of a stack under the genuine engine, with the stand-in as its AWS plugin."""

import json
from collections.abc import Callable
from typing import Any

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


def test_given_a_stack_when_it_is_changed_by_settings_or_behind_its_back_then_each_change_is_found_and_made(
    new_stack: Stacks, client: Clients
) -> None:
    # GIVEN a new stack, of which a preview creates nothing
    stack = new_stack(queueName="first.fifo")
    assert set(stack.planned()["create"]) == EVERYTHING
    assert client("sqs").list_queues().get("QueueUrls", []) == []

    # WHEN it is brought up, THEN nothing is left to do
    outputs = stack.up()
    assert outputs["account"] == "123456789012"
    assert outputs["partition"] == "aws"
    assert outputs["region"] == "eu-west-1"
    assert outputs["tableKey"] == "set_arn"
    assert outputs["queueUrl"].endswith("/first.fifo")
    assert outputs["queueArn"].endswith(":first.fifo")
    stack.run("preview", "--expect-no-changes")
    stack.run("refresh", "--yes", "--expect-no-changes")
    stack.run("preview", "--expect-no-changes")

    # WHEN settings change, THEN resources are updated in place, and a secret stays one in the state
    stack.configure(memory="512", retention="14", visibility="720", purpose="other", rate="rate(1 day)")
    stack.run("config", "set", "--secret", "token", "do-not-show")
    plan = stack.planned()
    assert set(plan) - {"same"} == {"update"}
    assert plan["update"] == ["function", "logs", "queue", "schedule"]
    assert stack.up() == outputs
    function = client("lambda").get_function_configuration(FunctionName=outputs["functionName"])
    assert function["MemorySize"] == 512
    assert function["Environment"]["Variables"]["TOKEN"] == "do-not-show"
    queue = client("sqs").get_queue_attributes(QueueUrl=outputs["queueUrl"], AttributeNames=["VisibilityTimeout"])
    assert queue["Attributes"] == {"VisibilityTimeout": "720"}
    assert client("sqs").list_queue_tags(QueueUrl=outputs["queueUrl"])["Tags"] == {"purpose": "other"}
    schedule = client("scheduler").get_schedule(Name=outputs["scheduleName"])
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["Target"]["DeadLetterConfig"]["Arn"].rpartition(":")[2].startswith("undelivered-")
    assert "do-not-show" not in stack.run("stack", "export")
    stack.run("preview", "--expect-no-changes")

    # WHEN others change resources, THEN a refresh finds it, and the next update mends it
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
    assert function["MemorySize"] == 512
    assert client("sqs").list_queue_tags(QueueUrl=outputs["queueUrl"])["Tags"] == {"purpose": "other"}
    stack.run("preview", "--expect-no-changes")

    # WHEN the queue is renamed, THEN it is replaced, and the table is not
    stack.configure(queueName="second.fifo")
    plan = stack.planned()
    assert plan["replace"] == ["mapping", "queue", "queue-policy"]
    assert not any("table" in names for operation, names in plan.items() if operation != "same")
    after = stack.up()
    assert after["tableName"] == outputs["tableName"]
    queues = {url.rsplit("/", 1)[-1] for url in client("sqs").list_queues()["QueueUrls"]}
    assert "second.fifo" in queues
    assert "first.fifo" not in queues
    [target] = client("events").list_targets_by_rule(Rule=after["ruleName"])["Targets"]
    assert target["Arn"] == after["queueArn"]
    stack.run("preview", "--expect-no-changes")


def test_given_no_region_when_previewed_then_the_message_says_how_to_set_it(
    new_stack: Stacks, aws_environment: dict[str, str]
) -> None:
    del aws_environment["AWS_REGION"]
    stack = new_stack(environment=aws_environment)

    assert "pulumi config set aws:region" in stack.run("preview", fails=True)


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


def test_given_what_the_real_provider_or_the_stand_in_refuses_when_previewed_then_the_message_says_why(
    new_stack: Stacks,
) -> None:
    stack = new_stack()
    for program, message in (
        ("aws.s3.Bucket('b')", "has no resource type aws:s3/bucket:Bucket"),
        ("aws.get_availability_zones()", "has no function aws:index/getAvail"),
        ("aws.sqs.Queue('q', fifo_queue=True, name='jobs')", "invalid queue name: jobs"),
        ("aws.iam.Role('r', assume_role_policy='{')", "invalid JSON"),
    ):
        (stack.folder / "__main__.py").write_text(f"import pulumi_aws as aws\n{program}\n")
        assert message in stack.run("preview", fails=True)
