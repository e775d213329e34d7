"""HealthOmics while it is behind: what it answers is what was so before the last changes.

AWS documents neither that nor the contrary. Which answers are behind, and for how long, is switched on by operation.
"""

from collections import Counter
from collections.abc import Callable, Container
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from zlib import crc32

from omics_sandbox.faults import Faults
from omics_sandbox.omics.models import ReadSet, SequenceStore, Shelf

Item = TypeVar("Item", bound=SequenceStore | ReadSet)

FILES: Final = "files"
"""In the place of an operation: the files in the answer of GetReadSetMetadata, without which it may come."""


@dataclass
class _Change:
    at: datetime
    before: Any
    """The item as it was; None where there was none."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """How often the item has been answered since, by operation."""


class OmicsFaults(Faults):
    """Faults of HealthOmics: those of any service, and answers that are behind, or leave things out."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._delays: dict[str, tuple[float, int]] = {}
        self._changes: dict[str, list[_Change]] = {}
        self._unknown: tuple[float, Container[str] | None] | None = None

    def add_behind(self, operation: str, *, seconds: float = 0, answers: int = 0) -> None:
        """Answer as before a change, for so many seconds after it, or so many times about what has changed.

        Args:
            operation: GetReadSetMetadata (404 after a creation, the old status after another change), ListReadSets,
                ListTagsForResource, GetResources, GetSequenceStore (of changes); or `files`: GetReadSetMetadata knows a
                new status, but no files yet. Each is behind by itself. Changes from before this call are known
                everywhere.
            seconds: See above.
            answers: See above.
        """
        self._delays[operation] = (seconds, answers)

    def add_unknown(self, operation: str, *, share: float = 1, arns: Container[str] | None = None) -> None:
        """Leave stores and read sets out of all answers, as if they had never been tagged.

        Args:
            operation: GetResources, which alone can be like that.
            share: How many of all, always the same ones; 1: it does not know HealthOmics.
            arns: Those that it leaves out, in the place of a share.
        """
        if operation != "GetResources":
            raise ValueError(f"{operation} leaves nothing out; GetResources can")
        self._unknown = (share, arns)

    def clear(self) -> None:
        """Switch all faults off, and know everything."""
        super().clear()
        self._unknown = None
        self._delays.clear()
        self._changes.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are on, in order, for people to read."""
        behind = [
            {"operation": operation, "error": f"{seconds:g} s or {answers} answers behind", "remaining": None}
            for operation, (seconds, answers) in self._delays.items()
        ]
        if self._unknown is not None:
            share, arns = self._unknown
            left_out = "some ARNs" if arns is not None else f"{share:.0%} of all"
            behind.append({"operation": "GetResources", "error": f"{left_out} unknown", "remaining": None})
        return super().describe() + behind

    def knows(self, arn: str) -> bool:
        """Whether GetResources knows of the item of this ARN at all."""
        if self._unknown is None:
            return True
        share, arns = self._unknown
        return arn not in arns if arns is not None else crc32(arn.encode()) % 1000 >= share * 1000

    def remember(self, arn: str, item: SequenceStore | ReadSet | None) -> None:
        """Take note of what is about to change: the item as it is, None for one that is about to be created."""
        if self._delays:
            self._changes.setdefault(arn, []).append(_Change(self._clock(), copy(item)))

    def seen(self, operation: str, arn: str, item: Item | None) -> Item | None:
        """The item of an ARN as an operation knows it, of the item as it is. None: there is none."""
        seconds, answers = self._delays.get(operation, (0, 0))
        changes = self._changes.get(arn, [])
        before = [
            change
            for change in changes
            if (self._clock() - change.at).total_seconds() < seconds or change.answers[operation] < answers
        ]
        for change in changes:
            change.answers[operation] += 1
        return before[0].before if before else item

    def listed(self, operation: str, store: SequenceStore) -> Shelf[ReadSet]:
        """The read sets of a store as a listing knows them."""
        if operation not in self._delays:
            return store.read_sets
        now = {read_set.arn: read_set for read_set in store.read_sets.values()}
        changed = {arn: None for arn in self._changes if arn.startswith(f"{store.arn}/readSet/")}
        known = [self.seen(operation, arn, item) for arn, item in {**changed, **now}.items()]
        return Shelf(sorted(((each.id, each) for each in known if each), key=lambda pair: pair[1].ordinal))
