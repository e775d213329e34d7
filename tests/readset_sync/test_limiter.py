"""Calls a second as people write them, and as they are kept, on a clock of the test's own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from omics_sandbox import Limits, Sandbox
from readset_sync.aws.rate_limits import MaxTps, RateLimiter, RateLimits
from readset_sync.constants import OPERATIONS

from tests.readset_sync.conftest import Clock


def limiter(rate: float) -> tuple[RateLimiter, Clock]:
    clock = Clock()
    return RateLimiter(rate, clock=clock, sleep=clock.sleep), clock


@pytest.mark.parametrize(
    ("pause", "moments"),
    [
        (0, [0, 0.2, 0.4, 0.6]),
        (60, [0, 60, 60.2, 60.4]),  # not saved up for a burst
        (0.25, [0, 0.25, 0.4, 0.6]),  # a late call does not make the next one late
    ],
)
def test_calls_are_spaced_evenly(pause: float, moments: list[float]) -> None:
    paced, clock = limiter(5)
    waited: list[float] = []
    for _ in moments:
        paced.wait()
        waited.append(clock.now)
        if len(waited) == 1:
            clock.now += pause

    assert waited == pytest.approx(moments)


def test_a_throttle_slows_the_pace_down_and_the_pace_comes_back_to_where_it_was_and_no_higher() -> None:
    paced, clock = limiter(8)

    paced.throttled(paced.wait())
    paces: list[float] = []
    for _ in range(21):
        paces.append(paced.rate)
        clock.now += 1

    assert paces[:11] == pytest.approx([8 * (0.7 + 0.03 * second) for second in range(11)])
    assert paces[10:] == [8] * 11


def test_calls_that_are_throttled_together_are_one_signal() -> None:
    paced, clock = limiter(8)
    sent = [paced.wait() for _ in range(3)]

    for moment in sent:
        paced.throttled(moment)
        clock.now += 0.01

    assert paced.rate == pytest.approx(8 * 0.7, rel=0.01)


def test_a_change_of_pace_holds_for_those_who_wait_already() -> None:
    clock = Clock()
    throttle: list[float] = [0.0]

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if throttle:
            paced.throttled(throttle.pop())

    paced = RateLimiter(1, clock=clock, sleep=sleep)
    paced.wait()

    paced.wait()

    assert clock.now == pytest.approx(1 / 0.7, rel=0.05)


def test_the_pace_never_comes_to_a_halt() -> None:
    paced, _ = limiter(5)

    for _ in range(100):
        paced.throttled(paced.wait())

    assert paced.rate == pytest.approx(0.1)


class Service:
    """The quota of the emulator, on the test's clock, before a limiter that hears of each throttle after a while.

    Attributes:
        throttled: How many calls it has refused.
    """

    def __init__(self, *, configured: float, granted: float, latency: float) -> None:
        self.throttled = 0
        self._clock = Clock()
        self._latency = latency
        self._answers: list[tuple[float, float]] = []
        self.limiter = RateLimiter(configured, clock=self._clock, sleep=self._sleep)
        self.grant(granted)

    def grant(self, granted: float) -> None:
        self._limits = Limits(default=granted, clock=self._clock)

    def seconds_of(self, calls: int) -> float:
        """Make calls, each again until it is let through; return the time that they took together."""
        started = self._clock.now
        while calls:
            sent = self.limiter.wait()
            if self._limits.admit("us-west-2", "GetReadSetMetadata"):
                calls -= 1
            else:
                self.throttled += 1
                self._answers.append((sent + self._latency, sent))
        return self._clock.now - started

    def _sleep(self, seconds: float) -> None:
        end = self._clock.now + seconds
        while self._answers and self._answers[0][0] <= end:
            self._clock.now, sent = self._answers.pop(0)
            self.limiter.throttled(sent)
        self._clock.now = end


@pytest.mark.parametrize("rate", [5, 50])
def test_given_the_granted_rate_when_calls_are_made_then_none_is_throttled_and_no_time_is_lost(rate: float) -> None:
    service = Service(configured=rate, granted=rate, latency=0.04)

    assert service.seconds_of(int(60 * rate)) == pytest.approx(60, rel=0.01)
    assert service.throttled == 0


@pytest.mark.parametrize("latency", [0.01, 0.04, 0.2])
@pytest.mark.parametrize(("configured", "granted"), [(50, 5), (500, 50), (7, 5)])
def test_given_a_rate_above_the_granted_one_when_calls_are_made_then_the_granted_one_is_found(
    configured: float, granted: float, latency: float
) -> None:
    service = Service(configured=configured, granted=granted, latency=latency)

    first = service.seconds_of(int(60 * granted))
    to_find_it, service.throttled = service.throttled, 0
    later = service.seconds_of(int(600 * granted))

    assert first < 60 * 1.05
    assert to_find_it < 60 * granted * 0.15
    assert later < 600 * 1.05
    assert service.throttled < 600 * granted * 0.03


def test_given_a_pace_that_was_found_when_more_is_granted_then_the_pace_rises_to_it() -> None:
    service = Service(configured=50, granted=5, latency=0.04)
    service.seconds_of(300)

    service.grant(50)
    service.seconds_of(8000)

    assert service.limiter.rate == 50


def test_threads_share_one_pace() -> None:
    paced, clock = limiter(10)

    with ThreadPoolExecutor(16) as executor:
        calls = [executor.submit(paced.wait) for _ in range(64)]
        moments = [call.result() for call in calls]

    assert sorted(moments) == pytest.approx([n / 10 for n in range(64)])
    assert clock.now == pytest.approx(6.3)


def test_every_attempt_of_a_client_waits_and_throttles_are_noticed(sandbox: Sandbox) -> None:
    """Given a service that throttles twice, when a client retries, each attempt takes a slot."""
    client = sandbox.client("omics")
    waits: list[str] = []

    class Recorder(RateLimits):
        def _before_send(self, event_name: str, **given: Any) -> None:
            waits.append(event_name.rpartition(".")[2])
            super()._before_send(event_name, **given)

    limits = Recorder(MaxTps(1000))
    limits.attach(client)
    sandbox.omics.faults.add("ListSequenceStores", "ThrottlingException", times=2)

    client.list_sequence_stores()

    assert waits == ["ListSequenceStores"] * 3
    assert limits.limiter("ListSequenceStores").rate < 1000
    assert limits.limiter("GetSequenceStore").rate == 1000


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


NO_NUMBER = "is not a number of calls: give one above 0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(
            (text, NO_NUMBER)
            for text in ("", "x", "0", "-1", "nan", "inf", "20,", "GetReadSetMetadata=", "ListReadSets=0")
        ),
        ("20,=50", "'' is not an operation that is called: name one of GetReadSet"),
        ("20,getreadsetmetadata=50", "'getreadsetmetadata' is not an operation that is called"),
        ("20,StartReadSetImportJob=50", "'StartReadSetImportJob' is not an operation that is called"),
        ("5,6", "'5,6' has two rates for every operation: give one"),
        ("ListReadSets=1,5,ListReadSets=1", "has two rates for ListReadSets: give one"),
    ],
)
def test_what_is_no_rate_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MaxTps.parse(text)


def test_an_operation_without_a_rate_of_its_own_has_that_of_all() -> None:
    rates = MaxTps.parse("20,GetReadSetMetadata=50")

    limits = RateLimits(rates)
    assert limits.limiter("ListTagsForResource") is limits.limiter("ListTagsForResource")
    given = {operation: limits.limiter(operation).rate for operation in OPERATIONS}
    assert given == dict.fromkeys(OPERATIONS, 20) | {"GetReadSetMetadata": 50}
    assert rates.of("GetResources") == 10
    assert MaxTps.parse("50,GetResources=3").of("GetResources") == 3
