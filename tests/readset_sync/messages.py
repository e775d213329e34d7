"""Queue messages, as Lambda hands them to the function."""

import json
from datetime import UTC, datetime
from typing import Any

from readset_sync.model.arn import ReadSetArn
from readset_sync.model.timestamp import format_timestamp

Body = dict[str, Any] | str


def record(message_id: str, body: Body, *, group: str | None = None, receives: int = 1) -> dict[str, Any]:
    """A message of a batch; without a group, in that of its read set, and in one of its own if it names none."""
    arn = body.get("detail", {}).get("arn", "") if isinstance(body, dict) else ""
    own = arn.rpartition("/readSet/")[2] or message_id
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt of {message_id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives), "MessageGroupId": group or own},
    }


def tag_change(arn: ReadSetArn, *, time: datetime | None = None) -> dict[str, Any]:
    """An event about the tags of a read set, of this moment if no other is given."""
    said = {"source": "aws.tag", "detail-type": "Tag Change on Resource", "resources": [str(arn)]}
    return event(arn, time=time) | said | {"detail": {}}


def event(arn: ReadSetArn, status: str = "ACTIVE", *, time: datetime | None = None, **extra: Any) -> dict[str, Any]:
    """An event of a read set, of this moment if no other is given."""
    return {
        "id": "an-event",
        "source": "aws.omics",
        "detail-type": "Read Set Status Change",
        "account": arn.account,
        "region": arn.region,
        "time": format_timestamp(time or datetime.now(UTC)),
        "detail": {"arn": str(arn), "sequenceStoreId": arn.store_id, "id": arn.read_set_id, "status": status},
        **extra,
    }
