"""Lambda, as far as moto does not have it."""

from omics_sandbox.http import Request, Response
from omics_sandbox.services import Moto


class FunctionService:
    """The functions of an account."""

    def __init__(self, moto: Moto, retry_delay: float | None) -> None:
        self._moto = moto
        self._retry_delay = retry_delay

    def start(self, environment: dict[str, str]) -> None:
        """Start."""

    def close(self) -> None:
        """Stop."""

    def handle(self, request: Request) -> Response | None:
        """Leave everything to moto."""
        return None

    def invoke_later(self, function_arn: str, payload: bytes) -> None:
        """Invoke without waiting."""
        raise NotImplementedError

    def backlog(self) -> list[str]:
        """Messages left on mapped queues, one line per queue."""
        return []

    def logs(self, region: str, function_name: str) -> list[str]:
        """Log lines."""
        return []
