"""Checks the event rules that send to the queue: the stack's main one, and further ones where there are any."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from readset_sync.constants import API_CALL_EVENT, OMICS_SOURCE, READ_SET_EVENT, TAG_SOURCE

from omics_meta.pipeline.check import REDEPLOY, Check
from omics_meta.pipeline.cloudwatch import shared_groups
from omics_meta.pipeline.stack import Stack

if TYPE_CHECKING:
    from types_boto3_events.type_defs import DescribeRuleResponseTypeDef, TargetOutputTypeDef

_MESSAGE_GROUP: Final = "$.detail.id"

_ALTERED_BY: Final = ("Input", "InputPath", "InputTransformer")
"""What makes a target send something else than the event."""


def check_rule(stack: Stack) -> Iterator[Check]:
    """Check the rule for read sets, and its target."""
    name = stack.output("ruleName")
    rule = stack.client("events").describe_rule(Name=name)
    yield _enabled("rule enabled", rule)
    takes_all = _pattern(rule) == {"source": [OMICS_SOURCE], "detail-type": [READ_SET_EVENT]}
    yield Check("rule pattern", takes_all, json.dumps(_pattern(rule)))
    targets = _targets(stack, name)
    yield Check("rule target", len(targets) == 1, f"{len(targets)} targets are {stack.output('queueArn')}")
    for target in targets:
        yield _message_body(name, target, REDEPLOY)
        group = target.get("SqsParameters", {}).get("MessageGroupId", "")
        yield Check("message group", group == _MESSAGE_GROUP, f"MessageGroupId is {group!r}")
        undelivered = target.get("DeadLetterConfig", {}).get("Arn", "none")
        expected = stack.output("undeliveredQueueArn")
        yield Check("undelivered queue", undelivered == expected, f"the target's dead-letter queue is {undelivered}")


def check_message_groups(stack: Stack) -> Iterator[Check]:
    """Check that EventBridge really sends the events of different read sets in different message groups."""
    shared = shared_groups(stack)
    yield Check(
        "message groups",
        passed=True,
        found=f"{shared} messages of the last day came in a message group that read sets share",
        remedy=f"nothing is lost, but events are worked off one after the other: EventBridge takes {_MESSAGE_GROUP} for"
        " the group's name. Ask AWS Support for dynamic paths in SqsParameters",
        warning=shared > 0,
    )


def check_further_rules(stack: Stack) -> Iterator[Check]:
    """Check further rules for HealthOmics, if there are any."""
    for rule in further_rules(stack):
        yield _enabled("further rule enabled", rule)
        name = rule.get("Name", "")
        for target in _targets(stack, name):
            remove = f"run `aws events remove-targets --rule {name} --ids {target['Id']}`"
            yield _message_body(name, target, f"remove the stack that the rule belongs to, or {remove}")


def further_rules(stack: Stack) -> Iterator["DescribeRuleResponseTypeDef"]:
    """Find the rules that send other events about HealthOmics to the queue. No output names them."""
    events = stack.client("events")
    pages = events.get_paginator("list_rule_names_by_target").paginate(TargetArn=stack.output("queueArn"))
    for name in (name for page in pages for name in page["RuleNames"]):
        if name != stack.output("ruleName"):
            rule = events.describe_rule(Name=name)
            sources = _pattern(rule).get("source", [])
            if OMICS_SOURCE in sources or TAG_SOURCE in sources:
                yield rule


def tag_events(stack: Stack) -> str:
    """Return which events tell of changed tags: what `tagEvents` was set to."""
    patterns = [_pattern(rule) for rule in further_rules(stack)]
    kinds = {
        "tag": any(TAG_SOURCE in pattern["source"] for pattern in patterns),
        "trail": any(API_CALL_EVENT in pattern.get("detail-type", []) for pattern in patterns),
    }
    return "both" if all(kinds.values()) else next((kind for kind in kinds if kinds[kind]), "off")


def _targets(stack: Stack, rule: str) -> "list[TargetOutputTypeDef]":
    """The targets of a rule that are the queue."""
    targets = stack.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    return [target for target in targets if target["Arn"] == stack.output("queueArn")]


def _message_body(rule: str, target: "TargetOutputTypeDef", remedy: str) -> Check:
    """The function reads whole events, and refuses what another tool has made of them."""
    altered = next((name for name in _ALTERED_BY if name in target), None)
    sent = f"what its {altered} makes of an event" if altered else "the whole event"
    return Check("message body", altered is None, f"{rule} sends {sent}", remedy)


def _pattern(rule: "DescribeRuleResponseTypeDef") -> dict[str, Any]:
    # A rule that runs on a schedule has none.
    return json.loads(rule.get("EventPattern") or "{}")


def _enabled(check: str, rule: "DescribeRuleResponseTypeDef") -> Check:
    name, state = rule.get("Name", ""), rule.get("State", "")
    return Check(check, state == "ENABLED", f"{name} is {state}", f"run `aws events enable-rule --name {name}`")
