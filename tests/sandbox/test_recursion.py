"""A function that keeps invoking itself is stopped after sixteen times, unless it is allowed to."""

import json
from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

# Goes on with the next number, up to 20 or 120, by each of the ways in which a function can send itself a message.
LOOP = """
import os
import boto3
sqs, queue = boto3.client("sqs"), os.environ["QUEUE"]
def handler(event, context):
    number = int(event["Records"][0]["body"])
    print(f"link {number}")
    following = {"MessageBody": str(number + 1), "MessageGroupId": "chain"}
    if number % 100 >= 20:
        return
    if number % 2:
        sqs.send_message(QueueUrl=queue, **following)
    else:
        sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "0", **following}])
"""


def test_given_a_function_that_invokes_itself_when_its_chain_grows_then_its_configuration_decides_how_long(
    sandbox: Sandbox, make_queue: Callable[..., Any], deploy: Callable[..., str]
) -> None:
    functions = sandbox.client("lambda")
    dead = make_queue("dead.fifo")
    queue = make_queue("q.fifo", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}))
    deploy(LOOP, Environment={"Variables": {"QUEUE": queue.url}})
    functions.create_event_source_mapping(EventSourceArn=queue.arn, FunctionName="function")

    # Terminate is the default.
    queue.send("1", "chain")
    sandbox.drain()
    assert numbers(sandbox) == [*range(1, 17)]

    functions.put_function_recursion_config(FunctionName="function", RecursiveLoop="Allow")
    queue.send("101", "chain")
    sandbox.drain()
    assert numbers(sandbox) == [*range(1, 17), *range(101, 121)]
    assert [message["Body"] for message in dead.receive()] == ["17"]

    # AND one of that name that is made later has the default again
    functions.delete_function(FunctionName="function")
    sandbox.client("iam").delete_role(RoleName="function-role")
    deploy(LOOP)
    assert functions.get_function_recursion_config(FunctionName="function")["RecursiveLoop"] == "Terminate"


def numbers(sandbox: Sandbox) -> list[int]:
    """The links of all chains, sorted, because execution environments write into log streams of their own."""
    links = [line.split() for line in sandbox.lambda_logs("function") if line.startswith("link ")]
    return sorted(int(number) for _, number in links)
