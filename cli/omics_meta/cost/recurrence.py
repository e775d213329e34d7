"""How often a schedule's expression fires.

Source of the format: EventBridge Scheduler user guide, "Schedule types in EventBridge Scheduler".
"""

import re
from calendar import monthrange
from typing import Final

from omics_meta.pipeline.schedule import OFF

DAYS_A_MONTH: Final = 365 / 12

_RATE: Final = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_A_DAY: Final = {"minute": 24 * 60, "hour": 24, "day": 1}
_ANY: Final = frozenset({"*", "?"})
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ONCE_A_MONTH: Final = re.compile(r"L|LW|[0-9]{1,2}W|[1-7]L|[1-7]#[1-5]")
"""The last day, the weekday that is nearest to a day, or one certain weekday, such as the third Tuesday."""

_YEAR: Final = 2025
"""Any that is no leap year."""


def times_a_month(expression: str) -> float:
    """Return how often a schedule fires in an average month of a year in which it does.

    Raises:
        ValueError: It is not `off`, a rate or a cron expression of six fields.
    """
    if expression == OFF:
        return 0
    if rate := _RATE.fullmatch(expression):
        return DAYS_A_MONTH * _A_DAY[rate[2]] / int(rate[1])
    try:
        if cron := _CRON.fullmatch(expression):
            minutes, hours, days, months, weekdays, _ = cron.groups()
            a_day = len(_values(minutes, range(60))) * len(_values(hours, range(24)))
            return a_day * _days(days, months, weekdays) / 12
    except ValueError as error:
        raise ValueError(f"{expression!r} is no schedule: {error}") from error
    raise ValueError(f"{expression!r} is no schedule: give rate(1 day), cron(0 3 * * ? *) or {OFF}")


def _days(days: str, months: str, weekdays: str) -> float:
    """Days of a year, of which one of the two fields of days decides."""
    lengths = [monthrange(_YEAR, month)[1] for month in _values(months, range(1, 13), _MONTHS)]
    if weekdays in _ANY and days in _ANY:
        return sum(lengths)
    deciding = days if weekdays in _ANY else weekdays
    parts = deciding.split(",")
    plain = ",".join(part for part in parts if not _ONCE_A_MONTH.fullmatch(part))
    found = len(lengths) * sum(1 for part in parts if _ONCE_A_MONTH.fullmatch(part))
    if not plain:
        return found
    if deciding is weekdays:
        return found + len(_values(plain, range(1, 8), _WEEKDAYS)) * sum(lengths) / 7
    wanted = _values(plain, range(1, 32))
    return found + sum(day <= length for length in lengths for day in wanted)


def _values(field: str, every: range, names: tuple[str, ...] = ()) -> set[int]:
    """Return the values that a field has, of all that there are; names stand for them in their order."""

    def value(text: str) -> int:
        if text.upper() in names:
            return every[names.index(text.upper())]
        if not text.isdecimal() or int(text) not in every:
            raise ValueError(f"{text!r} is none of {every[0]} to {every[-1]}")
        return int(text)

    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if step and not (step.isdecimal() and int(step)):
            raise ValueError(f"{step!r} is no step")
        begin, _, end = span.partition("-")
        first = every[0] if span in _ANY else value(begin)
        last = value(end) if end else (first if span not in _ANY and not step else every[-1])
        # From Friday to Monday goes on at the beginning.
        run = [*range(first, last + 1)] or [*range(first, every[-1] + 1), *range(every[0], last + 1)]
        values.update(run[:: int(step or "1")])
    return values
