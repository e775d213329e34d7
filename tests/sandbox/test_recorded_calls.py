"""The sandbox knows who made which call, and refuses those that a role may not make where that is enforced."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from omics_sandbox.access.request import Call

from tests.existing import create_table
from tests.sandbox.conftest import policy, started_with

ROLE = "arn:aws:iam::123456789012:role/function-role"
ARN = "arn:aws:{}:us-west-2:123456789012:{}".format
LOG_GROUP = ARN("logs", "log-group:/aws/lambda/function:*")
WRITE_LOGS = {"Effect": "Allow", "Action": ["logs:Create*", "logs:PutLogEvents"], "Resource": LOG_GROUP}
READ_QUEUE = {
    "Effect": "Allow",
    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "Resource": ARN("sqs", "q.fifo"),
}


def allow(sandbox: Sandbox, *statements: dict[str, Any]) -> None:
    """Give the function's role a policy."""
    document = policy(*statements)
    sandbox.client("iam").put_role_policy(RoleName="function-role", PolicyName="p", PolicyDocument=document)


def as_role(sandbox: Sandbox, service: str) -> Any:
    """A client with the credentials of the function's role."""
    session = sandbox.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="session")["Credentials"]
    return sandbox.client(
        service,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


def test_given_a_function_when_it_calls_aws_then_its_role_has_made_those_calls_and_the_log_writes(
    sandbox: Sandbox, deploy: Callable[..., str], store_id: str
) -> None:
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    reference = sandbox.omics.create_reference("GRCh38")
    deploy(f"""
import boto3
def handler(event, context):
    omics = boto3.client("omics")
    read_set = omics.get_read_set_metadata(sequenceStoreId="{store_id}", id="{read_set_id}")
    omics.list_tags_for_resource(resourceArn=read_set["arn"])
    omics.get_sequence_store(id="{store_id}")
    omics.get_reference_metadata(referenceStoreId="1000000000", id="{reference.rpartition("/")[2]}")
    return boto3.client("sts").get_caller_identity()["Arn"]
""")
    store = ARN("omics", f"sequenceStore/{store_id}")
    answer = sandbox.client("lambda").invoke(FunctionName="function")
    assert json.load(answer["Payload"]) == "arn:aws:sts::123456789012:assumed-role/function-role/function"
    assert sandbox.calls.of(ROLE) == {
        Call("omics:GetReadSetMetadata", (store, f"{store}/readSet/{read_set_id}")): 1,
        Call("omics:ListTagsForResource", ("*",)): 1,
        Call("omics:GetSequenceStore", (store,)): 1,
        Call("omics:GetReferenceMetadata", (reference.partition("/reference/")[0], reference)): 1,
        Call("sts:GetCallerIdentity", ("*",)): 1,
        Call("logs:CreateLogGroup", (LOG_GROUP,)): 1,
        Call("logs:CreateLogStream", (LOG_GROUP,)): 1,
        Call("logs:PutLogEvents", (LOG_GROUP,)): 1,
    }
    assert sandbox.calls.of(sandbox.user)[Call("lambda:InvokeFunction", (ARN("lambda", "function:function"),))] == 1
    # The next invocation has the credentials of another role, if the function is given one.
    sandbox.calls.clear()
    other = sandbox.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    sandbox.client("lambda").update_function_configuration(FunctionName="function", Role=other)
    sandbox.client("lambda").invoke(FunctionName="function")
    assert Call("omics:ListTagsForResource", ("*",)) in sandbox.calls.of(other)
    assert not sandbox.calls.of(ROLE)


def test_given_calls_of_many_services_when_a_user_makes_them_then_action_and_resource_are_those_of_iam(
    sandbox: Sandbox, make_queue: Callable[..., Any], store_id: str
) -> None:
    queue = make_queue("q")
    dynamodb, events, logs = (sandbox.client(service) for service in ("dynamodb", "events", "logs"))
    create_table(dynamodb, "t")
    events.put_rule(Name="r", EventPattern="{}")
    logs.create_log_group(logGroupName="g")
    sandbox.calls.clear()

    dynamodb.put_item(TableName="t", Item={"set_arn": {"S": "1"}})
    dynamodb.scan(TableName=ARN("dynamodb", "table/t"))
    dynamodb.batch_get_item(RequestItems={"t": {"Keys": [{"set_arn": {"S": "1"}}]}})
    dynamodb.list_tables()
    queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "1", "MessageBody": "b"}])
    queue.sqs.get_queue_url(QueueName="q")
    events.list_targets_by_rule(Rule="r")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    sandbox.client("cloudwatch").delete_alarms(AlarmNames=["a", "b"])
    sandbox.client("iam").list_roles()
    sandbox.client("lambda").list_event_source_mappings(EventSourceArn=queue.arn)
    sandbox.client("omics").list_read_sets(sequenceStoreId=store_id)
    sandbox.client("omics").list_sequence_stores()
    sandbox.client("resourcegroupstaggingapi").get_resources(ResourceARNList=["arn:aws:omics:x:y:z"])

    table = ARN("dynamodb", "table/t")
    assert sandbox.calls.of(sandbox.user) == {
        Call("dynamodb:PutItem", (table,)): 1,
        Call("dynamodb:Scan", (table,)): 1,
        Call("dynamodb:BatchGetItem", (table,)): 1,
        Call("dynamodb:ListTables", ("*",)): 1,
        Call("sqs:SendMessage", (queue.arn,)): 1,
        Call("sqs:GetQueueUrl", (queue.arn,)): 1,
        Call("events:ListTargetsByRule", (ARN("events", "rule/r"),)): 1,
        Call("logs:PutRetentionPolicy", (ARN("logs", "log-group:g:*"),)): 1,
        Call("cloudwatch:DeleteAlarms", (ARN("cloudwatch", "alarm:a"), ARN("cloudwatch", "alarm:b"))): 1,
        Call("iam:ListRoles", ("*",)): 1,
        Call("lambda:ListEventSourceMappings", ("*",)): 1,
        Call("omics:ListReadSets", (ARN("omics", f"sequenceStore/{store_id}"),)): 1,
        Call("omics:ListSequenceStores", ("*",)): 1,
        Call("tag:GetResources", ("*",)): 1,
    }
    sandbox.calls.clear()
    assert not sandbox.calls.of(sandbox.user)


