"""What could tell who a patient is stays out of logs and metrics, whatever happens."""

from collections.abc import Callable
from typing import Any

from omics_sandbox import Sandbox

from tests.e2e.conftest import EARLIER

SECRET = "hush"


def test_no_name_subject_sample_or_tag_is_ever_logged(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    stack = up(maxReceiveCount=2, logLevel="DEBUG", tagEvents="both")
    omics = sandbox.omics
    omics.trail = True
    store = omics.create_store(f"{SECRET}-store", description=f"{SECRET}-store-description")

    def create(number: int) -> str:
        return omics.create_read_set(
            store,
            name=f"{SECRET}-name-{number}",
            subject_id=f"{SECRET}-subject-{number}",
            sample_id=f"{SECRET}-sample-{number}",
            description=f"{SECRET}-description-{number}",
            status_message=f"{SECRET}-message-{number}",
            tags={f"{SECRET}-key-{number}": f"{SECRET}-value-{number}"},
            creation_time=EARLIER,
        )

    # GIVEN a run in which everything happens: rows come, change and go,
    first, second, third, failing = (create(number) for number in range(4))
    sandbox.drain()
    omics.set_status(store, first, "ARCHIVED", message=f"{SECRET}-archived")
    omics.set_status(store, second, "DELETED")
    omics.tag(stack.rows()[third]["set_arn"], {f"{SECRET}-key": f"{SECRET}-value"})
    # messages fail, and are none at all,
    omics.faults.add("GetReadSetMetadata", "ValidationException", when=lambda given: given["id"] == failing)
    omics.set_status(store, failing, "ACTIVE")
    sandbox.client("sqs").send_message(
        QueueUrl=stack.outputs["queueUrl"], MessageBody="not an event", MessageGroupId="somebody"
    )
    sandbox.drain()
    # and stores are reconciled and renamed.
    omics.emit_events = False
    create(4)
    omics.set_status(store, third, "DELETED")
    omics.emit_events = True
    stack.reconcile()
    sandbox.client("omics").update_sequence_store(id=store, name=f"{SECRET}-renamed")
    sandbox.drain()
    assert len(stack.rows()) == 3

    # THEN what is no message is a dead letter, as what fails is
    assert "not an event" in [each["Body"] for each in stack.queued(stack.outputs["deadLetterQueueUrl"])]

    # AND the logs, with the metrics in them, have told of all that, and kept what is secret
    logged = "\n".join(sandbox.lambda_logs(stack.outputs["functionName"]))
    told = {line.get("outcome") or line.get("phase") or line.get("message") for line in stack.logs()}
    assert {"created", "updated", "deleted", "done", "event failed", "message refused"} <= told
    assert any("_aws" in line for line in stack.logs())
    assert "the message is not JSON" in logged
    assert SECRET not in logged
