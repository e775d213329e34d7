"""Batches of queue messages: those of different read sets side by side, and all of them within the deadline.

A function that Lambda ends for its timeout burns a receive of every message of its batch. So a batch is cut shortly
before that: what has ended is answered for, and only what hangs comes again.
"""

import queue
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, TypeVar

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Record:
    """One message of a batch, as Lambda hands it over (Lambda developer guide, "Using Lambda with Amazon SQS").

    Attributes:
        id: Names the message in the function's answer.
        receipt: Names this receive of it in calls of SQS.
        group: The message group that it was really sent with.
        receives: How often it has been received, this time included.
        body: What it says.
    """

    id: str
    receipt: str
    group: str
    receives: int
    body: str

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """Read one of `Records` of the event."""
        attributes = record["attributes"]
        return cls(
            id=record["messageId"],
            receipt=record["receiptHandle"],
            group=attributes["MessageGroupId"],
            receives=int(attributes["ApproximateReceiveCount"]),
            body=record["body"],
        )


def side_by_side(
    sequences: Collection[Sequence[Callable[[], _Result]]],
    *,
    goes_on: Callable[[_Result], bool],
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_Result]:
    """Do sequences of work, each in a thread of its own; yield the results as they come, until the deadline.

    Work that is under way at the deadline is left to its thread. It does no harm: rows are written on condition.

    Args:
        sequences: The work of one sequence is done in order.
        goes_on: Whether its sequence goes on after a result. It ends too where work raises, which is not reported.
        deadline: The moment of the clock after which nothing is begun, and nothing waited for.
        clock: Seconds, monotonic.
    """
    results: queue.SimpleQueue[_Result | None] = queue.SimpleQueue()

    def work_off(sequence: Sequence[Callable[[], _Result]]) -> None:
        try:
            for work in sequence:
                if clock() >= deadline:
                    return
                result = work()
                results.put(result)
                if not goes_on(result):
                    return
        finally:
            results.put(None)

    executor = ThreadPoolExecutor(max_workers=max(len(sequences), 1))
    for sequence in sequences:
        executor.submit(work_off, sequence)
    executor.shutdown(wait=False)
    under_way = len(sequences)
    while under_way:
        try:
            result = results.get(timeout=max(deadline - clock(), 0))
        except queue.Empty:
            return
        if result is None:
            under_way -= 1
        else:
            yield result
