"""The part of the EventBridge Scheduler API that is the sandbox's own: what it refuses."""

import re
from collections.abc import Callable

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import Request, Response
from omics_sandbox.scheduler.validation import check_schedule
from omics_sandbox.services import Moto

_SCHEDULE = re.compile(r"/schedules/([^/]+)")


class SchedulerApi:
    """Checks schedules that are created or updated, and leaves keeping them to moto.

    Args:
        moto: Keeps schedules and groups.
    """

    def __init__(self, moto: Moto) -> None:
        self._moto = moto

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request; `forward` lets moto answer it."""
        schedule = _SCHEDULE.fullmatch(request.path)
        if schedule is None or request.method not in {"POST", "PUT"}:
            return forward()
        region, given = str(request.region), request.json()
        with self._moto.lock:
            try:
                check_schedule(self._moto, region, given)
            except ServiceError as error:
                return Response.of_json({"Message": str(error)}, error.status, {"x-amzn-ErrorType": error.code})
            response = forward()
            if request.method == "PUT" and response.status == 200 and given.get("State") is None:
                # UpdateSchedule gives what is left out its default, and moto nothing.
                group = self._moto.schedule_groups(region)[given.get("GroupName") or "default"]
                group.schedules[schedule[1]].state = "ENABLED"
        return response
