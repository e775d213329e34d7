"""How many read sets there are of each kind, and how many bytes they have: rows of the table, counted. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Self, cast

from readset_sync.constants import KEY
from readset_sync.model.record import CREATED_AT, SYNCED_AT, Row
from readset_sync.model.timestamp import format_timestamp

from omics_meta.terminal.output import ids

PATHS: Final = (KEY, "set_status", "set_type", CREATED_AT, SYNCED_AT, "set_total_size", "store.store_name", "tags")
"""What is needed of a row, as `Table.rows` takes it."""

NONE: Final = "none"
"""Label of what a row does not tell."""

OTHERS: Final = "others"
_MOST_LABELS: Final = 1000
"""Of a group, in memory: tags can have as many values as there are read sets."""

_AGES: Final[Mapping[str, timedelta]] = {
    "within a day": timedelta(days=1),
    "within a week": timedelta(days=7),
    "within 30 days": timedelta(days=30),
}
_OLDER: Final = "longer ago"

UNKNOWN: Final = "unknown"
"""Size of read sets of which no row tells one; never 0."""

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size_text(size: int) -> str:
    """Write a number of bytes for people."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} B"


@dataclass(slots=True)
class Tally:
    """So many read sets, with so many bytes in the files of those whose row tells, and so many whose row does not."""

    count: int = 0
    size: int = 0
    unknown: int = 0

    @classmethod
    def of(cls, row: Row) -> Self:
        """Count one row. An archived read set that was never refreshed while it was active tells no size."""
        size = row.get("set_total_size")
        if isinstance(size, int | Decimal) and not isinstance(size, bool) and size >= 0:
            return cls(1, int(size))
        return cls(1, unknown=1)

    def add(self, other: "Tally") -> None:
        """Count more of them."""
        self.count += other.count
        self.size += other.size
        self.unknown += other.unknown

    @property
    def known_size(self) -> int | None:
        """The bytes that are known of; None where no row tells any, which is not 0."""
        return None if self.unknown and self.unknown == self.count else self.size

    @property
    def size_text(self) -> str:
        """The size for people, such as `1.2 TiB`, `1.2 TiB (3 unknown)` or `unknown`."""
        if self.known_size is None:
            return UNKNOWN
        known = size_text(self.known_size)
        return f"{known} ({self.unknown:,} {UNKNOWN})" if self.unknown else known


@dataclass(slots=True)
class Group:
    """Read sets by label."""

    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def add(self, label: str, tally: Tally) -> None:
        """Count read sets under a label, or under `OTHERS` once there are too many labels."""
        if label not in self.tallies and len(self.tallies) >= _MOST_LABELS:
            label = OTHERS
        self.tallies.setdefault(label, Tally()).add(tally)

    def largest(self, most: int) -> list[tuple[str, Tally]]:
        """Return the labels with the most read sets, and at the end what all the others have."""
        ranked = sorted(self.tallies.items(), key=lambda item: (item[0] == OTHERS, -item[1].count, item[0]))
        rest = Tally()
        for _, tally in ranked[most:]:
            rest.add(tally)
        return ranked[:most] + ([(OTHERS, rest)] if rest.count else [])

    def in_order(self, labels: Iterable[str] | None = None) -> list[tuple[str, Tally]]:
        """Return these labels, those without a read set too; or all of them in the order of the alphabet."""
        return [(label, self.tallies.get(label, Tally())) for label in labels or sorted(self.tallies)]


class Inventory:
    """Read sets counted in several ways at once."""

    AGES: Final = (*_AGES, _OLDER, NONE)

    def __init__(self, now: datetime) -> None:
        self._limits = [(label, format_timestamp(now - age)) for label, age in _AGES.items()]
        self.total = Tally()
        self.stores, self.statuses, self.types = Group(), Group(), Group()
        self.months, self.tags, self.ages = Group(), Group(), Group()
        self.names: dict[str, str] = {}

    def add(self, row: Row) -> None:
        """Count a row, whatever another tool may have put into it."""
        tally = Tally.of(row)
        self.total.add(tally)
        store_id, _ = ids(row[KEY])
        name = _member(row.get("store"), "store_name")
        if name:
            self.names[store_id] = name
        self.stores.add(store_id or NONE, tally)
        self.statuses.add(str(row.get("set_status", NONE)), tally)
        self.types.add(str(row.get("set_type", NONE)), tally)
        self.months.add(row[CREATED_AT][:7] if CREATED_AT in row else NONE, tally)
        self.ages.add(self._age(row), tally)
        for key, value in _tags(row.get("tags")):
            self.tags.add(f"{key} = {value}", tally)

    def _age(self, row: Row) -> str:
        if SYNCED_AT not in row:
            return NONE
        return next((label for label, limit in self._limits if row[SYNCED_AT] >= limit), _OLDER)


def _member(value: object, name: str) -> str:
    return str(cast("dict[str, object]", value).get(name, "")) if isinstance(value, dict) else ""


def _tags(value: object) -> list[tuple[str, Any]]:
    tags = cast("list[object]", value) if isinstance(value, list) else []
    return [item for tag in tags if isinstance(tag, dict) for item in cast("dict[str, Any]", tag).items()]
