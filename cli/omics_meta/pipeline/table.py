"""Checks the table that the stack says it writes to."""

from collections.abc import Iterator
from typing import Final

from readset_sync.aws.clients import dynamodb_client
from readset_sync.aws.table import Table
from readset_sync.model.errors import SetupError

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.stack import Stack

_USABLE: Final = frozenset({"ACTIVE", "UPDATING"})
"""States in which a table can be read and written."""


def check_table(stack: Stack) -> Iterator[Check]:
    """Check the table's state and key."""
    name, dynamodb = stack.output("tableName"), dynamodb_client(stack.session)
    status = dynamodb.describe_table(TableName=name)["Table"].get("TableStatus", "")
    yield Check("table", status in _USABLE, f"{name} is {status}")
    try:
        Table(dynamodb, name).check_key()
    except SetupError as error:
        yield Check("table key", passed=False, found=str(error))
    else:
        yield Check("table key", passed=True, found=f"{name} is keyed by read set")
