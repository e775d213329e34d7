"""Functions as moto registers them, with the LoggingConfig and the RecursiveLoop that moto does not keep."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# moto's types are partial.

import json
import re
from typing import TYPE_CHECKING, Any

from omics_sandbox.exceptions import ResourceNotFoundException
from omics_sandbox.functions.model import RECURSIVE_LOOPS, Function
from omics_sandbox.http import Request, Response
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREATE = re.compile(r"/2015-03-31/functions/?")
_NAMED = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)(/(?P<part>configuration|code))?/?")


class FunctionRegistry:
    """The functions of all regions of an account."""

    def __init__(self, moto: Moto) -> None:
        self._moto = moto
        self._logging: dict[tuple[str, str], dict[str, str]] = {}
        self._recursive_loops: dict[str, str] = {}

    def find(self, region: str, name_or_arn: str) -> Function:
        """The function of this name or ARN, as it is configured now."""
        # Imported when first needed, see Moto.functions.
        from moto.awslambda.exceptions import UnknownFunctionException

        with self._moto.lock:
            try:
                found = self._moto.functions(region).get_function(name_or_arn, None)
            except UnknownFunctionException as error:
                raise ResourceNotFoundException(error.message) from error
            recursive_loop = self._recursive_loops.get(found.function_arn, RECURSIVE_LOOPS[0])
            return Function.of(found, self.logging(region, found.function_name), recursive_loop)

    def set_recursive_loop(self, region: str, name: str, recursive_loop: str) -> None:
        """Say what is to become of a function that keeps invoking itself: one of `RECURSIVE_LOOPS`."""
        self._recursive_loops[self.find(region, name).arn] = recursive_loop

    def logging(self, region: str, name: str) -> dict[str, str]:
        """LoggingConfig of a function, with Lambda's defaults."""
        given = self._logging.get((region, name), {})
        defaults = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
        if given.get("LogFormat") == "JSON":
            defaults |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
        return defaults | given

    def amended(self, request: Request, response: Response) -> Response:
        """Remember the LoggingConfig of a request that moto has answered, and put it into the answer."""
        named = _NAMED.fullmatch(request.path)
        if response.status >= 300 or not (named or _CREATE.fullmatch(request.path)):
            return response
        region = str(request.region)
        if request.method == "DELETE" and named:
            self._logging.pop((region, _plain_name(named["name"])), None)
        if not response.body or request.method == "DELETE":
            return response
        answer: dict[str, Any] = json.loads(response.body)
        configurations = [answer, answer.get("Configuration", {}), *answer.get("Functions", [])]
        for configuration in configurations:
            if "FunctionName" in configuration:
                name = str(configuration["FunctionName"])
                self._remember(region, name, request)
                configuration["LoggingConfig"] = self.logging(region, name)
        return Response(response.status, json.dumps(answer).encode(), response.headers)

    def _remember(self, region: str, name: str, request: Request) -> None:
        if request.method in {"POST", "PUT"} and not request.path.endswith("/code"):
            given: Mapping[str, str] | None = request.json().get("LoggingConfig")
            if given is not None:
                self._logging[region, name] = dict(given)


def _plain_name(name_or_arn: str) -> str:
    return name_or_arn.split(":")[6] if name_or_arn.startswith("arn:") else name_or_arn.split(":")[0]
