"""Deciding how to read, with plain values: which index, what DynamoDB checks, and what it costs."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from omics_meta.search.criteria import criteria_of, one_of
from omics_meta.search.criterion import Criterion
from omics_meta.search.filters import Filters
from omics_meta.search.plan import Index, TableFacts, facts_of, plan

MIB = 2**20
SUBJECT = Index("subject", "set_subject_id", None, whole_rows=False, rows=1000, size=200_000)
SAMPLE = Index("sample", "set_sample_id", None, whole_rows=True, rows=1000, size=2_000_000)
BY_STATUS = Index("by-status", "set_status", "set_creation_time", whole_rows=True, rows=1000, size=2_000_000)
STORE = Index("store", "store_id", "set_status", whole_rows=False, rows=1000, size=200_000)


def planned(filters: Filters, *indexes: Index, size: int = 2_000_000) -> Any:
    return plan(criteria_of(filters), TableFacts(1000, size, indexes))


EVERY = (BY_STATUS, STORE, SUBJECT, SAMPLE)
STORES, ID = ("1234567890",), Index("by-id", "set_id", None, whole_rows=True, rows=1000, size=2_000_000)

INDEXES: list[tuple[Filters, tuple[Index, ...], str | None]] = [
    # The index that leaves the fewest rows
    (Filters(sample=("a",)), EVERY, "sample"),
    (Filters(subject=("a",)), EVERY, "subject"),
    (Filters(subject=("a",), sample=("b",)), EVERY, "sample"),
    (Filters(store=STORES, subject=("a",)), EVERY, "subject"),
    (Filters(store=STORES), EVERY, "store"),
    (Filters(store=STORES, status=("ACTIVE",)), EVERY, "store"),
    (Filters(status=("ACTIVE",), created_after="2026-01-01"), EVERY, "by-status"),
    # None, where a pattern is not a key, a store's name is not its id, or an index is keyed by something else
    (Filters(sample=("a*",)), (SAMPLE,), None),
    (Filters(store=("cohort",)), (STORE,), None),
    (Filters(name=("a",)), (SUBJECT,), None),
    (Filters(), (SAMPLE,), None),
    # Rows without the sort key are not in an index, and rows of another tool may lack what the table's key tells
    (Filters(status=("ACTIVE",)), (BY_STATUS,), None),
    (Filters(store=STORES), (replace(STORE, rows=999),), None),
    *(
        (Filters(sample=("a",), store=STORES), (replace(SAMPLE, range_key=range_key, rows=rows),), name)
        for range_key in ("set_status", "set_id", "store_id")
        for rows, name in ((1000, "sample"), (999, None))
    ),
    # It does not matter which rows it lacks where its sort key is asked for
    (Filters(sample=("a",), status=("ACTIVE",)), (replace(SAMPLE, range_key="set_status", rows=1),), "sample"),
    (Filters(sample=("a",), not_status=("ARCHIVED",)), (replace(SAMPLE, range_key="set_status", rows=1),), "sample"),
]


@pytest.mark.parametrize(("filters", "indexes", "name"), INDEXES)
def test_the_index_is_taken_that_has_every_row_and_leaves_the_fewest(
    filters: Filters, indexes: tuple[Index, ...], name: str | None
) -> None:
    access = planned(filters, *indexes)

    assert (access.index and access.index.name) == name


def test_an_index_that_may_lack_rows_of_another_tool_is_not_used() -> None:
    """Of them, the table's key tells the ids. A table that was not counted may have some."""
    one, two = one_of({"1234567890"}), one_of({"1234567890", "1234567891"})

    def index(criteria: Sequence[Criterion], index: Index, rows: int = 1000) -> Index | None:
        return plan(criteria, TableFacts(rows, 2_000 * rows, (index,))).index

    assert index([one], ID) == ID
    assert index([two], ID) == ID, "a query for each"
    assert index([one], replace(ID, rows=999)) is None
    by_store, by_sample = criteria_of(Filters(store=STORES)), criteria_of(Filters(sample=("a",)))
    assert index(by_store, replace(STORE, rows=0, size=0), 0) is None
    assert index(by_sample, replace(SAMPLE, range_key="set_status", rows=0, size=0), 0) is None
    assert planned(Filters(store=STORES), replace(STORE, rows=999)).reason == (
        "no index that is ready and has every row is keyed by store_id"
    )


def test_what_dynamodb_can_check_is_in_the_condition() -> None:
    filters = Filters(sample=("NA*8",), tags=("a=b", "c"), created_before="2026-04-04", name=("*x",))

    access = planned(filters)

    assert access.condition == (
        Attr("set_sample_id").begins_with("NA")
        & Attr("set_creation_time").lt("2026-04-04T00:00:00Z")
        & Attr("tags").contains({"a": "b"})
    )


