"""`omics-meta dlq` on the program as it is deployed: what permissions its caller needs."""

from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

from tests.docs.permissions import permissions


def test_its_caller_needs_the_documented_permissions(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up()

    def used(*commands: str) -> set[str]:
        sandbox.calls.clear()
        for command in commands:
            done = stack.omics_meta("dlq", *command.split())
            assert done.returncode == 0, done.stdout + done.stderr
        return {call.action for call in sandbox.calls.of(f"arn:aws:iam::{sandbox.account}:user/sandbox")}

    def send() -> None:
        for queue, fifo in (
            ("undelivered", {}),
            ("deadLetter", {"MessageGroupId": "1", "MessageDeduplicationId": "1"}),
        ):
            url = stack.outputs[f"{queue}QueueUrl"]
            sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="{}", **fifo)

    send()
    looking = used("list", "show", "discard --yes")
    send()
    sending = used("redrive")

    assert looking == permissions("dlq")
    # The local SQS moves no messages by itself, so they are sent one by one, and then deleted.
    moving = {"sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"}
    assert sending | looking | moving == permissions("dlq", "dlq redrive")
    assert "sqs:SendMessage" in sending
