"""Finds out from the function's log whether somebody else writes to the table."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from readset_sync.constants import KEY, OVERWRITTEN

from omics_meta.pipeline.check import Check
from omics_meta.pipeline.log import lines
from omics_meta.pipeline.stack import Stack
from omics_meta.terminal.console import counted

_DAYS: Final = 3
"""Two nights in a row show what is overwritten again and again."""

_NAMED: Final = 5


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
