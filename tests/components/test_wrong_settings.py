"""Every wrong setting fails before anything is registered, with its name, its value and the remedy."""

import asyncio
import contextvars
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from omics_components import MetadataSync
from omics_components.config import CONFIG_KEYS, args_from_config
from omics_components.settings import DECLARED
from omics_components.validation import SettingsError, read_settings
from pulumi.runtime import settings as runtime
from pulumi.runtime.config import set_all_config

from tests.components.conftest import KEY_ARN, World, deploy, deploy_main

COMPONENT = ("healthomics-metadata-sync:index:MetadataSync", "healthomics-metadata-sync")
TOPIC_ARN = "arn:aws:sns:us-west-2:123456789012:on-call"
ADDRESS = "on-call@example.org"


def problems_of(config: Mapping[str, str], secret_keys: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with the configuration of a stack."""

    def read() -> list[str]:
        set_all_config({f"sync:{key}": value for key, value in config.items()}, [f"sync:{key}" for key in secret_keys])
        runtime.reset_options(project="sync", stack="dev")
        try:
            args_from_config()
        except SettingsError as error:
            return list(error.problems)
        return []

    # Pulumi keeps its settings in context variables.
    return contextvars.Context().run(read)


NOT_BOOLEAN = ("maybe", "yes", "on", "1", "0")
NOT_A_KEY = ("alias/mine", KEY_ARN.replace(":key/", ":alias/"), f"{KEY_ARN} ")
SWITCHES = ("importRetainedTable", "tablePointInTimeRecovery", "tableDeletionProtection", "tableStream", "retainTable")
INVALID: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*SWITCHES, "manageQueuePolicy", "storeEvents", "alarms", "dashboard"), NOT_BOOLEAN),
    "dynamoTableName": ("ab", "a table", "t" * 256),
    "SQSQueueName": ("a.queue", ".fifo", "q" * 76),
    "tableBillingMode": ("ON_DEMAND", "provisioned"),
    "tableReadCapacity": ("-1", "1000001"),
    "tableWriteCapacity": ("-1", "1000001"),
    "tableIndexes": ("tag", "subject,", "subject,subject", "none,subject"),
    "tableEncryption": NOT_A_KEY,
    "functionMemorySize": ("127", "10241", "big"),
    "functionTimeout": ("14", "901", "60.5"),
    "functionReservedConcurrency": ("-2", "100001"),
    "maximumConcurrency": ("1", "1001"),
    "batchSize": ("0", "11", "true", "NaN"),
    "maxReceiveCount": ("0", "1001"),
    "messageRetentionDays": ("0", "15"),
    "queueEncryption": ("alias/aws/sqs", "AWS_OWNED", *NOT_A_KEY),
    "tagEvents": ("yes", "on", "1", "Both", "tag,trail"),
    "reconcileSchedule": (
        *("daily", "rate(0 days)", "rate(1 week)", "rate(1 day", "at(2026-01-01T00:00:00)", "cron(0 3 * * *)"),
        # More often than every hour
        *("rate(1 minute)", "rate(90 minutes)", "cron(* * * * ? *)", "cron(0/5 * * * ? *)", "cron(0,30 3 * * ? *)"),
        "cron(60 3 * * ? *)",
    ),
    "maxRowAgeDays": ("-1", "3651"),
    "logEncryption": ("SQS_MANAGED", *NOT_A_KEY),
    "logRetentionDays": ("0", "31"),
    "logLevel": ("info", "TRACE"),
    "maxTps": ("0", "nan", "fast", "20,", "20,30", "20,GetReadset=50", "ListReadSets=0"),
    "tags": ("team", '["team"]', '{"aws:a": "b"}', '{"": "b"}', f'{{"a": "{"b" * 257}"}}'),
    "alarmEmail": ("on-call", "a@b", "a@example.org, b@example.org"),
    "alarmTopicArn": ("on-call", f"{TOPIC_ARN}.fifo", TOPIC_ARN.replace("sns", "sqs")),
    "alarmEncryption": NOT_A_KEY,
    "oldestMessageMinutes": ("0", "1441"),
}


@pytest.mark.parametrize("key", CONFIG_KEYS)
def test_every_setting_refuses_wrong_values(key: str):
    remedy = DECLARED[CONFIG_KEYS[key]].accepts

    for wrong in INVALID[key]:
        assert problems_of({key: wrong}) == [f"{key}: {json.dumps(wrong)} is not accepted: give {remedy}."]


TABLE_EXISTS = "an existing table (dynamoTableName) is not changed: remove one of the two."
QUEUE_EXISTS = "an existing queue (SQSQueueName) is not changed: remove one of the two."
NO_ALARMS = "there are no alarms (alarms is false): remove one of the two."
NO_TOPIC = "no topic is created: give alarmEmail as well, or remove it."
LEAST_TAGS = "100,ListTagsForResource=0.5"


def slow(executions: int, rates: str, timeout: int, messages: int) -> str:
    return (
        f"each of {executions} executions may make {rates} calls a second and ends after {timeout} s, of which a step"
        f" of a reconciliation and the answer to the queue take 10 s. That is time for {messages} messages, and"
        " batchSize is 10: raise it or functionTimeout, or lower maximumConcurrency or batchSize."
    )


CONTRADICTIONS = [
    ({"tableEncryption": "AWS_OWNED", "dynamoTableName": "their-table"}, '"AWS_OWNED"', TABLE_EXISTS),
    ({"importRetainedTable": "true", "ddbTableName": "their-table"}, "true", TABLE_EXISTS),
    ({"retainTable": "false", "dynamoTableName": "their-table"}, "false", TABLE_EXISTS),
    ({"tableStream": "true", "dynamoTableName": "their-table"}, "true", TABLE_EXISTS),
    ({"tableReadCapacity": "5", "dynamoTableName": "their-table"}, "5", TABLE_EXISTS),
    ({"maxReceiveCount": "9", "SQSQueueName": "their-queue"}, "9", QUEUE_EXISTS),
    ({"messageRetentionDays": "2", "sqsQueueName": "their-queue"}, "2", QUEUE_EXISTS),
    (
        {"manageQueuePolicy": "true"},
        "true",
        "it is for an existing queue, and a created one has its policy anyway: remove it, or give SQSQueueName.",
    ),
    (
        {"retainTable": "false"},
        "false",
        "deletion protection would make destroy fail: set tableDeletionProtection to false as well.",
    ),
    (
        {"tableReadCapacity": "5"},
        "5",
        "tableBillingMode is PAY_PER_REQUEST: remove it, or set tableBillingMode to PROVISIONED.",
    ),
    (
        {"tableWriteCapacity": "0", "tableReadCapacity": "5", "tableBillingMode": "PROVISIONED"},
        "0",
        "tableBillingMode is PROVISIONED: give at least 1.",
    ),
    (
        {"functionReservedConcurrency": "3", "maximumConcurrency": "4"},
        "3",
        "maximumConcurrency is 4, so that messages would be throttled: reserve at least that many, or -1 for none.",
    ),
    ({"maxTps": "5", "maximumConcurrency": "100"}, '"5"', slow(100, "0.05", 60, 1)),
    ({"maxTps": LEAST_TAGS}, f'"{LEAST_TAGS}"', slow(2, "50,ListTagsForResource=0.25", 60, 6)),
    ({"maxTps": "5", "functionTimeout": "15", "SQSQueueName": "their-queue"}, '"5"', slow(2, "2.5", 15, 6)),
    ({"alarmEmail": ADDRESS, "alarms": "false"}, f'"{ADDRESS}"', NO_ALARMS),
    ({"alarmTopicArn": TOPIC_ARN, "alarms": "false"}, f'"{TOPIC_ARN}"', NO_ALARMS),
    ({"alarmEncryption": KEY_ARN, "alarms": "false"}, f'"{KEY_ARN}"', NO_ALARMS),
    ({"oldestMessageMinutes": "30", "alarms": "false"}, "30", NO_ALARMS),
    (
        {"alarmEmail": ADDRESS, "alarmTopicArn": TOPIC_ARN},
        f'"{ADDRESS}"',
        "an existing topic (alarmTopicArn) is not changed: subscribe the address to it, and remove one of the two.",
    ),
    ({"alarmEncryption": KEY_ARN}, f'"{KEY_ARN}"', NO_TOPIC),
    ({"alarmEncryption": KEY_ARN, "alarmTopicArn": TOPIC_ARN}, f'"{KEY_ARN}"', NO_TOPIC),
    (
        {"ddbTableName": "two-table", "dynamoTableName": "one-table"},
        '"two-table"',
        "it is another spelling of dynamoTableName, which is one-table: remove one of the two.",
    ),
    (
        {"sqsQueueName": "two", "SQSQueueName": "one"},
        '"two"',
        "it is another spelling of SQSQueueName, which is one: remove one of the two.",
    ),
]


@pytest.mark.parametrize(("config", "value", "remedy"), CONTRADICTIONS, ids=str)
def test_contradictions(config: dict[str, str], value: str, remedy: str):
    assert problems_of(config) == [f"{next(iter(config))}: {value} is not accepted: {remedy}"]


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("tabelEncryption", "tableEncryption"),
        ("dynamotablename", "dynamoTableName"),
        # What only a program can set is no configuration key.
        ("queueName", "SQSQueueName"),
    ],
)
def test_keys_that_do_not_exist(key: str, nearest: str):
    assert problems_of({key: "x"}) == [f"{key}: there is no such setting; the nearest is {nearest}."]


def test_another_spelling_is_checked_under_the_main_one():
    (problem,) = problems_of({"ddbTableName": "a table"})

    assert problem.startswith('dynamoTableName: "a table" is not accepted: give the name of a DynamoDB table')


def test_the_program_names_all_that_is_wrong_at_once_and_registers_nothing():
    deployment = deploy_main(
        config={"batchSize": "0", "logLvl": "INFO", "tableReadCapacity": "x", "tableWriteCapacity": "5"}
    )

    # tableReadCapacity contradicts the billing mode, too, but a value that was not understood contradicts nothing
    assert isinstance(deployment.error, SettingsError)
    assert str(deployment.error) == (
        "4 settings are wrong; nothing was changed.\n"
        "  logLvl: there is no such setting; the nearest is logLevel.\n"
        '  tableReadCapacity: "x" is not accepted: give a whole number from 0 to 1000000 (read capacity units).\n'
        '  batchSize: "0" is not accepted: give a whole number from 1 to 10.\n'
        "  tableWriteCapacity: 5 is not accepted: tableBillingMode is PAY_PER_REQUEST: remove it, or set"
        " tableBillingMode to PROVISIONED."
    )
    assert deployment.resources == []


@pytest.mark.parametrize(
    ("config", "secret_key"),
    [
        ({"logLevel": "hunter2"}, "logLevel"),
        ({"dynamoTableName": "hunter2", "ddbTableName": "other"}, "dynamoTableName"),
        ({"dynamoTableName": "other", "ddbTableName": "hunter2"}, "ddbTableName"),
        ({"tableEncryption": KEY_ARN + "-hunter2", "dynamoTableName": "tab"}, "tableEncryption"),
        ({"passwort": "hunter2"}, "passwort"),
    ],
)
def test_the_values_of_secrets_are_not_shown(config: dict[str, str], secret_key: str):
    problems = problems_of(config, secret_keys=(secret_key,))

    assert problems
    assert "hunter2" not in "".join(problems)


def test_keys_of_other_namespaces_are_none_of_our_business():
    assert deploy_main(config={"aws:region": "us-west-2", "other:thing": "x"}).error is None


def table(hash_key: str = "set_arn", kind: str = "S", range_key: str = "") -> dict[str, Any]:
    return {
        "hashKey": hash_key,
        "rangeKey": range_key,
        "attributes": [{"name": hash_key, "type": kind}] + [{"name": range_key, "type": "S"}] * bool(range_key),
    }


OTHER_TABLE = (
    "which DynamoDB cannot change: give a table with partition key set_arn (S) and no sort key;"
    " omics-meta backfill fills an empty one."
)


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
        ({"their-table": table("id")}, f"its key is id (S), {OTHER_TABLE}"),
        ({"their-table": table(kind="N")}, f"its key is set_arn (N), {OTHER_TABLE}"),
        (
            {"their-table": table(range_key="set_status")},
            f"its key is set_arn (S) with sort key set_status, {OTHER_TABLE}",
        ),
    ],
)
def test_an_existing_table_that_does_not_fit(tables: dict[str, Any], remedy: str):
    deployment = deploy_main(config={"ddbTableName": "their-table"}, world=World(tables=tables))

    assert str(deployment.error) == (
        "One setting is wrong; nothing was changed.\n"
        f'  existing_table_name (dynamoTableName in a stack\'s configuration): "their-table" is not accepted: {remedy}'
    )
    assert deployment.kinds() == {COMPONENT}


def test_an_existing_queue_that_is_not_there():
    deployment = deploy_main(config={"SQSQueueName": "their-queue"})

    assert isinstance(deployment.error, SettingsError)
    assert deployment.error.problems == (
        (
            'existing_queue_name (SQSQueueName in a stack\'s configuration): "their-queue.fifo" is not accepted: the'
            " queue cannot be read (invoke of aws:sqs/getQueue:getQueue failed: not found (name)): give the name of a"
            " FIFO queue in this account and region."
        ),
    )
    assert deployment.kinds() == {COMPONENT}


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        ({"batch_size": 3.5}, "3.5"),
        ({"batch_size": True}, "true"),
        ({"retain_table": 1}, "1"),
        ({"max_tps": True}, "true"),
        ({"max_tps": float("inf")}, "Infinity"),
        ({"log_level": 20}, "20"),
        ({"tags": {"a" * 129: "b"}}, f'{{"{"a" * 129}": "b"}}'),
        ({"tags": {f"key-{number}": "" for number in range(51)}}, '{"key-0": "", '),
        ({"undelivered_queue_name": "mine.fifo"}, '"mine.fifo"'),
    ],
)
def test_wrong_arguments(args: Any, shown: str):
    (name,) = args

    with pytest.raises(SettingsError) as refused:
        read_settings(args)
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}: {shown}")
    assert problem.endswith(f" is not accepted: give {DECLARED[name].accepts}.")


def test_an_output_is_no_text():
    async def read() -> None:  # in the loop that outputs want
        read_settings({"log_level": pulumi.Output.from_input("INFO")})

    with pytest.raises(SettingsError, match=r"log_level: \(an output\) is not accepted: give "):
        asyncio.run(read())


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"batch_sise": 3}, "batch_sise: there is no such setting; the nearest is batch_size."),
        (
            {"tags": {"team": "omics", "cost-center": 12345}},
            (
                "tags.cost-center: 12345 is not accepted: give a text, in a stack's configuration with `pulumi config"
                " set --path tags.cost-center --type string VALUE`."
            ),
        ),
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
    ],
)
def test_the_component_refuses_what_does_not_go_together(args: Any, problem: str):
    deployment = deploy(lambda: MetadataSync("sync", args))

    assert isinstance(deployment.error, SettingsError)
    assert deployment.error.problems == (problem,)
    assert deployment.resources == []
