"""A table and a queue such as a stack can take over from their owner."""

from typing import Any


def create_table(dynamodb: Any, name: str) -> None:
    """Create an empty table with the key of the product's rows."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "set_arn", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "set_arn", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def create_queue(sqs: Any, name: str) -> str:
    """Create an empty FIFO queue, with six timeouts of the function as its visibility timeout; return its URL."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "360"}
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
