"""Calls a second as people write them."""

import pytest
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.constants import OPERATIONS


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("20", MaxTps(20)),
        ("2.5", MaxTps(2.5)),
        ("20,GetReadSetMetadata=50", MaxTps(20, {"GetReadSetMetadata": 50})),
        ("ListReadSets=1, 20 ,GetReadSetMetadata=50", MaxTps(20, {"GetReadSetMetadata": 50, "ListReadSets": 1})),
        ("GetReadSetMetadata=50", MaxTps(4.5, {"GetReadSetMetadata": 50})),
    ],
)
def test_a_text_is_read(text: str, rates: MaxTps) -> None:
    assert MaxTps.parse(text, default=4.5) == rates


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "inf", "20,", "GetReadSetMetadata=", "ListReadSets=0"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number of calls: give one above 0"):
        MaxTps.parse(text)


@pytest.mark.parametrize("name", ["", "getreadsetmetadata", "StartReadSetImportJob"])
def test_an_operation_that_is_not_called_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not an operation that is called: name one of GetReadSet"):
        MaxTps.parse(f"20,{name}=50")


@pytest.mark.parametrize(
    ("text", "of"), [("5,6", "every operation"), ("ListReadSets=1,5,ListReadSets=1", "ListReadSets")]
)
def test_two_rates_for_the_same_are_refused(text: str, of: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' has two rates for {of}: give one"):
        MaxTps.parse(text)


def test_an_operation_without_a_rate_of_its_own_has_that_of_all() -> None:
    rates = MaxTps.parse("20,GetReadSetMetadata=50")

    assert {operation: rates.of(operation) for operation in OPERATIONS} == {
        "GetReadSetMetadata": 50,
        "GetReferenceMetadata": 20,
        "GetSequenceStore": 20,
        "ListReadSets": 20,
        "ListSequenceStores": 20,
        "ListTagsForResource": 20,
    }
    assert rates.of("GetResources") == 10
    assert MaxTps.parse("50,GetResources=3").of("GetResources") == 3
