"""When schedules are due."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omics_sandbox.scheduler.expression import rate_minutes

if TYPE_CHECKING:
    from moto.scheduler.models import Schedule


class Calendar:
    """Knows the next time of every schedule with a rate.

    The first time is that of the creation, and so again after a change. (Source: "Rate-based schedules" without a
    StartDate, EventBridge Scheduler User Guide; it does not tell of changes.) Times missed, because the machine slept,
    are skipped. Schedules with `cron` and `at` are never due.

    Args:
        minute: Seconds that a minute of a rate lasts; 60 on AWS.
    """

    def __init__(self, minute: float) -> None:
        self._minute = minute
        self._next: dict[tuple[str, float], float] = {}

    def due(self, schedules: Iterable["Schedule"], now: float) -> list[tuple["Schedule", float]]:
        """The enabled schedules whose time has come since the last call, each with that time.

        Args:
            schedules: All schedules that there are.
            now: Seconds since the epoch, and so are the times.
        """
        due: list[tuple[Schedule, float]] = []
        upcoming: dict[tuple[str, float], float] = {}
        for schedule in schedules:
            minutes = rate_minutes(schedule.schedule_expression)
            if minutes is None or schedule.state == "DISABLED":
                continue
            period = minutes * self._minute
            key = (schedule.arn, schedule.last_modified_date)
            time = self._next.get(key, schedule.last_modified_date)
            if time <= now:
                due.append((schedule, time))
                time += period * ((now - time) // period + 1)
            upcoming[key] = time
        self._next = upcoming
        return due
