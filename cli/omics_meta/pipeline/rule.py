"""Checks the event rules that send to the queue: the stack's main one, and further ones where there are any."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from readset_sync.event import DETAIL_TYPE, SOURCE

from omics_meta.pipeline.check import Check, Stack

if TYPE_CHECKING:
    from types_boto3_events.type_defs import DescribeRuleResponseTypeDef

_MESSAGE_GROUP: Final = "$.detail.id"


def look_at_rule(stack: Stack) -> Iterator[Check]:
    """Look at the rule for read sets, and its target."""
    events = stack.session.client("events")
    name = stack.output("ruleName")
    rule = events.describe_rule(Name=name)
    yield _enabled("rule enabled", rule)
    takes_all = _pattern(rule) == {"source": [SOURCE], "detail-type": [DETAIL_TYPE]}
    yield Check("rule pattern", takes_all, json.dumps(_pattern(rule)))
    queue = stack.output("queueArn")
    targets = [each for each in events.list_targets_by_rule(Rule=name)["Targets"] if each["Arn"] == queue]
    yield Check("rule target", len(targets) == 1, f"{len(targets)} targets are {queue}")
    for target in targets:
        group = target.get("SqsParameters", {}).get("MessageGroupId", "")
        yield Check("message group", group == _MESSAGE_GROUP, f"MessageGroupId is {group!r}")
        undelivered = target.get("DeadLetterConfig", {}).get("Arn", "none")
        expected = stack.output("undeliveredQueueArn")
        yield Check("undelivered queue", undelivered == expected, f"the target's dead-letter queue is {undelivered}")


def look_at_further_rules(stack: Stack) -> Iterator[Check]:
    """Look at further rules for HealthOmics; a stack without any has nothing to be checked."""
    for rule in further_rules(stack):
        yield _enabled("further rule enabled", rule)


def further_rules(stack: Stack) -> Iterator["DescribeRuleResponseTypeDef"]:
    """Find the rules that send other HealthOmics events to the queue. No output names them."""
    events = stack.session.client("events")
    pages = events.get_paginator("list_rule_names_by_target").paginate(TargetArn=stack.output("queueArn"))
    for name in (name for page in pages for name in page["RuleNames"]):
        if name != stack.output("ruleName"):
            rule = events.describe_rule(Name=name)
            if SOURCE in _pattern(rule).get("source", []):
                yield rule


def _pattern(rule: "DescribeRuleResponseTypeDef") -> dict[str, Any]:
    # A rule that runs on a schedule has none.
    return json.loads(rule.get("EventPattern") or "{}")


def _enabled(check: str, rule: "DescribeRuleResponseTypeDef") -> Check:
    name, state = rule.get("Name", ""), rule.get("State", "")
    return Check(check, state == "ENABLED", f"{name} is {state}", f"run `aws events enable-rule --name {name}`")
