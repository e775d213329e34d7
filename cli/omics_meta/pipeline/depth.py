"""How many messages a queue holds."""

from typing import TYPE_CHECKING, Final

from omics_meta.terminal.exits import OutputsError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def depth(client: "SQSClient", url: str) -> tuple[int, int]:
    """How many messages wait, and how many are being worked on. SQS takes up to a minute to have this right."""
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)["Attributes"]
    waiting, hidden = (int(attributes[name]) for name in _COUNTS)
    return waiting, hidden


def count_messages(client: "SQSClient", url: str) -> int:
    """How many messages there are, those that are being worked on included."""
    try:
        return sum(depth(client, url))
    except client.exceptions.QueueDoesNotExist as error:
        raise OutputsError(
            f"there is no queue {url}: check the region, or run `pulumi up --refresh` to put it back"
        ) from error
