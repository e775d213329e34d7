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
| `POST /_sandbox/references` `{"name": …}` | create a reference; answers `{"arn": …}`, for read sets to name |
| `GET /_sandbox/calls` | API calls by operation, answered and throttled |
| `DELETE /_sandbox/calls` | count from zero |
| `GET /_sandbox/faults` | faults that are on |
| `POST /_sandbox/faults` `{"operation": …, "error_code": …, "times": …}` | an operation answers with an error |
| … `{"kind": "latency", "operation": …, "seconds": …, "times": …}` | it answers later; 3600: it hangs |
| … `{"kind": "connection_reset", "operation": …, "times": …}` | it does nothing and gives no answer |
| … `{"kind": "lost_answer", "operation": …, "times": …}` | it does its work and gives no answer |
| … `{"kind": "behind", "operation": …, "seconds": …, "answers": …}` | HealthOmics answers as before a change, for so \
many seconds after it or so many times: GetReadSetMetadata, ListReadSets, ListTagsForResource, GetSequenceStore, \
GetResources, or `files` for a GetReadSetMetadata that lacks the files alone |
| … `{"kind": "unknown", "operation": "GetResources", "share": …, "arns": …}` | the tagging API does not know \
HealthOmics, or leaves out a share of it, or these ARNs |
| `DELETE /_sandbox/faults` | switch all off |
| `PUT /_sandbox/limits` `{"per_second": 5}` | quota of every operation; null for none |
| `PUT /_sandbox/events` `{"emit": false}` | lose events, or stop losing them |
| `PUT /_sandbox/groups` `{"literal": true}` | EventBridge takes `$.detail.id` as the name of a message group |
| `PUT /_sandbox/tag-events` `{"on": false}` | lose EventBridge's own events of changed tags, or stop losing them |
| `PUT /_sandbox/trail` `{"on": true}` | publish changes of tags as CloudTrail does, or stop it |
| `GET /_sandbox/events` | deliveries of EventBridge by rule |
| `GET /_sandbox/schedules` | firings of EventBridge Scheduler by schedule |
| `POST /_sandbox/schedules/NAME/run` `{"group": …}` | fire a schedule now, of the group `default` when none is given |
| `POST /_sandbox/drain` `{"timeout": 30}` | wait until mapped queues are empty; 504 when not |
| `GET /_sandbox/logs/FUNCTION` | log lines of a function |
"""
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# A body may hold anything, and the methods that it is given to say what is wrong with it.

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omics_sandbox.exceptions import ServiceError
from omics_sandbox.http import Request, Response
from omics_sandbox.omics.behind import FILES
from omics_sandbox.omics.limits import Limits
from omics_sandbox.omics.operations import OPERATIONS
from omics_sandbox.omics.tagging import TAGGING

if TYPE_CHECKING:
    from omics_sandbox.queues import Deliveries
    from omics_sandbox.sandbox import Sandbox

Body = dict[str, Any]
Action = Callable[..., Any]
"""Takes what the path names, and the body; returns the answer, or None for an empty one."""

_STORE = r"/stores/(\d+)"
_READ_SET = rf"{_STORE}/readsets/(\d+)"


class Control:
    """Answers requests to `/_sandbox/…` for the sandbox's own region."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        routes: list[tuple[str, str, Action]] = [
            ("GET", "", self._overview),
            ("POST", "/stores", lambda body: {"id": sandbox.omics.create_store(body.pop("name"), **body)}),
            ("PATCH", _STORE, lambda store, body: sandbox.omics.update_store(store, **body)),
            ("POST", f"{_STORE}/readsets", lambda store, body: {"id": sandbox.omics.create_read_set(store, **body)}),
            ("PATCH", _READ_SET, lambda store, item, body: sandbox.omics.update_read_set(store, item, **body)),
            ("PUT", f"{_READ_SET}/status", lambda store, item, body: sandbox.omics.set_status(store, item, **body)),
            ("PUT", f"{_READ_SET}/tags", self._tag),
            ("POST", "/references", lambda body: {"arn": sandbox.omics.create_reference(**body)}),
            ("GET", "/calls", lambda _: {"calls": sandbox.omics.calls, "throttled": sandbox.omics.throttled}),
            ("DELETE", "/calls", self._reset_calls),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("PUT", "/limits", self._set_limits),
            ("PUT", "/events", self._emit_events),
            ("PUT", "/groups", self._set_groups),
            ("PUT", "/tag-events", self._set_tag_events),
            ("PUT", "/trail", self._set_trail),
            ("GET", "/events", lambda _: _counted(sandbox.events)),
            ("GET", "/schedules", lambda _: _counted(sandbox.scheduler)),
            ("POST", "/schedules/([^/]+)/run", lambda name, body: {"outcome": sandbox.run_schedule(name, **body)}),
            ("POST", "/drain", lambda body: sandbox.drain(**body)),
            ("GET", "/logs/([^/]+)", lambda name, _: {"lines": sandbox.lambda_logs(name)}),
        ]
        self._routes = [(method, re.compile(f"/_sandbox{path}/?"), action) for method, path, action in routes]

    def handle(self, request: Request) -> Response:
        """Answer a request; 404 for an unknown one, 400 for a wrong body, both with `{"error": …}`."""
        for method, pattern, action in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                return self._answer(action, match.groups(), request)
        return _error(404, f"There is no {request.method} {request.path} here")

    def _answer(self, action: Action, path: tuple[str, ...], request: Request) -> Response:
        try:
            return Response.of_json(action(*path, request.json()) or {})
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

    def _tag(self, store_id: str, read_set_id: str, body: Body) -> None:
        omics = self._sandbox.omics
        omics.tag(omics.read_set(store_id, read_set_id).arn, body)

    def _reset_calls(self, _body: Body) -> None:
        self._sandbox.omics.calls.clear()
        self._sandbox.omics.throttled.clear()

    def _faults(self, _body: Body) -> Any:
        return {"faults": self._sandbox.omics.faults.describe() + self._sandbox.faults.describe()}

    def _add_fault(self, body: Body) -> Any:
        """Switch a fault on: of HealthOmics where it has the operation, else of the other services."""
        is_omics = body["operation"] in {"*", FILES, *OPERATIONS, *TAGGING.operations}
        faults = self._sandbox.omics.faults if is_omics else self._sandbox.faults
        kind = body.pop("kind", None)
        add = getattr(faults, f"add_{kind}" if kind else "add", None)
        if add is None:
            raise ValueError(f"{body['operation']} cannot have a fault of the kind {kind!r}")
        add(**body)
        return self._faults(body)

    def _clear_faults(self, _body: Body) -> None:
        self._sandbox.omics.faults.clear()
        self._sandbox.faults.clear()

    def _set_limits(self, body: Body) -> None:
        self._sandbox.omics.limits = Limits(default=body["per_second"])

    def _emit_events(self, body: Body) -> None:
        self._sandbox.omics.emit_events = bool(body["emit"])

    def _set_groups(self, body: Body) -> None:
        self._sandbox.events.literal_groups = bool(body["literal"])

    def _set_tag_events(self, body: Body) -> None:
        self._sandbox.omics.tag_events = bool(body["on"])

    def _set_trail(self, body: Body) -> None:
        self._sandbox.omics.trail = bool(body["on"])


def _counted(deliveries: "Deliveries") -> Any:
    return {
        "delivered": deliveries.delivered,
        "deadLettered": deliveries.dead_lettered,
        "dropped": deliveries.dropped,
    }


def _error(status: int, message: str) -> Response:
    return Response.of_json({"error": message}, status)
