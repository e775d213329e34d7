"""How many messages a queue holds."""

from typing import TYPE_CHECKING, Final

from omics_meta.exits import CommandError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

_COUNTS: Final[tuple["QueueAttributeNameType", ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
)


def count_messages(client: "SQSClient", url: str) -> int:
    """How many messages there are, hidden ones included. SQS takes up to a minute to have this right.

    Raises:
        CommandError: There is no such queue.
    """
    try:
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)
    except client.exceptions.QueueDoesNotExist as error:
        raise CommandError(
            f"there is no queue {url}: check the region, or run `pulumi up --refresh` to put it back"
        ) from error
    return sum(int(answer["Attributes"][name]) for name in _COUNTS)
