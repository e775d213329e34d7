"""Created or adopted table x created or adopted queue: what is made, how it is wired, what comes out."""

import json
from pathlib import Path
from typing import Any

import pytest
from omics_components.settings import share
from omics_sandbox.provider.catalogue import RESOURCE_TYPES
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.constants import OPERATIONS

from tests.components.conftest import KEY_ARN, World, deploy_main, deployed

ACCOUNT = "arn:aws:{}:us-west-2:123456789012:{}"
NAME = "healthomics-metadata-sync"
URL = "https://sqs.us-west-2.amazonaws.com/123456789012/"
RULE_ARN = ACCOUNT.format("events", f"rule/{NAME}-rule-1234567")
STORE_RULE_ARN = ACCOUNT.format("events", f"rule/{NAME}-store-rule-1234567")
TAG_RULE_ARN = ACCOUNT.format("events", f"rule/{NAME}-tag-rule-1234567")
ADOPT_TABLE = {"dynamoTableName": "their-table"}
ADOPT_QUEUE = {"SQSQueueName": "their-queue"}
MODES: dict[str, dict[str, str]] = {
    "both-created": {},
    "table-adopted": ADOPT_TABLE,
    "queue-adopted": ADOPT_QUEUE,
    "both-adopted": ADOPT_TABLE | ADOPT_QUEUE,
}
# What users of earlier versions have, in each mode. Pulumi takes a resource for the same one as before if it has the
# same URN, made of the types of its parents, its own type and its name. Even then some properties cannot be changed.
RECORDED = Path(__file__).parents[1] / "reuse" / "recorded"
FIXED = {
    token: [name for name, declared in RESOURCE_TYPES[token].properties.items() if declared.replaces]
    for token in ("aws:dynamodb/table:Table", "aws:sqs/queue:Queue")
}
REMEDY = """\
The resources are not those of earlier versions. A table or queue under another URN would be deleted with what it
holds, and a new one created: give it its name, type and parent back, or add the old ones to its resource options as
aliases=[pulumi.Alias(...)]. One with another of the recorded properties would be replaced: leave them as they were, or
let users choose them. If all is well, write what is below into the recorded file."""


def table_of(config: dict[str, str]) -> str:
    return "their-table" if "dynamoTableName" in config else "healthomics_set_metadata"


def queue_of(config: dict[str, str]) -> str:
    return "their-queue.fifo" if "SQSQueueName" in config else "healthomics_set_queue.fifo"


