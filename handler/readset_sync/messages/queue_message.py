"""Every message that the queue may hold, and how it is read. Pure: no AWS calls.

| source | detail-type | becomes |
|---|---|---|
| `aws.omics` | `Read Set Status Change` | `ReadSetEvent` |
| `aws.omics` | `Sequence Store Status Change` | `StoreEvent` |
| `aws.omics` | `AWS API Call via CloudTrail` | `RefreshRequest`: the tags of a read set were changed |
| `aws.tag` | `Tag Change on Resource` | `RefreshRequest`: the same, without CloudTrail |
| `healthomics-metadata-sync` | `Read Set Refresh` | `RefreshRequest` |
| `healthomics-metadata-sync` | `Reconcile` | `ReconcileRequest` |
| `healthomics-metadata-sync` | `Reconcile Step` | `ReconciliationStep` |

The first four come from EventBridge, the last three are the product's own: sent by EventBridge Scheduler, by the
function to itself, and by `omics-meta`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from readset_sync.constants import (
    API_CALL_EVENT,
    OMICS_SOURCE,
    OWN_SOURCE,
    READ_SET_EVENT,
    RECONCILE,
    STORE_EVENT,
    TAG_EVENT,
    TAG_SOURCE,
)
from readset_sync.messages.envelope import Envelope, parse_envelope, read_arn, read_object, read_text, read_time
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.messages.reconciliation_step import ReconciliationStep
from readset_sync.model.arn import ReadSetArn, StoreArn
from readset_sync.model.errors import MalformedEventError

REFRESH: Final = "Read Set Refresh"
RECONCILE_STEP: Final = "Reconcile Step"

_NEVER_THERE: Final = frozenset({"CREATE_FAILED", "CREATION_FAILED", "FAILED"})
"""Statuses of a store whose creation failed, as the API's model and the user guide name them."""


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """Somebody wants the row of a read set made what the read set is now.

    Attributes:
        compared: When the row was found wrong: one that has been refreshed since is right. None leaves no row as it is.
        drift: Whether a change that comes of this is drift: events have had their time to announce it.
        retagged: Whether its tags are said to be other ones.
        others: More read sets of which the same is said.
    """

    id: str
    arn: ReadSetArn
    time: datetime
    compared: datetime | None = None
    drift: bool = False
    retagged: bool = False
    others: tuple[ReadSetArn, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One Sequence Store Status Change event: a store was created, changed or deleted.

    The API's model and the user guide differ in the statuses, so whatever is not known makes the store be looked at.
    """

    id: str
    arn: StoreArn
    status: str
    time: datetime

    @property
    def concerns_rows(self) -> bool:
        """Whether rows may have to follow: of a store that could not be created there are none."""
        return self.status not in _NEVER_THERE


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """Somebody wants all rows compared with their read sets."""

    id: str
    time: datetime


Message = ReadSetEvent | StoreEvent | RefreshRequest | ReconcileRequest | ReconciliationStep


def parse_message(body: str, *, account: str | None = None, region: str | None = None) -> Message:
    """Read the body of a queue message.

    Args:
        body: The whole message, as JSON.
        account: The account whose read sets are kept; any other is refused. None takes the message's word.
        region: The same for the region.

    Raises:
        MalformedEventError: The body is none of these messages, contradicts itself, or is of another account or region.
    """
    envelope = parse_envelope(body, account=account, region=region)
    readers = _READERS.get(str(envelope.source))
    if readers is None:
        known = " or ".join(repr(source) for source in _READERS)
        raise MalformedEventError(f"source is {envelope.source!r}, and not {known}")
    read = readers.get(str(envelope.detail_type))
    if read is None:
        known = " or ".join(repr(detail_type) for detail_type in readers)
        raise MalformedEventError(f"detail-type is {envelope.detail_type!r}, and not {known}")
    return read(envelope)


def _read_store_event(envelope: Envelope) -> StoreEvent:
    arn = read_arn(StoreArn, read_text(envelope.detail, "arn", "detail.arn"), "detail.arn")
    envelope.require_own_arn(arn)
    return StoreEvent(envelope.id, arn, read_text(envelope.detail, "status", "detail.status"), envelope.time)


def _read_tag_call(envelope: Envelope) -> RefreshRequest:
    """Read a CloudTrail record of TagResource or UntagResource; the rule lets no other call through.

    Source of the format: CloudTrail user guide, "CloudTrail record contents". Services differ in whether they write
    an ARN of a path as it is or percent-encoded, so both are taken.
    """
    path = "detail.requestParameters"
    parameters = read_object(envelope.detail.get("requestParameters"), path)
    text = unquote(read_text(parameters, "resourceArn", f"{path}.resourceArn"))
    return replace(_refresh_request(envelope, text, f"{path}.resourceArn"), retagged=True)


def _read_tag_change(envelope: Envelope) -> RefreshRequest:
    """Read an event about the tags of a resource, or of several; the rule lets those of read sets through alone.

    Source of the format: Tag Editor user guide, "Monitor tag changes with serverless workflows and Amazon EventBridge".
    `both` kinds of events may tell of one change: a row that was refreshed since then, and has the tags, is left.
    """
    match envelope.content.get("resources"):
        case [first, *others]:
            request = _refresh_request(envelope, str(first), "resources")
            others = tuple(_refresh_request(envelope, str(each), "resources").arn for each in others)
            return replace(request, compared=request.time, retagged=True, others=others)
        case other:
            raise MalformedEventError(f"resources is {other!r}, and not a list of ARNs")


def _read_refresh(envelope: Envelope) -> RefreshRequest:
    detail = envelope.detail
    request = _refresh_request(envelope, read_text(detail, "arn", "detail.arn"), "detail.arn")
    compared = read_time(detail, "compared", "detail.compared") if "compared" in detail else request.time
    return replace(request, compared=compared, drift=detail.get("drift") is True)


def _refresh_request(envelope: Envelope, text: str, path: str) -> RefreshRequest:
    arn = read_arn(ReadSetArn, text, path)
    envelope.require_own_arn(arn)
    return RefreshRequest(envelope.id, arn, envelope.time)


def _read_reconcile(envelope: Envelope) -> ReconcileRequest:
    envelope.require_own_account()
    return ReconcileRequest(envelope.id, envelope.time)


_READERS: Final[Mapping[str, Mapping[str, Callable[[Envelope], Message]]]] = {
    OMICS_SOURCE: {
        READ_SET_EVENT: ReadSetEvent.read,
        STORE_EVENT: _read_store_event,
        API_CALL_EVENT: _read_tag_call,
    },
    TAG_SOURCE: {TAG_EVENT: _read_tag_change},
    OWN_SOURCE: {REFRESH: _read_refresh, RECONCILE: _read_reconcile, RECONCILE_STEP: ReconciliationStep.read},
}
