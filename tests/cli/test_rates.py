"""`--max-tps`."""

import pytest
from omics_meta.selection.rates import rates_of, workers
from readset_sync.aws.rate_limits import MaxTps


def test_what_is_given_holds_exactly_and_the_rest_leaves_a_tenth_of_the_quota_to_the_pipeline() -> None:
    assert rates_of([]) == MaxTps(4.5)
    assert rates_of(["5"]) == MaxTps(5)
    assert rates_of(["GetReadSetMetadata=45"]) == MaxTps(4.5, {"GetReadSetMetadata": 45})
    assert rates_of(["GetReadSetMetadata=45", "18", "ListReadSets=1"]) == MaxTps(
        18, {"GetReadSetMetadata": 45, "ListReadSets": 1}
    )


@pytest.mark.parametrize(
    ("rates", "threads"),
    [
        (MaxTps(0.1), 1),
        (MaxTps(4.5), 7),
        (MaxTps(10), 15),
        (MaxTps(5, {"GetReadSetMetadata": 50}), 8),
        (MaxTps(50), 32),
        (MaxTps(10_000), 32),
    ],
)
def test_threads_follow_from_the_slower_of_the_two_calls_of_a_read_set(rates: MaxTps, threads: int) -> None:
    assert workers(rates) == threads
