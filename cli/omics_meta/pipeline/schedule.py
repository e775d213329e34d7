"""Checks the schedule of reconciliations. No output names it: it is known by its target and what it sends."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from readset_sync.constants import OWN_SOURCE, RECONCILE
from readset_sync.messages.envelope import parse_envelope
from readset_sync.model.errors import MalformedEventError

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.policy import allows
from omics_meta.pipeline.stack import Stack

if TYPE_CHECKING:
    from types_boto3_scheduler.type_defs import GetScheduleOutputTypeDef

OFF: Final = "off"
"""What the function is told instead of a schedule's expression where there is to be none."""


def check_schedule(stack: Stack) -> Iterator[Check]:
    """Check the schedule and the role that it sends by, unless the function says that there is no schedule."""
    expression = stack.variables.get("RECONCILE_SCHEDULE")
    if expression == OFF:
        yield Check("schedule", passed=True, found="reconciliation is off")
        return
    if expression is None:
        yield Check("schedule", passed=False, found="the function's RECONCILE_SCHEDULE is not set")
        return
    schedules = list(_schedules(stack))
    yield Check("schedule", len(schedules) == 1, f"{len(schedules)} send {RECONCILE!r} to {stack.output('queueArn')}")
    for schedule in schedules:
        name, state, found = schedule["Name"], schedule["State"], schedule["ScheduleExpression"]
        yield Check("schedule enabled", state == "ENABLED", f"{name} is {state}")
        yield Check("schedule expression", found == expression, f"{found}, and the function says {expression}")
        target = schedule["Target"]
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        yield Check("schedule target", bool(group), f"MessageGroupId is {group!r}, and a FIFO queue needs one")
        undelivered = target.get("DeadLetterConfig", {}).get("Arn", "none")
        yield Check(
            "schedule's undelivered queue",
            undelivered == stack.output("undeliveredQueueArn"),
            f"the schedule's dead-letter queue is {undelivered}",
        )
        yield _role(stack, target["RoleArn"])


def _schedules(stack: Stack) -> Iterator["GetScheduleOutputTypeDef"]:
    """Find the schedules that ask for reconciliations on the stack's queue."""
    scheduler = stack.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate():
        for each in page["Schedules"]:
            if each.get("Target", {}).get("Arn") == stack.output("queueArn"):
                schedule = scheduler.get_schedule(GroupName=each.get("GroupName", ""), Name=each.get("Name", ""))
                if _asks_for_reconciliation(schedule["Target"].get("Input", "")):
                    yield schedule


def _asks_for_reconciliation(body: str) -> bool:
    # Not read as the message that it will be: until it is sent, id and time are placeholders of EventBridge Scheduler.
    try:
        envelope = parse_envelope(body)
    except MalformedEventError:
        return False
    return (envelope.source, envelope.detail_type) == (OWN_SOURCE, RECONCILE)


def _role(stack: Stack, arn: str) -> Check:
    iam = stack.client("iam")
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return Check("schedule's role", passed=False, found=f"there is no role {arn}")
    trust = cast("Mapping[str, Any]", role.get("AssumeRolePolicyDocument", {}))  # boto3 decodes the text
    trusted = allows(trust, "sts:AssumeRole", "scheduler.amazonaws.com")
    found = f"EventBridge Scheduler {'may' if trusted else 'may not'} assume {arn}"
    return Check("schedule's role", trusted, found)
