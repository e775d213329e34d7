"""Checks the table that the stack says it writes to, and by the function's log whether somebody else does too."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from readset_sync.aws.clients import dynamodb_client
from readset_sync.aws.table import Table
from readset_sync.constants import KEY, OVERWRITTEN
from readset_sync.model.errors import SetupError

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.cloudwatch import lines
from omics_meta.pipeline.stack import Stack
from omics_meta.terminal.output import counted

_USABLE: Final = frozenset({"ACTIVE", "UPDATING"})
"""States in which a table can be read and written."""


_DAYS: Final = 3
"""Two nights in a row show what is overwritten again and again."""

_NAMED: Final = 5


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


def check_other_writers(stack: Stack) -> Iterator[Check]:
    """Check that the function does not find the same rows written by somebody else again and again."""
    end = datetime.now(UTC)
    found = lines(stack, OVERWRITTEN, end - timedelta(days=_DAYS), end)
    try:
        times = Counter(line[KEY] for line in found if line.get(OVERWRITTEN) is True)
    except stack.client("logs").exceptions.ResourceNotFoundException:
        return  # the check of the log group fails
    again = sorted(arn for arn, count in times.items() if count > 1)
    more = f" and {len(again) - _NAMED} more" if len(again) > _NAMED else ""
    yield Check(
        "other writers",
        not again,
        f"in {_DAYS} days, somebody else wrote {counted(len(again), 'row')} more than once"
        + (f": {', '.join(again[:_NAMED])}{more}" if again else ""),
        "find out who else writes to the table. Mostly it is the function of the CDK sample, which is still deployed:"
        " remove it (docs/migrating.md). This check looks at the last"
        f" {_DAYS} days",
    )
