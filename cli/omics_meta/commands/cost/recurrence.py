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
_ONE_DAY: Final = re.compile(r"L|LW|[0-9]{1,2}W")
"""The last day or workday of a month, or the workday that is nearest to one."""

_ONE_WEEKDAY: Final = re.compile(r"(?:[1-7]|[A-Z]{3})(?:L|#[1-5])", re.IGNORECASE)
"""One of a month, such as the last Friday or the third Tuesday. `L` alone is the last day of the week."""

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
        raise ValueError(f"{expression!r} is not a schedule: {error}") from error
    raise ValueError(f"{expression!r} is not a schedule: give rate(1 day), cron(0 3 * * ? *) or {OFF}")


def _days(days: str, months: str, weekdays: str) -> float:
    """Days of a year, of which one of the two fields of days decides."""
    lengths = [monthrange(_YEAR, month)[1] for month in _values(months, range(1, 13), _MONTHS)]
    if weekdays in _ANY and days in _ANY:
        return sum(lengths)
    if weekdays in _ANY:
        once, others = _split(days, _ONE_DAY)
        wanted = _values(others, range(1, 32)) if others else ()
        return once * len(lengths) + sum(day <= length for length in lengths for day in wanted)
    once, others = _split(weekdays, _ONE_WEEKDAY)
    wanted = _values(others.replace("L", "SAT"), range(1, 8), _WEEKDAYS) if others else ()
    return once * len(lengths) + len(wanted) * sum(lengths) / 7


def _split(field: str, once_a_month: re.Pattern[str]) -> tuple[int, str]:
    """Return how many parts of a field are of a kind that comes once a month, and the other parts."""
    others = [part for part in field.split(",") if not once_a_month.fullmatch(part)]
    return field.count(",") + 1 - len(others), ",".join(others)


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
