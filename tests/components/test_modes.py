"""Created or adopted table x created or adopted queue: what is made, how it is wired, what comes out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

# The fixtures of conftest.py, which tests cannot import.
Deploy = Callable[..., Any]
Describe = Callable[..., Any]

ACCOUNT = "arn:aws:{}:us-west-2:123456789012:{}"
NAME = "healthomics-metadata-sync"
URL = "https://sqs.us-west-2.amazonaws.com/123456789012/"
KEY_ARN = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
RULE_ARN = ACCOUNT.format("events", f"rule/{NAME}-rule-1234567")
STORE_RULE_ARN = ACCOUNT.format("events", f"rule/{NAME}-store-rule-1234567")
ADOPT_TABLE = {"dynamoTableName": "their-table"}
ADOPT_QUEUE = {"SQSQueueName": "their-queue"}
MODES = [
    pytest.param({}, id="both-created"),
    pytest.param(ADOPT_TABLE, id="table-adopted"),
    pytest.param(ADOPT_QUEUE, id="queue-adopted"),
    pytest.param(ADOPT_TABLE | ADOPT_QUEUE, id="both-adopted"),
]
ALWAYS = {
    ("healthomics-metadata-sync:index:MetadataSync", NAME),
    ("aws:sqs/queue:Queue", f"{NAME}-undelivered-queue"),
    ("aws:sqs/queuePolicy:QueuePolicy", f"{NAME}-undelivered-queue-policy"),
    ("aws:cloudwatch/eventRule:EventRule", f"{NAME}-rule"),
    ("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-target"),
    ("aws:cloudwatch/eventRule:EventRule", f"{NAME}-store-rule"),
    ("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-store-target"),
    ("aws:iam/role:Role", f"{NAME}-schedule-role"),
    ("aws:iam/rolePolicy:RolePolicy", f"{NAME}-schedule-policy"),
    ("aws:scheduler/schedule:Schedule", f"{NAME}-schedule"),
    ("aws:cloudwatch/logGroup:LogGroup", f"{NAME}-log-group"),
    ("aws:iam/role:Role", f"{NAME}-function-role"),
    ("aws:iam/rolePolicy:RolePolicy", f"{NAME}-function-policy"),
    ("aws:lambda/function:Function", f"{NAME}-function"),
    ("aws:lambda/functionRecursionConfig:FunctionRecursionConfig", f"{NAME}-recursion-config"),
    ("aws:lambda/eventSourceMapping:EventSourceMapping", f"{NAME}-event-source-mapping"),
    *(
        ("aws:cloudwatch/metricAlarm:MetricAlarm", f"{NAME}-{each}-alarm")
        for each in ("undelivered", "oldest-message", "errors", "throttles", "drift")
    ),
}
CREATED_TABLE = {("aws:dynamodb/table:Table", f"{NAME}-table")}
CREATED_QUEUE = {
    ("aws:sqs/queue:Queue", f"{NAME}-queue"),
    ("aws:sqs/queue:Queue", f"{NAME}-dead-letter-queue"),
    ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", f"{NAME}-redrive-allow-policy"),
    ("aws:sqs/queuePolicy:QueuePolicy", f"{NAME}-queue-policy"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", f"{NAME}-dead-letters-alarm"),
}


def table_of(config: dict[str, str]) -> str:
    return "their-table" if "dynamoTableName" in config else "healthomics_set_metadata"


def queue_of(config: dict[str, str]) -> str:
    return "their-queue.fifo" if "SQSQueueName" in config else "healthomics_set_queue.fifo"


@pytest.mark.parametrize("config", MODES)
def test_exactly_these_resources_are_made(deployed: Deploy, config: dict[str, str]):
    expected = ALWAYS.copy()
    if "dynamoTableName" not in config:
        expected |= CREATED_TABLE
    if "SQSQueueName" not in config:
        expected |= CREATED_QUEUE

    deployment = deployed(config)

    assert deployment.kinds() == expected
    assert len(deployment.resources) == len(expected)
    assert {r.parent for r in deployment.resources if r.name != NAME} == {NAME}


@pytest.mark.parametrize("config", MODES)
def test_exactly_these_outputs_come_out(deployed: Deploy, config: dict[str, str]):
    table, queue = table_of(config), queue_of(config)
    expected = {
        "tableName": table,
        "tableArn": ACCOUNT.format("dynamodb", f"table/{table}"),
        "queueName": queue,
        "queueUrl": URL + queue,
        "queueArn": ACCOUNT.format("sqs", queue),
        "undeliveredQueueUrl": URL + "healthomics_set_undelivered",
        "undeliveredQueueArn": ACCOUNT.format("sqs", "healthomics_set_undelivered"),
        "functionName": f"{NAME}-function-1234567",
        "functionArn": ACCOUNT.format("lambda", f"function:{NAME}-function-1234567"),
        "ruleName": f"{NAME}-rule-1234567",
        "ruleArn": RULE_ARN,
        "logGroupName": f"/aws/lambda/{NAME}-1234567",
        "region": "us-west-2",
    }
    if "SQSQueueName" not in config:  # otherwise null, which Pulumi's Python SDK leaves out of a stack's outputs
        expected["deadLetterQueueUrl"] = URL + "healthomics_set_queue_dlq.fifo"
        expected["deadLetterQueueArn"] = ACCOUNT.format("sqs", "healthomics_set_queue_dlq.fifo")

    assert deployed(config).outputs == expected


@pytest.mark.parametrize("config", MODES)
def test_the_rule_sends_whole_events_in_one_group_per_read_set(deployed: Deploy, config: dict[str, str]):
    deployment = deployed(config)

    rule = deployment.get("aws:cloudwatch/eventRule:EventRule", f"{NAME}-rule").inputs
    target = deployment.get("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-target").inputs

    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.omics"],
        "detail-type": ["Read Set Status Change"],
    }
    assert "eventBusName" not in rule
    assert target == {
        "rule": f"{NAME}-rule-1234567",
        "arn": ACCOUNT.format("sqs", queue_of(config)),
        "sqsTarget": {"messageGroupId": "$.detail.id"},
        "deadLetterConfig": {"arn": ACCOUNT.format("sqs", "healthomics_set_undelivered")},
        "retryPolicy": {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185},
    }


@pytest.mark.parametrize("config", MODES)
def test_the_queue_feeds_the_function(deployed: Deploy, config: dict[str, str]):
    deployment = deployed(config)

    mapping = deployment.get("aws:lambda/eventSourceMapping:EventSourceMapping", f"{NAME}-event-source-mapping")

    assert mapping.inputs == {
        "eventSourceArn": ACCOUNT.format("sqs", queue_of(config)),
        "functionName": ACCOUNT.format("lambda", f"function:{NAME}-function-1234567"),
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 2},
        "tags": {},
    }
    assert f"{NAME}-function-policy" in mapping.dependencies


def test_lambda_does_not_take_a_reconciliation_for_an_endless_loop(deployed: Deploy):
    recursion = deployed({}).get(
        "aws:lambda/functionRecursionConfig:FunctionRecursionConfig", f"{NAME}-recursion-config"
    )

    assert recursion.inputs == {"functionName": f"{NAME}-function-1234567", "recursiveLoop": "Allow"}


@pytest.mark.parametrize("config", MODES)
def test_the_function_is_told_where_it_works(deployed: Deploy, config: dict[str, str]):
    function = deployed(config).get("aws:lambda/function:Function", f"{NAME}-function").inputs
    code = function.pop("code")

    assert code["path"].endswith(".zip")
    assert function == {
        "description": "Keeps one DynamoDB item per HealthOmics read set true to the source",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "readset_sync.function.handler",
        "memorySize": 256,
        "timeout": 60,
        "reservedConcurrentExecutions": -1,
        "role": f"arn:aws:iam::123456789012:role/{NAME}-function-role-1234567",
        "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{NAME}-1234567"},
        "environment": {
            "variables": {
                "TABLE_NAME": table_of(config),
                "QUEUE_URL": URL + queue_of(config),
                "SOURCE_ACCOUNT": "123456789012",
                "SOURCE_REGION": "us-west-2",
                "MAX_TPS": "2.5",
                "MAX_ROW_AGE_DAYS": "7",
                "RECONCILE_SCHEDULE": "cron(0 3 * * ? *)",
                "POWERTOOLS_SERVICE_NAME": "healthomics-metadata-sync",
                "POWERTOOLS_METRICS_NAMESPACE": "HealthOmicsMetadataSync",
                "POWERTOOLS_LOG_LEVEL": "INFO",
            }
        },
        "tags": {},
    }


def role_statements(table: str, queue: str, partition: str = "aws") -> list[dict[str, Any]]:
    def arn(service: str, path: str) -> str:
        return f"arn:{partition}:{service}:us-west-2:123456789012:{path}"

    return [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": arn("logs", f"log-group:/aws/lambda/{NAME}-1234567:*"),
        },
        {
            "Sid": "ReadQueue",
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": arn("sqs", queue),
        },
        {
            "Sid": "AskForRefreshes",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": arn("sqs", queue),
        },
        {
            "Sid": "WriteRows",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
            "Resource": arn("dynamodb", f"table/{table}"),
        },
        {
            "Sid": "CompareRows",
            "Effect": "Allow",
            "Action": ["dynamodb:BatchGetItem", "dynamodb:Scan"],
            "Resource": arn("dynamodb", f"table/{table}"),
        },
        {
            "Sid": "ReadReadSets",
            "Effect": "Allow",
            "Action": ["omics:GetReadSetMetadata"],
            "Resource": [arn("omics", "sequenceStore/*"), arn("omics", "sequenceStore/*/readSet/*")],
        },
        {
            "Sid": "ReadStores",
            "Effect": "Allow",
            "Action": ["omics:GetSequenceStore", "omics:ListReadSets"],
            "Resource": arn("omics", "sequenceStore/*"),
        },
        {"Sid": "ReadTags", "Effect": "Allow", "Action": ["omics:ListTagsForResource"], "Resource": "*"},
        {"Sid": "FindStores", "Effect": "Allow", "Action": ["omics:ListSequenceStores"], "Resource": "*"},
    ]


USE_KEY = {
    "Sid": "UseTableKey",
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
    "Resource": KEY_ARN,
    "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.us-west-2.amazonaws.com"}},
}


USE_QUEUE_KEY = {
    "Sid": "UseQueueKey",
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
    "Resource": KEY_ARN,
    "Condition": {"StringEquals": {"kms:ViaService": "sqs.us-west-2.amazonaws.com"}},
}


@pytest.mark.parametrize(
    "config",
    [
        *MODES,
        pytest.param({"tableEncryption": KEY_ARN}, id="table-key"),
        pytest.param({"queueEncryption": KEY_ARN, "tableEncryption": KEY_ARN}, id="both-keys"),
        pytest.param(ADOPT_QUEUE | {"queueEncryption": KEY_ARN}, id="adopted-queue-key"),
    ],
)
def test_the_role_may_do_exactly_this(deployed: Deploy, config: dict[str, str]):
    policy = deployed(config).get("aws:iam/rolePolicy:RolePolicy", f"{NAME}-function-policy").inputs

    expected = role_statements(table_of(config), queue_of(config))
    if "queueEncryption" in config:
        expected.append(USE_QUEUE_KEY)
    if config.keys() & {"dynamoTableName", "tableEncryption"}:
        expected.append(USE_KEY)
    assert json.loads(policy["policy"]) == {"Version": "2012-10-17", "Statement": expected}


def test_arns_are_of_the_provider_s_partition(deploy_main: Deploy, world_of: Describe):
    deployment = deploy_main(world=world_of(partition="aws-us-gov"))

    policy = deployment.get("aws:iam/rolePolicy:RolePolicy", f"{NAME}-function-policy").inputs
    expected = role_statements("healthomics_set_metadata", "healthomics_set_queue.fifo", "aws-us-gov")
    assert json.loads(policy["policy"])["Statement"] == expected


def test_only_its_own_service_takes_a_role(deployed: Deploy):
    deployment = deployed({})

    def trust(name: str) -> Any:
        role = deployment.get("aws:iam/role:Role", f"{NAME}-{name}-role").inputs
        return json.loads(role["assumeRolePolicy"])["Statement"]

    assert trust("function") == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    assert trust("schedule") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    ]


@pytest.mark.parametrize("config", MODES)
def test_the_schedule_asks_for_a_reconciliation_through_the_queue(deployed: Deploy, config: dict[str, str]):
    deployment = deployed(config)

    schedule = deployment.get("aws:scheduler/schedule:Schedule", f"{NAME}-schedule")
    policy = deployment.get("aws:iam/rolePolicy:RolePolicy", f"{NAME}-schedule-policy").inputs
    queue, undelivered = ACCOUNT.format("sqs", queue_of(config)), ACCOUNT.format("sqs", "healthomics_set_undelivered")
    target = schedule.inputs["target"]
    message = json.loads(target.pop("input"))

    assert schedule.inputs == {
        "description": "Has all read-set rows compared with HealthOmics",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": queue,
            "roleArn": f"arn:aws:iam::123456789012:role/{NAME}-schedule-role-1234567",
            "sqsParameters": {"messageGroupId": "reconcile"},
            "deadLetterConfig": {"arn": undelivered},
        },
    }
    assert message == {
        "source": "healthomics-metadata-sync",
        "detail-type": "Reconcile",
        "id": "<aws.scheduler.execution-id>",
        "time": "<aws.scheduler.scheduled-time>",
        "account": "123456789012",
        "region": "us-west-2",
        "detail": {},
    }
    assert f"{NAME}-schedule-policy" in schedule.dependencies
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "AskForReconciliation",
            "Effect": "Allow",
            "Action": ["sqs:SendMessage"],
            "Resource": [queue, undelivered],
        }
    ]


def test_the_schedule_as_configured(deployed: Deploy):
    often = deployed({"reconcileSchedule": "rate(12 hours)", "queueEncryption": KEY_ARN, "maxRowAgeDays": "0"})

    schedule = often.get("aws:scheduler/schedule:Schedule", f"{NAME}-schedule").inputs
    function = often.get("aws:lambda/function:Function", f"{NAME}-function").inputs
    policy = often.get("aws:iam/rolePolicy:RolePolicy", f"{NAME}-schedule-policy").inputs
    assert schedule["scheduleExpression"] == "rate(12 hours)"
    assert function["environment"]["variables"]["RECONCILE_SCHEDULE"] == "rate(12 hours)"
    assert function["environment"]["variables"]["MAX_ROW_AGE_DAYS"] == "0"
    assert json.loads(policy["policy"])["Statement"][1] == USE_QUEUE_KEY


def test_reconciliations_can_be_off(deployed: Deploy):
    deployment = deployed({"reconcileSchedule": "off"})

    assert not {name for _, name in deployment.kinds() if "schedule" in name}
    function = deployment.get("aws:lambda/function:Function", f"{NAME}-function").inputs
    assert function["environment"]["variables"]["RECONCILE_SCHEDULE"] == "off"


def test_further_rules_are_for_stores_and_tags(deployed: Deploy):
    deployment = deployed({"tagEvents": "true"})

    patterns = {
        name: json.loads(deployment.get("aws:cloudwatch/eventRule:EventRule", f"{NAME}-{name}").inputs["eventPattern"])
        for name in ("store-rule", "tag-rule")
    }
    assert patterns == {
        "store-rule": {"source": ["aws.omics"], "detail-type": ["Sequence Store Status Change"]},
        "tag-rule": {
            "source": ["aws.omics"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": ["omics.amazonaws.com"],
                "eventName": ["TagResource", "UntagResource"],
                "errorCode": [{"exists": False}],
                "requestParameters": {"resourceArn": [{"wildcard": "*readSet*"}]},
            },
        },
    }
    main = deployment.get("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-target").inputs
    for prefix in ("store-", "tag-"):
        target = deployment.get("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-{prefix}target").inputs
        assert target == main | {
            "rule": f"{NAME}-{prefix}rule-1234567",
            "sqsTarget": {"messageGroupId": "$.id"},
        }
    policy = deployment.get("aws:sqs/queuePolicy:QueuePolicy", f"{NAME}-queue-policy").inputs
    allowed = {
        statement["Sid"]: statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        for statement in json.loads(policy["policy"])["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert allowed == {
        "AllowReadSetEvents": RULE_ARN,
        "AllowStoreEvents": ACCOUNT.format("events", f"rule/{NAME}-store-rule-1234567"),
        "AllowTagEvents": ACCOUNT.format("events", f"rule/{NAME}-tag-rule-1234567"),
    }


def test_the_rule_of_stores_can_be_left_out(deployed: Deploy):
    rules = {name for type_, name in deployed({"storeEvents": "false"}).kinds() if type_.endswith(":EventRule")}

    assert rules == {f"{NAME}-rule"}


def queue_statements(queue: str) -> list[dict[str, Any]]:
    rules = {"AllowReadSetEvents": RULE_ARN, "AllowStoreEvents": STORE_RULE_ARN}
    return [
        *(
            {
                "Sid": sid,
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": ACCOUNT.format("sqs", queue),
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
            for sid, rule in rules.items()
        ),
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": ACCOUNT.format("sqs", queue),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


@pytest.mark.parametrize(
    ("config", "resource", "queue"),
    [
        ({}, f"{NAME}-queue-policy", "healthomics_set_queue.fifo"),
        ({}, f"{NAME}-undelivered-queue-policy", "healthomics_set_undelivered"),
        (ADOPT_QUEUE, f"{NAME}-undelivered-queue-policy", "healthomics_set_undelivered"),
        (ADOPT_QUEUE | {"manageQueuePolicy": "true"}, f"{NAME}-queue-policy", "their-queue.fifo"),
    ],
)
def test_only_the_rules_may_send(deployed: Deploy, config: dict[str, str], resource: str, queue: str):
    deployment = deployed(config)

    policy = deployment.get("aws:sqs/queuePolicy:QueuePolicy", resource).inputs

    assert policy["queueUrl"] == URL + queue
    assert json.loads(policy["policy"])["Statement"] == queue_statements(queue)
    target = deployment.get("aws:cloudwatch/eventTarget:EventTarget", f"{NAME}-target")
    assert resource in target.dependencies


def test_an_adopted_queue_s_policy_is_left_alone_and_the_statements_reported(deployed: Deploy):
    deployment = deployed(ADOPT_QUEUE)

    assert deployment.logs == [
        (
            "The policy of the existing queue their-queue.fifo is left as it is. Events arrive only if it has this"
            f" statement: {json.dumps(statement)}"
        )
        for statement in queue_statements("their-queue.fifo")[:2]
    ]
    assert deployed({}).logs == []
    assert deployed(ADOPT_QUEUE | {"manageQueuePolicy": "true"}).logs == []


def test_the_created_table(deployed: Deploy):
    table = deployed({}).get("aws:dynamodb/table:Table", f"{NAME}-table")

    assert table.inputs == {
        "name": "healthomics_set_metadata",
        "hashKey": "set_arn",
        "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "set_subject_id", "set_sample_id")],
        "globalSecondaryIndexes": [
            {"name": "subject", "hashKey": "set_subject_id", "projectionType": "KEYS_ONLY"},
            {"name": "sample", "hashKey": "set_sample_id", "projectionType": "KEYS_ONLY"},
        ],
        "billingMode": "PAY_PER_REQUEST",
        "pointInTimeRecovery": {"enabled": True},
        "deletionProtectionEnabled": True,
        "serverSideEncryption": {"enabled": True},
        "tags": {},
    }
    assert table.retain_on_delete
    assert table.import_id == ""


def test_a_retained_table_comes_back_under_management(deployed: Deploy):
    table = deployed({"importRetainedTable": "true"}).get("aws:dynamodb/table:Table", f"{NAME}-table")

    assert table.import_id == "healthomics_set_metadata"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"tableBillingMode": "PROVISIONED", "tableReadCapacity": "5", "tableWriteCapacity": "7"},
            {"billingMode": "PROVISIONED", "readCapacity": 5, "writeCapacity": 7},
        ),
        (
            {"tableIndexes": "none"},
            {"attributes": [{"name": "set_arn", "type": "S"}], "globalSecondaryIndexes": []},
        ),
        (
            {
                "tableIndexes": "store",
                "tableBillingMode": "PROVISIONED",
                "tableReadCapacity": "5",
                "tableWriteCapacity": "7",
            },
            {
                "attributes": [{"name": name, "type": "S"} for name in ("set_arn", "store_id", "set_status")],
                "globalSecondaryIndexes": [
                    {
                        "name": "store",
                        "hashKey": "store_id",
                        "rangeKey": "set_status",
                        "projectionType": "KEYS_ONLY",
                        "readCapacity": 5,
                        "writeCapacity": 7,
                    }
                ],
            },
        ),
        ({"tablePointInTimeRecovery": "false"}, {"pointInTimeRecovery": {"enabled": False}}),
        ({"tableDeletionProtection": "false"}, {"deletionProtectionEnabled": False}),
        ({"tableEncryption": "AWS_OWNED"}, {"serverSideEncryption": {"enabled": False}}),
        ({"tableEncryption": KEY_ARN}, {"serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY_ARN}}),
    ],
)
def test_the_table_as_configured(deployed: Deploy, config: dict[str, str], expected: dict[str, Any]):
    table = deployed(config).get("aws:dynamodb/table:Table", f"{NAME}-table").inputs

    assert table | expected == table


def test_a_table_that_need_not_stay(deployed: Deploy):
    config = {"retainTable": "false", "tableDeletionProtection": "false"}

    assert not deployed(config).get("aws:dynamodb/table:Table", f"{NAME}-table").retain_on_delete


def test_the_created_queues(deployed: Deploy):
    deployment = deployed({"functionTimeout": "100", "maxReceiveCount": "7", "messageRetentionDays": "3"})

    queue = deployment.get("aws:sqs/queue:Queue", f"{NAME}-queue").inputs
    dead_letters = deployment.get("aws:sqs/queue:Queue", f"{NAME}-dead-letter-queue").inputs
    undelivered = deployment.get("aws:sqs/queue:Queue", f"{NAME}-undelivered-queue").inputs
    allow = deployment.get("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", f"{NAME}-redrive-allow-policy").inputs

    assert json.loads(queue.pop("redrivePolicy")) == {
        "deadLetterTargetArn": ACCOUNT.format("sqs", "healthomics_set_queue_dlq.fifo"),
        "maxReceiveCount": 7,
    }
    assert queue == {
        "name": "healthomics_set_queue.fifo",
        "fifoQueue": True,
        "contentBasedDeduplication": True,
        "deduplicationScope": "messageGroup",
        "fifoThroughputLimit": "perMessageGroupId",
        "visibilityTimeoutSeconds": 600,
        "messageRetentionSeconds": 3 * 86400,
        "sqsManagedSseEnabled": True,
        "tags": {},
    }
    assert dead_letters == {
        "name": "healthomics_set_queue_dlq.fifo",
        "fifoQueue": True,
        "messageRetentionSeconds": 14 * 86400,
        "sqsManagedSseEnabled": True,
        "tags": {},
    }
    assert undelivered == {
        "name": "healthomics_set_undelivered",
        "messageRetentionSeconds": 14 * 86400,
        "sqsManagedSseEnabled": True,
        "tags": {},
    }
    assert allow["queueUrl"] == URL + "healthomics_set_queue_dlq.fifo"
    assert json.loads(allow["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [ACCOUNT.format("sqs", "healthomics_set_queue.fifo")],
    }


def test_queues_and_logs_with_a_key_of_one_s_own(deployed: Deploy):
    deployment = deployed({"queueEncryption": KEY_ARN, "logEncryption": KEY_ARN})

    for name in ("queue", "dead-letter-queue", "undelivered-queue"):
        queue = deployment.get("aws:sqs/queue:Queue", f"{NAME}-{name}").inputs
        assert queue["kmsMasterKeyId"] == KEY_ARN
        assert "sqsManagedSseEnabled" not in queue
    log_group = deployment.get("aws:cloudwatch/logGroup:LogGroup", f"{NAME}-log-group").inputs
    assert log_group["kmsKeyId"] == KEY_ARN


def test_the_function_as_configured(deployed: Deploy):
    deployment = deployed(
        {
            "functionMemorySize": "512",
            "functionTimeout": "120",
            "functionReservedConcurrency": "8",
            "maximumConcurrency": "8",
            "batchSize": "1",
            "logRetentionDays": "365",
            "logLevel": "DEBUG",
            "maxTps": "20.5,GetReadSetMetadata=40",
        }
    )

    function = deployment.get("aws:lambda/function:Function", f"{NAME}-function").inputs
    mapping = deployment.get("aws:lambda/eventSourceMapping:EventSourceMapping", f"{NAME}-event-source-mapping").inputs
    log_group = deployment.get("aws:cloudwatch/logGroup:LogGroup", f"{NAME}-log-group").inputs

    assert (function["memorySize"], function["timeout"]) == (512, 120)
    assert function["reservedConcurrentExecutions"] == 8
    assert function["environment"]["variables"]["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    # WHEN eight executions share 20.5 calls a second, and 40 of one operation, THEN each has an eighth
    assert function["environment"]["variables"]["MAX_TPS"] == "2.5625,GetReadSetMetadata=5"
    assert (mapping["batchSize"], mapping["scalingConfig"]) == (1, {"maximumConcurrency": 8})
    assert log_group == {"namePrefix": f"/aws/lambda/{NAME}-", "retentionInDays": 365, "tags": {}}


def test_tags_are_on_everything_that_can_have_them(deployed: Deploy):
    deployment = deployed({"tags": '{"team": "genomics"}'})

    tagged = {name for _, name in deployment.kinds()} - {
        NAME,
        *(f"{NAME}-{part}" for part in ("target", "store-target", "schedule")),
        *(f"{NAME}-{part}" for part in ("redrive-allow-policy", "recursion-config")),
        *(f"{NAME}-{part}-policy" for part in ("function", "schedule")),
        *(f"{NAME}-{part}-policy" for part in ("queue", "undelivered-queue")),
    }
    found = {r.name: r.inputs["tags"] for r in deployment.resources if "tags" in r.inputs}
    assert found == {name: {"team": "genomics"} for name in tagged}


@pytest.mark.parametrize("spelling", [{"ddbTableName": "their-table"}, {"dynamoTableName": "their-table"}])
@pytest.mark.parametrize("queue", ["their-queue", "their-queue.fifo"])
def test_both_spellings_and_the_suffix(deployed: Deploy, spelling: dict[str, str], queue: str):
    outputs = deployed(spelling | {"sqsQueueName": queue, "SQSQueueName": "their-queue.fifo"}).outputs

    assert (outputs["tableName"], outputs["queueName"]) == ("their-table", "their-queue.fifo")
