"""What becomes of messages that fail: whose fault counts, and how each of them comes again."""

import json
import math
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import Mock, call

import pytest
from botocore.exceptions import ConnectTimeoutError
from readset_sync.aws.message_sender import MessageSender
from readset_sync.constants import ANSWER_SECONDS
from readset_sync.messages.read_set_event import ReadSetEvent
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.errors import error_code
from readset_sync.sync import Change, Outcome, Synchronizer

from tests.readset_sync.function import Function as Runtime
from tests.readset_sync.function import event as event_of
from tests.readset_sync.function import record, refusal, tag_change

LITERAL: Final = "$.detail.id"
"""The message group of every event, if EventBridge takes the rule's path for a name."""

PROBE: Final = "0" * 10
"""The read set that is asked for to learn whether AWS answers at all."""


def arn(read_set_id: str) -> ReadSetArn:
    return ReadSetArn("aws", "us-west-2", "123456789012", "1234567890", read_set_id)


ONE, TWO, THREE = (arn(str(number) * 10) for number in (1, 2, 3))


def event(
    arn: ReadSetArn, status: str = "ACTIVE", *, age: timedelta = timedelta(minutes=3), **extra: Any
) -> dict[str, Any]:
    """An event that HealthOmics must know of by now."""
    return event_of(arn, status, time=datetime.now(UTC) - age, **extra)


THROTTLE = refusal("ThrottlingException", 429)
DENIED = refusal("AccessDeniedException", 403)
INTERNAL = refusal("InternalServerException", 500)
AWAY = ConnectTimeoutError(endpoint_url="https://omics")


class Clock:
    """Time that stands still until the main thread has waited for so many things; that of the work is over then."""

    def __init__(self) -> None:
        self.waits = math.inf
        self.over = 60.0 - ANSWER_SECONDS

    def __call__(self) -> float:
        if threading.current_thread() is not threading.main_thread():
            return 0.0
        self.waits -= 1
        return self.over if self.waits < 0 else 0.0


class Function(Runtime):
    """The function's code on a synchronizer that fails or hangs for the read sets that it is told to."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.failing: dict[str, Exception] = {}
        self.hanging: set[str] = set()
        self.applied: list[tuple[str, str]] = []
        self.end = threading.Event()
        self.sender = Mock(spec=MessageSender)
        synchronizer = Mock(spec=Synchronizer)
        synchronizer.apply.side_effect = self._apply
        synchronizer.refresh.return_value = Change(Outcome.UPDATED)
        super().__init__(synchronizer, Mock(), self.sender, clock=self.clock)

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The lines of the log that say this."""
        return [line for line in self.log if line["message"] == message]

    @property
    def sent_again(self) -> list[tuple[Any, str]]:
        """The bodies that were sent once more, each with its group."""

        def read(body: str) -> Any:
            return json.loads(body) if body.startswith("{") else body

        return [(read(each.args[0]), each.kwargs["group"]) for each in self.sender.send_again.mock_calls]

    def hang(self, *_: Any, **__: Any) -> None:
        self.end.wait(60)

    def _apply(self, given: ReadSetEvent, **_: Any) -> Change:
        read_set_id = given.arn.read_set_id
        if read_set_id in self.hanging:
            self.hang()
        if read_set_id in self.failing:
            raise self.failing[read_set_id]
        self.applied.append((read_set_id, given.status))
        return Change(Outcome.UPDATED)


@pytest.fixture
def function() -> Iterator[Function]:
    function = Function()
    yield function
    function.end.set()


def everything(failing: Exception) -> dict[str, Exception]:
    return dict.fromkeys((ONE.read_set_id, TWO.read_set_id, THREE.read_set_id, PROBE), failing)


@pytest.mark.parametrize("hanging", [1, 9])
def test_read_sets_that_hang_fail_alone_and_in_time(hanging: int, function: Function):
    # GIVEN ten read sets, of which some do not answer
    arns = [arn(f"{number}" * 10) for number in range(1, 10)] + [arn("1234567890")]
    function.hanging = {each.read_set_id for each in arns[:hanging]}

    # WHEN a batch has all of them, one of the hanging has another message behind the first, and the time is over once
    # the others have ended: for the deadline, the result of each of them, and the end of its thread
    function.clock.waits = 1 + 2 * (10 - hanging)
    failed = function.consume(
        *(record(each.read_set_id, event(each)) for each in arns), record("behind", event(arns[0], "ARCHIVED"))
    )

    # THEN all others are done, and the log names those that hang
    assert set(failed) == function.hanging | {"behind"}
    assert {each for each, _ in function.applied} == {each.read_set_id for each in arns[hanging:]}
    reasons = {line["set_arn"]: line["reason"] for line in function.logged("event failed")}
    assert reasons.keys() == {str(each) for each in arns[:hanging]}
    assert set(reasons.values()) == {"it did not end within the function's time"}
    [held_back] = function.logged("event held back")
    assert (held_back["status"], held_back["set_arn"]) == ("ARCHIVED", str(arns[0]))


