"""Event source mappings: validation, batches, order, failures, dead-letter queues."""

import json
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Sandbox
from omics_sandbox.functions.model import Outcome
from omics_sandbox.functions.pump import failed_message_ids

from tests.sandbox.conftest import started_with

# Writes one line for each record and fails those whose body begins with `bad`, or all where one is `raise`.
RECORDER = """
import json, os, time
def handler(event, context):
    failures = []
    bodies = [record["body"] for record in event["Records"]]
    print("batch", json.dumps(bodies))
    for record in event["Records"]:
        print("record", json.dumps([record["attributes"]["MessageGroupId"], record["body"], time.time(),
                                    record["attributes"]["ApproximateReceiveCount"], os.getpid()]))
        if record["body"].startswith("bad"):
            failures.append({"itemIdentifier": record["messageId"]})
    if "raise" in bodies:
        raise RuntimeError("all of it")
    return {"batchItemFailures": failures}
"""


def logged(sandbox: Sandbox, kind: str) -> list[Any]:
    prefix = f"{kind} "
    return [
        json.loads(line.removeprefix(prefix)) for line in sandbox.lambda_logs("function") if line.startswith(prefix)
    ]


@pytest.fixture
def map_queue(sandbox: Sandbox) -> Callable[..., Any]:
    client = sandbox.client("lambda")

    def create(queue: Any, **settings: Any) -> Any:
        settings = {"FunctionResponseTypes": ["ReportBatchItemFailures"], **settings}
        return client.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="function", **settings)

    return create


