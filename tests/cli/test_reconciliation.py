"""Looking for the last reconciliation in the function's log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from omics_meta.pipeline.reconciliation import last_reconciliation
from omics_meta.pipeline.stack import Stack
from omics_meta.selection.outputs import Outputs


class Logs:
    """A log with 20 pages an hour, as of a large account whose rows are refreshed all day.

    Attributes:
        spans: What was looked through, in milliseconds.
    """

    def __init__(self, finished: datetime) -> None:
        self._finished = int(finished.timestamp() * 1000)
        self.spans: list[tuple[int, int]] = []

    def get_paginator(self, name: str) -> Logs:
        assert name == "filter_log_events"
        return self

    def paginate(self, *, startTime: int, endTime: int, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - of the API
        self.spans.append((startTime, endTime))
        page = 3_600_000 // 20
        return [{"events": self._events(begin, begin + page)} for begin in range(startTime, endTime, page)]

    def _events(self, begin: int, end: int) -> list[dict[str, Any]]:
        found = {"rows": 2, "missing": 1}
        line = json.dumps({"message": "reconciliation finished", "started": "2026-04-04T03:00:00Z", "found": found})
        return [{"timestamp": self._finished, "message": line}] if begin <= self._finished < end else []


@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(hours=2), timedelta(hours=5)])
def test_the_last_one_is_found_however_much_was_logged_before_it(ago: timedelta) -> None:
    now = datetime.now(UTC)
    logs = Logs(now - ago)
    session = Mock(**{"client.return_value": logs})

    found = last_reconciliation(Stack(session, Outputs("outputs.json", {"logGroupName": "log"})))

    assert found
    assert abs(found.finished - (now - ago)) < timedelta(milliseconds=2)
    assert (found.started, found.found) == (datetime(2026, 4, 4, 3, tzinfo=UTC), {"rows": 2, "missing": 1})
    # One span follows the other, and none is looked through in vain once it is found.
    assert all(later == earlier for (later, _), (_, earlier) in zip(logs.spans, logs.spans[1:], strict=False))
    assert logs.spans[-1][0] <= found.finished.timestamp() * 1000
