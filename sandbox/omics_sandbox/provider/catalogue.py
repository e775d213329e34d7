"""The resource types that the stand-in knows."""

from typing import Final

from omics_sandbox.provider.cloudwatch import Dashboard, MetricAlarm
from omics_sandbox.provider.dynamodb import Table
from omics_sandbox.provider.errors import ProviderError
from omics_sandbox.provider.events import EventRule, EventTarget
from omics_sandbox.provider.iam import Role, RolePolicy
from omics_sandbox.provider.lambda_ import EventSourceMapping, Function, FunctionRecursionConfig
from omics_sandbox.provider.logs import LogGroup
from omics_sandbox.provider.resource_type import ResourceType
from omics_sandbox.provider.scheduler import Schedule
from omics_sandbox.provider.sns import Topic, TopicPolicy, TopicSubscription
from omics_sandbox.provider.sqs import Queue, QueuePolicy, RedriveAllowPolicy

RESOURCE_TYPES: Final[dict[str, type[ResourceType]]] = {
    resource_type.token: resource_type
    for resource_type in (
        Dashboard,
        EventRule,
        EventSourceMapping,
        EventTarget,
        Function,
        FunctionRecursionConfig,
        LogGroup,
        MetricAlarm,
        Queue,
        QueuePolicy,
        RedriveAllowPolicy,
        Role,
        RolePolicy,
        Schedule,
        Table,
        Topic,
        TopicPolicy,
        TopicSubscription,
    )
}


def resource_type(token: str) -> type[ResourceType]:
    """Return the implementation of a resource type.

    Raises:
        ProviderError: The stand-in does not have the type.
    """
    if token not in RESOURCE_TYPES:
        known = ", ".join(sorted(RESOURCE_TYPES))
        raise ProviderError(f"the stand-in for the AWS provider has no resource type {token}; it knows {known}")
    return RESOURCE_TYPES[token]
