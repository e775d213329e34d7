"""The functions of the AWS provider that look something up."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import Table, read_attributes
from omics_sandbox.provider.errors import ProviderError, describing
from omics_sandbox.provider.values import Properties

_Invoke = Callable[[Aws, Properties], Properties]


def invoke(aws: Aws, token: str, arguments: Properties) -> Properties:
    """Answer one lookup."""
    if token not in _INVOKES:
        known = ", ".join(sorted(_INVOKES))
        raise ProviderError(f"the stand-in for the AWS provider has no function {token}; it knows {known}")
    function, accepted = _INVOKES[token]
    if unknown := sorted(arguments.keys() - accepted):
        raise ProviderError(f"the stand-in for the AWS provider has no argument {unknown[0]!r} on {token}")
    return function(aws, arguments)


def _caller_identity(aws: Aws, _arguments: Properties) -> Properties:
    with describing("reading STS Caller Identity"):
        identity = aws.client("sts").get_caller_identity()
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "id": account, "userId": identity["UserId"]}


def _region(aws: Aws, _arguments: Properties) -> Properties:
    return {"id": aws.region, "name": aws.region, "region": aws.region}


def _partition(aws: Aws, _arguments: Properties) -> Properties:
    partition = aws.partition(aws.region)
    return {"id": partition, "partition": partition}


def _table(aws: Aws, arguments: Properties) -> Properties:
    state = Table(aws, Path()).read(arguments["name"], arguments)
    if state is None:
        raise ProviderError(f"reading DynamoDB Table ({arguments['name']}): couldn't find resource")
    schema = aws.client("dynamodb").describe_table(TableName=arguments["name"])["Table"]["KeySchema"]
    return {
        **state,
        # No table of the stand-in has one, but an existing table may.
        "rangeKey": next((key["AttributeName"] for key in schema if key["KeyType"] == "RANGE"), ""),
        "globalSecondaryIndexes": [],
        "id": arguments["name"],
        "localSecondaryIndexes": [],
        "onDemandThroughputs": [],
        "replicas": [],
        "warmThroughputs": [],
    }


def _queue(aws: Aws, arguments: Properties) -> Properties:
    name, client = arguments["name"], aws.client("sqs")
    with describing(f"reading SQS Queue ({name})"):
        try:
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
        except client.exceptions.QueueDoesNotExist as error:
            raise ProviderError(f"reading SQS Queue ({name}): couldn't find resource") from error
        arn = read_attributes(client, url)["QueueArn"]
    return {"arn": arn, "id": url, "name": name, "url": url}


def _cloud_control(aws: Aws, arguments: Properties) -> Properties:
    """A queue as Cloud Control shows it: the properties of its CloudFormation type, without its policy."""
    type_name, url = arguments["typeName"], arguments["identifier"]
    if type_name != "AWS::SQS::Queue":
        raise ProviderError(f"the stand-in for the AWS provider reads no {type_name} by Cloud Control")
    with describing(f"reading Cloud Control ({url})"):
        attributes = read_attributes(aws.client("sqs"), url)
    properties = {
        name: attributes[name].lower() == "true" if name in _FLAGS else attributes[name]
        for name in (*_FLAGS, "KmsMasterKeyId")
        if name in attributes
    }
    properties["VisibilityTimeout"] = int(attributes["VisibilityTimeout"])
    if "RedrivePolicy" in attributes:
        properties["RedrivePolicy"] = json.loads(attributes["RedrivePolicy"])
    return {"id": url, "identifier": url, "typeName": type_name, "properties": json.dumps(properties)}


_FLAGS: Final = ("ContentBasedDeduplication", "FifoQueue", "SqsManagedSseEnabled")
_INVOKES: Final[Mapping[str, tuple[_Invoke, frozenset[str]]]] = {
    "aws:cloudcontrol/getResource:getResource": (_cloud_control, frozenset({"typeName", "identifier"})),
    "aws:dynamodb/getTable:getTable": (_table, frozenset({"name"})),
    "aws:index/getCallerIdentity:getCallerIdentity": (_caller_identity, frozenset[str]()),
    "aws:index/getPartition:getPartition": (_partition, frozenset[str]()),
    "aws:index/getRegion:getRegion": (_region, frozenset[str]()),
    "aws:sqs/getQueue:getQueue": (_queue, frozenset({"name"})),
}
