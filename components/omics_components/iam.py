"""Policies, and roles that services assume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .settings import Settings, key_arn

_VERSION = "2012-10-17"
Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the component's resources are, as its provider says."""

    partition: pulumi.Output[str]
    account: pulumi.Output[str]
    region: pulumi.Output[str]


def look_up_place(parent: pulumi.Resource) -> Place:
    """Ask the component's provider where it works."""
    opts = pulumi.InvokeOptions(parent=parent)
    return Place(
        aws.get_partition_output(opts=opts).apply(lambda found: found.partition),
        aws.get_caller_identity_output(opts=opts).apply(lambda found: found.account_id),
        aws.get_region_output(opts=opts).apply(lambda found: found.region),
    )


def allow(sid: str, actions: list[str], resources: pulumi.Input[str] | list[pulumi.Output[str]]) -> dict[str, Any]:
    """A statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def use_key(sid: str, actions: list[str], key: str, service: str, region: pulumi.Input[str]) -> dict[str, Any]:
    """A statement that allows the use of a KMS key, but only through a service that encrypts with it."""
    via = pulumi.Output.format("{0}.{1}.amazonaws.com", service, region)
    return allow(sid, actions, key) | {"Condition": {"StringEquals": {"kms:ViaService": via}}}


def use_queue_key(settings: Settings, place: Place) -> list[dict[str, Any]]:
    """The statement without which nobody can send to, or read from, a queue with a KMS key of the user's."""
    key, actions = key_arn(settings.queue_encryption), ["kms:Decrypt", "kms:GenerateDataKey"]
    return [use_key("UseQueueKey", actions, key, "sqs", place.region)] if key else []


def policy_document(statements: pulumi.Input[Sequence[Statement]]) -> pulumi.Output[str]:
    """A policy as the JSON text that AWS takes."""
    return pulumi.Output.json_dumps({"Version": _VERSION, "Statement": statements})


def refuse_plain_http(action: str, resource: pulumi.Input[str]) -> Statement:
    """The statement of a resource's policy that refuses requests without TLS to everybody."""
    return {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def create_role(
    name: str,
    description: str,
    service: str,
    statements: pulumi.Input[Sequence[Statement]],
    settings: Settings,
    parent: pulumi.Resource,
    *,
    account: pulumi.Input[str] | None = None,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """Create a role for a service, and the policy that says what the service may do in it.

    With an `account`, the service may assume the role on its behalf alone, where the service says for whom it acts
    ("The confused deputy problem", IAM user guide).
    """
    opts = pulumi.ResourceOptions(parent=parent)
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account is not None:
        trust["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    role = aws.iam.Role(
        f"{name}-role",
        description=description,
        assume_role_policy=policy_document([trust]),
        tags=settings.tags,
        opts=opts,
    )
    policy = aws.iam.RolePolicy(f"{name}-policy", role=role.id, policy=policy_document(statements), opts=opts)
    return role, policy