@pytest.mark.parametrize("mode", MODES)
def test_exactly_these_resources_are_made_and_wired_and_these_outputs_come_out(mode: str):
    config = MODES[mode]
    deployment = deployed(config)
    table, queue, undelivered = table_of(config), queue_of(config), "healthomics_set_undelivered"
    queue_arn, undelivered_arn = ACCOUNT.format("sqs", queue), ACCOUNT.format("sqs", undelivered)

    recorded = json.loads((RECORDED / f"{mode}.json").read_text(encoding="utf-8"))
    children = [r for r in deployment.resources if r.name != NAME]
    # By URN without stack and project, the properties of tables and queues whose change would replace them
    now = {
        r.urn.split("::", 2)[2]: {name: r.inputs[name] for name in FIXED.get(r.type, ()) if name in r.inputs}
        for r in children
    }
    assert now == recorded, REMEDY
    assert len(children) == len(now) == len(deployment.kinds()) - 1
    assert {r.parent for r in children} == {NAME}

    expected = {
        "tableName": table,
        "tableArn": ACCOUNT.format("dynamodb", f"table/{table}"),
        "queueName": queue,
        "queueUrl": URL + queue,
        "queueArn": queue_arn,
        "undeliveredQueueUrl": URL + undelivered,
        "undeliveredQueueArn": undelivered_arn,
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
    assert deployment.outputs == expected

    # The rule sends whole events, in one group per read set
    rule = deployment.inputs("rule")
    assert rule["eventPattern"] == {
        "source": ["aws.omics"],
        "detail-type": ["Read Set Status Change"],
    }
    assert "eventBusName" not in rule
    assert deployment.inputs("target") == {
        "rule": f"{NAME}-rule-1234567",
        "arn": queue_arn,
        "sqsTarget": {"messageGroupId": "$.detail.id"},
        "deadLetterConfig": {"arn": undelivered_arn},
        "retryPolicy": {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 185},
    }

    # The queue feeds the function
    mapping = deployment.get("event-source-mapping")
    assert mapping.inputs == {
        "eventSourceArn": queue_arn,
        "functionName": ACCOUNT.format("lambda", f"function:{NAME}-function-1234567"),
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 2},
        "tags": {},
    }
    assert f"{NAME}-function-policy" in mapping.dependencies
    # Otherwise Lambda would take a reconciliation for an endless loop.
    recursion = deployment.get("recursion-config")
    assert recursion.inputs == {"functionName": f"{NAME}-function-1234567", "recursiveLoop": "Allow"}

    # The function is told where it works
    function = deployment.inputs("function")
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
                "TABLE_NAME": table,
                "QUEUE_URL": URL + queue,
                "SOURCE_ACCOUNT": "123456789012",
                "SOURCE_REGION": "us-west-2",
                "MAX_TPS": "2.5",
                "MAX_RECEIVE_COUNT": "5",
                "MAX_ROW_AGE_DAYS": "7",
                "RECONCILE_SCHEDULE": "cron(0 3 * * ? *)",
                "POWERTOOLS_SERVICE_NAME": "healthomics-metadata-sync",
                "POWERTOOLS_METRICS_NAMESPACE": "HealthOmicsMetadataSync",
                "POWERTOOLS_LOG_LEVEL": "INFO",
            }
        },
        "tags": {},
    }

    # The schedule asks for a reconciliation through the queue
    schedule = deployment.get("schedule")
    policy = deployment.inputs("schedule-policy")
    target = schedule.inputs["target"]
    message = json.loads(target.pop("input"))

    assert schedule.inputs == {
        "description": "Has all read-set rows compared with HealthOmics",
        "scheduleExpression": "cron(0 3 * * ? *)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": queue_arn,
            "roleArn": f"arn:aws:iam::123456789012:role/{NAME}-schedule-role-1234567",
            "sqsParameters": {"messageGroupId": "reconcile"},
            "deadLetterConfig": {"arn": undelivered_arn},
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
    ask = allow("AskForReconciliation", ["sqs:SendMessage"], [queue_arn, undelivered_arn])
    assert policy["policy"]["Statement"] == [ask]


def allow(sid: str, actions: list[str], resource: str | list[str], via: str = "") -> dict[str, Any]:
    """A statement of a policy; via: the service through which alone a key may be used."""
    condition = {"StringEquals": {"kms:ViaService": f"{via}.us-west-2.amazonaws.com"}}
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if via else {})


def role_statements(table: str, queue: str, partition: str = "aws") -> list[dict[str, Any]]:
    def arn(service: str, path: str) -> str:
        return f"arn:{partition}:{service}:us-west-2:123456789012:{path}"

    rows, messages, stores = arn("dynamodb", f"table/{table}"), arn("sqs", queue), arn("omics", "sequenceStore/*")
    references = arn("omics", "referenceStore/*")
    logs = arn("logs", f"log-group:/aws/lambda/{NAME}-1234567:*")
    write = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    return [
        allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], logs),
        allow("ReadQueue", ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], messages),
        allow("SendMessages", ["sqs:SendMessage", "sqs:ChangeMessageVisibility"], messages),
        allow("WriteRows", write, rows),
        allow("CompareRows", ["dynamodb:BatchGetItem", "dynamodb:Scan"], rows),
        allow("ReadReadSets", ["omics:GetReadSetMetadata"], [stores, f"{stores}/readSet/*"]),
        allow("ReadStores", ["omics:GetSequenceStore", "omics:ListReadSets"], stores),
        allow("ReadReferences", ["omics:GetReferenceMetadata"], references),
        allow("ReadTags", ["omics:ListTagsForResource"], "*"),
        allow("ReadTagsInBulk", ["tag:GetResources"], "*"),
        allow("FindStores", ["omics:ListSequenceStores"], "*"),
    ]


