"""What CloudTrail tells of an API call, as EventBridge delivers it.

Source: "CloudTrail record contents for management, data, and network activity events", AWS CloudTrail User Guide, and
"AWS HealthOmics events", Amazon EventBridge Events Reference.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

DETAIL_TYPE = "AWS API Call via CloudTrail"


def api_call(
    region: str, account: str, partition: str, name: str, parameters: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """The record of a successful call that changes something, by the account itself: the event's `detail`."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": account,
            "arn": f"arn:{partition}:iam::{account}:root",
            "accountId": account,
        },
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "omics.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "omics-sandbox",
        "requestParameters": dict(parameters),
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
