"""The Lambda function, its role, its log group, its event source mapping and what it may send to itself."""

from typing import Any, TypeVar

import pulumi
import pulumi_aws as aws

from .iam import Place, allow, create_role, use_key, use_queue_key
from .package import HANDLER, write_package
from .queue import Queue
from .settings import Settings, key_arn, share
from .table import Table

SERVICE = "healthomics-metadata-sync"
METRICS_NAMESPACE = "HealthOmicsMetadataSync"
RUNTIME = "python3.13"

_Name = TypeVar("_Name")


def create_function(
    name: str, settings: Settings, table: Table, queue: Queue, place: Place, parent: pulumi.Resource
) -> tuple[aws.lambda_.Function, aws.cloudwatch.LogGroup]:
    """Create the function, fed by the queue and allowed to write to the table; and its log group."""
    opts = pulumi.ResourceOptions(parent=parent)
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-log-group",
        name_prefix=f"/aws/lambda/{name}-",
        retention_in_days=settings.log_retention_days,
        kms_key_id=key_arn(settings.log_encryption),
        tags=settings.tags,
        opts=opts,
    )
    role, role_policy = create_role(
        f"{name}-function",
        "What the function that keeps read-set rows true may do",
        "lambda.amazonaws.com",
        _permissions(settings, table, queue, log_group, place),
        settings,
        parent,
    )
    function = aws.lambda_.Function(
        f"{name}-function",
        description="Keeps one DynamoDB item per HealthOmics read set true to the source",
        runtime=RUNTIME,
        architectures=["arm64"],
        handler=HANDLER,
        code=pulumi.FileArchive(str(write_package())),
        memory_size=settings.function_memory_size,
        timeout=settings.function_timeout,
        reserved_concurrent_executions=settings.function_reserved_concurrency,
        role=role.arn,
        # The log group is known before the function is, so that its role need not create log groups.
        logging_config={"log_format": "Text", "log_group": log_group.name},
        environment={"variables": _environment(settings, table, queue, place)},
        tags=settings.tags,
        opts=opts,
    )
    aws.lambda_.FunctionRecursionConfig(
        f"{name}-recursion-config",
        function_name=function.name,
        # A reconciliation is a chain of messages that the function sends to its own queue. Lambda takes sixteen of them
        # for an endless loop, and would invoke the function with no more (Lambda developer guide, "Use Lambda recursive
        # loop detection to prevent infinite loops").
        recursive_loop="Allow",
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


def own_dimensions(function_name: _Name) -> dict[str, str | _Name]:
    """Return the dimensions of the metrics that a function sends itself (`readset_sync.consumer`)."""
    return {"service": SERVICE, "function_name": function_name}


def _environment(settings: Settings, table: Table, queue: Queue, place: Place) -> dict[str, pulumi.Input[str]]:
    receives = queue.max_receive_count or pulumi.Output.from_input(settings.max_receive_count)
    return {
        "TABLE_NAME": table.name,
        "QUEUE_URL": queue.url,
        "SOURCE_ACCOUNT": place.account,
        "SOURCE_REGION": place.region,
        "MAX_TPS": share(settings.max_tps, settings.maximum_concurrency),
        "MAX_RECEIVE_COUNT": receives.apply(str),
        "MAX_ROW_AGE_DAYS": str(settings.max_row_age_days),
        "RECONCILE_SCHEDULE": settings.reconcile_schedule,
        "POWERTOOLS_SERVICE_NAME": SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
    }


def _permissions(
    settings: Settings, table: Table, queue: Queue, log_group: aws.cloudwatch.LogGroup, place: Place
) -> pulumi.Output[list[Any]]:
    here = pulumi.Output.format("arn:{0}:omics:{1}:{2}:", place.partition, place.region, place.account)
    stores, references = (pulumi.Output.concat(here, each) for each in ("sequenceStore/*", "referenceStore/*"))
    statements = [
        allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(log_group.arn, ":*")),
        allow("ReadQueue", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue.arn),
        allow("SendMessages", ["sqs:SendMessage", "sqs:ChangeMessageVisibility"], queue.arn),
        allow(
            "WriteRows",
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            table.arn,
        ),
        allow("CompareRows", ["dynamodb:BatchGetItem", "dynamodb:Scan"], table.arn),
        allow("ReadReadSets", ["omics:GetReadSetMetadata"], [stores, pulumi.Output.concat(stores, "/readSet/*")]),
        allow("ReadStores", ["omics:GetSequenceStore", "omics:ListReadSets"], stores),
        allow("ReadReferences", ["omics:GetReferenceMetadata"], references),
        # These operations have no resource type in IAM, so that nothing narrower than * works.
        allow("ReadTags", ["omics:ListTagsForResource"], "*"),
        allow("ReadTagsInBulk", ["tag:GetResources"], "*"),
        allow("FindStores", ["omics:ListSequenceStores"], "*"),
        *use_queue_key(settings, place),
    ]
    table_key = table.kms_key_arn.apply(lambda key_arn: _use_table_key(key_arn, place))
    return pulumi.Output.all(statements, table_key).apply(lambda known: [*known[0], *known[1]])


def _use_table_key(key: str | None, place: Place) -> list[dict[str, Any]]:
    if not key:
        return []
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    return [use_key("UseTableKey", actions, key, "dynamodb", place.region)]
