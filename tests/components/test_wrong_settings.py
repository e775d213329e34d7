"""Every wrong setting fails before anything is registered, with its name, its value and the remedy."""

from collections.abc import Callable
from typing import Any

import pytest
from omics_components.validation import SettingsError

# The fixtures of conftest.py, which tests cannot import.
Deploy = Callable[..., Any]
Describe = Callable[..., Any]

COMPONENT = ("healthomics-metadata-sync:index:MetadataSync", "healthomics-metadata-sync")
KEY_ARN = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
EXISTING_TABLE_WINS = "an existing table (dynamoTableName) is not changed: remove one of the two."
EXISTING_QUEUE_WINS = "an existing queue (SQSQueueName) is not changed: remove one of the two."
A_TABLE_NAME = "give the name of a DynamoDB table: 3 to 255 letters, digits, underscores, dots and hyphens."
OTHER_TABLE = (
    "which DynamoDB cannot change: give a table with partition key set_arn (S) and no sort key;"
    " omics-meta backfill fills an empty one."
)
A_QUEUE_NAME = "give the name of a FIFO queue: letters, digits, underscores and hyphens, at most 80 with .fifo."
TRUE_OR_FALSE = "give true or false."
RETENTIONS = (
    "give 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288"
    " or 3653 (days)."
)
TAGS = (
    "give an object of texts: at most 50 tags, keys of 1 to 128 characters that do not begin with aws:,"
    " values of at most 256 characters."
)
A_RATE = (
    "give a number greater than 0 (HealthOmics calls a second, per operation), with a number for single operations if"
    " wanted, as in 20,GetReadSetMetadata=50; these are GetReadSetMetadata, GetSequenceStore, ListReadSets,"
    " ListSequenceStores and ListTagsForResource."
)
A_SCHEDULE = (
    "give rate(1 day), another rate(NUMBER hours or days), a cron(MINUTE ...) expression of EventBridge Scheduler with"
    " one minute, or off: reconciliations that begin more often than every hour pile up in the queue."
)
A_QUEUE_KEY = "give SQS_MANAGED or the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)."
A_LOG_KEY = "give AWS_OWNED or the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID)."
A_TOPIC = "give the ARN of a standard SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)."
TOPIC_ARN = "arn:aws:sns:us-west-2:123456789012:on-call"
A_LEVEL = "give DEBUG, INFO, WARNING, ERROR or CRITICAL."
INDEXES = "give some of subject, sample, store, separated by commas, or none."
CAPACITY = "give a whole number from 0 to 1000000 (read capacity units)."

