"""How far tags in bulk are taken: trust is earned in each run, by comparing with single answers. Pure: no AWS calls."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

_FIRST: Final = 20
"""Read sets that must agree before tags in bulk are taken. Were one in seven wrong, one of these would show it in 95 of
100 runs."""

_GROWTH: Final = 1.07
"""After these, one is compared each time that so many times as many have been told: early in a run, and to its end. Of
a million read sets, 179 are compared."""

MOST_COMPARED: Final = 200
"""Read sets that are compared in a run: 40 seconds' worth of calls."""

MOST_UNDECIDED: Final = 5
"""Read sets of a run whose comparison may come to nothing. Each of them costs some seconds, which a step of a
reconciliation has not many of."""

NOT_ASKED: Final = "not asked"
"""What people are told of tags in bulk that nobody wanted."""

_MOST_FAILED: Final = 3
"""Calls in a row that may fail for a reason that passes, before the run goes on without tags in bulk."""

TRUSTED: Final = "trusted"
"""What people are told of tags in bulk that are taken."""


@dataclass(slots=True)
class Trust:
    """What a run knows of the answers in bulk.

    Attributes:
        listed: Read sets of the pages whose tags were asked for in bulk.
        told: How many of these have tags that were told.
        offered: Read sets whose tags were told, and not asked for singly for another reason.
        compared: How many of these were asked for singly as well, so as to compare.
        agreed: How many of these said the same.
        contradiction: What was found wrong. Nothing is taken any more.
        undecided: How many could not be compared: an error kept them from it, or tags that changed meanwhile.
        unavailable: Why there are no answers in bulk, or no further ones.
        failed: How many calls in a row have failed for a reason that may pass.
        offset: A part of 1 that differs by run, so that each run compares others.
    """

    listed: int = 0
    told: int = 0
    offered: int = 0
    compared: int = 0
    agreed: int = 0
    contradiction: str = ""
    undecided: int = 0
    unavailable: str = ""
    failed: int = 0
    offset: float = 0.0

    @property
    def is_earned(self) -> bool:
        """Whether tags in bulk are taken."""
        return self.agreed >= _FIRST and not self.contradiction

    @property
    def is_over(self) -> bool:
        """Whether there is no use in asking for tags in bulk."""
        return bool(self.contradiction or self.unavailable)

    @property
    def has_failed(self) -> bool:
        """Whether so many calls in a row have failed that there is no use in further ones."""
        return self.failed >= _MOST_FAILED

    @property
    def was_misplaced(self) -> bool:
        """Whether rows were left for the sake of tags in bulk that proved wrong, or were never told in the end."""
        return bool(self.contradiction) or (self.has_failed and not self.told)

    def __str__(self) -> str:
        """What people are told."""
        if self.contradiction:
            return f"refused: {self.contradiction}"
        if self.unavailable:
            return f"not available: {self.unavailable}"
        if not self.told:
            return "not told: GetResources knows none of these read sets" if self.listed else NOT_ASKED
        if self.is_earned or self.agreed >= self.offered:
            return TRUSTED
        return f"not proven: ListTagsForResource confirms fewer than {_FIRST} answers of GetResources"

    @property
    def coverage(self) -> dict[str, int]:
        """Of how many read sets tags were told, and of how many they were asked for."""
        return {"told": self.told, "of": self.listed}

    def wants_comparison(self) -> bool:
        """Take note of a read set whose tags were told, and say whether it is to be compared."""
        self.offered += 1
        wanted = self.agreed < _FIRST or (
            self.compared < MOST_COMPARED and self.offered >= _FIRST * _GROWTH ** (self.compared - _FIRST + self.offset)
        )
        self.compared += wanted
        return wanted

    def write(self) -> dict[str, Any]:
        """Return the trust as a part of a message."""
        return asdict(self)

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> Self:
        """Read what `write` wrote.

        Raises:
            TypeError, ValueError: It is something else.
        """
        return cls(**{name: type(default)(content.get(name, default)) for name, default in cls().write().items()})
