"""How to read the rows that are looked for, and what that costs. Pure: no AWS calls."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from boto3.dynamodb.conditions import ConditionBase, Key

from omics_meta.search.criteria import Criterion

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

_ALWAYS_THERE: Final = ("set_arn", "set_id", "set_status")
"""Attributes that every row has."""

_IN_THE_KEY: Final = ("set_id", "store_id")
"""Attributes whose value the table's key tells as well, for rows of another tool that do not have them."""

_UNIT: Final = 4096
"""Bytes that a read request unit reads, twice that where the read need not be consistent."""

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
        key: The condition on the index's keys; None for a scan.
        condition: What DynamoDB is to check of each row that it reads; None for nothing.
        segments: How many parts of the table are scanned at the same time.
        reason: Why it is read so.
        units_per_row: Read request units for each row found in the index; 0 for a scan, None while no size is known.
        most_units: Read request units if all there is must be read, which a scan always does; None while no size is
            known.
    """

    index: Index | None
    key: ConditionBase | None
    condition: ConditionBase | None
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
    """Decide how to read the rows that fit all criteria: by an index where one is keyed by what is asked for."""
    asked = {each.attribute for each in criteria if each.exact}
    narrowed = {each.attribute for each in criteria if each.attribute}
    usable = [
        index
        for index in table.indexes
        if index.hash_key in asked.intersection(_HASH_KEYS)
        # An index lacks the rows that do not have its sort key.
        and index.range_key in {None, *_ALWAYS_THERE, *narrowed}
        and (index.hash_key not in _IN_THE_KEY or index.rows >= table.rows)
    ]
    if not usable:
        return _scan(criteria, table, asked.intersection(_HASH_KEYS))
    best = min(
        usable,
        key=lambda index: (_HASH_KEYS.index(index.hash_key), index.range_key not in narrowed, not index.whole_rows),
    )
    return _query(criteria, best, table)


def _scan(criteria: Sequence[Criterion], table: TableFacts, asked: Iterable[str]) -> Access:
    keys = " or ".join(sorted(asked))
    return Access(
        index=None,
        key=None,
        condition=_all(each.condition for each in criteria),
        segments=max(1, min(_MOST_SEGMENTS, table.size // _SEGMENT)),
        reason=f"no index that is ready and has every row is keyed by {keys}"
        if keys
        else "no index can help with what is asked for",
        units_per_row=0,
        most_units=math.ceil(table.size / _UNIT) / 2 if table.size else None,
    )


def _query(criteria: Sequence[Criterion], index: Index, table: TableFacts) -> Access:
    key = _key_condition(criteria, index.hash_key)
    within = _key_condition(criteria, index.range_key)
    # DynamoDB refuses a filter on the keys of what it queries, and can judge only by what the index has.
    keys = {index.hash_key, index.range_key}
    filtering = [each for each in criteria if keys.isdisjoint({each.attribute, each.checked})]
    units_per_row = _units_per_row(index, table)
    return Access(
        index=index,
        key=_all([key, within]),
        condition=_all(each.condition for each in filtering) if index.whole_rows else None,
        segments=1,
        reason=f"index {index.name} is keyed by {index.hash_key}{f' and {index.range_key}' if within else ''}",
        units_per_row=units_per_row,
        most_units=None if units_per_row is None else index.rows * units_per_row,
    )


def _units_per_row(index: Index, table: TableFacts) -> float | None:
    if not table.size:
        return None
    units = index.size / max(index.rows, 1) / _UNIT / 2
    return units if index.whole_rows else units + math.ceil(table.size / max(table.rows, 1) / _UNIT) / 2


def _key_condition(criteria: Sequence[Criterion], attribute: str | None) -> ConditionBase | None:
    """The first condition on a key: DynamoDB takes only one. What else is asked of it, the criteria judge by row."""
    makers = (each.key_condition for each in criteria if attribute and each.attribute == attribute)
    return next((make(Key(attribute)) for make in makers if attribute and make), None)


def _all(conditions: Iterable[ConditionBase | None]) -> ConditionBase | None:
    given = [each for each in conditions if each]
    return reduce(lambda one, other: one & other, given) if given else None