def test_a_query_filters_by_what_the_index_has_but_not_by_its_keys() -> None:
    filters = Filters(
        sample=("a",), store=("1234567890",), status=("ACTIVE",), created_after="2026-01-01T02:00:00+02:00"
    )

    by_sample, by_store, by_status = (planned(filters, index) for index in (SAMPLE, STORE, BY_STATUS))

    assert by_sample.keys == (Key("set_sample_id").eq("a"),)
    assert by_sample.condition == (
        Attr("set_status").eq("ACTIVE")
        & Attr("set_arn").contains(":sequenceStore/1234567890/")
        & Attr("set_creation_time").gte("2026-01-01T00:00:00Z")
    )
    assert by_store.keys == (Key("store_id").eq("1234567890") & Key("set_status").eq("ACTIVE"),)
    assert by_store.condition is None
    assert by_status.keys == (Key("set_status").eq("ACTIVE") & Key("set_creation_time").gte("2026-01-01T00:00:00Z"),)
    # DynamoDB refuses a filter on a key of the index; the table's key tells the store.
    by_set_status, by_arn = replace(SAMPLE, range_key="set_status"), replace(SAMPLE, range_key="set_arn")
    for index, asked in (
        (by_set_status, Filters(sample=("a",), status=("ACTIVE",))),
        (by_set_status, Filters(sample=("a",), not_status=("ARCHIVED",))),
        (by_arn, Filters(sample=("a",), store=STORES)),
        (replace(by_arn, whole_rows=False), Filters(sample=("a",), store=STORES)),
    ):
        access = planned(asked, index)
        assert (access.index, access.condition) == (index, None)


def test_costs_are_those_of_eventually_consistent_reads() -> None:
    scan, keys, whole = (
        planned(Filters()),
        planned(Filters(subject=("a",)), SUBJECT),
        planned(Filters(sample=("a",)), SAMPLE),
    )

    assert scan.most_units == 489 / 2
    # A row of 2,000 bytes costs half a unit to read by its key, and 200 bytes in the index little more.
    assert keys.units_per_row == pytest.approx(200 / 4096 / 2 + 0.5)
    assert whole.units_per_row == pytest.approx(2000 / 4096 / 2)
    assert whole.most_units == pytest.approx(1000 * 2000 / 4096 / 2)
    # Of a table that is not counted yet, nothing is known.
    scan, keys = planned(Filters(), size=0), planned(Filters(subject=("a",)), SUBJECT, size=0)
    assert (scan.most_units, keys.units_per_row, keys.most_units) == (None, None, None)


@pytest.mark.parametrize(("size", "segments"), [(0, 1), (7 * MIB, 1), (8 * MIB, 2), (10_000 * MIB, 4)])
def test_large_tables_are_scanned_in_several_segments(size: int, segments: int) -> None:
    assert planned(Filters(), size=size).segments == segments


def test_indexes_are_read_from_the_description_of_a_table_once_they_are_filled() -> None:
    keys = [{"AttributeName": "set_sample_id", "KeyType": "HASH"}]
    ready = {"IndexName": "a", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}, "IndexStatus": "ACTIVE"}
    several = [*keys, {"AttributeName": "set_type", "KeyType": "HASH"}]
    description = {
        "ItemCount": 3,
        "TableSizeBytes": 30,
        "GlobalSecondaryIndexes": [
            ready | {"ItemCount": 2, "IndexSizeBytes": 20},
            ready | {"IndexName": "b", "IndexStatus": "CREATING", "Backfilling": True},
            ready | {"IndexName": "c", "KeySchema": several},
        ],
    }

    assert facts_of(description) == TableFacts(3, 30, (Index("a", "set_sample_id", None, True, 2, 20),))


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("a=b", [("a", "b")]),
        ("a=b=c", [("a", "b=c"), ("a=b", "c")]),
        ("=a=", [("=a", "")]),
        ("==", [("=", "")]),
    ],
)
def test_keys_and_values_of_tags_may_have_an_equals_sign_in_them(given: str, pairs: list[tuple[str, str]]) -> None:
    (criterion,) = criteria_of(Filters(tags=(given,)))

    for key, value in pairs:
        assert criterion.matches({"tags": [{"other": "x"}, {key: value}]})
    assert not criterion.matches({"tags": [{"other": "x"}, {given: "x"}]})
    conditions = [Attr("tags").contains({key: value}) for key, value in pairs]
    assert criterion.condition == reduce(lambda one, other: one | other, conditions)