USE_KEY = allow("UseTableKey", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"], KEY_ARN, via="dynamodb")
USE_QUEUE_KEY = allow("UseQueueKey", ["kms:Decrypt", "kms:GenerateDataKey"], KEY_ARN, via="sqs")


@pytest.mark.parametrize(
    "config",
    [
        *(pytest.param(config, id=mode) for mode, config in MODES.items()),
        pytest.param({"tableEncryption": KEY_ARN}, id="table-key"),
        pytest.param({"queueEncryption": KEY_ARN, "tableEncryption": KEY_ARN}, id="both-keys"),
        pytest.param(ADOPT_QUEUE | {"queueEncryption": KEY_ARN}, id="adopted-queue-key"),
    ],
)
def test_the_role_may_do_exactly_this(config: dict[str, str]):
    policy = deployed(config).inputs("function-policy")

    expected = role_statements(table_of(config), queue_of(config))
    if "queueEncryption" in config:
        expected.append(USE_QUEUE_KEY)
    if config.keys() & {"dynamoTableName", "tableEncryption"}:
        expected.append(USE_KEY)
    assert policy["policy"] == {"Version": "2012-10-17", "Statement": expected}


def test_arns_are_of_the_provider_s_partition():
    deployment = deploy_main(world=World(partition="aws-us-gov"))

    policy = deployment.inputs("function-policy")
    expected = role_statements("healthomics_set_metadata", "healthomics_set_queue.fifo", "aws-us-gov")
    assert policy["policy"]["Statement"] == expected


def test_only_its_own_service_takes_a_role():
    deployment = deployed({})

    function, schedule = (deployment.inputs(f"{name}-role")["assumeRolePolicy"] for name in ("function", "schedule"))
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    on_behalf = {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}
    assert function["Statement"] == [assume | {"Principal": {"Service": "lambda.amazonaws.com"}}]
    assert schedule["Statement"] == [assume | on_behalf | {"Principal": {"Service": "scheduler.amazonaws.com"}}]


def test_the_schedule_as_configured():
    often = deployed({"reconcileSchedule": "rate(12 hours)", "queueEncryption": KEY_ARN, "maxRowAgeDays": "0"})

    schedule = often.inputs("schedule")
    function = often.inputs("function")
    policy = often.inputs("schedule-policy")
    assert schedule["scheduleExpression"] == "rate(12 hours)"
    assert function["environment"]["variables"]["RECONCILE_SCHEDULE"] == "rate(12 hours)"
    assert function["environment"]["variables"]["MAX_ROW_AGE_DAYS"] == "0"
    assert policy["policy"]["Statement"][1] == USE_QUEUE_KEY
    off = deployed({"reconcileSchedule": "off"})
    assert not {name for _, name in off.kinds() if "schedule" in name}
    assert off.inputs("function")["environment"]["variables"]["RECONCILE_SCHEDULE"] == "off"


def test_further_rules_are_for_stores_and_tags():
    deployment = deployed({"tagEvents": "both"})

    patterns = {name: deployment.inputs(name)["eventPattern"] for name in ("store-rule", "tag-rule", "trail-rule")}
    assert patterns == {
        "store-rule": {"source": ["aws.omics"], "detail-type": ["Sequence Store Status Change"]},
        "tag-rule": {
            "source": ["aws.tag"],
            "detail-type": ["Tag Change on Resource"],
            "resources": [{"wildcard": "arn:*:omics:*/readSet/*"}],
        },
        "trail-rule": {
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
    main = deployment.inputs("target")
    for prefix in ("store-", "tag-", "trail-"):
        target = deployment.inputs(f"{prefix}target")
        assert target == main | {
            "rule": f"{NAME}-{prefix}rule-1234567",
            "sqsTarget": {"messageGroupId": "$.id"},
        }
    policy = deployment.inputs("queue-policy")
    allowed = {
        statement["Sid"]: statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        for statement in policy["policy"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert allowed == {
        "AllowReadSetEvents": RULE_ARN,
        "AllowStoreEvents": STORE_RULE_ARN,
        "AllowTagEvents": TAG_RULE_ARN,
        "AllowTrailEvents": ACCOUNT.format("events", f"rule/{NAME}-trail-rule-1234567"),
    }


@pytest.mark.parametrize("tag_events", ["off", "tag", "trail", "both", "true", "False"])
def test_only_the_rules_that_are_wanted_are_made(tag_events: str):
    deployment = deployed({"storeEvents": "false", "tagEvents": tag_events})

    kinds = {"true": ["tag", "trail"], "both": ["tag", "trail"], "tag": ["tag"], "trail": ["trail"]}
    rules = {name for type_, name in deployment.kinds() if type_.endswith(":EventRule")}
    assert rules == {f"{NAME}-rule", *(f"{NAME}-{kind}-rule" for kind in kinds.get(tag_events, []))}


def queue_statements(queue: str) -> list[dict[str, Any]]:
    rules = {"AllowReadSetEvents": RULE_ARN, "AllowStoreEvents": STORE_RULE_ARN, "AllowTagEvents": TAG_RULE_ARN}
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
def test_only_the_rules_may_send(config: dict[str, str], resource: str, queue: str):
    deployment = deployed(config)

    policy = deployment.inputs(resource)

    assert policy["queueUrl"] == URL + queue
    assert policy["policy"]["Statement"] == queue_statements(queue)
    target = deployment.get("target")
    assert resource in target.dependencies


def test_an_adopted_queue_s_policy_is_left_alone_and_the_statements_reported():
    deployment = deployed(ADOPT_QUEUE)

    assert deployment.logs == [
        (
            "The policy of the existing queue their-queue.fifo is left as it is. Events arrive only if it has this"
            f" statement: {json.dumps(statement)}"
        )
        for statement in queue_statements("their-queue.fifo")[:3]
    ]
    assert deployed({}).logs == []
    assert deployed(ADOPT_QUEUE | {"manageQueuePolicy": "true"}).logs == []


def test_the_created_table():
    table = deployed({}).get("table")

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
    again = deployed({"importRetainedTable": "true"}).get("table")
    assert again.import_id == "healthomics_set_metadata"
    passing = deployed({"retainTable": "false", "tableDeletionProtection": "false"}).get("table")
    assert not passing.retain_on_delete


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
        ({"tableStream": "true"}, {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}),
        ({"tableEncryption": "AWS_OWNED"}, {"serverSideEncryption": {"enabled": False}}),
        ({"tableEncryption": KEY_ARN}, {"serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY_ARN}}),
    ],
)
def test_the_table_as_configured(config: dict[str, str], expected: dict[str, Any]):
    table = deployed(config).inputs("table")

    assert table | expected == table


def test_the_stream_of_a_table_comes_out():
    created = deployed({"tableStream": "true"})
    retained = deployed({"tableStream": "true", "importRetainedTable": "true"})
    table = {"hashKey": "set_arn", "attributes": [{"name": "set_arn", "type": "S"}], "streamEnabled": True}
    adopted = deploy_main(config=ADOPT_TABLE, world=World(tables={"their-table": table}))

    arns = [each.outputs["tableStreamArn"] for each in (created, retained, adopted)]

    of_created, of_adopted = (f"table/{table_of(config)}/stream/1" for config in ({}, ADOPT_TABLE))
    assert arns == [ACCOUNT.format("dynamodb", each) for each in (of_created, of_created, of_adopted)]


def test_the_created_queues():
    deployment = deployed({"functionTimeout": "100", "maxReceiveCount": "7", "messageRetentionDays": "3"})

    queue = deployment.inputs("queue")
    allow = deployment.inputs("redrive-allow-policy")

    assert queue.pop("redrivePolicy") == {
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
    undelivered: dict[str, Any] = {
        "name": "healthomics_set_undelivered",
        "messageRetentionSeconds": 14 * 86400,
        "sqsManagedSseEnabled": True,
        "tags": {},
    }
    dead_letters: dict[str, Any] = undelivered | {"name": "healthomics_set_queue_dlq.fifo", "fifoQueue": True}
    assert deployment.inputs("undelivered-queue") == undelivered
    assert deployment.inputs("dead-letter-queue") == dead_letters
    assert allow["queueUrl"] == URL + "healthomics_set_queue_dlq.fifo"
    assert allow["redriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [ACCOUNT.format("sqs", "healthomics_set_queue.fifo")],
    }


def test_queues_and_logs_with_a_key_of_one_s_own():
    deployment = deployed({"queueEncryption": KEY_ARN, "logEncryption": KEY_ARN})

    for name in ("queue", "dead-letter-queue", "undelivered-queue"):
        queue = deployment.inputs(name)
        assert queue["kmsMasterKeyId"] == KEY_ARN
        assert "sqsManagedSseEnabled" not in queue
    assert deployment.inputs("log-group")["kmsKeyId"] == KEY_ARN


def test_the_function_as_configured():
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

    function = deployment.inputs("function")
    mapping = deployment.inputs("event-source-mapping")
    log_group = deployment.inputs("log-group")

    assert (function["memorySize"], function["timeout"]) == (512, 120)
    assert function["reservedConcurrentExecutions"] == 8
    assert function["environment"]["variables"]["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    # WHEN eight executions share 20.5 calls a second, and 40 of one operation, THEN each has an eighth
    assert function["environment"]["variables"]["MAX_TPS"] == "2.5625,GetReadSetMetadata=5"
    assert (mapping["batchSize"], mapping["scalingConfig"]) == (1, {"maximumConcurrency": 8})
    assert log_group == {"namePrefix": f"/aws/lambda/{NAME}-", "retentionInDays": 365, "tags": {}}


def test_tags_are_on_everything_that_can_have_them():
    deployment = deployed({"tags": '{"team": "genomics"}'})

    tagged = {name for _, name in deployment.kinds()} - {
        NAME,
        *(f"{NAME}-{part}" for part in ("target", "store-target", "tag-target", "schedule")),
        *(f"{NAME}-{part}" for part in ("redrive-allow-policy", "recursion-config")),
        *(f"{NAME}-{part}-policy" for part in ("function", "schedule")),
        *(f"{NAME}-{part}-policy" for part in ("queue", "undelivered-queue")),
    }
    found = {r.name: r.inputs["tags"] for r in deployment.resources if "tags" in r.inputs}
    assert found == {name: {"team": "genomics"} for name in tagged}


@pytest.mark.parametrize("spelling", [{"ddbTableName": "their-table"}, {"dynamoTableName": "their-table"}])
@pytest.mark.parametrize("queue", ["their-queue", "their-queue.fifo"])
def test_both_spellings_and_the_suffix(spelling: dict[str, str], queue: str):
    outputs = deployed(spelling | {"sqsQueueName": queue, "SQSQueueName": "their-queue.fifo"}).outputs

    assert (outputs["tableName"], outputs["queueName"]) == ("their-table", "their-queue.fifo")


@pytest.mark.parametrize(
    "text",
    ["5", "2.5", "GetReadSetMetadata=50", "20,GetReadSetMetadata=50", "ListReadSets=1, 20 ,ListTagsForResource=7"],
)
def test_the_function_reads_the_share_that_it_is_given(text: str):
    whole, part = MaxTps.parse(text), MaxTps.parse(share(text, 4))

    assert {each: part.of(each) for each in OPERATIONS} == {each: whole.of(each) / 4 for each in OPERATIONS}
