"""All checks of a pipeline. Where AWS refuses (nothing there, no permission), that is a failed check."""

from collections.abc import Mapping, Sequence
from typing import Final

from omics_meta.pipeline import function, queue, rule, schedule, table
from omics_meta.pipeline.check import Check, Checker, run_checker
from omics_meta.pipeline.stack import Stack
from omics_meta.terminal.output import print_line

_CHECKERS: Final[Mapping[str, Checker]] = {
    "rule": rule.check_rule,
    "message groups": rule.check_message_groups,
    "further rules": rule.check_further_rules,
    "schedule": schedule.check_schedule,
    "queue": queue.check_queue,
    "oldest message": queue.check_oldest_message,
    "dead letters": queue.check_dead_letters,
    "event source mapping": function.check_event_source_mapping,
    "function": function.check_function,
    "recursion": function.check_recursion,
    "log group": function.check_log_group,
    "table": table.check_table,
    "other writers": table.check_other_writers,
}


def check_pipeline(stack: Stack) -> list[Check]:
    """Check every part of a stack."""
    return [check for name, checker in _CHECKERS.items() for check in run_checker(name, checker, stack)]


def print_checks(checks: Sequence[Check], *, shown: str = "") -> None:
    """Print what checks found wrong and how many passed; of those that passed, the ones named `shown` alone."""
    for check in checks:
        if check.needs_mending:
            print_line(f"{_verdict(check)}: {check.name}: {check.found}")
            print_line(f"  to fix it: {check.remedy}")
        elif check.name == shown:
            print_line(f"{check.name}: {check.found}")
    if checks:
        print_line(f"pipeline: {sum(check.passed for check in checks)} of {len(checks)} checks passed")


def _verdict(check: Check) -> str:
    if check.passed:
        return "warning"
    return "broken pipeline" if check.judged else "not judged"
