"""Checks the function, the event source mapping that feeds it, and its log group."""

from collections.abc import Iterator
from typing import Final

from readset_sync.constants import largest_batch

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.stack import Stack

_READING: Final = frozenset({"Enabled", "Enabling", "Creating", "Updating"})
"""States of an event source mapping that reads the queue, or is about to."""


def check_event_source_mapping(stack: Stack) -> Iterator[Check]:
    """Check the event source mapping, and that the queue has no other, whose function would take messages away."""
    function, queue = stack.output("functionName"), stack.output("queueArn")
    mappings = stack.client("lambda").list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
    found = [mapping for mapping in mappings if mapping.get("FunctionArn") == stack.output("functionArn")]
    others = [each for each in mappings if each not in found and each.get("State") in _READING]
    yield Check(
        "only reader",
        not others,
        f"{len(others)} other functions read the queue: {', '.join(each.get('FunctionArn', '') for each in others)}"
        if others
        else f"no other function reads {queue}",
        "remove the stack that they belong to, or run "
        + " and ".join(f"`aws lambda delete-event-source-mapping --uuid {each.get('UUID')}`" for each in others),
    )
    yield Check("event source mapping", len(found) == 1, f"{len(found)} mappings lead from the queue to {function}")
    for mapping in found:
        uuid, state = mapping.get("UUID", ""), mapping.get("State", "")
        update = f"run `aws lambda update-event-source-mapping --uuid {uuid}"
        yield Check("event source mapping enabled", state in _READING, f"{uuid} is {state}", f"{update} --enabled`")
        types = mapping.get("FunctionResponseTypes", [])
        yield Check(
            "partial batch responses",
            "ReportBatchItemFailures" in types,
            f"FunctionResponseTypes is {types}",
            f"{update} --function-response-types ReportBatchItemFailures`",
        )
        yield _batch_size(stack, mapping.get("BatchSize", 0), update)


def _batch_size(stack: Stack, size: int, update: str) -> Check:
    """Check that the function gets through a batch before its timeout, at MAX_TPS calls a second."""
    timeout, text = stack.function.get("Timeout", 0), stack.variables.get("MAX_TPS", "")
    try:
        most = largest_batch(text, timeout)
    except ValueError:
        most = 0  # the function cannot start
    return Check(
        "batch size",
        size <= most,
        f"{size} messages, and at MAX_TPS {text!r} the function can refresh {most} in its {timeout} s",
        f"{update} --batch-size {max(1, most)}`, or lower `maximumConcurrency` or raise `functionTimeout`",
    )


def check_function(stack: Stack) -> Iterator[Check]:
    """Check the function's state, and what its environment variables lead it to."""
    name, function = stack.output("functionName"), stack.function
    state, update = function.get("State", ""), function.get("LastUpdateStatus", "")
    reasons = f"{function.get('StateReason', '')} {function.get('LastUpdateStatusReason', '')}"
    yield Check(
        "function",
        state in {"Active", "Inactive"} and update != "Failed",
        f"{name} is {state}, its last update {update} {reasons}".strip(),
    )
    variables = stack.variables
    _, _, _, region, account, *_ = stack.output("functionArn").split(":")
    for check, variable, expected in (
        ("function's table", "TABLE_NAME", stack.output("tableName")),
        ("function's queue", "QUEUE_URL", stack.output("queueUrl")),
        ("function's region", "SOURCE_REGION", region),
        ("function's account", "SOURCE_ACCOUNT", account),
    ):
        actual = variables.get(variable, "not set")
        yield Check(check, actual == expected, f"{variable} of {name} is {actual}, and the stack has {expected}")


def check_recursion(stack: Stack) -> Iterator[Check]:
    """Check that the function may send itself as many messages in a row as a reconciliation takes.

    Lambda takes more than sixteen for an endless loop, and stops it (Lambda developer guide, "Use Lambda recursive loop
    detection to prevent infinite loops").
    """
    name = stack.output("functionName")
    loop = stack.client("lambda").get_function_recursion_config(FunctionName=name)["RecursiveLoop"]
    yield Check(
        "recursion",
        loop == "Allow",
        f"{name} has RecursiveLoop {loop}, and reconciliations need Allow",
        f"run `aws lambda put-function-recursion-config --function-name {name} --recursive-loop Allow`",
    )


def check_log_group(stack: Stack) -> Iterator[Check]:
    """Check the function's log group."""
    name = stack.output("logGroupName")
    pages = stack.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    groups = [group for page in pages for group in page["logGroups"] if group.get("logGroupName") == name]
    yield Check("log group", len(groups) == 1, f"{name} {'is there' if groups else 'is not there'}")
    for group in groups:
        days = group.get("retentionInDays")
        yield Check(
            "log retention",
            days is not None,
            f"{name} keeps events {'for ever' if days is None else f'{days} days'}",
            f"run `aws logs put-retention-policy --log-group-name {name} --retention-in-days 30`",
        )
