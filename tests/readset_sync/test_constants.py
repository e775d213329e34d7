"""What the deployment, the function and the command line share."""

import ast
from pathlib import Path

import pytest
from readset_sync import constants
from readset_sync.constants import largest_batch


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


def test_a_rate_that_is_none_has_no_batch() -> None:
    with pytest.raises(ValueError, match="'fast' is not a number of calls"):
        largest_batch("fast", 60)
