"""Lambda: functions that run, and the queues that they read."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# moto's types are partial.

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.core.utils import unix_time_millis

from omics_sandbox.access.control import AccessControl, role_credentials
from omics_sandbox.exceptions import (
    InvalidParameterValueException,
    RecursiveInvocationException,
    ResourceConflictException,
    ServiceError,
)
from omics_sandbox.functions.fleet import Fleet
from omics_sandbox.functions.lineage import MOST_INVOCATIONS, Lineage
from omics_sandbox.functions.mapping import EventSourceMapping
from omics_sandbox.functions.model import Function, Outcome
from omics_sandbox.functions.pump import POLLER_ACTIONS, Pump
from omics_sandbox.functions.registry import FunctionRegistry
from omics_sandbox.policy import find_key
from omics_sandbox.queues import find_queue
from omics_sandbox.services import Moto

if TYPE_CHECKING:
    from moto.sqs.models import Queue


class FunctionService:
    """Lambda in all regions of an account."""

    def __init__(
        self, moto: Moto, access: AccessControl, environment: Mapping[str, str], retry_delay: int | None
    ) -> None:
        self.registry = FunctionRegistry(moto)
        self._moto = moto
        self._access = access
        self._retry_delay = retry_delay
        self._pumps: dict[str, Pump] = {}
        self._retired: list[Pump] = []
        self._fleet = Fleet(environment, self._credentials, self._write_log)

    def close(self) -> None:
        """End every poller, invocation and process."""
        with self._moto.lock:
            pumps = [*self._pumps.values(), *self._retired]
            self._pumps.clear()
        for pump in pumps:
            pump.stop()
        self._fleet.close()
        for pump in pumps:
            pump.join()

    def invoke(self, function: Function, event: bytes, cause: Lineage) -> Outcome:
        """Invoke a function and wait for the outcome."""
        lineage = cause.invoking(function.arn)
        if lineage.count(function.arn) > MOST_INVOCATIONS and function.recursive_loop == "Terminate":
            raise RecursiveInvocationException(
                f"Lambda has detected your function {function.name} being invoked in a recursive loop and stopped your "
                "function's invocation."
            )
        return self._fleet.invoke(function, event, lineage)

    def kill(self) -> None:
        """Kill the processes that run invocations."""
        self._fleet.kill()

    def mappings(self, region: str) -> list[EventSourceMapping]:
        """The event source mappings of a region."""
        with self._moto.lock:
            return [pump.mapping for pump in self._pumps.values() if pump.mapping.region == region]

    def create_mapping(self, region: str, given: Mapping[str, Any]) -> EventSourceMapping:
        """CreateEventSourceMapping."""
        with self._moto.lock:
            function = self.registry.find(region, str(given.get("FunctionName")))
            queue = self._mapped_queue(str(given.get("EventSourceArn")))
            for other in self.mappings(region):
                if (other.queue_arn, other.function_arn) == (queue.queue_arn, function.arn):
                    raise ResourceConflictException(
                        f'An event source mapping with SQS arn (" {other.queue_arn} ") and function '
                        f'(" {function.name} ") already exists. Please update or delete the existing mapping with '
                        f"UUID {other.uuid}"
                    )
            mapping = EventSourceMapping(queue.queue_arn, function.arn, tags=dict(given.get("Tags", {})))
            mapping.configure(given, queue=queue, function_timeout=function.timeout)
            for action in POLLER_ACTIONS:
                if not self._polls(mapping, action):
                    raise InvalidParameterValueException(
                        f"The provided execution role does not have permissions to call {action} on SQS"
                    )
            self._pumps[mapping.uuid] = Pump(
                mapping, self._moto, self._invoke_mapped, partial(self._polls, mapping), self._retry_delay
            )
        return mapping

    def update_mapping(self, mapping: EventSourceMapping, given: Mapping[str, Any]) -> None:
        """UpdateEventSourceMapping."""
        with self._moto.lock:
            function = self.registry.find(mapping.region, str(given.get("FunctionName", mapping.function_arn)))
            queue = self._mapped_queue(mapping.queue_arn)
            mapping.configure(given, queue=queue, function_timeout=function.timeout)
            mapping.function_arn = function.arn

    def delete_mapping(self, mapping: EventSourceMapping) -> None:
        """DeleteEventSourceMapping. Batches in flight are finished."""
        with self._moto.lock:
            pump = self._pumps.pop(mapping.uuid)
            self._retired.append(pump)
        pump.stop()

    def backlog(self) -> list[str]:
        """One line for each mapped queue that is not empty."""
        with self._moto.lock:
            pumps = list(self._pumps.values())
        return [left for pump in pumps if (left := pump.backlog())]

    def logs(self, region: str, function_name: str) -> list[str]:
        """What is in the log group of a function, line by line, oldest first."""
        with self._moto.lock:
            group = self._moto.logs(region).groups.get(self.registry.logging(region, function_name)["LogGroup"])
            streams = group.streams.values() if group else ()
            events = [event for stream in streams for event in stream.events]
        return [event.message for event in sorted(events, key=lambda event: event.event_id)]

    def _invoke_mapped(self, function_arn: str, event: bytes, cause: Lineage) -> Outcome | None:
        try:
            return self.invoke(self.registry.find(function_arn.split(":")[3], function_arn), event, cause)
        except ServiceError:  # in a loop or deleted: the messages stay where they are
            return None

    def _polls(self, mapping: EventSourceMapping, action: str) -> bool:
        """Whether Lambda may do this on the queue, which it does in the name of the function's role."""
        try:
            function = self.registry.find(mapping.region, mapping.function_arn)
        except ServiceError:  # deleted, and with it the role to act in the name of
            return False
        if not self._access.admits(function.role, f"sqs:{action}", [mapping.queue_arn]):
            return False
        return action != "ReceiveMessage" or self._decrypts(mapping, function.role)

    def _decrypts(self, mapping: EventSourceMapping, role: str) -> bool:
        """Whether a role may decrypt the messages of a queue; anybody may who may read a queue without a key of KMS."""
        key_id = self._mapped_queue(mapping.queue_arn).attributes.get("KmsMasterKeyId")
        key = find_key(self._moto, mapping.region, key_id) if key_id else None
        context = {"kms:viaservice": f"sqs.{mapping.region}.amazonaws.com"}
        return key is None or self._access.admits(role, "kms:Decrypt", [key.arn], context)

    def _mapped_queue(self, queue_arn: str) -> "Queue":
        queue = find_queue(self._moto, queue_arn)
        if queue is not None:
            return queue
        raise InvalidParameterValueException(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            f"Message: The specified queue does not exist: {queue_arn}"
        )

    def _credentials(self, function: Function) -> Mapping[str, str]:
        return role_credentials(self._moto, function.role, function.name, function.region)

    def _write_log(self, function: Function, stream: str, lines: list[str]) -> None:
        """Write to the function's log group in the name of its role; without the permission, nothing is written."""
        timestamp = int(unix_time_millis())
        group = function.log_group
        with self._moto.lock:
            logs = self._moto.logs(function.region)
            found = logs.groups.get(group)
            needed = [] if found else ["CreateLogGroup"]
            needed += [] if found and stream in found.streams else ["CreateLogStream"]
            partition = function.arn.split(":")[1]
            arn = f"arn:{partition}:logs:{function.region}:{self._moto.account}:log-group:{group}:*"
            if all(self._access.admits(function.role, f"logs:{each}", [arn]) for each in (*needed, "PutLogEvents")):
                logs.ensure_log_group(group)
                logs.ensure_log_stream(group, stream)
                logs.put_log_events(group, stream, [{"timestamp": timestamp, "message": line} for line in lines])
