"""Fires schedules, as EventBridge Scheduler does.

moto keeps schedules and schedule groups, and does nothing with them.
"""

import threading
from collections import Counter
from typing import TYPE_CHECKING, Literal

from moto.core.utils import unix_time

from omics_sandbox.exceptions import ConflictException, ResourceNotFoundException
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.scheduler.calendar import Calendar
from omics_sandbox.scheduler.invocation import Invocation, TargetError
from omics_sandbox.scheduler.targets import Targets
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from moto.scheduler.models import Schedule

Outcome = Literal["delivered", "dead-lettered", "dropped"]

_POLL_SECONDS = 0.05


class Scheduler:
    """The schedules of all regions of an account, from `start` to `close`.

    A schedule with a rate fires by itself (see `Calendar`); with `cron` or `at` it fires when `run` says so. A flexible
    time window is used up at its beginning.

    Attributes:
        delivered: Firings that reached their target, by the schedule's name.
        dead_lettered: Firings that did not and went to the target's dead-letter queue, by the schedule's name.
        dropped: Firings that did not and had nowhere to go, by the schedule's name.

    Args:
        moto: Where schedules, roles and queues are.
        functions: Invokes functions.
        minute: Seconds that a minute of a rate lasts; 60 on AWS.
    """

    def __init__(self, moto: Moto, functions: FunctionService, minute: float) -> None:
        self.delivered: Counter[str] = Counter()
        self.dead_lettered: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._moto = moto
        self._targets = Targets(moto, functions)
        self._calendar = Calendar(minute)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="scheduler")

    def start(self) -> None:
        """Begin to fire schedules."""
        self._thread.start()

    def close(self) -> None:
        """Fire no more."""
        self._stopping.set()
        self._thread.join()

    def run(self, region: str, name: str, group: str) -> Outcome:
        """Fire an enabled schedule now, whatever its expression says.

        Returns:
            What became of it.

        Raises:
            ResourceNotFoundException: There is no such schedule.
            ConflictException: The schedule is disabled.
        """
        with self._moto.lock:
            groups = self._moto.schedule_groups(region)
            schedule = groups[group].schedules.get(name) if group in groups else None
            if schedule is None:
                raise ResourceNotFoundException(f"Schedule {group}/{name} does not exist.")
            if schedule.state == "DISABLED":
                raise ConflictException(f"Schedule {group}/{name} is disabled: set its State to ENABLED first.")
            return self._fire(schedule, unix_time())

    def _watch(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            with self._moto.lock:
                for schedule, time in self._calendar.due(self._moto.schedules(), unix_time()):
                    self._fire(schedule, time)

    def _fire(self, schedule: "Schedule", time: float) -> Outcome:
        invocation = Invocation(schedule, time)
        try:
            self._targets.invoke(invocation)
        except TargetError as error:
            return self._bury(invocation, error)
        self.delivered[schedule.name] += 1
        return "delivered"

    def _bury(self, invocation: Invocation, error: TargetError) -> Outcome:
        try:
            self._targets.bury(invocation, error)
        except TargetError:
            self.dropped[invocation.schedule.name] += 1
            return "dropped"
        self.dead_lettered[invocation.schedule.name] += 1
        return "dead-lettered"
