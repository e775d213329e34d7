"""Event source mappings: which queue a function reads, and how."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omics_sandbox.api_model import checked, service_model
from omics_sandbox.exceptions import InvalidParameterValueException, ValidationException

if TYPE_CHECKING:
    from moto.sqs.models import Queue

# Of a FIFO queue, and of any without a batching window.
_LARGEST_BATCH = 10
_UNSUPPORTED = {"DestinationConfig", "FilterCriteria", "MaximumBatchingWindowInSeconds", "ProvisionedPollerConfig"}
# Without a MaximumConcurrency, Lambda starts with five concurrent batches and adds more. The sandbox stays at five.
_DEFAULT_CONCURRENCY = 5


@dataclass
class EventSourceMapping:
    """A mapping from an SQS queue to a function."""

    queue_arn: str
    function_arn: str
    batch_size: int = 10
    enabled: bool = True
    report_batch_item_failures: bool = False
    maximum_concurrency: int | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    last_modified: float = field(default_factory=time.time)
    last_result: str = "No records processed"

    @property
    def region(self) -> str:
        """Region of queue and function."""
        return self.queue_arn.split(":")[3]

    @property
    def queue_name(self) -> str:
        """Name of the queue."""
        return self.queue_arn.split(":")[5]

    @property
    def arn(self) -> str:
        """ARN of the mapping."""
        _, partition, _, region, account = self.function_arn.split(":")[:5]
        return f"arn:{partition}:lambda:{region}:{account}:event-source-mapping:{self.uuid}"

    @property
    def concurrency(self) -> int:
        """How many batches are processed at the same time at most."""
        return self.maximum_concurrency or _DEFAULT_CONCURRENCY

    def describe(self, state: str | None = None) -> dict[str, Any]:
        """The EventSourceMappingConfiguration of the API; `state` where it is in transition."""
        configuration: dict[str, Any] = {
            "UUID": self.uuid,
            "EventSourceMappingArn": self.arn,
            "EventSourceArn": self.queue_arn,
            "FunctionArn": self.function_arn,
            "BatchSize": self.batch_size,
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if self.report_batch_item_failures else [],
            "LastModified": self.last_modified,
            "LastProcessingResult": self.last_result,
            "State": state or ("Enabled" if self.enabled else "Disabled"),
            "StateTransitionReason": "USER_INITIATED",
        }
        if self.maximum_concurrency is not None:
            configuration["ScalingConfig"] = {"MaximumConcurrency": self.maximum_concurrency}
        return configuration

    def configure(self, given: Mapping[str, Any], *, queue: "Queue", function_timeout: float) -> None:
        """Apply the parameters of CreateEventSourceMapping or UpdateEventSourceMapping, all or none."""
        if unsupported := given.keys() & _UNSUPPORTED:
            raise InvalidParameterValueException(f"The sandbox does not emulate {', '.join(sorted(unsupported))}")
        try:
            given = checked(
                service_model("lambda").shape_for("UpdateEventSourceMappingRequest"), {"UUID": self.uuid, **given}
            )
        except ValidationException as error:
            raise InvalidParameterValueException(str(error)) from error
        batch_size = given.get("BatchSize", self.batch_size)
        concurrency = given.get("ScalingConfig", {"MaximumConcurrency": self.maximum_concurrency}).get(
            "MaximumConcurrency"
        )
        if batch_size > _LARGEST_BATCH:
            raise InvalidParameterValueException(f"BatchSize {batch_size} must be between 1 and 10 for this queue")
        visibility_timeout = int(queue.attributes["VisibilityTimeout"])
        if visibility_timeout < function_timeout:
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {visibility_timeout} seconds is less than Function timeout: "
                f"{function_timeout:g} seconds"
            )
        if "FunctionResponseTypes" in given:
            self.report_batch_item_failures = bool(given["FunctionResponseTypes"])
        self.batch_size = batch_size
        self.maximum_concurrency = concurrency
        self.enabled = given.get("Enabled", self.enabled)
        self.last_modified = time.time()
