"""`omics-meta dlq` looks into the dead-letter queues, and empties them forwards or for good."""

import json
import re
from contextlib import nullcontext
from itertools import count
from typing import Any
from unittest.mock import ANY, Mock, call

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from omics_meta.pipeline import dead_letters
from omics_meta.pipeline.dead_letters import move_all
from omics_meta.pipeline.queue import depth
from readset_sync.messages.reconciliation_step import Phase, ReconciliationStep
from readset_sync.model.arn import ReadSetArn
from readset_sync.model.bucket_checksums import BucketChecksums
from readset_sync.model.timestamp import parse_timestamp

from tests.cli.local_aws import Aws
from tests.command_line import CommandLine, Finished, Terminal
from tests.readset_sync.function import event as event_of
from tests.readset_sync.function import own_message, tag_change

ARN = "arn:aws:{}:us-west-2:123456789012:{}"
STORE = ARN.format("omics", "sequenceStore/1234567890")
SET = f"{STORE}/readSet/2000000000"
TIME = "2026-04-04T18:01:06Z"

_names = count(1)


def event(read_set_id: str) -> str:
    """An event of a read set, unlike every other."""
    return json.dumps(event_of(ReadSetArn.parse(f"{STORE}/readSet/{read_set_id}"), id=f"event-{next(_names)}"))


MOMENT, CHECKSUMS = parse_timestamp(TIME), BucketChecksums()
STEP = ReconciliationStep("run", 3, MOMENT, STORE, ("1234567890",), Phase.LISTING, None, CHECKSUMS, {"rows": 7})
OF_STORE = {"detail-type": "Sequence Store Status Change", "detail": {"arn": STORE, "status": "DELETED"}}
OF_API = {"detail-type": "AWS API Call via CloudTrail", "detail": {"requestParameters": {"resourceArn": SET}}}
EVENT = event_of(ReadSetArn.parse(SET), "ARCHIVED")
KINDS: tuple[tuple[dict[str, Any], str | None, str | None, str], ...] = (
    (EVENT, SET, "ARCHIVED", f" {SET} ARCHIVED"),
    (EVENT | OF_STORE, None, "DELETED", f" {STORE} DELETED"),
    (EVENT | OF_API, SET, None, f" {SET}"),
    (tag_change(ReadSetArn.parse(SET)), SET, None, f" {SET}"),
    (own_message("Read Set Refresh", {"arn": SET}), SET, None, f" {SET}"),
    (own_message("Reconcile"), None, None, ""),
    (own_message("Reconcile Step", STEP.write()), None, None, ""),
)
"""Every kind of message: its body, its read set's ARN, its status, and how people are told what it is about."""


