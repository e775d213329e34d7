"""All checks of a pipeline. AWS refusing a look (nothing there, no permission) is a finding like any other."""

from collections.abc import Iterator, Mapping
from typing import Final

from botocore.exceptions import ClientError
from readset_sync.model.errors import SyncError

from omics_meta.pipeline import function, queue, rule, schedule, table
from omics_meta.pipeline.check import Check, Look, Stack, refused

_LOOKS: Final[Mapping[str, Look]] = {
    "rule": rule.look_at_rule,
    "further rules": rule.look_at_further_rules,
    "schedule": schedule.look_at_schedule,
    "queue": queue.look_at_queue,
    "oldest message": queue.look_at_oldest_message,
    "dead letters": queue.look_at_dead_letters,
    "event source mapping": function.look_at_mapping,
    "function": function.look_at_function,
    "recursion": function.look_at_recursion,
    "log group": function.look_at_log_group,
    "table": table.look_at_table,
}


def check_pipeline(stack: Stack) -> list[Check]:
    """Check every part of a stack.

    Raises:
        SelectionError: An output is missing, so that these are not the outputs of such a stack.
    """
    return [check for name, look in _LOOKS.items() for check in looked(name, look, stack)]


def looked(name: str, look: Look, stack: Stack) -> Iterator[Check]:
    """Yield what a look finds; where it is refused, a failed check of this name with the reason."""
    try:
        yield from look(stack)
    except (ClientError, SyncError) as error:
        yield refused(name, error)
