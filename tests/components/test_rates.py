"""The component and the function read the same format, without importing each other."""

import pytest
from omics_components import rates, settings
from readset_sync.aws.rates import Rates
from readset_sync.constants import DOCUMENTED_TPS, OPERATIONS
from readset_sync.stores import reconciliation as reconcile


def test_operations_and_quota_are_those_of_the_function():
    assert rates.OPERATIONS == OPERATIONS
    assert rates.DOCUMENTED_TPS == DOCUMENTED_TPS


def test_a_step_of_a_reconciliation_takes_as_long_as_in_the_function():
    assert settings.STEP_SECONDS == reconcile.STEP_SECONDS


@pytest.mark.parametrize(
    "text",
    ["5", "2.5", "GetReadSetMetadata=50", "20,GetReadSetMetadata=50", "ListReadSets=1, 20 ,ListTagsForResource=7"],
)
def test_the_function_reads_the_share_that_it_is_given(text: str):
    whole, share = Rates.parse(text), Rates.parse(rates.share(text, 4))

    assert {each: share.of(each) for each in OPERATIONS} == {each: whole.of(each) / 4 for each in OPERATIONS}


@pytest.mark.parametrize(
    "text", ["", "20,", "0", "nan", "inf", "-1", "5,5", "=5", "GetReadset=5", "20;5", "ListReadSets"]
)
def test_both_refuse_the_same(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the setting's own message is added by whoever reads it
        rates.read_rates(text)
    with pytest.raises(ValueError, match=r"give one|name one of"):
        Rates.parse(text)


def test_the_slowest_operation_may_be_one_without_a_rate_of_its_own():
    assert rates.slowest("20,GetReadSetMetadata=50") == 20
    assert rates.slowest("20,GetReadSetMetadata=2") == 2
    assert rates.slowest("GetReadSetMetadata=50") == 5
