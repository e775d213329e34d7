"""The functions of the AWS provider that look something up."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import Table, read_attributes
from omics_sandbox.provider.errors import ProviderError, describing
from omics_sandbox.provider.values import Properties


def invoke(aws: Aws, token: str, arguments: Properties) -> Properties:
    """Answer one lookup."""
    if token not in _INVOKES:
        known = ", ".join(sorted(_INVOKES))
        raise ProviderError(f"the stand-in for the AWS provider has no function {token}; it knows {known}")
    with describing(f"invoking {token} ({', '.join(arguments.values())})"):
        return _INVOKES[token](aws, **arguments)


def _caller_identity(aws: Aws) -> Properties:
    identity = aws.client("sts").get_caller_identity()
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "id": account, "userId": identity["UserId"]}


def _region(aws: Aws) -> Properties:
    return {"id": aws.region, "name": aws.region, "region": aws.region}


def _partition(aws: Aws) -> Properties:
    partition = aws.partition(aws.region)
    return {"id": partition, "partition": partition}


def _table(aws: Aws, name: str) -> Properties:
    state = Table(aws, Path()).read(name, {})
    if state is None:
        raise ProviderError(f"reading DynamoDB Table ({name}): couldn't find resource")
    return {
        "rangeKey": "",
        **state,
        "globalSecondaryIndexes": [],
        "id": name,
        "localSecondaryIndexes": [],
        "onDemandThroughputs": [],
        "replicas": [],
        "warmThroughputs": [],
    }


def _queue(aws: Aws, name: str) -> Properties:
    client = aws.client("sqs")
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except client.exceptions.QueueDoesNotExist as error:
        raise ProviderError(f"reading SQS Queue ({name}): couldn't find resource") from error
    return {"arn": read_attributes(client, url)["QueueArn"], "id": url, "name": name, "url": url}


def _cloud_control(aws: Aws, typeName: str, identifier: str) -> Properties:  # noqa: N803 - the provider's names
    """A queue as Cloud Control shows it: the properties of its CloudFormation type, without its policy."""
    if typeName != "AWS::SQS::Queue":
        raise ProviderError(f"the stand-in for the AWS provider reads no {typeName} by Cloud Control")
    attributes = read_attributes(aws.client("sqs"), identifier)
    properties = {
        name: attributes[name].lower() == "true" if name in _FLAGS else attributes[name]
        for name in (*_FLAGS, "KmsMasterKeyId")
        if name in attributes
    }
    properties["VisibilityTimeout"] = int(attributes["VisibilityTimeout"])
    if "RedrivePolicy" in attributes:
        properties["RedrivePolicy"] = json.loads(attributes["RedrivePolicy"])
    return {"id": identifier, "identifier": identifier, "typeName": typeName, "properties": json.dumps(properties)}


_FLAGS: Final = ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled")
_INVOKES: Final[Mapping[str, Callable[..., Properties]]] = {
    "aws:cloudcontrol/getResource:getResource": _cloud_control,
    "aws:dynamodb/getTable:getTable": _table,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:sqs/getQueue:getQueue": _queue,
}