def test_what_waits_behind_a_failure_is_not_blamed_for_it(function: Function):
    # GIVEN a read set that hangs, in both of its messages' second receive
    function.hanging = {ONE.read_set_id}
    behind = event(ONE, "ARCHIVED")

    # WHEN the time is over once AWS has answered that it is there
    function.clock.waits = 3
    failed = function.consume(record("first", event(ONE), receives=2), record("behind", behind, receives=2))

    # THEN the first message's receive counts, and the other's does not
    assert failed == ["first"]
    assert function.sent_again == [(behind, ONE.read_set_id)]


@pytest.mark.parametrize("passing", [THROTTLE, INTERNAL, AWAY], ids=error_code)
def test_a_failure_that_passes_is_tried_again_soon_at_first_and_then_no_fault_of_the_message(
    passing: Exception, function: Function
):
    function.failing = everything(passing)
    body = event(ONE)

    assert function.consume(record("one", body)) == ["one"]

    assert function.sender.mock_calls == [call.hide("receipt of one", seconds=120)]
    assert function.consume(record("one", body, receives=2)) == []
    assert function.sent_again == [(body, ONE.read_set_id)]


@pytest.mark.parametrize("error", [INTERNAL, AWAY, DENIED, ZeroDivisionError(), THROTTLE], ids=error_code)
@pytest.mark.parametrize("receives", [2, 5])
def test_a_read_set_that_fails_while_aws_answers_becomes_a_dead_letter_unless_throttled(
    error: Exception, receives: int, function: Function
):
    function.failing = {ONE.read_set_id: error}
    body = event(ONE)
    is_dead = error is not THROTTLE

    assert function.consume(record("one", body, receives=receives), record("two", event(TWO))) == ["one"] * is_dead

    assert function.sent_again == [(body, ONE.read_set_id)] * (not is_dead)
    # AND so does each where a permission is missing for all
    function.failing = everything(DENIED)
    assert function.consume(record("one", body, receives=2)) == ["one"]
    function.sender.hide.assert_not_called()


@pytest.mark.parametrize("receives", [1, 2])
def test_a_message_that_cannot_be_hidden_or_sent_again_comes_back_by_itself(receives: int, function: Function):
    function.failing = everything(THROTTLE)
    function.sender.hide.side_effect = function.sender.send_again.side_effect = DENIED

    assert function.consume(record("one", event(ONE), receives=receives)) == ["one"]

    [warning] = function.logged("message comes again late")
    assert warning["set_arn"] == str(ONE)


def test_a_queue_that_hangs_holds_up_no_answer(function: Function):
    # GIVEN a copy that the queue does not take, until the time is over: it begins, and two threads have a result each
    function.failing = everything(THROTTLE)
    function.sender.send_again.side_effect = function.hang
    function.clock.waits, function.clock.over = 5, 60.0

    assert function.consume(record("one", event(ONE), receives=2)) == ["one"]


def test_a_failure_in_a_shared_group_does_not_hold_the_group(function: Function):
    # GIVEN a group that read sets share, because EventBridge took the path for its name
    function.failing = {ONE.read_set_id: DENIED}
    body = event(ONE)

    # WHEN one of them fails
    failed = function.consume(
        record("one", body, group=LITERAL),
        record("two", event(TWO), group=LITERAL),
        record("junk", "junk", group=LITERAL),
    )

    # THEN it goes on in a group of its own, as does what nobody can read
    assert failed == []
    assert sorted(function.sent_again, key=str) == [("junk", "junk"), (body, ONE.read_set_id)]
    assert function.applied == [(TWO.read_set_id, "ACTIVE")]

    # AND there its receives count
    assert function.consume(record("one", body, receives=2)) == ["one"]


def test_a_shared_group_is_told_of_once_and_counted(function: Function):
    tags = tag_change(ONE)
    for records, counted in (
        # An event of tags has its own id for a message group.
        ((record("one", event(ONE)), record("junk", "junk"), record("tags", tags, group=tags["id"])), []),
        ((record("one", event(ONE), group=LITERAL), record("two", event(TWO))), [1.0]),
        ((record("one", event(ONE), group=LITERAL), record("two", event(TWO))), [1.0]),
        ((record("tags", tags, group="$.id"),), [1.0]),
    ):
        function.consume(*records)
        assert function.measured["SharedGroups"] == counted

    [warning] = [line for line in function.log if "share a message group" in line["message"]]
    assert warning["message_group"] == LITERAL


@pytest.mark.parametrize(
    ("age", "extra"),
    [
        (timedelta(days=7), {}),
        (timedelta(minutes=1), {"replay-name": "arn:aws:events:us-west-2:123456789012:replay/r"}),
    ],
    ids=["redriven", "replayed"],
)
def test_an_event_that_was_sent_again_is_no_lag(age: timedelta, extra: dict[str, str], function: Function):
    function.consume(record("one", event(ONE, age=age, **extra)))
    assert function.measured["SourceToRowLag"] == []

    function.consume(record("two", event(TWO, age=timedelta(minutes=1))))
    [lag] = function.measured["SourceToRowLag"]
    assert lag >= 60_000
