"""What the CDK sample (aws-samples/healthomics-metadata-sync) has in an account, and what it writes into its table.

Written from its README and from what its code does to a table, with nothing of its code.
"""

import json
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from omics_sandbox import Sandbox

TABLE = "healthomics_set_metadata"
QUEUE = "healthomics_set_queue.fifo"
RULE = "healthomicsTriggerMetadataWrite"
FUNCTION = "HealthomicsStoreMetadata-healhtomicsMetadataWriter-AbCdEfGhIjKl"
STORE_ID = "1234567890"

TEXTS = {
    "set_arn": "arn",
    "set_id": "id",
    "set_type": "fileType",
    "set_name": "name",
    "set_description": "description",
    "set_reference_arn": "referenceArn",
    "set_sample_id": "sampleId",
    "set_subject_id": "subjectId",
    "set_status": "status",
}

_serialize = TypeSerializer().serialize


class Sample:
    """The sample, deployed.

    Args:
        sandbox: The local AWS, to which nothing of the sample reacts: its rows are written here.
        sort_key: Whether its table has the sort key `set_status`.
    """

    def __init__(self, sandbox: Sandbox, *, sort_key: bool = False) -> None:
        self._omics = sandbox.client("omics")
        self._dynamodb = sandbox.client("dynamodb")
        self._sqs = sandbox.client("sqs")
        self._events = sandbox.client("events")
        self._lambda = sandbox.client("lambda")
        self._create_table(sort_key)
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "900"}
        self.queue = self._sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
        queue_arn = f"arn:aws:sqs:{sandbox.region}:{sandbox.account}:{QUEUE}"
        pattern = {"source": ["aws.omics"], "detail-type": ["Read Set Status Change"]}
        self._events.put_rule(Name=RULE, EventPattern=json.dumps(pattern))
        target = {
            "Id": "Target0",
            "Arn": queue_arn,
            "InputPath": "$.detail",
            "SqsParameters": {"MessageGroupId": "healthomics-metadata-sync"},
        }
        self._events.put_targets(Rule=RULE, Targets=[target])
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = sandbox.client("iam").create_role(RoleName=FUNCTION, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self._lambda.create_function(
            FunctionName=FUNCTION, Runtime="python3.12", Handler="handler.handler", Role=role, Code={"ZipFile": b""}
        )
        mapping = self._lambda.create_event_source_mapping(EventSourceArn=queue_arn, FunctionName=FUNCTION, BatchSize=1)
        self._mapping = mapping["UUID"]
        sandbox.client("logs").create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")

    def _create_table(self, sort_key: bool) -> None:
        keys = {"set_arn": "HASH"} | ({"set_status": "RANGE"} if sort_key else {})
        self._dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        )

    def destroy(self, *, retain_queue: bool = False) -> None:
        """Do as `cdk destroy` does: the table stays, and the logs, which Lambda has created."""
        self._events.remove_targets(Rule=RULE, Ids=["Target0"])
        self._events.delete_rule(Name=RULE)
        self._lambda.delete_event_source_mapping(UUID=self._mapping)
        self._lambda.delete_function(FunctionName=FUNCTION)
        if not retain_queue:
            self._sqs.delete_queue(QueueUrl=self.queue)

    def write(self, read_set_id: str, *, as_documented: bool = False, **own: str) -> None:
        """Write the row of a read set, as for the event ACTIVE, and as the script of the sample does.

        Args:
            read_set_id: The read set.
            as_documented: In the form that the sample's README documents, instead of that which its code writes.
            own: Attributes that the user has added.
        """
        read_set = self._omics.get_read_set_metadata(sequenceStoreId=STORE_ID, id=read_set_id)
        row = {attribute: read_set.get(member) for attribute, member in TEXTS.items()} | own
        tags = self._omics.list_tags_for_resource(resourceArn=read_set["arn"])["tags"]
        if as_documented:
            row = {name: value for name, value in row.items() if value is not None}
            row["tags"] = [{key: value} for key, value in sorted(tags.items())]
        elif tags:
            row["tags"] = tags
        row["files"] = [
            {
                "file_path": file["s3Access"]["s3Uri"],
                "etag": read_set["etag"].get(name, ""),
                "file_type": name,
                "content_length": str(file["contentLength"]) if as_documented else file["contentLength"],
                "part_size": str(file["partSize"]) if as_documented else file["partSize"],
                "total_parts": str(file["totalParts"]) if as_documented else file["totalParts"],
            }
            # In no particular order; not ours, to make sure that ours is not taken for granted.
            for name, file in sorted(read_set.get("files", {}).items())
        ]
        store = self._omics.get_sequence_store(id=STORE_ID)
        row["store"] = {
            "store_arn": store["arn"],
            "store_id": store["id"],
            "store_type": "sequence_store",
            "store_name": store["name"],
            "store_ap_arn": store["s3Access"]["s3AccessPointArn"],
            "store_uri": store["s3Access"]["s3Uri"],
        }
        self._dynamodb.put_item(TableName=TABLE, Item={name: _serialize(value) for name, value in row.items()})

    def set_status(self, arn: str, status: str) -> None:
        """Do as for the events ACTIVATING, ARCHIVED and DELETING: another attribute, and a row where there is none."""
        self._dynamodb.update_item(
            TableName=TABLE,
            Key={"set_arn": {"S": arn}},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status}},
        )

    def leave_message(self, arn: str) -> None:
        """Leave a message in the queue that its function has not come to."""
        detail = {"arn": arn, "id": arn.rpartition("/")[2], "sequenceStoreId": STORE_ID, "status": "ACTIVE"}
        self._sqs.send_message(
            QueueUrl=self.queue, MessageBody=json.dumps(detail), MessageGroupId="healthomics-metadata-sync"
        )


def rows(sandbox: Sandbox, table: str) -> list[dict[str, Any]]:
    """All items of a table, in DynamoDB's own format."""
    pages = sandbox.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]
