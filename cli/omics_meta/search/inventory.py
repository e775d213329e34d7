"""How many read sets there are of each kind, and how many bytes and bases they have: rows, counted. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Self

from readset_sync.constants import KEY
from readset_sync.messages.read_set_event import ARCHIVED
from readset_sync.model.record import CREATED_AT, SYNC_STATE, SYNCED_AT, Row, tag_map
from readset_sync.model.timestamp import format_timestamp

_INFORMATION: Final = "set_sequence_information"
_BASES: Final = "total_base_count"

PATHS: Final = (
    KEY,
    "set_status",
    "set_type",
    CREATED_AT,
    SYNCED_AT,
    SYNC_STATE,
    "set_total_size",
    f"{_INFORMATION}.{_BASES}",
    "store.store_name",
    "tags",
)
"""What is needed of a row, as `Table.rows` takes it."""

NONE: Final = "none"
"""Label of what a row does not tell."""

NO_TAG: Final = "(without this tag)"

OTHERS: Final = "others"

_OWN: Final = frozenset({NONE, NO_TAG, OTHERS, ""})
"""Labels that are nobody's text."""

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
_DECIMAL_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")

_STORE: Final = re.compile(r"arn:[^:]*:omics:([^:]*):([^:]*):sequenceStore/([^/]+)/readSet/[^/]+")
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])(?=-)")


def label_of(text: str) -> str:
    """Return a text of users as a label: in quotes where it is empty, or would be taken for one of ours."""
    return f'"{text}"' if text.strip('"') in _OWN else text


def size_text(size: int, *, decimal: bool = False) -> str:
    """Write a number of bytes for people, in units of 1024 or, where decimal, of 1000."""
    units, step = (_DECIMAL_UNITS, 1000) if decimal else (_UNITS, 1024)
    amount, unit = float(size), 0
    while amount >= step and unit < len(units) - 1:
        amount, unit = amount / step, unit + 1
    return f"{amount:.1f} {units[unit]}" if unit else f"{size} B"


@dataclass(slots=True)
class Tally:
    """So many read sets, and the bytes in their files and the bases in them, of those whose rows tell."""

    count: int = 0
    size: int = 0
    unknown: int = 0
    """Read sets whose size no row tells."""
    bases: int = 0
    bases_unknown: int = 0

    @classmethod
    def of(cls, row: Row) -> Self:
        """Count one row. An archived read set that was never refreshed while it was active tells no size."""
        size, bases = _number(row.get("set_total_size")), _number(row.get(_INFORMATION, {}).get(_BASES))
        return cls(1, size or 0, int(size is None), bases or 0, int(bases is None))

    def add(self, other: "Tally") -> None:
        """Count more of them."""
        self.count += other.count
        self.size += other.size
        self.unknown += other.unknown
        self.bases += other.bases
        self.bases_unknown += other.bases_unknown

    @property
    def known_size(self) -> int | None:
        """The bytes that are known of; None where no row tells any, which is not 0."""
        return None if self.unknown and self.unknown == self.count else self.size

    @property
    def known_bases(self) -> int | None:
        """The bases that are known of; None where no row tells any, which is not 0."""
        return None if self.bases_unknown and self.bases_unknown == self.count else self.bases

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

    def add(self, label: str, tally: Tally) -> str:
        """Count read sets under a label, or under `OTHERS` once there are too many labels; return which."""
        if label not in self.tallies and len(self.tallies) >= _MOST_LABELS:
            label = OTHERS
        self.tallies.setdefault(label, Tally()).add(tally)
        return label

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


@dataclass(frozen=True, slots=True)
class Store:
    """A sequence store: `region` and `account` are those of its ARN, and empty where a row's key is not an ARN."""

    region: str
    account: str
    store_id: str


@dataclass(slots=True)
class TableInventory:
    """One of the tables, and what is counted of it alone."""

    account: str
    region: str
    name: str
    total: Tally = field(default_factory=Tally)
    oldest: str = ""
    """When the row that was refreshed longest ago was refreshed; empty where no row tells."""
    newest: str = ""
    incomplete: int = 0
    """Rows that are not complete yet."""


@dataclass(slots=True)
class TagInventory:
    """Read sets by the values of one tag."""

    values: Group = field(default_factory=Group)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Numbers of read sets by value and status."""


class Inventory:
    """Read sets of one or several tables, counted in several ways at once."""

    AGES: Final = (*_AGES, _OLDER, NONE)

    def __init__(self, now: datetime, tag_keys: Sequence[str] = ()) -> None:
        self._limits = [(label, format_timestamp(now - age)) for label, age in _AGES.items()]
        self.total = Tally()
        self.tables: list[TableInventory] = []
        self.stores: dict[Store, Tally] = {}
        self.names: dict[Store, str] = {}
        self.statuses, self.types, self.months, self.ages = Group(), Group(), Group(), Group()
        self.storage: dict[tuple[str, str, bool], Tally] = {}
        """By account and region, and by whether they are archived: all others are in the active storage class."""
        self.keys = Group()
        """By the keys of tags: a read set counts for each of its tags."""
        self.tags = {key: TagInventory() for key in tag_keys}

    def begin(self, table: TableInventory) -> None:
        """Begin with a table: the rows that follow are of it, until another one is begun, or begun again."""
        if not any(each is table for each in self.tables):
            self.tables.append(table)
        self._table = table

    def add(self, row: Row) -> None:
        """Count a row as a table gives it: without what another tool spelled in another way."""
        tally = Tally.of(row)
        self.total.add(tally)
        self._add_to_table(row, tally)
        store = store_of(row)
        self.stores.setdefault(store, Tally()).add(tally)
        if name := row.get("store", {}).get("store_name"):
            self.names[store] = name
        status = self.statuses.add(_label(row.get("set_status")), tally)
        self.storage.setdefault((store.account, store.region, status == ARCHIVED), Tally()).add(tally)
        self.types.add(_label(row.get("set_type")), tally)
        month = _MONTH.match(row.get(CREATED_AT, ""))
        self.months.add(month[0] if month else NONE, tally)
        self.ages.add(self._age(row), tally)
        tags = tag_map(row)
        for key in tags:
            self.keys.add(label_of(key), tally)
        for key, counted in self.tags.items():
            value = label_of(tags[key]) if key in tags else NO_TAG
            counted.statuses[counted.values.add(value, tally), status] += 1

    def _add_to_table(self, row: Row, tally: Tally) -> None:
        table = self._table
        table.total.add(tally)
        table.incomplete += SYNC_STATE in row
        if synced := row.get(SYNCED_AT):
            table.oldest, table.newest = min(table.oldest or synced, synced), max(table.newest, synced)

    def _age(self, row: Row) -> str:
        synced = row.get(SYNCED_AT)
        return next((label for label, limit in self._limits if synced >= limit), _OLDER) if synced else NONE


def store_of(row: Row) -> Store:
    """Return the sequence store of a row by its key."""
    found = _STORE.fullmatch(row[KEY])
    return Store(*found.groups()) if found else Store("", "", NONE)


def _number(value: object) -> int | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0:
        return int(value)
    return None


def _label(text: str | None) -> str:
    return NONE if text is None else label_of(text)
