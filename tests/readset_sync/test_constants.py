"""What the deployment, the function and the command line share."""

import ast
from pathlib import Path

import pytest
from readset_sync import constants
from readset_sync.constants import largest_batch, longest_pause


def test_constants_import_nothing() -> None:
    tree = ast.parse(Path(str(constants.__file__)).read_text(encoding="utf-8"))

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize(
    ("max_tps", "timeout", "messages"),
    [
        ("2", 30, 20),
        ("2.05", 30, 20),  # half a message is none
        ("20,ListTagsForResource=2", 30, 20),  # the slowest operation decides
        ("GetReadSetMetadata=50", 30, 50),  # ... which may be one without a rate of its own
        ("1000", 10, 0),  # a step of a reconciliation and the answer take all the time
        ("1000", 1, 0),
    ],
)
def test_largest_batch(max_tps: str, timeout: float, messages: int) -> None:
    assert largest_batch(max_tps, timeout) == messages


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("rate(1 hour)", 1),
        ("rate(5 days)", 5 * 24),
        ("cron(0 3 * * ? *)", 24),
        ("cron(0 3,15 ? * * *)", 24),
        ("cron(0 3 ? * MON-FRI *)", 7 * 24),
        ("cron(0 3 ? * 6L *)", 35 * 24),
        ("cron(0 3 31 * ? *)", 62 * 24),
        ("cron(0 3 1 1,7 ? *)", 366 * 24),
    ],
)
def test_a_schedule_has_a_longest_pause(schedule: str, hours: int) -> None:
    assert longest_pause(schedule) == hours
