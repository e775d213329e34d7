"""One invocation of a schedule's target: what the target gets, and what its dead-letter queue gets."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from omics_sandbox.queues import UndeliverableError

if TYPE_CHECKING:
    from moto.scheduler.models import Schedule


@dataclass(frozen=True)
class Invocation:
    """A schedule at one of its times."""

    schedule: "Schedule"
    group_arn: str
    time: float
    """Seconds since the epoch."""
    execution_id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def target(self) -> dict[str, Any]:
        """The Target of the API."""
        return self.schedule.target

    @property
    def payload(self) -> str:
        """What the target gets: its Input with the context attributes filled in.

        Source: "Adding context attributes in EventBridge Scheduler", EventBridge Scheduler User Guide.
        """
        payload: str = self.target["Input"]
        for name, value in (
            ("schedule-arn", self.schedule.arn),
            ("scheduled-time", self._scheduled_time),
            ("execution-id", self.execution_id),
            ("attempt-number", "1"),
        ):
            payload = payload.replace(f"<aws.scheduler.{name}>", value)
        return payload

    def failure(self, error: UndeliverableError) -> dict[str, str]:
        """The message attributes of a dead letter, whose body is the payload.

        Source: "Configuring a schedule's dead-letter queue in EventBridge Scheduler", EventBridge Scheduler User Guide.
        The sandbox does not retry: what fails here for want of a permission would fail for 24 hours.
        """
        return {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
            "EXECUTION_ID": self.execution_id,
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": "0",
            "SCHEDULED_TIME": self._scheduled_time,
            "SCHEDULE_ARN": self.schedule.arn,
            "TARGET_ARN": self.target["Arn"],
        }

    @property
    def _scheduled_time(self) -> str:
        return datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
