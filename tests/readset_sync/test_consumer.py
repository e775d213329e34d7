"""Batches of queue messages: logs and metrics tell what happened to each."""

import json
from collections import Counter
from typing import Any
from unittest.mock import Mock

import pytest
from readset_sync.model.arn import ReadSetArn
from readset_sync.sync import Synchronizer

from tests.readset_sync.conftest import Store
from tests.readset_sync.function import Body, Function, event, record

# A read set without tags is looked at twice.
TAGS = {"project": "x"}


class Runtime(Function):
    """The function, and what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str], synchronizer: Synchronizer) -> None:
        super().__init__(synchronizer, Mock(), Mock())
        self._capsys = capsys

    def run(self, *bodies: Body) -> list[str]:
        """Consume messages, each in the message group of its read set; return the numbers of those that failed."""
        return self.consume(*(record(str(number), body) for number, body in enumerate(bodies)))

    def printed(self) -> list[dict[str, Any]]:
        return self.log + [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def runtime(synchronizer: Synchronizer, capsys: pytest.CaptureFixture[str]) -> Runtime:
    return Runtime(capsys, synchronizer)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not JSON at all", "the message is not JSON"),
        (
            event(ReadSetArn("aws", "us-west-2", "999999999999", "1234567890", "9876543210")),
            "is of account 999999999999",
        ),
    ],
)
def test_a_malformed_message_fails_alone_and_says_why(body: Body, reason: str, store: Store, runtime: Runtime) -> None:
    arn = store.add(tags=TAGS)

    assert runtime.run(body, event(arn)) == ["0"]

    assert store.table.get(str(arn))
    [refusal] = [line for line in runtime.log if line["message"] == "message refused"]
    assert reason in refusal["reason"]
    assert refusal["level"] == "ERROR"
    assert refusal["message_id"] == "0"


def test_events_are_logged_and_counted_by_status_and_outcome_and_refreshes_are_timed(
    store: Store, runtime: Runtime
) -> None:
    one, two = store.add(tags=TAGS), store.add(tags=TAGS)

    runtime.run(event(one), event(two), event(two, "INVENTED"), "junk", "more junk")

    printed = runtime.printed()
    applied = [line for line in printed if line.get("message") == "event applied"]
    assert Counter((line["set_arn"], line["status"], line["outcome"], line["level"]) for line in applied) == {
        (str(one), "ACTIVE", "created", "INFO"): 1,
        (str(two), "ACTIVE", "created", "INFO"): 1,
        (str(two), "INVENTED", "ignored", "INFO"): 1,
    }
    emitted = [line for line in printed if "_aws" in line]
    counts = {(line["Status"], line["Outcome"]): line["Events"] for line in emitted if "Events" in line}
    assert counts == {
        ("ACTIVE", "created"): [2.0],
        ("OTHER", "ignored"): [1.0],
        ("MALFORMED", "failed"): [2.0],
    }
    [timings] = [line for line in emitted if "RefreshDuration" in line]
    assert len(timings["RefreshDuration"]) == len(timings["SourceToRowLag"]) == 2
    assert min(timings["SourceToRowLag"]) > 0
    assert timings["Messages"] == [5.0]
    assert timings["service"] == "sync"
    # Stacks in one account and region are told apart by their functions.
    assert {line["function_name"] for line in emitted} == {"sync"}
    assert all("function_name" in names for line in emitted for names in dimensions(line))


def dimensions(line: Any) -> list[list[str]]:
    return [names for directive in line["_aws"]["CloudWatchMetrics"] for names in directive["Dimensions"]]


def test_a_fault_of_our_own_fails_its_message_alone_and_is_logged_with_its_trace(
    store: Store, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = store.add(tags=TAGS), store.add(tags=TAGS)
    real = Synchronizer.apply

    def apply(self: Synchronizer, given: Any, **options: Any) -> Any:
        if given.arn == broken:
            raise ZeroDivisionError
        return real(self, given, **options)

    monkeypatch.setattr(Synchronizer, "apply", apply)

    assert runtime.run(event(broken), event(fine)) == ["0"]

    printed = runtime.printed()
    [failure] = [line for line in printed if line.get("message") == "event failed unexpectedly"]
    assert failure["set_arn"] == str(broken)
    assert failure["exception_name"] == "ZeroDivisionError"
    assert {(line["Status"], line["Outcome"]) for line in printed if "Events" in line} == {
        ("ACTIVE", "failed"),
        ("ACTIVE", "created"),
    }