WRONG = [
    # Keys that do not exist
    ({"tabelEncryption": "x"}, "tabelEncryption: there is no such setting; the nearest is tableEncryption."),
    ({"dynamotablename": "x"}, "dynamotablename: there is no such setting; the nearest is dynamoTableName."),
    # What only the program decides is not a configuration key
    ({"queueName": "x"}, "queueName: there is no such setting; the nearest is SQSQueueName."),
    # Names
    ({"dynamoTableName": "ab"}, f'dynamoTableName: "ab" is not accepted: {A_TABLE_NAME}'),
    ({"ddbTableName": "a table"}, f'dynamoTableName: "a table" is not accepted: {A_TABLE_NAME}'),
    ({"dynamoTableName": "t" * 256}, f'dynamoTableName: "{"t" * 256}" is not accepted: {A_TABLE_NAME}'),
    ({"SQSQueueName": "a.queue"}, f'SQSQueueName: "a.queue" is not accepted: {A_QUEUE_NAME}'),
    ({"SQSQueueName": ".fifo"}, f'SQSQueueName: ".fifo" is not accepted: {A_QUEUE_NAME}'),
    ({"sqsQueueName": "q" * 76}, f'SQSQueueName: "{"q" * 76}" is not accepted: {A_QUEUE_NAME}'),
    (
        {"dynamoTableName": "one-table", "ddbTableName": "two-table"},
        (
            'ddbTableName: "two-table" is not accepted: it is another spelling of dynamoTableName, which is'
            " one-table: remove one of the two."
        ),
    ),
    (
        {"SQSQueueName": "one", "sqsQueueName": "two"},
        (
            'sqsQueueName: "two" is not accepted: it is another spelling of SQSQueueName, which is one: remove one of'
            " the two."
        ),
    ),
    # Indexes
    *(
        ({"tableIndexes": wrong}, f'tableIndexes: "{wrong}" is not accepted: {INDEXES}')
        for wrong in ("tag", "subject,", "subject,subject", "none,subject")
    ),
    # Schedules and keys
    *(
        ({"reconcileSchedule": wrong}, f'reconcileSchedule: "{wrong}" is not accepted: {A_SCHEDULE}')
        for wrong in (
            "daily",
            "rate(0 days)",
            "rate(1 week)",
            "rate(1 day",
            "cron(0 3 * * *)",
            "at(2026-01-01T00:00:00)",
            "rate(1 minute)",
            "rate(90 minutes)",
            "cron(* * * * ? *)",
            "cron(0/5 * * * ? *)",
            "cron(0,30 3 * * ? *)",
            "cron(60 3 * * ? *)",
        )
    ),
    ({"queueEncryption": "alias/aws/sqs"}, f'queueEncryption: "alias/aws/sqs" is not accepted: {A_QUEUE_KEY}'),
    ({"logEncryption": "yes"}, f'logEncryption: "yes" is not accepted: {A_LOG_KEY}'),
    ({"alarmEncryption": "yes"}, f'alarmEncryption: "yes" is not accepted: {A_LOG_KEY}'),
    # Alarms
    *(
        (
            {"alarmEmail": wrong},
            f'alarmEmail: "{wrong}" is not accepted: give one e-mail address, such as on-call@example.org.',
        )
        for wrong in ("on-call", "a@b", "a@example.org, b@example.org")
    ),
    *(
        ({"alarmTopicArn": wrong}, f'alarmTopicArn: "{wrong}" is not accepted: {A_TOPIC}')
        for wrong in ("on-call", f"{TOPIC_ARN}.fifo", TOPIC_ARN.replace("sns", "sqs"))
    ),
    (
        {"oldestMessageMinutes": "0"},
        'oldestMessageMinutes: "0" is not accepted: give a whole number from 1 to 1440 (minutes).',
    ),
    ({"alarms": "on"}, f'alarms: "on" is not accepted: {TRUE_OR_FALSE}'),
    ({"dashboard": "on"}, f'dashboard: "on" is not accepted: {TRUE_OR_FALSE}'),
    *(
        (
            {"alarms": "false", key: value},
            f'{key}: "{value}" is not accepted: there are no alarms (alarms is false): remove one of the two.',
        )
        for key, value in (
            ("alarmEmail", "on-call@example.org"),
            ("alarmTopicArn", TOPIC_ARN),
            ("alarmEncryption", KEY_ARN),
        )
    ),
    (
        {"alarms": "false", "oldestMessageMinutes": "30"},
        "oldestMessageMinutes: 30 is not accepted: there are no alarms (alarms is false): remove one of the two.",
    ),
    (
        {"alarmEmail": "on-call@example.org", "alarmTopicArn": TOPIC_ARN},
        (
            'alarmEmail: "on-call@example.org" is not accepted: an existing topic (alarmTopicArn) is not changed:'
            " subscribe the address to it, and remove one of the two."
        ),
    ),
    *(
        (
            {"alarmEncryption": KEY_ARN, **more},
            (
                f'alarmEncryption: "{KEY_ARN}" is not accepted: no topic is created: give alarmEmail as well, or'
                " remove it."
            ),
        )
        for more in ({}, {"alarmTopicArn": TOPIC_ARN})
    ),
    # Types and ranges
    ({"storeEvents": "maybe"}, f'storeEvents: "maybe" is not accepted: {TRUE_OR_FALSE}'),
    ({"tagEvents": "1"}, f'tagEvents: "1" is not accepted: {TRUE_OR_FALSE}'),
    (
        {"maxRowAgeDays": "-1"},
        'maxRowAgeDays: "-1" is not accepted: give a whole number from 0 to 3650 (days; 0 for any age).',
    ),
    ({"importRetainedTable": "yes"}, f'importRetainedTable: "yes" is not accepted: {TRUE_OR_FALSE}'),
    ({"retainTable": "0"}, f'retainTable: "0" is not accepted: {TRUE_OR_FALSE}'),
    (
        {"tableBillingMode": "ON_DEMAND"},
        'tableBillingMode: "ON_DEMAND" is not accepted: give PAY_PER_REQUEST or PROVISIONED.',
    ),
    ({"tableReadCapacity": "-1"}, f'tableReadCapacity: "-1" is not accepted: {CAPACITY}'),
    (
        {"tableEncryption": "alias/mine"},
        (
            'tableEncryption: "alias/mine" is not accepted: give AWS_MANAGED, AWS_OWNED or the ARN of a KMS key'
            " (arn:aws:kms:REGION:ACCOUNT:key/ID)."
        ),
    ),
    (
        {"functionMemorySize": "127"},
        'functionMemorySize: "127" is not accepted: give a whole number from 128 to 10240 (MiB).',
    ),
    (
        {"functionMemorySize": "big"},
        'functionMemorySize: "big" is not accepted: give a whole number from 128 to 10240 (MiB).',
    ),
    (
        {"functionTimeout": "901"},
        'functionTimeout: "901" is not accepted: give a whole number from 10 to 900 (seconds).',
    ),
    (
        {"functionTimeout": "60.5"},
        'functionTimeout: "60.5" is not accepted: give a whole number from 10 to 900 (seconds).',
    ),
    (
        {"functionReservedConcurrency": "-2"},
        'functionReservedConcurrency: "-2" is not accepted: give a whole number from -1 to 100000 (-1 reserves none).',
    ),
    (
        {"maximumConcurrency": "1"},
        'maximumConcurrency: "1" is not accepted: give a whole number from 2 to 1000.',
    ),
    ({"batchSize": "11"}, 'batchSize: "11" is not accepted: give a whole number from 1 to 10.'),
    ({"maxReceiveCount": "0"}, 'maxReceiveCount: "0" is not accepted: give a whole number from 1 to 1000.'),
    (
        {"messageRetentionDays": "15"},
        'messageRetentionDays: "15" is not accepted: give a whole number from 1 to 14.',
    ),
    ({"logRetentionDays": "31"}, f'logRetentionDays: "31" is not accepted: {RETENTIONS}'),
    ({"logLevel": "info"}, f'logLevel: "info" is not accepted: {A_LEVEL}'),
    ({"maxTps": "0"}, f'maxTps: "0" is not accepted: {A_RATE}'),
    ({"maxTps": "nan"}, f'maxTps: "nan" is not accepted: {A_RATE}'),
    ({"maxTps": "fast"}, f'maxTps: "fast" is not accepted: {A_RATE}'),
    ({"maxTps": "20,"}, f'maxTps: "20," is not accepted: {A_RATE}'),
    ({"maxTps": "20,30"}, f'maxTps: "20,30" is not accepted: {A_RATE}'),
    ({"maxTps": "20,GetReadset=50"}, f'maxTps: "20,GetReadset=50" is not accepted: {A_RATE}'),
    ({"maxTps": "ListReadSets=0"}, f'maxTps: "ListReadSets=0" is not accepted: {A_RATE}'),
    ({"tags": "team"}, f'tags: "team" is not accepted: {TAGS}'),
    ({"tags": '["team"]'}, f'tags: "[\\"team\\"]" is not accepted: {TAGS}'),
    ({"tags": '{"a": 1}'}, f'tags: "{{\\"a\\": 1}}" is not accepted: {TAGS}'),
    ({"tags": '{"aws:a": "b"}'}, f'tags: "{{\\"aws:a\\": \\"b\\"}}" is not accepted: {TAGS}'),
    # Contradictions
    (
        {"dynamoTableName": "their-table", "tableEncryption": "AWS_OWNED"},
        f'tableEncryption: "AWS_OWNED" is not accepted: {EXISTING_TABLE_WINS}',
    ),
    (
        {"ddbTableName": "their-table", "importRetainedTable": "true"},
        f"importRetainedTable: true is not accepted: {EXISTING_TABLE_WINS}",
    ),
    (
        {"dynamoTableName": "their-table", "retainTable": "false"},
        f"retainTable: false is not accepted: {EXISTING_TABLE_WINS}",
    ),
    (
        {"dynamoTableName": "their-table", "tableReadCapacity": "5"},
        f"tableReadCapacity: 5 is not accepted: {EXISTING_TABLE_WINS}",
    ),
    (
        {"retainTable": "false"},
        (
            "retainTable: false is not accepted: deletion protection would make destroy fail: set"
            " tableDeletionProtection to false as well."
        ),
    ),
    (
        {"tableReadCapacity": "5"},
        (
            "tableReadCapacity: 5 is not accepted: tableBillingMode is PAY_PER_REQUEST: remove it, or set"
            " tableBillingMode to PROVISIONED."
        ),
    ),
    (
        {"tableBillingMode": "PROVISIONED", "tableReadCapacity": "5"},
        "tableWriteCapacity: 0 is not accepted: tableBillingMode is PROVISIONED: give at least 1.",
    ),
    (
        {"functionReservedConcurrency": "3", "maximumConcurrency": "4"},
        (
            "functionReservedConcurrency: 3 is not accepted: maximumConcurrency is 4, so that messages would be"
            " throttled: reserve at least that many, or -1 for none."
        ),
    ),
    (
        {"maxTps": "5", "maximumConcurrency": "100"},
        (
            'maxTps: "5" is not accepted: a batch of 10 would wait 200 s for its calls, shared by 100 executions, and'
            " 5 s for a step of a reconciliation, and the function ends after 60 s: raise it or functionTimeout, or"
            " lower maximumConcurrency or batchSize."
        ),
    ),
    (
        {"maxTps": "100,ListTagsForResource=0.5"},
        (
            'maxTps: "100,ListTagsForResource=0.5" is not accepted: a batch of 10 would wait 40 s for its calls, shared'
            " by 2 executions, and 5 s for a step of a reconciliation, and the function ends after 60 s: raise it or"
            " functionTimeout, or lower maximumConcurrency or batchSize."
        ),
    ),
    (
        # The calls alone would fit.
        {"functionTimeout": "10"},
        (
            'maxTps: "5" is not accepted: a batch of 10 would wait 4 s for its calls, shared by 2 executions, and 5 s'
            " for a step of a reconciliation, and the function ends after 10 s: raise it or functionTimeout, or lower"
            " maximumConcurrency or batchSize."
        ),
    ),
    (
        {"manageQueuePolicy": "true"},
        (
            "manageQueuePolicy: true is not accepted: it is for an existing queue, and a created one has its policy"
            " anyway: remove it, or give SQSQueueName."
        ),
    ),
    (
        {"SQSQueueName": "their-queue", "maxReceiveCount": "9"},
        f"maxReceiveCount: 9 is not accepted: {EXISTING_QUEUE_WINS}",
    ),
    (
        {"SQSQueueName": "their-queue", "messageRetentionDays": "2"},
        f"messageRetentionDays: 2 is not accepted: {EXISTING_QUEUE_WINS}",
    ),
]


