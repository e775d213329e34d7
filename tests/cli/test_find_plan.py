"""Deciding how to read, with plain values: which index, what DynamoDB checks, and what it costs."""

from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from omics_meta.search.criteria import criteria_of, one_of
from omics_meta.search.criterion import Criterion
from omics_meta.search.filters import Filters
from omics_meta.search.plan import Index, TableFacts, facts_of, plan
from omics_meta.terminal.exits import CommandError

MIB = 2**20
SUBJECT = Index("subject", "set_subject_id", None, whole_rows=False, rows=1000, size=200_000)
SAMPLE = Index("sample", "set_sample_id", None, whole_rows=True, rows=1000, size=2_000_000)
BY_STATUS = Index("by-status", "set_status", "set_creation_time", whole_rows=True, rows=1000, size=2_000_000)
STORE = Index("store", "store_id", "set_status", whole_rows=False, rows=1000, size=200_000)


def planned(filters: Filters, *indexes: Index, size: int = 2_000_000) -> Any:
    return plan(criteria_of(filters), TableFacts(1000, size, indexes))


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        (Filters(sample=("a",)), "sample"),
        (Filters(subject=("a",)), "subject"),
        (Filters(subject=("a",), sample=("b",)), "sample"),
        (Filters(store=("1234567890",), subject=("a",)), "subject"),
        (Filters(store=("1234567890",)), "store"),
        (Filters(store=("1234567890",), status=("ACTIVE",)), "store"),
        (Filters(status=("ACTIVE",), created_after="2026-01-01"), "by-status"),
    ],
)
def test_the_index_is_taken_that_leaves_the_fewest_rows(filters: Filters, name: str) -> None:
    assert planned(filters, BY_STATUS, STORE, SUBJECT, SAMPLE).index.name == name


@pytest.mark.parametrize(
    ("filters", "index", "why"),
    [
        (Filters(sample=("a*",)), SAMPLE, "a pattern is not a key"),
        (Filters(store=("cohort",)), STORE, "the store's name is not its id"),
        (Filters(status=("ACTIVE",)), BY_STATUS, "rows without the sort key are not in the index"),
        (Filters(name=("a",)), SUBJECT, "it is keyed by something else"),
        (Filters(), SAMPLE, "nothing is asked for"),
    ],
)
def test_an_index_that_does_not_help_or_lacks_rows_is_not_used(filters: Filters, index: Index, why: str) -> None:
    assert planned(filters, index).index is None, why


def test_an_index_of_what_the_key_tells_is_used_only_if_it_has_every_row() -> None:
    by_id = Index("by-id", "set_id", None, whole_rows=True, rows=1000, size=2_000_000)
    one, two = one_of({"1234567890"}), one_of({"1234567890", "1234567891"})

    def index(criterion: Criterion, *indexes: Index) -> Index | None:
        return plan([criterion], TableFacts(1000, 2_000_000, indexes)).index

    assert index(one, by_id) == by_id
    assert index(two, by_id) == by_id, "a query for each"
    # Rows of another tool may lack the attribute, and are found by their keys.
    assert index(one, replace(by_id, rows=999)) is None
    assert planned(Filters(store=("1234567890",)), replace(STORE, rows=999)).index is None
    assert planned(Filters(store=("1234567890",)), replace(STORE, rows=999)).reason == (
        "no index that is ready and has every row is keyed by store_id"
    )


@pytest.mark.parametrize(
    ("range_key", "more"),
    [("set_status", {}), ("set_id", {}), ("store_id", {"store": ("1234567890",)})],
    ids=["set_status", "set_id", "store_id"],
)
def test_an_index_sorted_by_what_rows_of_another_tool_may_lack_is_used_only_if_it_has_every_row(
    range_key: str, more: dict[str, Any]
) -> None:
    index, filters = replace(SAMPLE, range_key=range_key), Filters(sample=("a",), **more)

    assert planned(filters, index).index == index
    assert planned(filters, replace(index, rows=999)).index is None
    assert plan(criteria_of(filters), TableFacts(0, 0, (replace(index, rows=0, size=0),))).index is None


@pytest.mark.parametrize("asked", [{"status": ("ACTIVE",)}, {"not_status": ("ARCHIVED",)}], ids=["status", "other"])
def test_an_index_without_every_row_is_used_if_its_sort_key_is_asked_for(asked: dict[str, Any]) -> None:
    index = replace(SAMPLE, range_key="set_status", rows=1)

    access = planned(Filters(sample=("a",), **asked), index)

    # DynamoDB refuses a filter on a key of the index.
    assert (access.index, access.condition) == (index, None)


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

    by_sample = planned(filters, SAMPLE)
    by_store = planned(filters, STORE)
    by_status = planned(filters, BY_STATUS)

    assert by_sample.keys == (Key("set_sample_id").eq("a"),)
    assert by_sample.condition == (
        Attr("set_status").eq("ACTIVE")
        & Attr("set_arn").contains(":sequenceStore/1234567890/")
        & Attr("set_creation_time").gte("2026-01-01T00:00:00Z")
    )
    assert by_store.keys == (Key("store_id").eq("1234567890") & Key("set_status").eq("ACTIVE"),)
    assert by_store.condition is None
    assert by_status.keys == (Key("set_status").eq("ACTIVE") & Key("set_creation_time").gte("2026-01-01T00:00:00Z"),)


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


def test_the_cost_of_reading_a_table_that_is_not_counted_yet_is_not_known() -> None:
    scan, query = planned(Filters(), size=0), planned(Filters(subject=("a",)), SUBJECT, size=0)

    assert scan.most_units is None
    assert (query.units_per_row, query.most_units) == (None, None)


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


@pytest.mark.parametrize("projection", ["ALL", "KEYS_ONLY"])
def test_the_sort_key_of_an_index_is_in_no_filter(projection: str) -> None:
    index = Index("a", "set_sample_id", "set_arn", whole_rows=projection == "ALL", rows=1000, size=2_000_000)

    access = planned(Filters(sample=("a",), store=("1234567890",)), index)

    # DynamoDB refuses a filter on a key of the index, and the store is checked by the table's key.
    assert (access.index, access.condition) == (index, None)


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


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (
            Filters(created_after="2026-04-04", created_before="2026-04-04T02:00:00+02:00"),
            "--created-after '2026-04-04' is not earlier than --created-before '2026-04-04T02:00:00+02:00': give",
        ),
        (Filters(created_before="9999-12-31T23:00:00-02:00"), "--created-before '9999-12-31T23:00:00-02:00' is not a"),
        (Filters(tags=("",)), "--tag '' has no key: give KEY, KEY=VALUE or KEY!=VALUE"),
        (Filters(sample=("",)), "--sample '' is empty: give its value, or leave the option out"),
        (Filters(tags=("=a",)), "--tag '=a' has no key: give KEY, KEY=VALUE or KEY!=VALUE"),
        (Filters(created_after="soon"), "--created-after 'soon' is not a date or time: give one like 2026-04-04 or"),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_the_remedy(filters: Filters, said: str) -> None:
    with pytest.raises(CommandError) as raised:
        criteria_of(filters)

    assert str(raised.value).startswith(said)


def test_an_index_of_a_table_that_was_not_counted_is_not_taken_for_whole() -> None:
    uncounted = replace(STORE, rows=0, size=0)

    assert plan(criteria_of(Filters(store=("1234567890",))), TableFacts(0, 0, (uncounted,))).index is None