class Stack:
    """The queues of a stack, and `omics-meta dlq` with the stack's outputs."""

    def __init__(self, aws: Aws, cli: CommandLine) -> None:
        self.sqs = aws.client("sqs")
        self.cli = cli
        name = f"dlq-{next(_names)}"
        fifo = {"FifoQueue": "true"}
        self.pipeline = self._queue(f"{name}.fifo", **fifo, ContentBasedDeduplication="true")
        self.failed = self._queue(f"{name}-failed.fifo", **fifo)
        self.undelivered = self._queue(f"{name}-undelivered")
        self.outputs: dict[str, Any] = {
            "tableName": "table",
            "region": "us-west-2",
            "queueUrl": self.pipeline,
            "queueArn": ARN.format("sqs", f"{name}.fifo"),
            "deadLetterQueueUrl": self.failed,
            "deadLetterQueueArn": ARN.format("sqs", f"{name}-failed.fifo"),
            "undeliveredQueueUrl": self.undelivered,
            "undeliveredQueueArn": ARN.format("sqs", f"{name}-undelivered"),
        }

    def fail(self, body: str, group: str) -> str:
        """Put a message where the function's failures go; return its id."""
        sent = self.sqs.send_message(
            QueueUrl=self.failed, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=f"{next(_names)}"
        )
        return sent["MessageId"]

    def fail_to_deliver(self, body: str, **attributes: str) -> str:
        """Put a message where EventBridge's go; return its id."""
        typed = {name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()}
        sent = self.sqs.send_message(QueueUrl=self.undelivered, MessageBody=body, MessageAttributes=typed)
        return sent["MessageId"]

    def counts(self) -> dict[str, int]:
        """How many messages can be received from each queue."""
        urls = {"pipeline": self.pipeline, "failed": self.failed, "undelivered": self.undelivered}
        return {name: depth(self.sqs, url)[0] for name, url in urls.items()}

    def received(self) -> list[dict[str, Any]]:
        """What the pipeline's queue has, for good."""
        answer = self.sqs.receive_message(
            QueueUrl=self.pipeline, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def dlq(self, *arguments: str, **options: Any) -> Finished:
        return self.cli.run("dlq", *arguments, "--outputs", self.cli.outputs(self.outputs), **options)

    def _queue(self, name: str, **attributes: str) -> str:
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture
def stack(aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose queues are asked again without waiting."""
    for name in ("_WAIT_SECONDS", "_POLL_SECONDS"):
        monkeypatch.setattr(dead_letters, name, 0)
    return Stack(aws, cli)


def test_list_counts_and_show_tells_what_each_message_says_and_leaves_it_there(stack: Stack) -> None:
    failed = [stack.fail(event(f"{1000000000 + number}"), f"{number}") for number in range(23)]

    listed = stack.dlq("list", "--json").document
    counted = stack.dlq("list").out.splitlines()

    of_failed, of_undelivered = listed["queues"]
    assert listed["command"] == "dlq list"
    assert (of_failed["queue"], of_failed["messages"]) == ("failed", 23)
    assert of_failed["oldest"].startswith("20")
    assert (of_undelivered["queue"], of_undelivered["messages"], of_undelivered["oldest"]) == ("undelivered", 0, None)
    assert counted[0].startswith("failed: 23 messages in dlq-")
    assert f"since {of_failed['oldest']}" in counted[0]
    assert counted[1].startswith("undelivered: 0 messages in dlq-")

    undelivered = stack.fail_to_deliver(event("2000000000"), ERROR_CODE="NO_PERMISSIONS")
    odd = stack.fail_to_deliver("not\x1b[31m JSON")

    document = stack.dlq("show", "--json").document
    lines = stack.dlq("show").out

    messages = {each["message_id"]: each for each in document["messages"]}
    assert messages.keys() == {*failed, undelivered, odd}
    assert messages[undelivered]["attributes"] == {"ERROR_CODE": "NO_PERMISSIONS"}
    assert (messages[odd]["set_arn"], messages[odd]["body"]) == (None, "not\x1b[31m JSON")
    assert r"unknown message: 'not\x1b[31m JSON'" in lines
    assert "ERROR_CODE: 'NO_PERMISSIONS'" in lines
    assert "failed: 23 of 23 messages" in lines

    some = stack.dlq("show", "--queue", "failed", "--limit", "12")

    assert len(some.out.splitlines()) == 13
    assert "undelivered" not in some.out.replace("dlq-", "")
    assert stack.counts() == {"pipeline": 0, "failed": 23, "undelivered": 2}


def test_every_kind_of_message_is_told_by_what_it_is_about_and_sent_into_a_group_of_its_read_set_or_of_its_own(
    stack: Stack,
) -> None:
    kinds = {stack.fail_to_deliver(json.dumps(kind[0] | {"time": TIME})): kind for kind in KINDS}

    messages = stack.dlq("show", "--json").document["messages"]
    lines = stack.dlq("show").out

    members = ("detail_type", "body", "set_arn", "status", "event_time")
    assert {each["message_id"]: [each[name] for name in members] for each in messages} == {
        message_id: [body["detail-type"], None, set_arn, status, TIME]
        for message_id, (body, set_arn, status, _) in kinds.items()
    }
    said = {line.split()[1]: line.partition(" times: ")[2] for line in lines.splitlines() if " times: " in line}
    assert said == {
        message_id: f"{body['detail-type']}:{about} at {TIME}" for message_id, (body, _, _, about) in kinds.items()
    }
    assert CHECKSUMS.dump() not in lines

    assert stack.dlq("redrive").code == 0

    received = stack.received()
    groups = {json.loads(each["Body"])["detail-type"]: each["Attributes"]["MessageGroupId"] for each in received}
    assert groups == {
        body["detail-type"]: "2000000000" if set_arn else message_id
        for message_id, (body, set_arn, _, _) in kinds.items()
    }


def test_redrive_sends_each_message_back_once_as_it_was_to_the_group_of_its_read_set(stack: Stack) -> None:
    bodies = [event("1000000000"), event("2000000000"), "not JSON", "nor this", event("3000000000")]
    # GIVEN an event that the pipeline's queue has had within SQS's five minutes of deduplication
    stack.sqs.send_message(QueueUrl=stack.pipeline, MessageBody=bodies[0], MessageGroupId="1000000000")
    (first,) = stack.received()
    stack.sqs.delete_message(QueueUrl=stack.pipeline, ReceiptHandle=first["ReceiptHandle"])
    stack.fail(bodies[0], "1000000000")
    stack.fail_to_deliver(bodies[1])
    stack.fail(bodies[2], "its group")
    alone = stack.fail_to_deliver(bodies[3])
    # AND one that was sent back by a command that crashed before it deleted the message
    stack.sqs.send_message(
        QueueUrl=stack.pipeline,
        MessageBody=bodies[4],
        MessageGroupId="3000000000",
        MessageDeduplicationId=f"redrive-{stack.fail(bodies[4], '3000000000')}",
    )

    done = stack.dlq("redrive", "--json")

    assert done.code == 0, done.err
    assert [(each["queue"], each["messages"], each["redriven"]) for each in done.document["queues"]] == [
        ("failed", 3, 3),
        ("undelivered", 2, 2),
    ]
    received = [(each["Body"], each["Attributes"]["MessageGroupId"]) for each in stack.received()]
    groups = ("1000000000", "2000000000", "its group", alone, "3000000000")
    assert sorted(received) == sorted(zip(bodies, groups, strict=True))
    assert stack.counts() == {"pipeline": 0, "failed": 0, "undelivered": 0}


def test_more_messages_of_one_read_set_than_sqs_hands_out_at_once_are_all_redriven_in_order(stack: Stack) -> None:
    bodies = [event("1000000000") for _ in range(25)]
    for body in bodies:
        stack.fail(body, "1000000000")

    # `show` says why it shows fewer.
    lines = stack.dlq("show", "--queue", "failed").out.splitlines()
    assert lines[10].startswith("failed: 10 of 25 messages in dlq-")
    assert lines[11].startswith("SQS hands out at most ten messages of one read set at a time")

    stack.dlq("redrive")

    assert stack.counts() == {"pipeline": 25, "failed": 0, "undelivered": 0}
    assert [each["Body"] for each in stack.received()] == bodies[:10]


def test_what_cannot_be_sent_stays(stack: Stack) -> None:
    stack.fail(event("1000000000"), "1000000000")
    stack.sqs.delete_queue(QueueUrl=stack.pipeline)

    done = stack.dlq("redrive", "--json")

    assert done.code == 1
    (failure,) = done.document["failures"]
    assert "does not exist" in failure["reason"]
    assert done.document["queues"][0]["redriven"] == 0
    (shown,) = stack.dlq("show", "--json").document["messages"]
    assert shown["message_id"] == failure["message_id"]


def test_messages_that_somebody_else_reads_are_told_of(stack: Stack) -> None:
    stack.fail(event("1000000000"), "1000000000")
    stack.sqs.receive_message(QueueUrl=stack.failed, VisibilityTimeout=600)

    done = stack.dlq("redrive")

    assert done.code == 1
    assert "1 message could not be received" in done.out
    assert "run this again in a minute" in done.out


def test_discard_deletes_for_good_what_it_was_told_to_and_no_dry_run_touches_anything(stack: Stack) -> None:
    for number in range(12):
        stack.fail("not JSON", f"{number}")
    stack.fail_to_deliver(event("2000000000"))

    dry = [stack.dlq(command, "--dry-run") for command in ("redrive", "discard")]
    without_yes = stack.dlq("discard")

    assert [each.code for each in dry] == [0, 0]
    assert [
        [line.rpartition(" would be ")[0].partition(" of ")[0] for line in each.out.splitlines()] for each in dry
    ] == [["failed: 12 messages", "undelivered: 1 message"]] * 2
    assert (without_yes.code, without_yes.out) == (2, "")
    refusal = "omics-meta: error: discard deletes for good, and there is no terminal to ask on"
    assert without_yes.err.startswith(refusal)
    assert "give --yes" in without_yes.err
    assert stack.counts() == {"pipeline": 0, "failed": 12, "undelivered": 1}

    done = stack.dlq("discard", "--yes", "--queue", "failed", "--json")

    assert done.code == 0, done.err
    (queue,) = done.document["queues"]
    assert (queue["queue"], queue["messages"], queue["discarded"]) == ("failed", 12, 12)
    assert stack.counts() == {"pipeline": 0, "failed": 0, "undelivered": 1}


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 2, 1), ("", 130, 1)])
def test_discard_asks_on_a_terminal(answer: str, code: int, left: int, stack: Stack) -> None:
    stack.fail("not JSON", "1")

    done = stack.dlq("discard", stdin=Terminal(answer))

    assert re.match(r"Delete 1 message of dlq-\d+-failed.fifo for good\? \[y/N\]: ", done.err)
    assert (done.code, stack.counts()["failed"]) == (code, left), done.err


def test_an_adopted_fifo_queue_has_no_dead_letters_of_ours(stack: Stack) -> None:
    stack.outputs["deadLetterQueueUrl"] = stack.outputs["deadLetterQueueArn"] = None
    stack.fail_to_deliver(event("2000000000"))

    (queue,) = stack.dlq("list", "--json").document["queues"]
    refused = stack.dlq("list", "--queue", "failed")

    assert (queue["queue"], queue["messages"]) == ("undelivered", 1)
    assert refused.code == 2
    assert refused.err.startswith("omics-meta: error: deadLetterQueueUrl = None")
    assert "take --queue undelivered" in refused.err


@pytest.mark.parametrize(
    ("answers", "moved"),
    [
        ([{"Status": "RUNNING"}, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 4}], (4, "")),
        ([{"Status": "FAILED", "FailureReason": "AccessDenied"}], (0, "FAILED AccessDenied")),
        ("UnsupportedOperation", None),
        ("AccessDeniedException", None),
    ],
)
def test_sqs_moves_messages_itself_where_it_has_moves(
    answers: str | list[dict[str, Any]], moved: tuple[int, str] | None, stack: Stack
) -> None:
    # The local SQS has none.
    task = {"SourceArn": stack.outputs["deadLetterQueueArn"], "DestinationArn": stack.outputs["queueArn"]}
    refused = pytest.raises(ClientError) if answers == "AccessDeniedException" else nullcontext()
    with Stubber(stack.sqs) as sqs:
        if isinstance(answers, str):
            sqs.add_client_error("start_message_move_task", answers, expected_params=task)
        else:
            sqs.add_response("start_message_move_task", {"TaskHandle": "handle"}, task)
            for answer in answers:
                asked = {"SourceArn": task["SourceArn"], "MaxResults": 1}
                sqs.add_response("list_message_move_tasks", {"Results": [answer]}, asked)
        with refused:
            assert move_all(stack.sqs, *task.values()) == moved
        sqs.assert_no_pending_responses()


def test_what_sqs_has_moved_is_told_and_it_moves_nothing_from_a_standard_queue_to_a_fifo_one(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Mock(side_effect=[(4, ""), (1, "FAILED AccessDenied")])
    monkeypatch.setattr("omics_meta.commands.dlq.move_all", move)
    stack.fail(event("1000000000"), "1")
    stack.fail_to_deliver(event("2000000000"))

    done = stack.dlq("redrive", "--json")
    failed = stack.dlq("redrive", "--queue", "failed")

    outputs = stack.outputs
    assert move.mock_calls == [call(ANY, outputs["deadLetterQueueArn"], outputs["queueArn"])] * 2
    assert done.code == 0, done.err
    assert [(each["queue"], each["redriven"]) for each in done.document["queues"]] == [
        ("failed", 4),
        ("undelivered", 1),
    ]
    assert failed.code == 1
    assert "SQS ended the move: FAILED AccessDenied" in failed.out
    assert "failed: 1 message of dlq-" in failed.out