def one(problem: str) -> str:
    return f"One setting is wrong; nothing was changed.\n  {problem}"


@pytest.mark.parametrize(("config", "problem"), WRONG, ids=[next(reversed(config)) for config, _ in WRONG])
def test_wrong_configuration(deploy_main: Deploy, config: dict[str, str], problem: str):
    deployment = deploy_main(config=config)

    assert isinstance(deployment.error, SettingsError)
    assert str(deployment.error) == one(problem)
    assert deployment.resources == []


def test_all_that_is_wrong_is_named_at_once(deploy_main: Deploy):
    deployment = deploy_main(
        config={"batchSize": "0", "logLvl": "INFO", "tableReadCapacity": "x", "tableWriteCapacity": "5"}
    )

    # tableReadCapacity contradicts the billing mode, too, but a value that was not understood contradicts nothing
    assert str(deployment.error) == (
        "4 settings are wrong; nothing was changed.\n"
        "  logLvl: there is no such setting; the nearest is logLevel.\n"
        f'  tableReadCapacity: "x" is not accepted: {CAPACITY}\n'
        '  batchSize: "0" is not accepted: give a whole number from 1 to 10.\n'
        "  tableWriteCapacity: 5 is not accepted: tableBillingMode is PAY_PER_REQUEST: remove it, or set"
        " tableBillingMode to PROVISIONED."
    )
    assert deployment.resources == []


