"""`--max-tps`."""

import pytest
from omics_meta.selection.rates import rates_of, workers
from readset_sync.aws.rates import Rates


def test_what_is_given_holds_exactly_and_the_rest_leaves_a_tenth_of_the_quota_to_the_pipeline() -> None:
    assert rates_of([]) == Rates(4.5)
    assert rates_of(["5"]) == Rates(5)
    assert rates_of(["GetReadSetMetadata=45"]) == Rates(4.5, {"GetReadSetMetadata": 45})
    assert rates_of(["GetReadSetMetadata=45", "18", "ListReadSets=1"]) == Rates(
        18, {"GetReadSetMetadata": 45, "ListReadSets": 1}
    )


@pytest.mark.parametrize(
    ("rates", "threads"),
    [
        (Rates(0.1), 1),
        (Rates(4.5), 7),
        (Rates(10), 15),
        (Rates(5, {"GetReadSetMetadata": 50}), 8),
        (Rates(50), 32),
        (Rates(10_000), 32),
    ],
)
def test_threads_follow_from_the_slower_of_the_two_calls_of_a_read_set(rates: Rates, threads: int) -> None:
    assert workers(rates) == threads
