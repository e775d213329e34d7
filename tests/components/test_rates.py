"""The share of the rates that an execution gets is in the format that the function reads."""

import pytest
from omics_components.rates import share
from readset_sync.aws.rate_limits import MaxTps
from readset_sync.constants import OPERATIONS


@pytest.mark.parametrize(
    "text",
    ["5", "2.5", "GetReadSetMetadata=50", "20,GetReadSetMetadata=50", "ListReadSets=1, 20 ,ListTagsForResource=7"],
)
def test_the_function_reads_the_share_that_it_is_given(text: str):
    whole, part = MaxTps.parse(text), MaxTps.parse(share(text, 4))

    assert {each: part.of(each) for each in OPERATIONS} == {each: whole.of(each) / 4 for each in OPERATIONS}