@pytest.mark.parametrize(
    ("config", "secret_keys"),
    [
        ({"logLevel": "hunter2"}, ("logLevel",)),
        ({"dynamoTableName": "hunter2", "ddbTableName": "other"}, ("dynamoTableName",)),
        ({"dynamoTableName": "other", "ddbTableName": "hunter2"}, ("ddbTableName",)),
        ({"tableEncryption": KEY_ARN + "-hunter2", "dynamoTableName": "tab"}, ("tableEncryption",)),
        ({"passwort": "hunter2"}, ("passwort",)),
    ],
)
def test_the_values_of_secrets_are_not_shown(deploy_main: Deploy, config: dict[str, str], secret_keys: tuple[str, ...]):
    deployment = deploy_main(config=config, secret_keys=secret_keys)

    assert isinstance(deployment.error, SettingsError)
    assert "hunter2" not in str(deployment.error)


def test_keys_of_other_namespaces_are_none_of_our_business(deploy_main: Deploy):
    assert deploy_main(config={"aws:region": "us-west-2", "other:thing": "x"}).error is None


def table(hash_key: str = "set_arn", kind: str = "S", range_key: str = "") -> dict[str, Any]:
    return {
        "hashKey": hash_key,
        "rangeKey": range_key,
        "attributes": [{"name": hash_key, "type": kind}] + [{"name": range_key, "type": "S"}] * bool(range_key),
    }


