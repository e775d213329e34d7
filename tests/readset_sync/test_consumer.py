"""Batches of queue messages: each fails alone, and logs and metrics tell what happened."""

import json
from datetime import timedelta
from typing import Any

import pytest
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.timestamp import parse_timestamp
from readset_sync.stores.reconciliation import Reconciler
from readset_sync.sync import Synchronizer

from tests.readset_sync.conftest import Queue, Store
from tests.readset_sync.function import Body, Function, event, record, tag_change

# A read set without tags is looked at twice.
TAGS = {"project": "x"}


class Runtime(Function):
    """The function, and what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *of: Any) -> None:
        super().__init__(*of)
        self._capsys = capsys

    def run(self, *bodies: Body) -> list[str]:
        """Consume messages, each in the message group of its read set; return the numbers of those that failed."""
        return self.consume(record(str(number), body) for number, body in enumerate(bodies))

    def printed(self) -> list[dict[str, Any]]:
        return self.log + [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def runtime(
    synchronizer: Synchronizer, reconciler: Reconciler, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> Runtime:
    return Runtime(capsys, synchronizer, reconciler, queue.sender())


def test_a_failure_holds_back_its_own_group_only(store: Store, runtime: Runtime) -> None:
    good, bad, last = store.add(tags=TAGS), store.add(tags=TAGS), store.add(tags=TAGS)
    store.synchronizer.refresh(bad)
    store.sandbox.omics.faults.add(
        "GetReadSetMetadata", "AccessDeniedException", when=lambda given: given["id"] == bad.read_set_id
    )

    failed = runtime.run(event(good), event(bad), event(bad, "DELETED"), event(good, "ARCHIVED"), event(last))

    assert failed == ["1", "2"]
    assert all(store.table.get(str(arn)) for arn in (good, bad, last))


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
    [refusal] = [line for line in runtime.printed() if line.get("message") == "message refused"]
    assert reason in refusal["reason"]
    assert refusal["level"] == "ERROR"
    assert refusal["message_id"] == "0"


def test_changed_tags_are_read_unless_the_row_was_refreshed_since_and_has_them(store: Store, runtime: Runtime) -> None:
    arn = store.add(tags=TAGS)
    runtime.run(event(arn))
    store.tag(arn, new="tag")
    refreshed = parse_timestamp(store.row(arn)["synced_at"])

    # The row may have tags that were told in bulk, and are older than it says.
    for _ in range(2):
        assert runtime.run(tag_change(arn, time=refreshed - timedelta(seconds=1))) == []
    store.tag(arn, new="other")
    assert runtime.run(tag_change(arn, time=refreshed + timedelta(minutes=1))) == []

    told = [line for line in runtime.printed() if line.get("message") == "event applied"]
    changed = ("updated", ["tags"])
    assert [(line["outcome"], line["fields"]) for line in told[1:]] == [changed, ("fresh", []), changed]


def test_an_instance_forgets_the_failures_of_its_last_batch(store: Store, runtime: Runtime) -> None:
    assert runtime.run("x", "y") == ["0", "1"]
    arns = [store.add(tags=TAGS) for _ in range(3)]
    assert runtime.run(*map(event, arns)) == []
    assert all(store.table.get(str(arn)) for arn in arns)


def test_the_log_tells_outcome_and_read_set_but_nothing_about_a_patient(store: Store, runtime: Runtime) -> None:
    arn = store.add(
        name="secret-name",
        subject_id="secret-subject",
        sample_id="secret-sample",
        description="secret-description",
        tags={"secret-key": "secret-value"},
    )

    runtime.run(event(arn), event(arn, "INVENTED"))

    printed = runtime.printed()
    applied, ignored = [line for line in printed if line.get("message") == "event applied"]
    assert (applied["set_arn"], applied["status"], applied["outcome"]) == (str(arn), "ACTIVE", "created")
    assert (ignored["status"], ignored["outcome"], ignored["level"]) == ("INVENTED", "ignored", "INFO")
    assert "secret" not in json.dumps(printed)


def test_metrics_count_events_by_status_and_outcome_and_time_the_refreshes(store: Store, runtime: Runtime) -> None:
    one, two = store.add(tags=TAGS), store.add(tags=TAGS)

    runtime.run(event(one), event(two), event(two, "INVENTED"), "junk", "more junk")

    emitted = [line for line in runtime.printed() if "_aws" in line]
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
