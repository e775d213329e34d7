"""`omics-meta selftest` tells a kind AWS from one that is not, and leaves nothing behind in either."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from omics_meta.commands import selftest as module
from omics_meta.pipeline import own_store, probe, rule
from omics_sandbox import Limits, Sandbox
from omics_sandbox.provider import deploy
from readset_sync.aws.rate_limits import MaxTps

from tests.command_line import CommandLine, Finished, Terminal
from tests.docs.permissions import permissions
from tests.e2e.conftest import ROOT


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=Limits.none(), retry_delay=0) as running:
        yield running


@pytest.fixture(scope="module")
def outputs(sandbox: Sandbox) -> dict[str, Any]:
    return deploy(ROOT, stack="dev", config={"maxTps": "1000"}, environment=sandbox.environment).outputs


class Account:
    """The command in an account, on a clock that goes on when the command waits: by then, all messages are done with.

    Attributes:
        waited: The pauses of the command so far.
        after: What else happens when the command waits.
    """

    def __init__(self, sandbox: Sandbox, outputs: dict[str, Any], cli: CommandLine) -> None:
        self.sandbox = sandbox
        self.outputs = outputs
        self.waited: list[float] = []
        self.after: Callable[[], None] = lambda: None
        self._cli = cli

    def run(self, *arguments: str, **options: Any) -> Finished:
        return self._cli.run("selftest", "--outputs", self._cli.outputs(self.outputs), *arguments, **options)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left of anything."""
        self.sandbox.drain()
        rows = self.sandbox.client("dynamodb").scan(TableName=self.outputs["tableName"])["Count"]
        return not self.sandbox.omics.stores and not rows

    def pass_time(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.sandbox.drain()
        self.after()


def verdicts(done: Finished) -> dict[str, set[str]]:
    """The assumptions of a report by what became of them."""
    found: dict[str, set[str]] = {}
    for each in done.document["assumptions"]:
        found.setdefault(each["verdict"], set()).add(each["assumption"])
    return found


@pytest.fixture
def account(
    sandbox: Sandbox, outputs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    home = tmp_path / "home"
    home.mkdir()
    account = Account(sandbox, outputs, CommandLine(sandbox.environment, home))
    clock = SimpleNamespace(sleep=account.pass_time, monotonic=lambda: sum(account.waited))
    for each in (module, own_store, probe):
        monkeypatch.setattr(each, "time", clock)
    monkeypatch.setattr(module, "MaxTps", lambda: MaxTps(1000))
    delete = own_store.OwnStore.delete

    def delete_in_another_second(store: own_store.OwnStore, arn: Any) -> None:
        # An event of the second in which the row was written may be older, and is looked into for five seconds.
        time.sleep(1 - time.time() % 1)
        delete(store, arn)

    monkeypatch.setattr(own_store.OwnStore, "delete", delete_in_another_second)
    yield account
    sandbox.omics.faults.clear()
    sandbox.faults.clear()
    sandbox.events.literal_groups = False
    sandbox.omics.emit_events = sandbox.omics.tag_events = True
    for store in list(sandbox.omics.stores):
        sandbox.omics.delete_store(store)
    sandbox.drain()


def test_where_all_is_as_assumed_every_assumption_holds_and_nothing_is_left(account: Account) -> None:
    account.sandbox.calls.clear()
    done = account.run("--yes")
    called = {call.action for call in account.sandbox.calls.of(account.sandbox.user)}

    assert done.code == 0, done.out + done.err
    said = done.out.splitlines()
    assert [line.split(": ")[:2] for line in said[1:-1]] == [["held", each] for each in module.ASSUMPTIONS]
    assert said[-1] == "11 of 11 assumptions held"
    assert account.sandbox.account not in done.out
    assert account.is_clean
    assert called | {"omics:AbortMultipartReadSetUpload"} == permissions("selftest")


def behind(operation: str, answers: int = 3) -> Callable[[Sandbox], object]:
    return lambda sandbox: sandbox.omics.faults.add_behind(operation, answers=answers)


EVERYTHING = set(module.ASSUMPTIONS)
FROM_THE_LOG = {"metadata", "message group"}
UNKIND: dict[str, tuple[list[Callable[[Sandbox], object]], set[str], set[str]]] = {
    "metadata is behind": ([behind("GetReadSetMetadata")], {"metadata", "gone"}, set()),
    "metadata is behind for ever": ([behind("GetReadSetMetadata", 10_000)], {"upload"}, EVERYTHING - {"upload"}),
    "files are behind, and tags send no event": (
        [behind("files"), lambda it: setattr(it.omics, "tag_events", False)],
        {"metadata", "tag event"},
        set(),
    ),
    "the listing is behind, and tags in bulk are denied": (
        [behind("ListReadSets"), lambda it: it.omics.faults.add("GetResources", "AccessDeniedException")],
        {"listing", "gone"},
        {"tags in bulk"},
    ),
    "tags are behind, and for ever a store's name": (
        # More answers than the function can use up, which looks at the same time as the command.
        [behind("ListTagsForResource", 20), behind("GetSequenceStore", 10_000)],
        {"tags", "tag event", "rename"},
        set(),
    ),
    "tags in bulk are behind for ever, and message groups are literal": (
        [behind("GetResources", 10_000), lambda it: setattr(it.events, "literal_groups", True)],
        {"tags in bulk", "message group"},
        set(),
    ),
    "events are lost": (
        [lambda it: setattr(it.omics, "emit_events", False)],
        {"event", "tag event", "rename", "deletion"},
        FROM_THE_LOG,
    ),
    "a store is not known at once, and the answer to its making is lost": (
        [
            lambda it: it.omics.faults.add("GetSequenceStore", "ResourceNotFoundException", times=2),
            lambda it: it.omics.faults.add_lost_answer("CreateSequenceStore", times=1),
        ],
        set(),
        set(),
    ),
}
"""What is switched on, what then does not hold, and what cannot be told."""


@pytest.mark.parametrize(("switches", "wrong", "unknown"), UNKIND.values(), ids=UNKIND.keys())
def test_what_is_not_as_assumed_is_noticed(
    switches: list[Callable[[Sandbox], object]], wrong: set[str], unknown: set[str], account: Account
) -> None:
    for switch in switches:
        switch(account.sandbox)

    done = account.run("--yes", "--json")

    found = verdicts(done)
    assert found.get("did not hold", set()) == wrong, done.out
    assert found.get("could not tell", set()) == unknown
    assert done.code == (1 if wrong else 2 if unknown else 0)
    assert account.is_clean


def test_neither_a_log_that_does_not_tell_is_a_success_nor_is_a_stack_asked_about_events_that_it_does_not_rely_on(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (module, rule):
        monkeypatch.setattr(each, "further_rules", Mock(return_value=[]))
    monkeypatch.setattr(module, "lines", Mock(return_value=[]))

    done = account.run("--yes", "--json")

    held = EVERYTHING - {"rename", "tag event"} - FROM_THE_LOG
    assert (done.code, verdicts(done)) == (2, {"held": held, "could not tell": FROM_THE_LOG})
    assert done.err.splitlines()[-1].startswith("omics-meta: error: selftest could not tell")


def test_a_refusal_ends_it_with_what_was_found_until_then(account: Account) -> None:
    account.sandbox.omics.faults.add("TagResource", "AccessDeniedException")

    done = account.run("--yes", "--json")

    assert done.code == 2
    assert verdicts(done)["held"] == {"upload", "event", "listing"}
    assert "AccessDeniedException" in done.document["assumptions"][-1]["found"]
    assert "AccessDeniedException" in done.err.splitlines()[-1]
    assert account.is_clean


def test_an_interruption_leaves_nothing(account: Account) -> None:
    def interrupt() -> None:
        account.after = lambda: None
        raise KeyboardInterrupt

    account.after = interrupt

    done = account.run("--yes")

    assert (done.code, done.out) == (130, "")
    assert account.waited
    assert account.is_clean
    assert done.err.splitlines()[-3:] == [
        "omics-meta: removing what was made; a second interruption leaves it there",
        "omics-meta: everything that was made is removed",
        "omics-meta: interrupted. Run the same command again.",
    ]


def test_an_interruption_before_anything_was_made_speaks_of_nothing_to_remove(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "further_rules", Mock(side_effect=KeyboardInterrupt))

    done = account.run("--yes")

    assert (done.code, done.err) == (130, "omics-meta: interrupted. Run the same command again.\n")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_second_interruption_names_what_is_left_and_what_removes_it(
    is_known: bool, account: Account, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # GIVEN an interruption with a read set in the store, or before the store's id is known; and one of the removal
    stores: list[own_store.OwnStore] = []

    def interrupt(store: own_store.OwnStore) -> None:
        store.is_begun = True
        signal.raise_signal(signal.SIGINT)

    def interrupt_again(store: own_store.OwnStore) -> None:
        stores.append(store)
        signal.raise_signal(signal.SIGINT)

    if is_known:
        account.after = lambda: signal.raise_signal(signal.SIGINT)
    else:
        monkeypatch.setattr(own_store.OwnStore, "make", interrupt)
    monkeypatch.setattr(own_store.OwnStore, "remove", interrupt_again)
    monkeypatch.setattr(os, "_exit", Mock(side_effect=SystemExit(130)))
    monkeypatch.setattr(signal, "getsignal", Mock(return_value=None))

    done = account.run("--yes")

    [store] = stores
    said = capfd.readouterr().err
    assert (done.code, done.out) == (130, "")
    if is_known:
        [read_set] = account.sandbox.omics.stores[store.id].read_sets
        account.sandbox.omics.set_status(store.id, read_set, "DELETED")
        assert said.startswith(
            f"omics-meta: sequence store {store.id} is left (interrupted): run `aws omics batch-delete-read-set "
            f"--region us-west-2 --sequence-store-id {store.id} --ids {read_set}`, and then `aws omics delete-seq"
        )
        assert (
            f"omics-meta: the row of {store.arn}/readSet/{read_set} may be left: `omics-meta verify --repair`" in said
        )
    else:
        look = f"`aws omics list-sequence-stores --region us-west-2 --filter name={store.name}`"
        assert said == (
            f"omics-meta: a sequence store named {store.name} may be left (interrupted): look for it with {look}, and "
            "delete it\n"
        )


def test_an_interruption_of_the_removal_leaves_nothing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a refusal, so that what was made is removed at once, and an interruption meanwhile
    account.sandbox.omics.faults.add("CreateMultipartReadSetUpload", "AccessDeniedException")
    remove, interrupted = own_store.OwnStore.remove, Mock(side_effect=KeyboardInterrupt)

    def once(store: own_store.OwnStore) -> list[str]:
        return interrupted() if not interrupted.called else remove(store)

    monkeypatch.setattr(own_store.OwnStore, "remove", once)

    done = account.run("--yes")

    assert (done.code, done.out) == (130, "")
    assert "removing what was made; a second interruption leaves it there" in done.err
    assert account.is_clean


def test_what_neither_can_be_made_nor_looked_for_is_not_said_to_be_left(account: Account) -> None:
    for operation in ("CreateSequenceStore", "ListSequenceStores"):
        account.sandbox.omics.faults.add(operation, "AccessDeniedException")

    done = account.run("--yes")

    assert done.code == 2
    assert "left" not in done.err


def test_what_cannot_be_removed_is_named_with_what_to_do(account: Account) -> None:
    # GIVEN a queue that takes no messages of ours, events that get lost once the row is there, and a store that stays
    sandbox = account.sandbox

    def lose_events(_: object) -> bool:
        sandbox.omics.emit_events = False
        return True

    sandbox.omics.faults.add_latency("TagResource", 0, when=lose_events)
    sandbox.omics.faults.add("DeleteSequenceStore", "AccessDeniedException")
    sandbox.faults.add("SendMessageBatch", "AccessDeniedException")

    done = account.run("--yes", "--json")

    dynamodb, table = sandbox.client("dynamodb"), account.outputs["tableName"]
    [row] = dynamodb.scan(TableName=table)["Items"]
    dynamodb.delete_item(TableName=table, Key={"set_arn": row["set_arn"]})
    [store] = sandbox.omics.stores
    of_store, of_row = done.document["left"]
    assert done.code == 2
    assert of_store.startswith(f"sequence store {store} is left (DeleteSequenceStore: AccessDeniedException")
    assert f"aws omics delete-sequence-store --region us-west-2 --id {store}" in of_store
    assert of_row.startswith(f"the row of {row['set_arn']['S']} may be left")
    assert "`omics-meta verify --repair`" in of_row
    assert {f"omics-meta: {of_store}", f"omics-meta: {of_row}"} <= set(done.err.splitlines())


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Terminal("n\n"), "nothing was made"), ("", "there is no terminal to ask on: give --yes")],
    ids=["no", "nobody to ask"],
)
def test_nothing_is_made_without_consent(answer: Terminal | str, said: str, account: Account) -> None:
    done = account.run(stdin=answer)

    assert (done.code, account.sandbox.omics.stores) == (2, {})
    assert said in done.err
    assert (f"in account {account.sandbox.account}, us-west-2" in done.err) is (answer != "")


@pytest.mark.parametrize(
    ("outputs_of_others", "said"),
    [
        (
            {"functionArn": "arn:aws:lambda:us-west-2:999999999999:function:sync"},
            "are of account 123456789012, the stack is in 999999999999",
        ),
        ({"tableName": "nowhere"}, "no table 'nowhere'"),
    ],
    ids=["another account", "no table"],
)
def test_nothing_is_made_where_no_row_can_come(outputs_of_others: dict[str, str], said: str, account: Account) -> None:
    account.outputs = account.outputs | outputs_of_others
    account.sandbox.omics.calls.clear()

    done = account.run("--yes")

    assert (done.code, done.out, account.sandbox.omics.calls) == (2, "", {})
    [line] = done.err.splitlines()
    assert said in line