@pytest.mark.parametrize(
    ("tables", "remedy"),
    [
        (
            {},
            (
                "the table cannot be read (invoke of aws:dynamodb/getTable:getTable failed: not found (name)): give the"
                " name of a table in this account and region."
            ),
        ),
        (
            {"their-table": table("id")},
            f"its key is id (S), {OTHER_TABLE}",
        ),
        (
            {"their-table": table(kind="N")},
            f"its key is set_arn (N), {OTHER_TABLE}",
        ),
        (
            {"their-table": table(range_key="set_status")},
            f"its key is set_arn (S) with sort key set_status, {OTHER_TABLE}",
        ),
    ],
)
def test_an_existing_table_that_does_not_fit(
    deploy_main: Deploy, world_of: Describe, tables: dict[str, Any], remedy: str
):
    deployment = deploy_main(config={"ddbTableName": "their-table"}, world=world_of(tables=tables))

    assert str(deployment.error) == one(
        'existing_table_name (dynamoTableName in a stack\'s configuration): "their-table" is not accepted: ' + remedy
    )
    assert deployment.kinds() == {COMPONENT}


def test_an_existing_queue_that_is_not_there(deploy_main: Deploy):
    deployment = deploy_main(config={"SQSQueueName": "their-queue"})

    assert str(deployment.error) == one(
        'existing_queue_name (SQSQueueName in a stack\'s configuration): "their-queue.fifo" is not accepted: the'
        " queue cannot be read (invoke of aws:sqs/getQueue:getQueue failed: not found (name)): give the name of a"
        " FIFO queue in this account and region."
    )
    assert deployment.kinds() == {COMPONENT}


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"batch_sise": 3}, "batch_sise: there is no such setting; the nearest is batch_size."),
        ({"batch_size": 3.5}, "batch_size: 3.5 is not accepted: give a whole number from 1 to 10."),
        ({"batch_size": True}, "batch_size: true is not accepted: give a whole number from 1 to 10."),
        ({"retain_table": 1}, f"retain_table: 1 is not accepted: {TRUE_OR_FALSE}"),
        ({"max_tps": True}, f"max_tps: true is not accepted: {A_RATE}"),
        ({"max_tps": float("inf")}, f"max_tps: Infinity is not accepted: {A_RATE}"),
        ({"log_level": 20}, f"log_level: 20 is not accepted: {A_LEVEL}"),
        ({"tags": {"a" * 129: "b"}}, f'tags: {{"{"a" * 129}": "b"}} is not accepted: {TAGS}'),
        (
            {"import_retained_table": True},
            "import_retained_table: true is not accepted: it is not said which table: give table_name as well.",
        ),
        (
            {"existing_table_name": "their-table", "table_name": "mine"},
            (
                'table_name: "mine" is not accepted: an existing table (existing_table_name) is not changed: remove one'
                " of the two."
            ),
        ),
        (
            {"existing_queue_name": "their-queue", "queue_name": "mine"},
            (
                'queue_name: "mine.fifo" is not accepted: an existing queue (existing_queue_name) is not changed:'
                " remove one of the two."
            ),
        ),
        (
            {"undelivered_queue_name": "mine.fifo"},
            (
                'undelivered_queue_name: "mine.fifo" is not accepted: give the name of a standard queue: at most 80'
                " letters, digits, underscores and hyphens."
            ),
        ),
    ],
)
def test_wrong_arguments_of_the_component(deploy: Deploy, args: Any, problem: str):
    def program() -> None:
        from omics_components import MetadataSync

        MetadataSync("sync", args)

    deployment = deploy(program)

    assert isinstance(deployment.error, SettingsError)
    assert str(deployment.error) == one(problem)
    assert deployment.resources == []
