"""A discrete-event simulation of the deployed pipeline: quota, FIFO queue and function fleet. Standard library only.

Time is in seconds. Every message is of a read set of its own, so that any execution may take it; the steps of a
reconciliation are a chain, in which each sends its successor. An execution takes up to ten messages, works through
them one by one, and holds to its share of the quota, as the deployed function does.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from statistics import quantiles
from typing import Final

BATCH: Final = 10
CALL_SECONDS: Final = 0.1
"""Of a HealthOmics call; an assumption."""

WRITE_SECONDS: Final = 0.02
"""To read and write a row; an assumption."""


class Kind(Enum):
    """What a message costs."""

    REFRESH = "refresh"
    """Two HealthOmics calls, each of an operation of its own, and a write."""
    STATUS = "status"
    """A write."""
    STEP = "step"
    """Pages of the table and of listings, for a few seconds."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, when it was sent, and whether a person waits for it: refreshes of a reconciliation are not live."""

    sent: float
    kind: Kind
    live: bool = True


@dataclass(frozen=True, slots=True)
class Fleet:
    """How the function is configured: `maxTps`, and `maximumConcurrency` among which it is divided."""

    tps: float
    executions: int

    @property
    def interval(self) -> float:
        """Seconds between two calls that one execution makes of one operation."""
        return self.executions / self.tps


@dataclass(slots=True)
class Reconciliation:
    """What a reconciliation has to go through, and how far it may go in a step.

    Attributes:
        scans: Pages of the table.
        listings: Pages of ListReadSets.
        refreshes: What it has refreshed in all, spread evenly over the listings.
        step_seconds: After which a step begins no other page.
        step_refreshes: Refreshes after which a step begins no other page.
        ended: When its last step ended.
    """

    scans: int
    listings: int
    refreshes: int
    step_seconds: float
    step_refreshes: int
    ended: float | None = None
    _listed: int = 0
    _asked: int = 0

    def step(self, execution: "_Execution") -> int:
        """Do one step in an execution; return how many refreshes it asked for."""
        began, before = execution.now, self._asked
        while (
            not self.done and execution.now - began < self.step_seconds and self._asked - before < self.step_refreshes
        ):
            if self.scans:
                self.scans -= 1
                execution.now += WRITE_SECONDS
            else:
                execution.list_page()
                self._listed += 1
                self._asked = self.refreshes * self._listed // self.listings
        return self._asked - before

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.scans and self._listed == self.listings


@dataclass(slots=True)
class Outcome:
    """When the last message was done, and how long each live message waited until it was done, in order of its end."""

    ended: float = 0.0
    delays: list[float] = field(default_factory=list[float])

    @property
    def median(self) -> float:
        """Half of the live messages were done within this."""
        return quantiles(self.delays, n=100)[49]

    @property
    def p99(self) -> float:
        """99 of a hundred live messages were done within this."""
        return quantiles(self.delays, n=100)[98]


class _Execution:
    """One execution environment: its time, and when each operation may be called next."""

    def __init__(self, fleet: Fleet) -> None:
        self._interval = fleet.interval
        self._next_refresh: float = 0.0
        self._next_listing: float = 0.0
        self.now: float = 0.0

    def refresh(self) -> None:
        """Read and write one read set."""
        self.now = max(self.now, self._next_refresh)
        self._next_refresh = self.now + self._interval
        self.now += 2 * CALL_SECONDS + WRITE_SECONDS

    def list_page(self) -> None:
        """List a page, and read its rows."""
        self.now = max(self.now, self._next_listing)
        self._next_listing = self.now + self._interval
        self.now += CALL_SECONDS + WRITE_SECONDS


def simulate(fleet: Fleet, arrivals: Iterable[Message], reconciliation: Reconciliation | None = None) -> Outcome:
    """Play all arrivals, in order of their times, until the queue is empty.

    Args:
        fleet: Who works.
        arrivals: Messages from outside; one of them a STEP where there is a reconciliation.
        reconciliation: What its steps go through.
    """
    outcome = Outcome()
    # What is yet to be sent, by its time; the number keeps the order of equal times.
    numbers = count()
    coming: list[tuple[float, int, Message]] = [(message.sent, next(numbers), message) for message in arrivals]
    heapq.heapify(coming)
    queue: deque[Message] = deque()
    free: list[tuple[float, int, _Execution]] = [(0.0, number, _Execution(fleet)) for number in range(fleet.executions)]
    while queue or coming:
        since, number, execution = heapq.heappop(free)
        if not queue:
            (earliest, _, _) = coming[0]
            since = max(since, earliest)
        while coming and coming[0][0] <= since:
            queue.append(heapq.heappop(coming)[2])
        execution.now = since
        for message in [queue.popleft() for _ in range(min(BATCH, len(queue)))]:
            for sent in _work(execution, message, reconciliation):
                heapq.heappush(coming, (sent.sent, next(numbers), sent))
            outcome.ended = max(outcome.ended, execution.now)
            if message.live:
                outcome.delays.append(execution.now - message.sent)
        heapq.heappush(free, (execution.now, number, execution))
    return outcome


def _work(execution: _Execution, message: Message, reconciliation: Reconciliation | None) -> list[Message]:
    """Do what a message says; return what it has sent."""
    match message.kind:
        case Kind.REFRESH:
            execution.refresh()
        case Kind.STATUS:
            execution.now += WRITE_SECONDS
        case Kind.STEP:
            if reconciliation is None:
                raise ValueError("a step without a reconciliation: give one")
            asked = reconciliation.step(execution)
            sent = [Message(execution.now, Kind.REFRESH, live=False)] * asked
            if not reconciliation.done:
                return [*sent, Message(execution.now, Kind.STEP, live=False)]
            reconciliation.ended = execution.now
            return sent
    return []
