"""How to read the rows that are looked for, and what that costs. Pure: no AWS calls."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

from boto3.dynamodb.conditions import ConditionBase, Key
from readset_sync.constants import KEY

from omics_meta.search.criterion import MOST_OPERANDS, Criterion

_HASH_KEYS: Final = (
    "set_id",
    "set_sample_id",
    "set_subject_id",
    "set_name",
    "store_id",
    "set_reference_arn",
    "set_reference_name",
    "set_type",
    "set_status",
)
"""Attributes by which an index can help, the one first that leaves the fewest rows."""

_FEW_ROWS: Final = frozenset(_HASH_KEYS[:4])
"""Those of which each value leaves a few rows."""

_IN_OUR_ROWS: Final = ("set_id", "set_status", "store_id")
"""Attributes that rows of this project have, and rows of another tool may lack."""

_IN_THE_KEY: Final = ("set_id", "store_id")
"""Attributes whose value the table's key tells as well, for rows of another tool that do not have them."""

_UNIT: Final = 4096
"""Bytes that a read request unit reads, twice that where the read need not be consistent."""

_USUAL_BYTES: Final = 1700
"""Of a row."""

_LONGEST_KEY: Final = 2048
"""Bytes of a partition key."""

_SEGMENT: Final = 4 * 2**20
_MOST_SEGMENTS: Final = 4
"""More would not be faster, because rows are unpacked by one core."""


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. Only rows that have its key, or both of its keys, are in it.

    One without `whole_rows` has the keys alone, so that rows are read from the table. `rows` and `size` (bytes) are as
    DynamoDB counted in the last six hours.
    """

    name: str
    hash_key: str
    range_key: str | None
    whole_rows: bool
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What decides how a table is read.

    `rows` and `size` (bytes) are as DynamoDB counted in the last six hours. Both are 0 of a table that it has not
    counted yet.
    """

    rows: int
    size: int
    indexes: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """How to read.

    Attributes:
        index: The index to query; None to scan the table.
        keys: The conditions on the index's keys, for each of which there is a query; none for a scan.
        condition: What DynamoDB is to check of each row that it reads; None for nothing.
        judged: Attributes of which DynamoDB checks nothing, so that rows are read and left out here.
        segments: How many parts of the table are scanned at the same time.
        reason: Why it is read so.
        units_per_row: Read request units for each row found in the index; 0 for a scan, None while no size is known.
        most_units: Read request units if all there is must be read, which a scan always does; None while no size is
            known.
    """

    index: Index | None
    keys: tuple[ConditionBase, ...]
    condition: ConditionBase | None
    judged: tuple[str, ...]
    segments: int
    reason: str
    units_per_row: float | None
    most_units: float | None


def facts_of(table: Mapping[str, Any]) -> TableFacts:
    """Read DynamoDB's description of a table (DescribeTable). An index that is still being filled does not count."""
    indexes = tuple(map(_index_of, (each for each in table.get("GlobalSecondaryIndexes", []) if _is_ready(each))))
    return TableFacts(table.get("ItemCount", 0), table.get("TableSizeBytes", 0), indexes)


def _is_ready(index: Mapping[str, Any]) -> bool:
    single = len({key["KeyType"] for key in index["KeySchema"]}) == len(index["KeySchema"])
    return single and index.get("IndexStatus") == "ACTIVE" and not index.get("Backfilling")


def _index_of(index: Mapping[str, Any]) -> Index:
    keys = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
    return Index(
        name=index["IndexName"],
        hash_key=keys["HASH"],
        range_key=keys.get("RANGE"),
        whole_rows=index["Projection"].get("ProjectionType") == "ALL",
        rows=index.get("ItemCount", 0),
        size=index.get("IndexSizeBytes", 0),
    )


def plan(criteria: Sequence[Criterion], table: TableFacts) -> Access:
    """Decide how to read the rows that fit all criteria: by an index where one is keyed by what is asked for.

    Where so many values are asked for that as many queries would take more units than a scan, it is a scan.
    """
    asked = {each.attribute for each in criteria if each.values}
    narrowed = {each.attribute for each in criteria if each.attribute}
    usable = [
        index
        for index in table.indexes
        if index.hash_key in asked.intersection(_HASH_KEYS) and _finds_all(index, table, narrowed)
    ]
    if not usable:
        keys = " or ".join(sorted(asked.intersection(_HASH_KEYS)))
        why = f"no index that is ready and has every row is keyed by {keys}" if keys else ""
        return _scan(criteria, table, why or "no index can help with what is asked for")
    best = min(
        usable,
        key=lambda index: (
            index.hash_key not in _FEW_ROWS,
            len(_values(criteria, index.hash_key)),
            _HASH_KEYS.index(index.hash_key),
            index.range_key not in narrowed,
            not index.whole_rows,
        ),
    )
    query, scan = _query(criteria, best, table), _scan(criteria, table, "")
    # Half a unit is the least of a query that need not be consistent, if it finds a row.
    least = len(query.keys) * (0.5 if best.whole_rows else 0.5 + _units_of_key(table))
    # The same of a scan, by as many bytes as rows usually have where DynamoDB tells no more than their number.
    whole = math.ceil((table.size or table.rows * _USUAL_BYTES) / _UNIT) / 2
    if len(query.keys) > 1 and whole and least > whole:
        queries = f"{len(query.keys):,} queries of index {best.name}"
        return replace(scan, reason=f"{queries} would take {least:,.1f} read units, if each finds a row")
    return query


