"""Event source mappings: validation, batches, order, failures, dead-letter queues."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from omics_sandbox import Limits, Sandbox
from omics_sandbox.functions.batch import failed_message_ids
from omics_sandbox.functions.model import Outcome

# Writes one line for each record and fails those whose body is in FAIL.
RECORDER = """
import json, os, time
def handler(event, context):
    time.sleep(float(os.environ.get("SLEEP", 0)))
    failures = []
    print("batch", json.dumps([r["body"] for r in event["Records"]]))
    for record in event["Records"]:
        print("record", json.dumps([record["attributes"]["MessageGroupId"], record["body"], time.time(),
                                    record["attributes"]["ApproximateReceiveCount"], os.getpid()]))
        if record["body"] in os.environ.get("FAIL", "").split(","):
            failures.append({"itemIdentifier": record["messageId"]})
    if os.environ.get("RAISE"):
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


def with_dead_letters(make_queue: Callable[..., Any], receives: int) -> tuple[Any, Any]:
    dead = make_queue("dead.fifo")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": receives})
    return make_queue("q.fifo", RedrivePolicy=redrive), dead


def test_given_many_groups_when_they_are_processed_then_batches_hold_ten_and_each_group_keeps_its_order(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    deploy(RECORDER)
    for number in range(60):
        queue.send(str(number), f"group-{number % 7}")
    map_queue(queue, ScalingConfig={"MaximumConcurrency": 2})
    sandbox.drain()
    by_group: dict[str, list[int]] = defaultdict(list)
    for group, body, *_ in sorted(logged(sandbox, "record"), key=lambda record: record[2]):
        by_group[group].append(int(body))
    assert sum(len(numbers) for numbers in by_group.values()) == 60
    assert all(numbers == sorted(numbers) for numbers in by_group.values())
    assert max(len(batch) for batch in logged(sandbox, "batch")) == 10
    assert len({process for *_, process in logged(sandbox, "record")}) <= 2


def test_given_a_batch_size_when_messages_are_read_then_no_batch_is_larger(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    deploy(RECORDER)
    for number in range(7):
        queue.send(str(number), "g")
    map_queue(queue, BatchSize=3)
    sandbox.drain()
    assert [len(batch) for batch in logged(sandbox, "batch")] == [3, 3, 1]


def test_given_one_message_that_always_fails_when_the_queue_drains_then_it_alone_is_dead_lettered(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue, dead = with_dead_letters(make_queue, receives=3)
    deploy(RECORDER, Environment={"Variables": {"FAIL": "bad"}})
    for body, group in (("1", "a"), ("bad", "b"), ("2", "c"), ("3", "a")):
        queue.send(body, group)
    map_queue(queue)
    sandbox.drain()
    receives = [count for _, body, _, count, _ in logged(sandbox, "record") if body == "bad"]
    assert receives == ["1", "2", "3"]
    assert sorted(body for _, body, *_ in logged(sandbox, "record") if body != "bad") == ["1", "2", "3"]
    assert [message["Body"] for message in dead.receive()] == ["bad"]


@pytest.mark.parametrize(
    "settings",
    [{"Environment": {"Variables": {"RAISE": "yes"}}}, {"Environment": {"Variables": {"SLEEP": "600"}}, "Timeout": 1}],
    ids=["raises", "times out"],
)
def test_given_a_function_that_fails_when_a_batch_is_read_then_all_of_it_is_tried_again_and_dead_lettered_in_the_end(
    sandbox: Sandbox,
    make_queue: Callable[..., Any],
    deploy: Callable[..., str],
    map_queue: Callable[..., Any],
    settings: dict[str, Any],
) -> None:
    queue, dead = with_dead_letters(make_queue, receives=2)
    deploy(RECORDER, **settings)
    queue.send("1", "a")
    queue.send("2", "b")
    map_queue(queue)
    sandbox.drain()
    assert sorted(message["Body"] for message in dead.receive()) == ["1", "2"]


def test_given_no_partial_responses_when_the_answer_names_failures_then_they_count_as_done(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue, dead = with_dead_letters(make_queue, receives=1)
    deploy(RECORDER, Environment={"Variables": {"FAIL": "bad"}})
    queue.send("bad", "a")
    map_queue(queue, FunctionResponseTypes=[])
    sandbox.drain()
    assert len(logged(sandbox, "record")) == 1
    assert dead.receive() == []


def test_given_the_default_when_a_message_fails_then_it_waits_for_the_visibility_timeout() -> None:
    """The fixtures retry at once; this sandbox waits as AWS does."""
    with Sandbox(limits=Limits.none()) as sandbox:
        sqs, functions = sandbox.client("sqs"), sandbox.client("lambda")
        url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        arn = "arn:aws:sqs:us-west-2:123456789012:q"
        role = sandbox.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions.create_function(
            FunctionName="function",
            Runtime="python3.13",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": b""},
            Timeout=1,
        )
        sqs.send_message(QueueUrl=url, MessageBody="x")
        functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="function")
        with pytest.raises(TimeoutError, match="q: 0 visible, 1 in flight or waiting"):
            sandbox.drain(timeout=0.5)


def test_given_a_disabled_mapping_when_messages_come_then_they_wait_until_it_is_enabled_or_deleted(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    deploy(RECORDER)
    created = map_queue(queue, Enabled=False)
    functions = sandbox.client("lambda")
    assert functions.get_event_source_mapping(UUID=created["UUID"])["State"] == "Disabled"
    queue.send("1", "a")
    with pytest.raises(TimeoutError, match=r"groups a \(1\), mapping disabled"):
        sandbox.drain(timeout=0.2)
    functions.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    sandbox.drain()
    functions.delete_event_source_mapping(UUID=created["UUID"])
    queue.send("2", "a")
    sandbox.drain()
    assert [body for _, body, *_ in logged(sandbox, "record")] == ["1"]
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_event_source_mapping(UUID=created["UUID"])


def test_given_a_mapping_when_it_is_described_listed_and_tagged_then_it_is_as_it_was_created(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str], map_queue: Callable[..., Any]
) -> None:
    queue = make_queue("q.fifo")
    function_arn = deploy(RECORDER)
    created = map_queue(queue, BatchSize=5, ScalingConfig={"MaximumConcurrency": 7}, Tags={"a": "b"})
    assert created["State"] == "Creating"
    functions = sandbox.client("lambda")
    described = functions.get_event_source_mapping(UUID=created["UUID"])
    expected = {
        "State": "Enabled",
        "BatchSize": 5,
        "EventSourceArn": queue.arn,
        "FunctionArn": function_arn,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 7},
    }
    assert expected.items() <= described.items()
    by_function = functions.list_event_source_mappings(FunctionName="function")["EventSourceMappings"]
    assert [mapping["UUID"] for mapping in by_function] == [created["UUID"]]
    assert functions.list_event_source_mappings(EventSourceArn=queue.arn + "x")["EventSourceMappings"] == []
    arn = created["EventSourceMappingArn"]
    functions.tag_resource(Resource=arn, Tags={"c": "d"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"c": "d"}


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
