"""The part of the Lambda API that is the sandbox's own: invocations, recursion and event source mappings."""

import re
from collections.abc import Callable
from typing import Any

from omics_sandbox.exceptions import InvalidParameterValueException, ResourceNotFoundException, ServiceError
from omics_sandbox.functions.lineage import Lineage
from omics_sandbox.functions.mapping import EventSourceMapping
from omics_sandbox.functions.model import RECURSIVE_LOOPS
from omics_sandbox.functions.service import FunctionService
from omics_sandbox.http import TRACE_HEADER, Request, Response


class LambdaApi:
    """Answers what moto would do with Docker or not at all, and leaves the rest to moto."""

    def __init__(self, service: FunctionService) -> None:
        self._service = service
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = [
            (method, re.compile(path), action)
            for method, path, action in (
                ("POST", r"/2015-03-31/functions/(.+)/invocations/?", self._invoke),
                ("GET", r"/2024-08-31/functions/([^/]+)/recursion-config/?", self._get_recursion),
                ("PUT", r"/2024-08-31/functions/([^/]+)/recursion-config/?", self._put_recursion),
                ("POST", r"/2015-03-31/event-source-mappings/?", self._create),
                ("GET", r"/2015-03-31/event-source-mappings/?", self._list),
                ("GET", r"/2015-03-31/event-source-mappings/([^/]+)/?", self._get),
                ("PUT", r"/2015-03-31/event-source-mappings/([^/]+)/?", self._update),
                ("DELETE", r"/2015-03-31/event-source-mappings/([^/]+)/?", self._delete),
                ("GET", r"/2017-03-31/tags/.+:event-source-mapping:([^/]+)/?", self._list_tags),
                ("POST", r"/2017-03-31/tags/.+:event-source-mapping:([^/]+)/?", self._tag),
                ("DELETE", r"/2017-03-31/tags/.+:event-source-mapping:([^/]+)/?", self._untag),
            )
        ]

    def handle(self, request: Request, forward: Callable[[], Response]) -> Response:
        """Answer a request; `forward` lets moto answer it."""
        for method, pattern, action in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                try:
                    return action(request, *match.groups())
                except ServiceError as error:
                    body = {"Type": "User", "Message": str(error)}
                    return Response.of_json(body, error.status, {"x-amzn-ErrorType": error.code})
        return self._service.registry.amended(request, forward())

    def _invoke(self, request: Request, name: str) -> Response:
        if request.headers.get("x-amz-invocation-type", "RequestResponse") != "RequestResponse":
            raise InvalidParameterValueException("The sandbox emulates only invocations that wait for the answer")
        function = self._service.registry.find(str(request.region), name)
        cause = Lineage.of([request.headers.get(TRACE_HEADER, "")])
        outcome = self._service.invoke(function, request.body or b"{}", cause)
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": function.version}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return Response(200, outcome.payload, headers)

    def _get_recursion(self, request: Request, name: str) -> Response:
        function = self._service.registry.find(str(request.region), name)
        return Response.of_json({"RecursiveLoop": function.recursive_loop})

    def _put_recursion(self, request: Request, name: str) -> Response:
        recursive_loop = request.json().get("RecursiveLoop")
        if recursive_loop not in RECURSIVE_LOOPS:
            raise InvalidParameterValueException(
                f"Value {recursive_loop!r} at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum "
                f"value set: [{', '.join(RECURSIVE_LOOPS)}]"
            )
        self._service.registry.set_recursive_loop(str(request.region), name, recursive_loop)
        return Response.of_json({"RecursiveLoop": recursive_loop})

    def _create(self, request: Request) -> Response:
        mapping = self._service.create_mapping(str(request.region), request.json())
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

    def _get(self, request: Request, identity: str) -> Response:
        return Response.of_json(self._mapping(request, identity).describe())

    def _update(self, request: Request, identity: str) -> Response:
        mapping = self._mapping(request, identity)
        self._service.update_mapping(mapping, request.json())
        return Response.of_json(mapping.describe("Updating"), 202)

    def _delete(self, request: Request, identity: str) -> Response:
        mapping = self._mapping(request, identity)
        self._service.delete_mapping(mapping)
        return Response.of_json(mapping.describe("Deleting"), 202)

    def _list_tags(self, request: Request, identity: str) -> Response:
        return Response.of_json({"Tags": self._mapping(request, identity).tags})

    def _tag(self, request: Request, identity: str) -> Response:
        self._mapping(request, identity).tags |= request.json()["Tags"]
        return Response(204)

    def _untag(self, request: Request, identity: str) -> Response:
        tags: dict[str, Any] = self._mapping(request, identity).tags
        for key in request.query.get("tagKeys", []):
            tags.pop(key, None)
        return Response(204)

    def _mapping(self, request: Request, identity: str) -> EventSourceMapping:
        for mapping in self._service.mappings(str(request.region)):
            if mapping.uuid == identity:
                return mapping
        raise ResourceNotFoundException("The resource you requested does not exist.")
