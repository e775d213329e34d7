"""What a request asks of IAM: an action, and the resources that it is checked on. And how it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from moto.utilities.utils import get_partition

from omics_sandbox.http import Request, Response

Parameters = Mapping[str, Any]

# IAM's prefix of a service where it is not the name in the credential scope.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
# Operations that IAM knows as another action.
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# By IAM's prefix of a service: the parameters that name a resource (one name, an ARN, a list, or an object with names
# as keys), and the end of its ARN. Source: "Actions, resources, and condition keys", Service Authorization Reference.
# The ARN of a log group is the one with `:*`, as CloudWatch Logs wants it in policies.
_RESOURCES: dict[str, dict[str, str]] = {
    "cloudwatch": {"AlarmName": "alarm:{}", "AlarmNames": "alarm:{}", "ResourceARN": "{}"},
    "dynamodb": {"TableName": "table/{}", "RequestItems": "table/{}", "ResourceArn": "{}"},
    "events": {"Rule": "rule/{}", "Name": "rule/{}", "ResourceARN": "{}"},
    "iam": {"RoleName": "role/{}"},
    "kms": {"KeyId": "key/{}"},
    "lambda": {"FunctionName": "function:{}", "UUID": "event-source-mapping:{}", "Resource": "{}"},
    "logs": {"logGroupName": "log-group:{}:*", "resourceArn": "{}"},
    "scheduler": {"Name": "schedule/default/{}", "ResourceArn": "{}"},
    "sns": {"TopicArn": "{}", "ResourceArn": "{}", "Name": "{}"},
    "sqs": {"QueueUrl": "{}", "QueueName": "{}", "SourceArn": "{}"},
}
_WITHOUT_REGION = frozenset({"iam"})


@dataclass(frozen=True)
class Call:
    """A call of one action on certain resources, as IAM is asked about it."""

    action: str
    """IAM's name of the action, for example `omics:GetReadSetMetadata`; `service:METHOD /path` for a request to nothing
    that botocore knows."""
    resources: tuple[str, ...]
    """What IAM checks the action on: ARNs, or `*` alone for an action without a resource type."""
    refused: bool = False
    """Whether it was answered with AccessDenied for want of a permission."""


def asked(request: Request, account: str) -> Call:
    """What a request asks of IAM."""
    operation, parameters = request.operation, request.parameters
    service = _PREFIXES.get(str(request.service), str(request.service))
    partition = get_partition(str(request.region))
    if service == "omics":
        resources = _omics_resources(operation, parameters, f"arn:{partition}:omics:{request.region}:{account}:")
    else:
        region = "" if service in _WITHOUT_REGION else request.region
        resources = _resources(service, parameters, f"arn:{partition}:{service}:{region}:{account}:")
    action = f"{service}:{operation}"
    return Call(_ACTIONS.get(action, action), tuple(resources) or ("*",))


def refusal(request: Request, message: str, *, code: str = "AccessDenied") -> Response:
    """An error such as AccessDeniedException (AccessDenied in the older services) in the protocol of a request."""
    if request.protocol == "query":
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>".encode()
        return Response(403, body, {"Content-Type": "text/xml"})
    # SQS is called in JSON now, and its errors still have the names of the query protocol.
    headers = {"x-amzn-query-error": f"{code};Sender"} if request.service == "sqs" else {}
    return Response.of_error(f"{code}Exception", message, 400 if request.protocol == "json" else 403, headers)


def _resources(service: str, parameters: Parameters, prefix: str) -> list[str]:
    for name, end in _RESOURCES.get(service, {}).items():
        if name in parameters:
            value: Any = parameters[name]
            named: list[str] = [value] if isinstance(value, str) else list(value)
            # An index is a resource of its own; on AWS, too, it is the only one that a query of it is checked on.
            of_index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
            arns = (each if each.startswith("arn:") else prefix + end.format(_plain(each)) for each in named)
            return [arn + of_index for arn in arns]
    return []


def _plain(name: str) -> str:
    """A name as it is in an ARN: that of a queue is the end of its URL."""
    return name.rpartition("/")[2] if name.startswith(("http://", "https://")) else name


def _omics_resources(operation: str, parameters: Parameters, prefix: str) -> list[str]:
    """The store, and what is read of it: a read set or a reference. Each must be allowed.

    ListSequenceStores and ListTagsForResource have no resource type.
    """
    if operation in {"GetSequenceStore", "UpdateSequenceStore", "DeleteSequenceStore"}:
        return [f"{prefix}sequenceStore/{parameters['id']}"]
    if operation in {"TagResource", "UntagResource"}:
        return [parameters["resourceArn"]]
    if operation == "GetReferenceMetadata":
        store = f"{prefix}referenceStore/{parameters['referenceStoreId']}"
        return [store, f"{store}/reference/{parameters['id']}"]
    if "sequenceStoreId" not in parameters:
        return []
    store = f"{prefix}sequenceStore/{parameters['sequenceStoreId']}"
    return [store, f"{store}/readSet/{parameters['id']}"] if operation == "GetReadSetMetadata" else [store]
