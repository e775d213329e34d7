"""The part of the Lambda API that is the sandbox's own: invocations, recursion and event source mappings."""

from collections.abc import Callable
from typing import Any

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import InvalidParameterValueException, ResourceNotFoundException
from omics_sandbox.functions.lineage import Lineage
from omics_sandbox.functions.mapping import EventSourceMapping
from omics_sandbox.functions.model import Function
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.http import TRACE_HEADER, Request, Response

_MAPPING = ":event-source-mapping:"
"""Part of the ARN of a mapping, and of nothing else that has tags."""


class LambdaApi:
    """Answers what moto would do with Docker or not at all, and leaves the rest to moto."""

    def __init__(self, service: FunctionService) -> None:
        self._service = service
        self._actions: dict[str, Callable[[Request], Response]] = {
            "Invoke": self._invoke,
            "GetFunctionRecursionConfig": self._get_recursion,
            "PutFunctionRecursionConfig": self._put_recursion,
            "CreateEventSourceMapping": self._create,
            "ListEventSourceMappings": self._list,
            "GetEventSourceMapping": self._get,
            "UpdateEventSourceMapping": self._update,
            "DeleteEventSourceMapping": self._delete,
            "ListTags": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request; `forward` lets moto answer it."""
        action = self._actions.get(request.operation)
        if action is None or _MAPPING not in request.parameters.get("Resource", _MAPPING):
            return self._service.registry.amended(request, forward())
        return action(request)

    def _invoke(self, request: Request) -> Response:
        if request.headers.get("x-amz-invocation-type", "RequestResponse") != "RequestResponse":
            raise InvalidParameterValueException("The sandbox emulates only invocations that wait for the answer")
        function = self._function(request)
        cause = Lineage.of([request.headers.get(TRACE_HEADER, "")])
        outcome = self._service.invoke(function, request.body or b"{}", cause)
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": function.version}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return Response(200, outcome.payload, headers)

    def _get_recursion(self, request: Request) -> Response:
        return Response.of_json({"RecursiveLoop": self._function(request).recursive_loop})

    def _put_recursion(self, request: Request) -> Response:
        given = checked(service_model("lambda").shape_for("PutFunctionRecursionConfigRequest"), request.parameters)
        self._service.registry.set_recursive_loop(self._function(request), given["RecursiveLoop"])
        return Response.of_json({"RecursiveLoop": given["RecursiveLoop"]})

    def _create(self, request: Request) -> Response:
        mapping = self._service.create_mapping(str(request.region), request.parameters)
        return Response.of_json(mapping.describe("Creating"), 202)

    def _list(self, request: Request) -> Response:
        queue_arn = request.query.get("EventSourceArn", [None])[-1]
        function = request.query.get("FunctionName", [None])[-1]
        region = str(request.region)
        found = [
            mapping.describe()
            for mapping in self._service.mappings(region)
            if queue_arn in {None, mapping.queue_arn}
            and (function is None or self._service.registry.find(region, function).arn == mapping.function_arn)
        ]
        return Response.of_json({"EventSourceMappings": found})

    def _get(self, request: Request) -> Response:
        return Response.of_json(self._mapping(request).describe())

    def _update(self, request: Request) -> Response:
        mapping = self._mapping(request)
        self._service.update_mapping(mapping, request.parameters)
        return Response.of_json(mapping.describe("Updating"), 202)

    def _delete(self, request: Request) -> Response:
        mapping = self._mapping(request)
        self._service.delete_mapping(mapping)
        return Response.of_json(mapping.describe("Deleting"), 202)

    def _list_tags(self, request: Request) -> Response:
        return Response.of_json({"Tags": self._mapping(request).tags})

    def _tag(self, request: Request) -> Response:
        self._mapping(request).tags |= request.parameters["Tags"]
        return Response(204)

    def _untag(self, request: Request) -> Response:
        tags: dict[str, Any] = self._mapping(request).tags
        for key in request.query.get("tagKeys", []):
            tags.pop(key, None)
        return Response(204)

    def _function(self, request: Request) -> Function:
        return self._service.registry.find(str(request.region), request.parameters["FunctionName"])

    def _mapping(self, request: Request) -> EventSourceMapping:
        uuid = request.parameters.get("UUID") or request.parameters["Resource"].rpartition(":")[2]
        for mapping in self._service.mappings(str(request.region)):
            if mapping.uuid == uuid:
                return mapping
        raise ResourceNotFoundException("The resource you requested does not exist.")
