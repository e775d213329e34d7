"""Schedule expressions: `rate(value unit)`, `cron(fields)` with six fields, `at(yyyy-mm-ddThh:mm:ss)`.

Source: "Schedule types in EventBridge Scheduler", EventBridge Scheduler User Guide.
"""

import re

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_OTHERS = re.compile(r"cron\(\S+( \S+){5}\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


def is_schedule_expression(text: str) -> bool:
    """Whether a text has the form of one of the three expressions."""
    return bool(_RATE.fullmatch(text) or _OTHERS.fullmatch(text))


def rate_minutes(expression: str) -> int | None:
    """Minutes between two firings of a rate expression; None for the other two."""
    rate = _RATE.fullmatch(expression)
    return int(rate[1]) * _MINUTES[rate[2]] if rate else None
