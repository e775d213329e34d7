"""Functions as moto registers them, with the LoggingConfig and the RecursiveLoop that moto does not keep."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# moto's types are partial.

import json
from typing import TYPE_CHECKING, Any

from omics_sandbox.exceptions import ResourceNotFoundException
from omics_sandbox.functions.model import Function
from omics_sandbox.http import Request, Response
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAKE_LOGGING = frozenset({"CreateFunction", "UpdateFunctionConfiguration"})
_TELL_LOGGING = _TAKE_LOGGING | {"GetFunction", "GetFunctionConfiguration", "ListFunctions", "UpdateFunctionCode"}


class FunctionRegistry:
    """The functions of all regions of an account."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto
        self._logging: dict[tuple[str, str], dict[str, str]] = {}
        self._recursive_loops: dict[tuple[str, str], str] = {}

    def find(self, region: str, name_or_arn: str) -> Function:
        """The function of this name or ARN, as it is configured now."""
        # Imported when first needed, see Moto.functions.
        from moto.awslambda.exceptions import UnknownFunctionException

        with self._moto.lock:
            try:
                found = self._moto.functions(region).get_function(name_or_arn, None)
            except UnknownFunctionException as error:
                raise ResourceNotFoundException(error.message) from error
            recursive_loop = self._recursive_loops.get((region, found.function_name), "Terminate")
            return Function.of(found, self.logging(region, found.function_name), recursive_loop)

    def set_recursive_loop(self, function: Function, recursive_loop: str) -> None:
        """Say what is to become of a function that keeps invoking itself: Terminate or Allow."""
        self._recursive_loops[function.region, function.name] = recursive_loop

    def logging(self, region: str, name: str) -> dict[str, str]:
        """LoggingConfig of a function, with Lambda's defaults."""
        given = self._logging.get((region, name), {})
        defaults = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
        if given.get("LogFormat") == "JSON":
            defaults |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
        return defaults | given

    def amended(self, request: Request, response: Response) -> Response:
        """Remember the LoggingConfig of a request that moto has answered, and put it into the answer."""
        region = str(request.region)
        if response.status >= 300:
            return response
        if request.operation == "DeleteFunction":
            name = _plain_name(request.parameters["FunctionName"])
            self._logging.pop((region, name), None)
            self._recursive_loops.pop((region, name), None)
        if request.operation not in _TELL_LOGGING:
            return response
        answer: dict[str, Any] = json.loads(response.body)
        given: Mapping[str, str] | None = request.parameters.get("LoggingConfig")
        for configuration in (answer, answer.get("Configuration", {}), *answer.get("Functions", [])):
            if "FunctionName" in configuration:
                name = str(configuration["FunctionName"])
                if request.operation in _TAKE_LOGGING and given is not None:
                    self._logging[region, name] = dict(given)
                configuration["LoggingConfig"] = self.logging(region, name)
        return Response(response.status, json.dumps(answer).encode(), response.headers)


def _plain_name(name_or_arn: str) -> str:
    return name_or_arn.split(":")[6] if name_or_arn.startswith("arn:") else name_or_arn.split(":")[0]
