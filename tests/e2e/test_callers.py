"""The commands on the program as it is deployed: what they do, and which permissions their callers need."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from omics_sandbox import Sandbox

from tests.command_line import Finished
from tests.docs.pages import Page
from tests.docs.permissions import permissions


class Caller:
    """Runs commands, and remembers what the last one has called.

    Attributes:
        called: The IAM actions, each with what it was on.
    """

    def __init__(self, stack: Any) -> None:
        self._stack = stack
        self.called: set[tuple[str, str]] = set()

    @property
    def actions(self) -> set[str]:
        return {action for action, _ in self.called}

    def run(self, command: str, *, code: int = 0) -> Finished:
        calls, account = self._stack.sandbox.calls, self._stack.sandbox.account
        calls.clear()
        done = self._stack.omics_meta(*command.split(), code=code)
        made = calls.of(f"arn:aws:iam::{account}:user/sandbox")
        self.called = {(call.action, resource) for call in made for resource in call.resources}
        return done

    def needs(self, *commands: str) -> set[str]:
        """The actions of some commands, which must succeed."""
        called: set[str] = set()
        for command in commands:
            self.run(command)
            called |= self.actions
        return called


def test_looking_takes_the_documented_permissions(sandbox: Sandbox, up: Callable[..., Any]) -> None:
    # GIVEN two read sets of the same content
    stack = up()
    caller = Caller(stack)
    store = sandbox.omics.create_store("cohort")
    etag = {"algorithm": "FASTQ_MD5up", "source1": "one", "source2": "two"}
    for name in ("one", "two"):
        sandbox.omics.create_read_set(store, name=name, sample_id="HG002", etag=etag)
    sandbox.drain()
    row = next(iter(stack.rows().values()))

    # THEN those who search need what README.md says, on the table alone
    [policy] = Page("README.md").blocks("json")
    [allowed] = json.loads(policy)["Statement"]
    assert allowed["Resource"] == [stack.outputs["tableArn"], f"{stack.outputs['tableArn']}/index/*"]
    found: dict[str, set[str]] = {}
    searches = ("find", "find --sample HG002", f"get {row['set_arn']}", f"get {row['set_id']}", "duplicates")
    for command in (*searches, "export -o rows.csv", "count --by status"):
        caller.run(command)
        index = {f"{stack.outputs['tableArn']}/index/sample"} if "--sample" in command else set[str]()
        assert {resource for _, resource in caller.called} == {stack.outputs["tableArn"], *index}
        found[command] = caller.actions
    assert (
        set[str]().union(*found.values())
        == permissions("find, get, export, count, duplicates")
        == set(allowed["Action"])
    )
    assert "dynamodb:Query" in found["find --sample HG002"] - found["find"]

    # AND those who activate need one permission more, which none of the other commands needs, beside what everybody may
    sandbox.omics.set_status(store, row["set_id"], "ARCHIVED")
    sandbox.drain()
    caller.run(f"activate {row['set_arn']} --yes --wait")
    more = {"omics:StartReadSetActivationJob", "sts:GetCallerIdentity"}
    assert caller.actions - set(allowed["Action"]) == permissions("activate") == more
    assert stack.rows()[row["set_id"]]["set_status"] == "ACTIVE"

    # AND those who operate need what the page says
    assert caller.needs("status") == permissions("verify with a stack", "status")
    assert caller.needs("report -o page.html") == permissions("report, cost")
    assert caller.needs("cost") == permissions("report, cost", "cost with a stack")

    # AND so do those who look at messages that failed, and send them back
    def fail() -> None:
        fifo = {"MessageGroupId": "1", "MessageDeduplicationId": "1"}
        for queue, attributes in (("undelivered", {}), ("deadLetter", fifo)):
            url = stack.outputs[f"{queue}QueueUrl"]
            sandbox.client("sqs").send_message(QueueUrl=url, MessageBody="{}", **attributes)

    fail()
    looking = caller.needs("dlq list", "dlq show", "dlq discard --yes")
    fail()
    sending = caller.needs("dlq redrive")
    assert looking == permissions("dlq")
    # The local SQS moves no messages by itself, so they are sent one by one, and then deleted.
    moving = {"sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"}
    assert sending | looking | moving == permissions("dlq", "dlq redrive")
    assert "sqs:SendMessage" in sending


def test_mending_takes_the_documented_permissions(
    sandbox: Sandbox, up: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN read sets whose events were lost, in two stores, more than a page, and one whose row is left over
    for module in ("readset_sync.aws.healthomics", "readset_sync.stores.backfill"):
        monkeypatch.setattr(f"{module}.PAGE_SIZE", 10)
    monkeypatch.setattr("omics_meta.commands.backfill.queued_refresh.PAGE_SIZE", 10)
    stack = up()
    caller = Caller(stack)
    omics = sandbox.omics
    omics.emit_events = False
    first, second = (omics.create_store(name) for name in ("first", "second"))
    named: dict[str, Any] = {"reference_arn": omics.create_reference("GRCh38")}
    read_sets = {omics.create_read_set(first, name=f"set {n}", tags={"n": str(n)}, **named) for n in range(12)}
    other, gone = (omics.create_read_set(second, name=name) for name in ("other", "gone"))
    caller.run(f"backfill -s {second}")
    omics.set_status(second, gone, "DELETED")

    # WHEN they are backfilled by the function as it is deployed
    done = caller.run("backfill --via-queue --prune --json")

    # THEN every row is complete, and read by the function alone
    totals = done.document["totals"]
    assert (totals["listed"], totals["enqueued"], totals["deleted"], totals["failed"]) == (12, 13, 1, 0)
    rows = stack.rows()
    assert rows.keys() == {*read_sets, other}
    assert not [row for row in rows.values() if "sync_state" in row]
    assert {rows[each]["set_reference_name"] for each in read_sets} == {"GRCh38"}
    assert {"omics:ListReadSets", "sqs:SendMessage", "sqs:GetQueueAttributes"} <= caller.actions
    assert "omics:ListTagsForResource" not in caller.actions
    assert caller.actions <= permissions(
        "backfill", "backfill of all stores", "backfill --prune", "backfill --via-queue"
    )
    assert "pipeline: batch 1: " in done.err

    # AND everything is found in sync, a message through the pipeline included
    checks = {each["check"]: each["found"] for each in caller.run("verify --deep --probe --json").document["pipeline"]}
    [(probed, _)] = [
        (each, row) for each, row in stack.rows().items() if row["sync_revision"] != rows[each]["sync_revision"]
    ]
    assert f"readSet/{probed} was refreshed after " in checks["probe"]
    assert {"schedule enabled", "further rule enabled", "oldest message", "deliveries"} <= checks.keys()

    # WHEN there is something to repair of every kind
    omics.set_status(second, other, "DELETED")
    omics.create_read_set(second, name="missing")
    omics.update_read_set(first, probed, name="another name")
    caller.run("verify --repair --probe")

    # THEN it takes what the page says
    assert len(caller.actions) > 20
    assert caller.actions <= permissions("verify", "verify --repair", "verify with a stack", "verify --probe")
