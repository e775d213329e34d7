"""Trying calls again, on a clock of the test's own and without a network."""

import json
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError, SSLError
from readset_sync.aws import retries as module
from readset_sync.aws.clients import dynamodb_client
from readset_sync.aws.retries import ATTEMPTS, ATTEMPTS_AT_A_PAGE, Outage, Retries
from readset_sync.model.errors import LeftBehindError, ServiceAwayError

from tests.readset_sync.conftest import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = "http://127.0.0.1:9"
FINE = b"{}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(1000)
    monkeypatch.setattr("botocore.endpoint.time.sleep", clock.sleep)
    monkeypatch.setattr(module.random, "uniform", max)
    return clock


class Service:
    """DynamoDB that answers what it is told to, each answer once, and then well."""

    def __init__(self, retries: Retries) -> None:
        session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-west-2")
        self.client: Any = dynamodb_client(session, retries=retries)
        self.client.meta.events.register("before-send.dynamodb", self._send)
        self.calls = 0
        self.answers: Iterator[Any] = iter(())

    def get(self, *answers: Any) -> Any:
        self.answers = iter(answers)
        return self.client.get_item(TableName="rows", Key={"set_arn": {"S": "arn"}})

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        self.calls += 1
        answer: Any = next(self.answers, 200)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer()
        status, code = cast("tuple[int, str]", answer if isinstance(answer, tuple) else (answer, ""))
        raw, headers = Mock(), HTTPHeaders()
        raw.stream.return_value = iter([FINE if status == 200 else json.dumps({"__type": code}).encode()])
        return AWSResponse(request.url, status, headers, raw)


@pytest.mark.parametrize(
    "failure",
    [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (429, "Whatever"),
        (500, "InternalServerError"),
        (503, ""),
        EndpointConnectionError(endpoint_url=ENDPOINT),
        ConnectTimeoutError(endpoint_url=ENDPOINT),
        ReadTimeoutError(endpoint_url=ENDPOINT),
    ],
    ids=repr,
)
def test_what_may_pass_is_tried_again_with_growing_pauses(failure: Any, clock: Clock):
    service = Service(Retries(clock=clock))
    began = clock()

    service.get(*[failure] * (ATTEMPTS - 1))

    assert service.calls == ATTEMPTS
    assert clock() - began == pytest.approx(0.3 + 0.6 + 1.2 + 2.4 + 4.8)


def test_a_refused_certificate_is_not_tried_again(clock: Clock):
    """Nor is an answer that refuses: tests/faults has each of them."""
    service = Service(Retries(clock=clock))

    with pytest.raises(SSLError):
        service.get(SSLError(endpoint_url=ENDPOINT, error=OSError("expired")))

    assert service.calls == 1


def test_many_failures_leave_no_call_with_fewer_attempts(clock: Clock):
    service = Service(Retries(clock=clock))

    for _ in range(20):
        service.get(*[(500, "InternalServerError")] * (ATTEMPTS - 1))

    assert service.calls == 20 * ATTEMPTS


def test_no_pause_goes_beyond_the_deadline(clock: Clock):
    retries = Retries(clock=clock)
    retries.begin(deadline := clock() + 1)
    service = Service(retries)

    with pytest.raises(ClientError):
        service.get(*[(500, "InternalServerError")] * 9)

    assert service.calls == 3
    assert clock() < deadline


def test_a_thread_of_an_earlier_batch_sends_nothing_any_more(clock: Clock):
    retries = Retries(clock=clock)
    service = Service(retries)
    retries.join(retries.begin(clock() + 60))
    service.get()

    # WHEN the function has gone on to another batch
    retries.begin(clock() + 60)

    with pytest.raises(LeftBehindError):
        service.get()
    assert service.calls == 1


class World:
    """DynamoDB whose outages are waited for, and what is said of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.said: list[str] = []
        self.asked = 0
        self.away_until = 0.0
        self.given_up = False
        self.outage = Outage(
            "DynamoDB", 600, self._answers, tell=self.said.append, given_up=lambda: self.given_up, clock=clock
        )
        self.service = Service(Retries(self.outage, clock=clock))

    def get(self) -> Any:
        return self.service.get(*[lambda: 503 if self._clock() < self.away_until else 200] * 10_000)

    def goes_away(self, seconds: float) -> None:
        self._clock.sleep(1)
        self.away_until = self._clock() + seconds

    def _answers(self) -> bool:
        self.asked += 1
        return self._clock() >= self.away_until


@pytest.fixture
def world(clock: Clock) -> World:
    """DynamoDB that has answered once."""
    world = World(clock)
    world.get()
    return world


def test_a_service_that_has_answered_is_waited_for(world: World):
    world.goes_away(60)

    world.get()

    away, back = world.said
    assert away == "DynamoDB has not answered for 10 s (HTTP status 503): waiting up to 600 s"
    assert back.startswith("DynamoDB answers again, after 6")


def test_a_service_that_is_away_for_longer_than_anybody_waits_ends_the_run(world: World):
    world.goes_away(6000)

    with pytest.raises(ServiceAwayError, match=r"DynamoDB has not answered for 60\d s \(HTTP status 503\): try again"):
        world.get()


def test_many_threads_ask_whether_a_service_answers_once_a_second(clock: Clock, world: World):
    world.goes_away(60)

    assert all(world.outage.is_worth_waiting("503") for _ in range(30))
    assert world.asked == 1
    clock.sleep(1)
    assert world.outage.is_worth_waiting("503")
    assert world.asked == 2


def test_a_call_is_given_up_when_nobody_waits_any_more(world: World):
    world.goes_away(60)
    world.given_up = True

    with pytest.raises(ClientError):
        world.get()

    assert world.service.calls == 2


def test_a_service_that_never_answered_is_not_waited_for(clock: Clock):
    world = World(clock)
    world.goes_away(60)

    with pytest.raises(ClientError):
        world.get()

    assert world.service.calls == ATTEMPTS


def test_a_call_that_fails_while_others_are_answered_is_not_waited_for(clock: Clock, world: World):
    clock.sleep(1)

    def fail() -> int:
        world.outage.answered()
        return 503

    with pytest.raises(ClientError):
        world.service.get(*[fail] * 100)
    assert world.service.calls == 1 + ATTEMPTS

    # A page has more attempts than what is tried again by itself
    world.service.answers = iter([fail] * (ATTEMPTS_AT_A_PAGE - 1))
    world.service.client.scan(TableName="rows")
    assert world.service.calls == 1 + ATTEMPTS + ATTEMPTS_AT_A_PAGE
    assert world.said == []


def test_a_call_that_fails_while_others_would_be_answered_has_as_many_attempts_again(clock: Clock, world: World):
    clock.sleep(1)

    with pytest.raises(ClientError):
        world.service.get(*[503] * 100)

    # One more, because only after it was the service asked whether it answers.
    assert world.service.calls == 1 + 2 * ATTEMPTS - 1
    assert world.said == []


def test_a_call_whose_attempts_are_used_up_by_an_outage_has_others_when_it_is_over(world: World):
    # GIVEN a service that goes away while a call is under way, and another call that it still answered

    def answer_others() -> int:
        world.outage.answered()
        return 503

    # WHEN it is away for all of the call's attempts, and others are answered again before it is
    world.service.get(answer_others, *[503] * (ATTEMPTS - 1), answer_others, answer_others, 200)

    assert world.service.calls == 1 + ATTEMPTS + 3
