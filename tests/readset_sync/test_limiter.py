"""Pacing calls, on a clock of the test's own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from omics_sandbox import Sandbox
from readset_sync.limiter import RateLimiter, RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def limiter(rate: float) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(rate, clock=clock, sleep=clock.sleep), clock


def test_calls_are_spaced_evenly() -> None:
    paced, clock = limiter(5)

    moments: list[float] = []
    for _ in range(11):
        paced.wait()
        moments.append(clock.now)

    assert moments == pytest.approx([n / 5 for n in range(11)])


def test_a_pause_is_not_saved_up_for_a_burst() -> None:
    paced, clock = limiter(5)
    paced.wait()
    clock.now += 60

    paced.wait()
    paced.wait()

    assert clock.now == pytest.approx(60.2)


def test_throttling_slows_the_pace_and_success_restores_it_and_no_more() -> None:
    paced, _ = limiter(8)

    paced.throttled()
    assert paced.rate == pytest.approx(6)
    for _ in range(100):
        paced.passed()
    assert paced.rate == pytest.approx(8)


def test_the_pace_never_comes_to_a_halt() -> None:
    paced, _ = limiter(5)

    for _ in range(1000):
        paced.throttled()

    assert paced.rate == pytest.approx(0.1)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_lets_nothing_through_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match=f"a rate of {rate} calls a second lets no call through"):
        RateLimiter(rate)


def test_slots_are_handed_out_once_each_to_threads() -> None:
    slept: list[float] = []
    paced = RateLimiter(10, clock=lambda: 0.0, sleep=slept.append)

    with ThreadPoolExecutor(16) as executor:
        for done in [executor.submit(paced.wait) for _ in range(64)]:
            done.result()

    assert sorted(slept) == pytest.approx([n / 10 for n in range(1, 64)])


def test_every_attempt_of_a_client_waits_and_throttles_are_noticed(sandbox: Sandbox) -> None:
    """Given a service that throttles twice, when a client retries, each attempt takes a slot."""
    client = sandbox.client("omics")
    waits: list[str] = []

    class Recorder(RateLimits):
        def _before_send(self, event_name: str, **_: Any) -> None:
            waits.append(event_name.rpartition(".")[2])

    limits = Recorder(1000)
    limits.attach(client)
    sandbox.omics.faults.add("ListSequenceStores", "ThrottlingException", times=2)

    client.list_sequence_stores()

    assert waits == ["ListSequenceStores"] * 3
    limited = limits._limiter("ListSequenceStores")  # pyright: ignore[reportPrivateUsage] - its pace is what is tested
    assert limited.rate == pytest.approx(1000 * 0.75 * 0.75 + 1000 / 50)
