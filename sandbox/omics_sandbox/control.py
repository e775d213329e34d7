"""The sandbox's own HTTP interface under `/_sandbox`, for a person with curl or for another process.

All bodies are JSON. Names are those of the Python interface (`omics_sandbox.omics.service.OmicsService`), so the body
of a POST holds the keyword arguments of the method it stands for.

| request | does |
|---|---|
| `GET /_sandbox` | stores with their read sets and statuses, and faults that are on |
| `POST /_sandbox/stores` `{"name": …}` | create a store; answers `{"id": …}` |
| `POST /_sandbox/stores/SID/readsets` `{"name": …, "file_type": …}` | create a read set; answers `{"id": …}` |
| `PATCH /_sandbox/stores/SID/readsets/RID` `{"subject_id": …}` | change a read set, without an event |
| `PUT /_sandbox/stores/SID/readsets/RID/status` `{"status": …}` | give it a status, with the event |
| `POST /_sandbox/references` `{"name": …}` | create a reference; answers `{"arn": …}`, for read sets to name |
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
| `PUT /_sandbox/settings` `{"per_second": 5}` | quota of every operation; null for none |
| … `{"emit_events": false}` | lose events, or stop losing them |
| … `{"tag_events": false}` | lose EventBridge's own events of changed tags, or stop losing them |
| … `{"trail": true}` | publish changes of tags as CloudTrail does, or stop it |
| … `{"literal_groups": true}` | EventBridge takes `$.detail.id` as the name of a message group |
| `POST /_sandbox/schedules/NAME/run` `{"group": …}` | fire a schedule now, of the group `default` when none is given |
| `POST /_sandbox/drain` `{"timeout": 30}` | wait until mapped queues are empty; 504 when not |

What AWS has an API for, such as tags, names of stores and logs, is done with the AWS CLI.
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
            ("POST", f"{_STORE}/readsets", lambda store, body: {"id": sandbox.omics.create_read_set(store, **body)}),
            ("PATCH", _READ_SET, lambda store, item, body: sandbox.omics.update_read_set(store, item, **body)),
            ("PUT", f"{_READ_SET}/status", lambda store, item, body: sandbox.omics.set_status(store, item, **body)),
            ("POST", "/references", lambda body: {"arn": sandbox.omics.create_reference(**body)}),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("PUT", "/settings", self._set),
            ("POST", "/schedules/([^/]+)/run", lambda name, body: {"outcome": sandbox.run_schedule(name, **body)}),
            ("POST", "/drain", lambda body: sandbox.drain(**body)),
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
                "faults": omics.faults.describe() + self._sandbox.faults.describe(),
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

    def _add_fault(self, body: Body) -> None:
        """Switch a fault on: of HealthOmics where it has the operation, else of the other services."""
        is_omics = body["operation"] in {"*", FILES, *OPERATIONS, *TAGGING.operations}
        faults = self._sandbox.omics.faults if is_omics else self._sandbox.faults
        kind = body.pop("kind", None)
        add = getattr(faults, f"add_{kind}" if kind else "add", None)
        if add is None:
            raise ValueError(f"{body['operation']} cannot have a fault of the kind {kind!r}")
        add(**body)

    def _clear_faults(self, _body: Body) -> None:
        self._sandbox.omics.faults.clear()
        self._sandbox.faults.clear()

    def _set(self, body: Body) -> None:
        omics = self._sandbox.omics
        for name, value in body.items():
            if name == "per_second":
                omics.limits = Limits(default=value)
            elif name == "literal_groups":
                self._sandbox.events.literal_groups = bool(value)
            elif name in {"emit_events", "tag_events", "trail"}:
                setattr(omics, name, bool(value))
            else:
                raise ValueError(f"there is no setting {name!r}")


def _error(status: int, message: str) -> Response:
    return Response.of_json({"error": message}, status)
