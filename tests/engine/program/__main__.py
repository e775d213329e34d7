"""One resource of every type, as the product wires them, changed by configuration."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
identity = aws.get_caller_identity()
partition = aws.get_partition()
region = aws.get_region()


def allow(principal: str, action: str, resource: pulumi.Input[str] | None = None) -> pulumi.Output[str]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action}
    if resource is not None:
        statement["Resource"] = resource
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


table = aws.dynamodb.Table(
    "table",
    name=config.get("tableName"),
    attributes=[{"name": "set_arn", "type": "S"}],
    hash_key="set_arn",
    billing_mode="PAY_PER_REQUEST",
    point_in_time_recovery={"enabled": True},
    server_side_encryption={"enabled": True},
    tags={"purpose": "test"},
    opts=pulumi.ResourceOptions(retain_on_delete=True),
)
dead_letters = aws.sqs.Queue("dead-letters", fifo_queue=True)
queue = aws.sqs.Queue(
    "queue",
    name=config.get("queueName"),
    fifo_queue=True,
    content_based_deduplication=True,
    visibility_timeout_seconds=config.get_int("visibility") or 360,
    redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": 5}),
    tags={"purpose": config.get("purpose") or "test"},
)
aws.sqs.RedriveAllowPolicy(
    "redrive-allow-policy",
    queue_url=dead_letters.url,
    redrive_allow_policy=pulumi.Output.json_dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}),
)
undelivered = aws.sqs.Queue("undelivered")
rule = aws.cloudwatch.EventRule("rule", event_pattern=json.dumps({"source": ["aws.omics"]}))
aws.sqs.QueuePolicy(
    "queue-policy",
    queue_url=queue.url,
    policy=allow("events.amazonaws.com", "sqs:SendMessage", queue.arn),
)
aws.cloudwatch.EventTarget(
    "target",
    rule=rule.name,
    arn=queue.arn,
    sqs_target={"message_group_id": "$.detail.id"},
    dead_letter_config={"arn": undelivered.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
)
logs = aws.cloudwatch.LogGroup(
    "logs", name_prefix="/aws/lambda/every-type-", retention_in_days=config.get_int("retention") or 7
)
role = aws.iam.Role("role", assume_role_policy=allow("lambda.amazonaws.com", "sts:AssumeRole"))
role_policy = aws.iam.RolePolicy(
    "role-policy",
    role=role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [table.arn]}],
        }
    ),
)
function = aws.lambda_.Function(
    "function",
    runtime="python3.13",
    handler="handler.handle",
    architectures=["arm64"],
    code=pulumi.FileArchive("./code"),
    role=role.arn,
    memory_size=config.get_int("memory") or 128,
    logging_config={"log_format": "Text", "log_group": logs.name},
    environment={"variables": {"TABLE": table.name, "TOKEN": config.get_secret("token") or "none"}},
)
mapping = aws.lambda_.EventSourceMapping(
    "mapping",
    event_source_arn=queue.arn,
    function_name=function.arn,
    batch_size=10,
    function_response_types=["ReportBatchItemFailures"],
    scaling_config={"maximum_concurrency": 2},
    opts=pulumi.ResourceOptions(depends_on=[role_policy]),
)
scheduler_role = aws.iam.Role("scheduler-role", assume_role_policy=allow("scheduler.amazonaws.com", "sts:AssumeRole"))
schedule = aws.scheduler.Schedule(
    "schedule",
    schedule_expression=config.get("rate") or "rate(6 hours)",
    flexible_time_window={"mode": "OFF"},
    target={
        "arn": function.arn,
        "role_arn": scheduler_role.arn,
        "input": json.dumps({"task": "reconcile"}),
        "dead_letter_config": {"arn": undelivered.arn},
        "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
    },
)
pulumi.export("account", identity.account_id)
pulumi.export("partition", partition.partition)
pulumi.export("region", region.region)
pulumi.export("tableName", table.name)
pulumi.export("tableKey", aws.dynamodb.get_table_output(name=table.name).hash_key)
pulumi.export("queueUrl", queue.url)
pulumi.export("queueArn", aws.sqs.get_queue_output(name=queue.name).arn)
pulumi.export("functionName", function.name)
pulumi.export("roleName", role.name)
pulumi.export("logGroupName", logs.name)
pulumi.export("mappingId", mapping.uuid)
pulumi.export("ruleName", rule.name)
pulumi.export("scheduleName", schedule.name)
pulumi.export("nothing", None)
