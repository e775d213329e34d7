"""What EventBridge Scheduler checks of a schedule before it takes it, and moto does not."""

import json
import re
from collections.abc import Mapping
from typing import Any

from omics_sandbox.exceptions import ResourceNotFoundException, ValidationException
from omics_sandbox.scheduler.execution_role import ExecutionRole
from omics_sandbox.scheduler.expression import is_schedule_expression
from omics_sandbox.services import Moto

_TARGET = re.compile(r"arn:[^:]+:(lambda|sqs):[^:]+:\d{12}:.+")
_ROLE = re.compile(r"arn:[^:]+:iam::\d{12}:role/.+")
_STANDARD_QUEUE = re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:[A-Za-z0-9_-]+")
_WINDOW_MINUTES = range(1, 1441)


def check_schedule(moto: Moto, region: str, given: Mapping[str, Any]) -> None:
    """Check the parameters of CreateSchedule or UpdateSchedule, with the constraints of the API Reference.

    Raises:
        ValidationException: EventBridge Scheduler would refuse them, or the sandbox does not emulate one of them.
        ResourceNotFoundException: There is no such schedule group.
    """
    for name in ("FlexibleTimeWindow", "ScheduleExpression", "Target"):
        _require(given, name)
    for name in ("StartDate", "EndDate"):
        if given.get(name) is not None:
            raise ValidationException(f"The sandbox does not emulate {name}")
    if not is_schedule_expression(given["ScheduleExpression"]):
        raise ValidationException(f"Invalid Schedule Expression {given['ScheduleExpression']}.")
    _check_window(given["FlexibleTimeWindow"])
    _check_target(given["Target"])
    _check_role(moto, region, given.get("GroupName") or "default", given["Target"]["RoleArn"])


def _require(given: Mapping[str, Any], name: str, path: str = "") -> None:
    if given.get(name) is None:
        member = f"{path}{name[0].lower()}{name[1:]}"
        raise ValidationException(
            f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must not be null"
        )


def _check_window(window: Mapping[str, Any]) -> None:
    _require(window, "Mode", "flexibleTimeWindow.")
    minutes = window.get("MaximumWindowInMinutes")
    if window["Mode"] not in {"OFF", "FLEXIBLE"}:
        raise ValidationException(f"The Mode {window['Mode']} of FlexibleTimeWindow must be OFF or FLEXIBLE")
    if (window["Mode"] == "OFF" and minutes is not None) or (
        window["Mode"] == "FLEXIBLE" and minutes not in _WINDOW_MINUTES
    ):
        raise ValidationException(
            f"MaximumWindowInMinutes {minutes} must be between {_WINDOW_MINUTES[0]} and {_WINDOW_MINUTES[-1]} with the "
            "Mode FLEXIBLE, and left out with the Mode OFF"
        )


def _check_target(target: Mapping[str, Any]) -> None:
    for name in ("Arn", "RoleArn"):
        _require(target, name, "target.")
    kind = _TARGET.fullmatch(target["Arn"])
    if kind is None:
        raise ValidationException(f"The sandbox does not emulate the target {target['Arn']}: only functions and queues")
    dead_letters = target.get("DeadLetterConfig", {}).get("Arn")
    if dead_letters is not None and not _STANDARD_QUEUE.fullmatch(dead_letters):
        raise ValidationException(f"The dead-letter queue {dead_letters} must be a standard queue of Amazon SQS")
    if kind[1] == "lambda" and "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise ValidationException(f"The Input of a function must be well-formed JSON: {error}") from error


def _check_role(moto: Moto, region: str, group_name: str, role_arn: str) -> None:
    group = moto.schedule_groups(region).get(group_name)
    if group is None:
        raise ResourceNotFoundException(f"Schedule group {group_name} does not exist.")
    if not _ROLE.fullmatch(role_arn) or not ExecutionRole(moto, role_arn).trusts(group.arn):
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )
