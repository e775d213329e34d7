"""Works through a batch of an SQS FIFO event source, each message failing alone. Pure: no AWS calls.

Source of the format: AWS Lambda developer guide, "Using Lambda with Amazon SQS". Powertools has the same as its FIFO
batch processor, whose import takes as long as that of all other parts of Powertools together.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Record = Mapping[str, Any]


def failed_messages(records: Iterable[Record], process: Callable[[Record], object]) -> list[str]:
    """Process messages in their order; return the ids of those that the queue is to deliver again.

    A message that failed holds back the rest of its own message group only, so that order within a read set stays.

    Args:
        records: The `Records` of the event that Lambda hands over.
        process: Does what a message says. Whatever exception it raises, it has told of itself.
    """
    failed: list[str] = []
    held_back: set[str] = set()
    for record in records:
        group: str = record["attributes"]["MessageGroupId"]
        if group not in held_back:
            try:
                process(record)
            except Exception:  # noqa: BLE001 - an error of any kind is of this message alone, and has been logged
                held_back.add(group)
            else:
                continue
        failed.append(record["messageId"])
    return failed
