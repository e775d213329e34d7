"""The permissions that docs/security.md asks for: what the callers of the commands that look things up really use."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from omics_sandbox import Sandbox

from tests.docs.permissions import permissions

TWIN = {"algorithm": "FASTQ_MD5up", "source1": "1", "source2": "2"}


def used(sandbox: Sandbox, stack: Any, commands: Sequence[Sequence[str]]) -> set[str]:
    sandbox.calls.clear()
    for command in commands:
        done = stack.omics_meta(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return {call.action for call in sandbox.calls.of(f"arn:aws:iam::{sandbox.account}:user/sandbox")}


def test_those_who_find_rows(sandbox: Sandbox, up: Callable[..., Any], tmp_path: Path) -> None:
    stack = up()
    store = sandbox.omics.create_store("cohort")
    read_sets = [sandbox.omics.create_read_set(store, name=name, sample_id="NA12878", etag=TWIN) for name in "ab"]
    sandbox.drain()

    actions = used(
        sandbox,
        stack,
        [
            ("find", "--sample", "NA12878"),
            ("find", "--tag", "cohort"),
            ("get", stack.rows()[read_sets[0]]["set_arn"], read_sets[1]),
            ("export", "-o", str(tmp_path / "rows.csv")),
            ("duplicates",),
        ],
    )

    assert actions == permissions("find, get, export, duplicates")


def test_those_who_deal_with_dead_letters(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()

    def send() -> None:
        for queue, fifo in (
            ("undelivered", {}),
            ("deadLetter", {"MessageGroupId": "1", "MessageDeduplicationId": "1"}),
        ):
            url = stack.outputs[f"{queue}QueueUrl"]
            sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="{}", **fifo)

    send()
    looking = used(sandbox, stack, [("dlq", "list"), ("dlq", "show"), ("dlq", "discard", "--yes")])
    send()
    sending = used(sandbox, stack, [("dlq", "redrive")])

    assert looking == permissions("dlq")
    # The local SQS moves no messages by itself, so they are sent one by one, and then deleted.
    moving = {"sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"}
    assert sending | looking | moving == permissions("dlq", "dlq redrive")
    assert "sqs:SendMessage" in sending