REFUSALS: list[tuple[str, Callable[[Any], Any], str, str]] = [
    ("dynamodb", lambda client: client.scan(TableName="t"), "AccessDeniedException", "dynamodb:Scan"),
    ("sqs", lambda client: client.get_queue_url(QueueName="q"), "AccessDenied", "sqs:GetQueueUrl"),
    ("omics", lambda client: client.list_sequence_stores(), "AccessDeniedException", "omics:ListSequenceStores"),
    ("resourcegroupstaggingapi", lambda client: client.get_resources(), "AccessDeniedException", "tag:GetResources"),
    ("lambda", lambda client: client.get_function(FunctionName="f"), "AccessDeniedException", "lambda:GetFunction"),
    ("iam", lambda client: client.list_roles(), "AccessDenied", "iam:ListRoles"),
]


@started_with(enforce_iam=True)
def test_given_permissions_are_enforced_when_a_role_calls_what_it_may_not_then_the_service_denies_access(
    sandbox: Sandbox,
) -> None:
    store_id = sandbox.omics.create_store("s")
    read_set_id = sandbox.omics.create_read_set(store_id, name="r")
    sandbox.client("iam").create_role(RoleName="function-role", AssumeRolePolicyDocument="{}")
    omics, stores = as_role(sandbox, "omics"), ARN("omics", "sequenceStore/*")
    statement = {"Effect": "Allow", "Action": "omics:GetReadSetMetadata"}
    # One of two resources is not enough.
    allow(sandbox, statement | {"Resource": f"{stores}/readSet/*"})
    with pytest.raises(omics.exceptions.AccessDeniedException):
        omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)
    allow(sandbox, statement | {"Resource": [ARN("omics", f"sequenceStore/{store_id}"), f"{stores}/readSet/*"]})
    assert omics.get_read_set_metadata(sequenceStoreId=store_id, id=read_set_id)["name"] == "r"

    sandbox.calls.clear()
    for service, call, code, action in REFUSALS:
        with pytest.raises(ClientError, match=action) as raised:
            call(as_role(sandbox, service))
        error: Any = raised.value.response.get("Error")
        assert error["Code"] == code
        # SQS adds the code of the query protocol, in which its errors once came.
        assert error.get("QueryErrorCode") == ("AccessDeniedException" if service == "sqs" else None)
    assert [(made.action, made.refused) for made in sandbox.calls.of(ROLE)] == [
        (action, True) for *_, action in REFUSALS
    ]


@started_with(enforce_iam=True)
def test_given_permissions_are_enforced_when_a_function_is_mapped_then_its_role_must_allow_to_poll_and_to_log(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str]
) -> None:
    key = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    queue, functions = make_queue("q.fifo", KmsMasterKeyId=key), sandbox.client("lambda")
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    deploy("def handler(event, context): print('here')")

    def create() -> Any:
        return functions.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="function")

    for too_little in ({**READ_QUEUE, "Action": "sqs:DeleteMessage"}, READ_QUEUE):
        allow(sandbox, too_little)
        with pytest.raises(functions.exceptions.InvalidParameterValueException, match="call ReceiveMessage on SQS"):
            create()
    allow(sandbox, READ_QUEUE, decrypt)
    mapping = create()

    allow(sandbox, {**READ_QUEUE, "Action": "sqs:GetQueueAttributes"})
    queue.send("body", "group")
    with pytest.raises(TimeoutError, match="1 visible"):
        sandbox.drain(0.3)
    assert "permissions" in functions.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"]

    allow(sandbox, READ_QUEUE, decrypt)
    sandbox.drain()
    assert sandbox.lambda_logs("function") == []
    sandbox.calls.clear()
    allow(sandbox, READ_QUEUE, decrypt, WRITE_LOGS)
    queue.send("other", "group")
    sandbox.drain()
    assert "here" in sandbox.lambda_logs("function")
    calls = sandbox.calls.of(ROLE)
    assert {call.action for call in calls if call.resources == (queue.arn,)} == set(READ_QUEUE["Action"])
    assert calls[Call("sqs:DeleteMessage", (queue.arn,))] == 1
    assert Call("kms:Decrypt", (key,)) in calls
    assert not any(call.refused for call in calls)