def test_given_many_groups_when_they_are_processed_then_no_batch_is_too_large_and_each_group_keeps_its_order(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    deploy(RECORDER)
    for number in range(30):
        queue.send(str(number), f"group-{number % 4}")
    map_queue(queue, BatchSize=4, ScalingConfig={"MaximumConcurrency": 2})
    sandbox.drain()
    by_group: dict[str, list[int]] = defaultdict(list)
    for group, body, *_ in sorted(logged(sandbox, "record"), key=lambda record: record[2]):
        by_group[group].append(int(body))
    assert sum(len(numbers) for numbers in by_group.values()) == 30
    assert all(numbers == sorted(numbers) for numbers in by_group.values())
    assert max(len(batch) for batch in logged(sandbox, "batch")) == 4
    assert len({process for *_, process in logged(sandbox, "record")}) <= 2


def test_given_messages_that_fail_when_the_queue_drains_then_they_are_tried_again_and_dead_lettered_in_the_end(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    dead = make_queue("dead.fifo")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    queue = make_queue("q.fifo", RedrivePolicy=redrive)
    deploy(RECORDER)

    # One of many fails
    for body, group in (("1", "a"), ("bad", "b"), ("2", "c"), ("3", "a")):
        queue.send(body, group)
    mapping = map_queue(queue)
    sandbox.drain()
    receives = [count for _, body, _, count, _ in logged(sandbox, "record") if body == "bad"]
    assert receives == ["1", "2", "3"]
    assert sorted(body for _, body, *_ in logged(sandbox, "record") if body != "bad") == ["1", "2", "3"]
    assert [message["Body"] for message in dead.receive()] == ["bad"]

    # The function fails, and with it the batch
    change = partial(sandbox.client("lambda").update_event_source_mapping, UUID=mapping["UUID"])
    change(Enabled=False)
    queue.send("raise", "d")
    queue.send("good", "d")
    change(Enabled=True)
    sandbox.drain()
    assert sorted(message["Body"] for message in dead.receive()) == ["good", "raise"]

    # Answers of the function do not count
    change(FunctionResponseTypes=[])
    queue.send("bad again", "e")
    sandbox.drain()
    assert [count for group, *_, count, _ in logged(sandbox, "record") if group == "e"] == ["1"]
    assert dead.receive() == []


@started_with(retry_delay=None)
def test_given_the_default_when_a_message_fails_then_it_waits_for_the_visibility_timeout(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    assert signature(Sandbox).parameters["retry_delay"].default is None
    queue = make_queue("q", VisibilityTimeout="600")
    deploy("", Code={"ZipFile": b""})
    queue.send("x")
    map_queue(queue)
    with pytest.raises(TimeoutError, match="q: 0 visible, 1 in flight or waiting"):
        sandbox.drain(timeout=0.5)


def test_given_a_mapping_when_it_is_described_listed_tagged_disabled_and_deleted_then_it_is_as_it_was_told(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    function_arn = deploy(RECORDER)
    created = map_queue(queue, BatchSize=5, ScalingConfig={"MaximumConcurrency": 7}, Tags={"a": "b"}, Enabled=False)
    assert created["State"] == "Creating"
    functions, uuid = sandbox.client("lambda"), created["UUID"]
    expected = {
        "State": "Disabled",
        "BatchSize": 5,
        "EventSourceArn": queue.arn,
        "FunctionArn": function_arn,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 7},
    }
    assert expected.items() <= functions.get_event_source_mapping(UUID=uuid).items()
    by_function = functions.list_event_source_mappings(FunctionName="function")["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in by_function] == [uuid]
    assert functions.list_event_source_mappings(EventSourceArn=queue.arn + "x")["EventSourceMappings"] == []
    arn = created["EventSourceMappingArn"]
    functions.tag_resource(Resource=arn, Tags={"c": "d"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"c": "d"}

    queue.send("1", "a")
    with pytest.raises(TimeoutError, match=r"groups a \(1\), mapping disabled"):
        sandbox.drain(timeout=0.2)
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    sandbox.drain()
    assert functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    functions.delete_event_source_mapping(UUID=uuid)
    queue.send("2", "a")
    sandbox.drain()
    assert [body for _, body, *_ in logged(sandbox, "record")] == ["1"]
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_event_source_mapping(UUID=uuid)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("q.fifo", {"BatchSize": 11}, r"\(InvalidParameterValueException\).*between 1 and 10"),
    ("q.fifo", {"ScalingConfig": {"MaximumConcurrency": 1001}}, r"\(InvalidParameterValueException\).*1001"),
    ("q", {"EventSourceArn": "arn:aws:sqs:us-west-2:123456789012:none"}, r"\(InvalidParameterValueException\).*none"),
    ("q", {"FunctionName": "none"}, r"\(ResourceNotFoundException\).*function:none"),
    ("q", {"MaximumBatchingWindowInSeconds": 5}, r"\(InvalidParameterValueException\).*does not emulate Maximum"),
    ("hasty", {}, "19 seconds is less than Function timeout: 20 seconds"),
]


def test_given_mappings_that_lambda_would_refuse_when_they_are_created_then_the_error_says_why(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queues = {"q": make_queue("q"), "q.fifo": make_queue("q.fifo"), "hasty": make_queue("h", VisibilityTimeout="19")}
    deploy(RECORDER)
    functions = sandbox.client("lambda")
    for name, settings, complaint in REFUSED:
        given = {"EventSourceArn": queues[name].arn, "FunctionName": "function", **settings}
        with pytest.raises(ClientError, match=complaint):
            functions.create_event_source_mapping(**given)
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
    created = map_queue(queues["q"])
    with pytest.raises(ClientError, match=rf"\(ResourceConflictException\).*{created['UUID']}"):
        map_queue(queues["q"])


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", ""),
        ("", ""),
        ("{}", ""),
        ('{"batchItemFailures": []}', ""),
        ('{"batchItemFailures": null}', ""),
        ('{"batchItemFailures": [{"itemIdentifier": "b"}]}', "b"),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}', "ac"),
        ('{"batchItemFailures": [{"itemIdentifier": "unknown"}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', "abc"),
        ('{"batchItemFailures": [{"identifier": "a"}]}', "abc"),
        ('{"batchItemFailures": [["a"]]}', "abc"),
        ('{"batchItemFailures": [{"itemIdentifier": ["a"]}]}', "abc"),
        ('{"batchItemFailures": {"itemIdentifier": "a"}}', "abc"),
        ('["a"]', "abc"),
        ('{"batchItemFailures": [', "abc"),
    ],
)
def test_given_an_answer_of_the_function_when_it_is_read_then_lambdas_rules_say_which_messages_failed(
    answer: str, failed: str
) -> None:
    outcome = Outcome(answer.encode(), failed=False)
    assert failed_message_ids(outcome, ["a", "b", "c"], partial=True) == set(failed)
    assert failed_message_ids(outcome, ["a", "b", "c"], partial=False) == set()
    assert failed_message_ids(Outcome(answer.encode(), failed=True), ["a"], partial=True) == {"a"}
