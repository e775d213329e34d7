"""Reads the function's log."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from omics_meta.pipeline.stack import Stack

_PAGES: Final = 50
"""Of up to a megabyte of log each, which bounds how long a look takes."""


def lines(stack: Stack, text: str, begin: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Yield the lines of a span that hold a text, as objects whose `timestamp` is that of CloudWatch, in ms."""
    pages = (
        stack.client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=stack.output("logGroupName"),
            filterPattern=f'"{text}"',
            startTime=_milliseconds(begin),
            endTime=_milliseconds(end),
        )
    )
    for page in islice(pages, _PAGES):
        for event in page["events"]:
            message = event.get("message", "")
            if message.startswith("{"):  # not one of Lambda's own
                yield json.loads(message) | {"timestamp": event.get("timestamp", 0)}


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
