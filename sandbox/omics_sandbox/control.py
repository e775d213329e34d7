"""The sandbox's own HTTP interface under `/_sandbox`, for a person with curl or for another process.

All bodies are JSON. Names are those of the Python interface (`omics_sandbox.omics.service.OmicsService`), so the body
of a POST holds the keyword arguments of the method it stands for.

| request | does |
|---|---|
| `GET /_sandbox` | stores with their read sets and statuses |
| `POST /_sandbox/stores` `{"name": …}` | create a store; answers `{"id": …}` |
| `PATCH /_sandbox/stores/SID` `{"name": …}` | change a store |
| `POST /_sandbox/stores/SID/readsets` `{"name": …, "file_type": …}` | create a read set; answers `{"id": …}` |
| `PATCH /_sandbox/stores/SID/readsets/RID` `{"subject_id": …}` | change a read set, without an event |
| `PUT /_sandbox/stores/SID/readsets/RID/status` `{"status": …}` | give it a status, with the event |
| `PUT /_sandbox/stores/SID/readsets/RID/tags` `{"cohort": …}` | give it tags, in addition to those that it has |
| `GET /_sandbox/calls` | API calls by operation, answered and throttled |
| `DELETE /_sandbox/calls` | count from zero |
| `GET /_sandbox/faults` | faults that are on |
| `POST /_sandbox/faults` `{"operation": …, "error_code": …, "times": …}` | switch one on |
| `DELETE /_sandbox/faults` | switch all off |
| `PUT /_sandbox/limits` `{"per_second": 5}` | quota of every operation; null for none |
| `PUT /_sandbox/events` `{"emit": false}` | lose events, or stop losing them |
| `PUT /_sandbox/trail` `{"on": true}` | publish changes of tags as CloudTrail does, or stop it |
| `GET /_sandbox/events` | deliveries of EventBridge by rule |
| `GET /_sandbox/schedules` | firings of EventBridge Scheduler by schedule |
| `POST /_sandbox/schedules/NAME/run` `{"group": …}` | fire a schedule now, of the group `default` when none is given |
| `POST /_sandbox/drain` `{"timeout": 30}` | wait until mapped queues are empty and nothing runs; 504 when not |
| `GET /_sandbox/logs/FUNCTION` | log lines of a function |
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import Request, Response
from omics_sandbox.omics.limits import Limits

if TYPE_CHECKING:
    from omics_sandbox.eventbridge.bus import EventBridge
    from omics_sandbox.sandbox import Sandbox
    from omics_sandbox.scheduler.service import Scheduler

Body = dict[str, Any]
Action = Callable[..., Any]


class Control:
    """Answers requests to `/_sandbox/…` for the sandbox's own region."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._routes: list[tuple[str, re.Pattern[str], Action]] = [
            (method, re.compile(f"/_sandbox{path}/?"), action)
            for method, path, action in (
                ("GET", "", self._overview),
                ("POST", "/stores", self._create_store),
                ("PATCH", r"/stores/(\d+)", self._update_store),
                ("POST", r"/stores/(\d+)/readsets", self._create_read_set),
                ("PATCH", r"/stores/(\d+)/readsets/(\d+)", self._update_read_set),
                ("PUT", r"/stores/(\d+)/readsets/(\d+)/status", self._set_status),
                ("PUT", r"/stores/(\d+)/readsets/(\d+)/tags", self._tag),
                ("GET", "/calls", self._calls),
                ("DELETE", "/calls", self._reset_calls),
                ("GET", "/faults", self._faults),
                ("POST", "/faults", self._add_fault),
                ("DELETE", "/faults", self._clear_faults),
                ("PUT", "/limits", self._set_limits),
                ("PUT", "/events", self._emit_events),
                ("PUT", "/trail", self._set_trail),
                ("GET", "/events", self._deliveries),
                ("GET", "/schedules", self._firings),
                ("POST", "/schedules/([^/]+)/run", self._run_schedule),
                ("POST", "/drain", self._drain),
                ("GET", "/logs/([^/]+)", self._logs),
            )
        ]

    def handle(self, request: Request) -> Response:
        """Answer a request; 404 for an unknown one, 400 for a wrong body, both with `{"error": …}`."""
        for method, pattern, action in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return self._answer(action, match.groups(), request)
        return _error(404, f"There is no {request.method} {request.path} here")

    def _answer(self, action: Action, path: tuple[str, ...], request: Request) -> Response:
        try:
            return Response.of_json(action(*path, request.json()))
        except ServiceError as error:
            return _error(error.status, str(error))
        except TimeoutError as error:
            return _error(504, str(error))
        except (KeyError, TypeError, ValueError) as error:
            return _error(400, f"The body does not fit: {error}")

    def _overview(self, _body: Body) -> Any:
        omics = self._sandbox.omics
        with omics.lock:
            return {
                "region": omics.region,
                "stores": [
                    {
                        "id": store.id,
                        "name": store.name,
                        "readSets": [
                            {"id": read_set.id, "name": read_set.name, "status": read_set.status}
                            for read_set in store.read_sets.values()
                        ],
                    }
                    for store in omics.stores.values()
                ],
            }

    def _create_store(self, body: Body) -> Any:
        return {"id": self._sandbox.omics.create_store(body.pop("name"), **body)}

    def _update_store(self, store_id: str, body: Body) -> Any:
        self._sandbox.omics.update_store(store_id, **body)
        return {}

    def _create_read_set(self, store_id: str, body: Body) -> Any:
        return {"id": self._sandbox.omics.create_read_set(store_id, **body)}

    def _update_read_set(self, store_id: str, read_set_id: str, body: Body) -> Any:
        self._sandbox.omics.update_read_set(store_id, read_set_id, **body)
        return {}

    def _set_status(self, store_id: str, read_set_id: str, body: Body) -> Any:
        self._sandbox.omics.set_status(store_id, read_set_id, body["status"], message=body.get("message"))
        return {}

    def _tag(self, store_id: str, read_set_id: str, body: Body) -> Any:
        omics = self._sandbox.omics
        omics.tag(omics.read_set(store_id, read_set_id).arn, body)
        return {}

    def _calls(self, _body: Body) -> Any:
        return {"calls": self._sandbox.omics.calls, "throttled": self._sandbox.omics.throttled}

    def _reset_calls(self, _body: Body) -> Any:
        self._sandbox.omics.calls.clear()
        self._sandbox.omics.throttled.clear()
        return {}

    def _faults(self, _body: Body) -> Any:
        return {"faults": self._sandbox.omics.faults.describe()}

    def _add_fault(self, body: Body) -> Any:
        self._sandbox.omics.faults.add(body["operation"], body["error_code"], times=body.get("times"))
        return self._faults(body)

    def _clear_faults(self, _body: Body) -> Any:
        self._sandbox.omics.faults.clear()
        return {}

    def _set_limits(self, body: Body) -> Any:
        self._sandbox.omics.limits = Limits(default=body["per_second"])
        return {}

    def _emit_events(self, body: Body) -> Any:
        self._sandbox.omics.emit_events = bool(body["emit"])
        return {}

    def _set_trail(self, body: Body) -> Any:
        self._sandbox.omics.trail = bool(body["on"])
        return {}

    def _deliveries(self, _body: Body) -> Any:
        return _counted(self._sandbox.events)

    def _firings(self, _body: Body) -> Any:
        return _counted(self._sandbox.scheduler)

    def _run_schedule(self, name: str, body: Body) -> Any:
        return {"outcome": self._sandbox.run_schedule(name, body.get("group", "default"))}

    def _drain(self, body: Body) -> Any:
        self._sandbox.drain(float(body.get("timeout", 30)))
        return {}

    def _logs(self, function_name: str, _body: Body) -> Any:
        return {"lines": self._sandbox.lambda_logs(function_name)}


def _counted(deliveries: "EventBridge | Scheduler") -> Any:
    return {
        "delivered": deliveries.delivered,
        "deadLettered": deliveries.dead_lettered,
        "dropped": deliveries.dropped,
    }


def _error(status: int, message: str) -> Response:
    return Response.of_json({"error": message}, status)
