"""Delivers events to the targets of matching rules, as EventBridge does.

moto stores buses, rules and targets, and matches patterns. Delivery to queues is the sandbox's own, because here it
matters what moto leaves out: the whole event as the message body, a message group id taken from the event, the queue's
resource policy, and the target's dead-letter queue.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# moto's types are partial.

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jsonpath_ng.ext.parser import parse as parse_json_path
from moto.core.exceptions import JsonRESTError
from moto.events.models import Rule

from omics_sandbox.policy import allows, service_may_use
from omics_sandbox.queues import Deliveries, UndeliverableError, find_queue, send_message
from omics_sandbox.services import Moto

Event = dict[str, Any]

_SERVICE = "events.amazonaws.com"
# Source: "Key management", Amazon SQS Developer Guide, on event sources and encrypted queues.
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_MAXIMUM_GROUP_ID = 128


class EventBridge(Deliveries):
    """The delivery of events in all regions of an account.

    Attributes:
        literal_groups: Set to True and a target's MessageGroupId is taken as it is, also when it is a path such as
            `$.detail.id`, as people report of EventBridge.
    """

    def __init__(self, moto: Moto) -> None:
        super().__init__()
        self.literal_groups = False
        self._moto = moto

    def publish(
        self,
        region: str,
        source: str,
        detail_type: str,
        resources: list[str],
        detail: Any,
        *,
        bus: str = "default",
    ) -> str:
        """Put an event on a bus and deliver it. AWS services publish this way; people call PutEvents."""
        event: Event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._moto.account,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        with self._moto.lock:
            rules = list(self._moto.events(region).describe_event_bus(bus).rules.values())
            for rule in rules:
                if _applies(rule, event):
                    self._deliver(rule, event)
        return event["id"]

    def put_events(self, region: str, entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Publish what a user puts on buses; one result for each entry, in order."""
        return [self._put(region, entry) for entry in entries]

    def _put(self, region: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {
                "EventId": self.publish(
                    region,
                    entry["Source"],
                    entry["DetailType"],
                    list(entry.get("Resources", [])),
                    json.loads(entry["Detail"]),
                    bus=str(entry.get("EventBusName") or "default").rpartition("/")[2],
                )
            }
        except (KeyError, ValueError) as error:
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"The entry is not valid: {error}"}
        except JsonRESTError as error:  # there is no such bus
            return {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": str(error.message)}

    def _deliver(self, rule: Rule, event: Event) -> None:
        for target in rule.targets:
            try:
                self._deliver_to(rule, target, event)
            except UndeliverableError as error:
                self._dead_letter(rule, target, event, error)
            else:
                self.delivered[rule.name] += 1

    def _deliver_to(self, rule: Rule, target: Mapping[str, Any], event: Event) -> None:
        arn: str = target["Arn"]
        if arn.split(":")[2] != "sqs":
            raise UndeliverableError("INVALID_PARAMETER", f"The sandbox does not deliver to {arn}.")
        group_id = target.get("SqsParameters", {}).get("MessageGroupId")
        if not self.literal_groups:
            group_id = _group_id(group_id, event)
        body = json.dumps(_at(target["InputPath"], event) if "InputPath" in target else event)
        self._send(rule, arn, body, group_id, {})

    def _send(self, rule: Rule, queue_arn: str, body: str, group_id: str | None, attributes: Mapping[str, str]) -> None:
        queue = find_queue(self._moto, queue_arn)
        if queue is None:
            raise UndeliverableError("NO_RESOURCE", f"The queue {queue_arn} does not exist.")
        policies = [queue.policy] if queue.policy else []
        context = {"aws:sourcearn": rule.arn, "aws:sourceaccount": self._moto.account}
        if not allows(policies, "sqs:SendMessage", resource=queue_arn, service=_SERVICE, context=context):
            raise UndeliverableError(
                "NO_PERMISSIONS", f"The resource policy of {queue_arn} does not let {rule.arn} send messages."
            )
        key_id = queue.attributes.get("KmsMasterKeyId")
        if key_id and not service_may_use(self._moto, queue.region, key_id, _SERVICE, _KEY_ACTIONS, context):
            raise UndeliverableError(
                "NO_PERMISSIONS", f"The KMS key {key_id} of {queue_arn} does not let {_SERVICE} use it."
            )
        send_message(self._moto, queue, body, group_id=group_id, attributes=attributes, refusal="INVALID_PARAMETER")

    def _dead_letter(self, rule: Rule, target: Mapping[str, Any], event: Event, error: UndeliverableError) -> None:
        """Send what could not be delivered to the target's dead-letter queue.

        Attributes: "Using dead-letter queues to process undelivered events", EventBridge User Guide. The sandbox does
        not retry: what fails here for want of a permission would fail for 24 hours.
        """
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
        }
        self.bury(rule.name, target, lambda queue: self._send(rule, queue, json.dumps(event), None, attributes))


def _applies(rule: Rule, event: Event) -> bool:
    if rule.state == "DISABLED" or rule.event_pattern.dump() is None:  # without a pattern it is a schedule
        return False
    return rule.event_pattern.matches_event(event)  # pyright: ignore[reportArgumentType] - a TypedDict of moto's


def _group_id(given: str | None, event: Event) -> str | None:
    """The message group: a JSON path into the event, or any other text as it is."""
    if given is None or not given.startswith("$."):
        return given
    value = _at(given, event)
    if value is None:
        raise UndeliverableError("INVALID_PARAMETER", f"The event has nothing at {given}, the MessageGroupId.")
    group_id = value if isinstance(value, str) else json.dumps(value)
    if not 1 <= len(group_id) <= _MAXIMUM_GROUP_ID:
        raise UndeliverableError("INVALID_PARAMETER", f"{group_id!r} cannot be a MessageGroupId.")
    return group_id


def _at(path: str, event: Event) -> Any:
    found = _json_path(path).find(event)
    return found[0].value if found else None


@cache
def _json_path(path: str) -> Any:
    """A parsed path; parsing takes milliseconds, and a rule has the same one for every event."""
    return parse_json_path(path)
