"""Durations as people type them: `90m`, `12h`, `7d`."""

import re
from datetime import timedelta
from typing import Final

_DURATION: Final = re.compile(r"(?P<number>[0-9]+)(?P<unit>[mhd])", re.ASCII)
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def parse_duration(text: str) -> timedelta | None:
    """Return a number of minutes, hours or days, or `0` for none; None where a text is no such thing.

    Raises:
        OverflowError: It is longer than time goes.
    """
    if text == "0":
        return timedelta()
    match = _DURATION.fullmatch(text)
    return int(match["number"]) * _UNITS[match["unit"]] if match else None
