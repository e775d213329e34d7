"""How often a schedule's expression fires.

Source of the format: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

import re
from typing import Final

from omics_meta.pipeline.schedule import OFF

DAYS_A_MONTH: Final = 365 / 12

_RATE: Final = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_A_DAY: Final = {"minute": 24 * 60, "hour": 24, "day": 1}
_ANY: Final = frozenset({"*", "?"})


def times_a_month(expression: str) -> float:
    """Return how often a schedule fires in an average month.

    Raises:
        ValueError: It is not `off`, a rate or a cron expression of six fields.
    """
    if expression == OFF:
        return 0
    if rate := _RATE.fullmatch(expression):
        return DAYS_A_MONTH * _A_DAY[rate[2]] / int(rate[1])
    if cron := _CRON.fullmatch(expression):
        minutes, hours, days, months, weekdays, _ = cron.groups()
        a_day = _count(minutes, 60) * _count(hours, 24)
        return a_day * _days(days, weekdays) * _count(months, 12) / 12
    raise ValueError(f"{expression!r} is no schedule: give rate(1 day), cron(0 3 * * ? *) or {OFF}")


def _days(days: str, weekdays: str) -> float:
    """Days of a month, of which one of the two fields decides."""
    if weekdays not in _ANY:
        return _count(weekdays, 7) * (1 if "#" in weekdays or "L" in weekdays else DAYS_A_MONTH / 7)
    return DAYS_A_MONTH if days in _ANY else _count(days, 31)


def _count(field: str, every: int) -> float:
    """How many values a field has, of `every` that there are; names count like numbers."""
    return sum(_values(part, every) for part in field.split(","))


def _values(part: str, every: int) -> float:
    values, _, step = part.partition("/")
    if values in _ANY:
        many = every
    elif span := re.fullmatch(r"([0-9]+)-([0-9]+)", values):
        many = int(span[2]) - int(span[1]) + 1
    elif step and values.isdigit():
        many = every - int(values)
    else:
        many = 5 if values == "MON-FRI" else 1
    return -(-many // int(step)) if step.isdigit() else many