def _finds_all(index: Index, table: TableFacts, narrowed: Collection[str]) -> bool:
    """Whether a row that fits is in an index for certain, which lacks the rows that do not have both of its keys."""
    # A row fits without an attribute if its key tells the value; else it must have what is narrowed.
    if index.hash_key not in _IN_THE_KEY and index.range_key in {None, KEY, *narrowed} - {*_IN_THE_KEY}:
        return True
    return 0 < table.rows <= index.rows and index.range_key in {None, KEY, *_IN_OUR_ROWS, *narrowed}


def _scan(criteria: Sequence[Criterion], table: TableFacts, reason: str) -> Access:
    condition, judged = _checked(criteria)
    return Access(
        index=None,
        keys=(),
        condition=condition,
        judged=judged,
        segments=max(1, min(_MOST_SEGMENTS, table.size // _SEGMENT)),
        reason=reason,
        units_per_row=0,
        most_units=math.ceil(table.size / _UNIT) / 2 if table.size else None,
    )


def _query(criteria: Sequence[Criterion], index: Index, table: TableFacts) -> Access:
    values = _values(criteria, index.hash_key)
    within = _sort_key_condition(criteria, index.range_key)
    keys = (Key(index.hash_key).eq(value) for value in values)
    # DynamoDB refuses a filter on the keys of what it queries, and can judge only by what the index has.
    own = {index.hash_key, index.range_key}
    others = [each for each in criteria if own.isdisjoint({each.attribute, *each.reads})]
    condition, judged = _checked(others, by_dynamodb=index.whole_rows)
    units_per_row = _units_per_row(index, table)
    return Access(
        index=index,
        keys=tuple(key & within if within else key for key in keys),
        condition=condition,
        judged=judged,
        segments=1,
        reason=f"index {index.name} is keyed by {index.hash_key}{f' and {index.range_key}' if within else ''}",
        units_per_row=units_per_row,
        most_units=None if units_per_row is None else index.rows * units_per_row,
    )


def _values(criteria: Sequence[Criterion], attribute: str) -> tuple[str, ...]:
    """The fewest values of a partition key. What else is asked of it, the criteria judge by row."""
    values = min((each.values for each in criteria if each.values and each.attribute == attribute), key=len)
    # No row in an index has a longer key, and DynamoDB refuses to look for one.
    return tuple(value for value in values if len(value.encode(errors="surrogatepass")) <= _LONGEST_KEY)


def _sort_key_condition(criteria: Sequence[Criterion], attribute: str | None) -> ConditionBase | None:
    """The first condition on a sort key: DynamoDB takes one. What else is asked of it, the criteria judge by row."""
    makers = (each.key_condition for each in criteria if attribute and each.attribute == attribute)
    return next((make(Key(attribute)) for make in makers if attribute and make), None)


def _checked(
    criteria: Iterable[Criterion], *, by_dynamodb: bool = True
) -> tuple[ConditionBase | None, tuple[str, ...]]:
    """Return what DynamoDB is to check, with no more operands than it takes, and the attributes that are left."""
    left, room, conditions = dict[str, None](), MOST_OPERANDS, list[ConditionBase]()
    for each in criteria:
        if by_dynamodb and each.condition and each.operands <= room:
            conditions.append(each.condition)
            room -= each.operands
        else:
            left |= dict.fromkeys(each.reads)
    return (reduce(lambda one, other: one & other, conditions) if conditions else None), tuple(left)


def _units_per_row(index: Index, table: TableFacts) -> float | None:
    if not table.size:
        return None
    units = index.size / max(index.rows, 1) / _UNIT / 2
    return units if index.whole_rows else units + _units_of_key(table)


def _units_of_key(table: TableFacts) -> float:
    """Of reading a row by its key."""
    return math.ceil(table.size / max(table.rows, 1) / _UNIT) / 2
