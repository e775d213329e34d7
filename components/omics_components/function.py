"""The Lambda function, its role, its log group and its event source mapping."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .package import HANDLER, write_package
from .queue import Queue
from .rates import share
from .settings import Settings
from .table import Table

POLICY_VERSION = "2012-10-17"
SERVICE = "healthomics-metadata-sync"
METRICS_NAMESPACE = "HealthOmicsMetadataSync"


@dataclass(frozen=True)
class Place:
    """Where the component's resources are, as its provider says."""

    partition: pulumi.Output[str]
    account: pulumi.Output[str]
    region: pulumi.Output[str]


def look_up_place(parent: pulumi.Resource) -> Place:
    """Ask the component's provider where it works."""
    opts = pulumi.InvokeOptions(parent=parent)
    return Place(
        aws.get_partition_output(opts=opts).apply(lambda found: found.partition),
        aws.get_caller_identity_output(opts=opts).apply(lambda found: found.account_id),
        aws.get_region_output(opts=opts).apply(lambda found: found.region),
    )


def create_function(
    name: str, settings: Settings, table: Table, queue: Queue, place: Place, parent: pulumi.Resource
) -> tuple[aws.lambda_.Function, aws.cloudwatch.LogGroup]:
    """Create the function, fed by the queue and allowed to write to the table; and its log group."""
    opts = pulumi.ResourceOptions(parent=parent)
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-log-group",
        name_prefix=f"/aws/lambda/{name}-",
        retention_in_days=settings.log_retention_days,
        tags=settings.tags,
        opts=opts,
    )
    role = aws.iam.Role(
        f"{name}-function-role",
        description="What the function that keeps read-set rows true may do",
        assume_role_policy=json.dumps(
            {
                "Version": POLICY_VERSION,
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        tags=settings.tags,
        opts=opts,
    )
    role_policy = aws.iam.RolePolicy(
        f"{name}-function-policy",
        role=role.id,
        policy=_permissions(table, queue, log_group, place),
        opts=opts,
    )
    function = aws.lambda_.Function(
        f"{name}-function",
        description="Keeps one DynamoDB item per HealthOmics read set true to the source",
        runtime="python3.13",
        architectures=["arm64"],
        handler=HANDLER,
        code=pulumi.FileArchive(str(write_package())),
        memory_size=settings.function_memory_size,
        timeout=settings.function_timeout,
        reserved_concurrent_executions=settings.function_reserved_concurrency,
        role=role.arn,
        # The log group is known before the function is, so that its role need not create log groups.
        logging_config={"log_format": "Text", "log_group": log_group.name},
        environment={"variables": _environment(settings, table, place)},
        tags=settings.tags,
        opts=opts,
    )
    aws.lambda_.EventSourceMapping(
        f"{name}-event-source-mapping",
        event_source_arn=queue.arn,
        function_name=function.arn,
        batch_size=settings.batch_size,
        # Only the messages that failed come back, not their whole batch.
        function_response_types=["ReportBatchItemFailures"],
        scaling_config={"maximum_concurrency": settings.maximum_concurrency},
        tags=settings.tags,
        # Lambda refuses a mapping while the role may not read the queue.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role_policy]),
    )
    return function, log_group


def _environment(settings: Settings, table: Table, place: Place) -> dict[str, pulumi.Input[str]]:
    return {
        "TABLE_NAME": table.name,
        "SOURCE_ACCOUNT": place.account,
        "SOURCE_REGION": place.region,
        "MAX_TPS": share(settings.max_tps, settings.maximum_concurrency),
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
    }


def _permissions(table: Table, queue: Queue, log_group: aws.cloudwatch.LogGroup, place: Place) -> pulumi.Output[str]:
    stores = pulumi.Output.format("arn:{0}:omics:{1}:{2}:sequenceStore/*", place.partition, place.region, place.account)
    statements: list[dict[str, Any]] = [
        _allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], _under(log_group.arn, ":*")),
        _allow("ReadQueue", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.arn),
        _allow(
            "WriteRows",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            table.arn,
        ),
        _allow("ReadReadSets", ["omics:GetReadSetMetadata"], [stores, _under(stores, "/readSet/*")]),
        _allow("ReadStores", ["omics:GetSequenceStore"], stores),
        # The operation has no resource type in IAM, so that nothing narrower than * works.
        _allow("ReadTags", ["omics:ListTagsForResource"], "*"),
    ]
    complete = pulumi.Output.all(statements, table.kms_key_arn, place.region).apply(_with_key_statement)
    return pulumi.Output.json_dumps({"Version": POLICY_VERSION, "Statement": complete})


def _with_key_statement(known: list[Any]) -> list[dict[str, Any]]:
    statements, kms_key_arn, region = known
    if not kms_key_arn:
        return statements
    use_key = _allow("UseTableKey", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], kms_key_arn)
    # Only through DynamoDB: the function itself encrypts and decrypts nothing.
    use_key["Condition"] = {"StringEquals": {"kms:ViaService": f"dynamodb.{region}.amazonaws.com"}}
    return [*statements, use_key]


def _allow(sid: str, actions: list[str], resources: pulumi.Input[str] | list[pulumi.Output[str]]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _under(arn: pulumi.Output[str], suffix: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(arn, suffix)
