"""A backfill that is killed at any API call, and run again."""

import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal, Self, get_args

import pytest
from omics_sandbox.omics.client import OmicsClient
from readset_sync.aws.healthomics import HealthOmics
from readset_sync.aws.table import Table
from readset_sync.stores.backfill import Backfill, PendingRefreshes
from readset_sync.stores.verification import Verifier

from tests.command_line import FAST, LONGEST_COMMAND_SECONDS, CommandLine
from tests.in_process import Hooked, Serial

Side = Literal["before", "after"]
WRITES = {"put_item", "update_item", "delete_item"}

Started = Callable[[int], object]
"""Told the process id of a backfill that begins."""


class Death(BaseException):
    """The process is no more."""


class Walk:
    """A backfill with pruning of the scene's store, call after call; it may die at one of them.

    Attributes:
        calls: What it has called.
        changes: Outcomes by ARN, once it has ended.
        rows: The rows that it has left by then, without what is new with every write.
    """

    def __init__(self, scene: Any, dies_at: int | None = None, side: Side = "before") -> None:
        self.calls: list[str] = []
        self.changes: dict[str, Any] = {}
        self.rows: dict[str, Any] = {}

        def around(name: str, call: Callable[[], Any]) -> Any:
            self.calls.append(name)
            dies = len(self.calls) - 1 == dies_at
            if dies and side == "before":
                raise Death
            result = call()
            if dies:
                raise Death
            return result

        source: Any = Hooked("omics", OmicsClient(scene.sandbox.omics), around)
        rows: Any = Hooked("dynamodb", scene.dynamodb, around)
        self._source, self._table = HealthOmics(source), Table(rows, scene.table)
        self._scene = scene

    def run(self) -> Self:
        executor: Any = Serial()
        backfill = Backfill(self._source, self._table, executor)
        verifier = Verifier(self._source, self._table, executor)
        pending = PendingRefreshes(self._source.store(self._scene.store_id).metadata["arn"])
        batches = backfill.refresh_pending([pending], backfill.create_listed_rows(pending))
        results = [result for batch in batches for result in batch.results]
        results += verifier.prune([verifier.listing(self._scene.store_id)])
        self.changes = {result.arn: result.change and result.change.outcome for result in results}
        self.rows = self._scene.content(self._scene.rows())
        return self


@pytest.fixture(scope="module")
def program(sandbox: Any, scene: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Started], int]:
    """Runs the same as a person would, in a folder where nothing may be left."""
    home = tmp_path_factory.mktemp("home")
    selection = ["-s", scene.store_id, "-t", scene.table, "-r", sandbox.region]
    command_line = CommandLine({"TMPDIR": str(home), **sandbox.environment}, home)

    def run(started: Started = lambda _: None) -> int:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = command_line.start("backfill", *selection, "--prune", *FAST, **quiet)
        started(process.pid)
        status = process.wait(timeout=LONGEST_COMMAND_SECONDS)
        assert list(home.iterdir()) == [], "a backfill keeps its state in the rows alone"
        return status

    return run


@pytest.fixture(scope="module")
def undisturbed(scene: Any) -> Walk:
    """What a backfill does that nobody disturbs."""
    scene.restore()
    return Walk(scene).run()


def test_given_a_backfill_killed_at_any_call_when_it_is_run_again_then_all_is_as_if_nothing_had_been(
    scene: Any, undisturbed: Walk
) -> None:
    assert undisturbed.changes == {
        str(scene.stale): "updated",
        str(scene.archived): "updated",
        str(scene.missing): "created",
        str(scene.ghost): "deleted",
    }
    assert undisturbed.calls.count("put_item") == 4, "the new row is written twice"
    assert undisturbed.calls[-1] == "delete_item"

    for index, call in enumerate(undisturbed.calls):
        # Whether a dead process's read had been answered makes no difference.
        for side in get_args(Side) if call in WRITES else ("before",):
            where = f"killed {side} call {index}, {call}: it"
            # WHEN one is killed
            scene.restore()
            with pytest.raises(Death):
                Walk(scene, index, side).run()

            # THEN each row is as it was, or finished
            finished = scene.check_rows(undisturbed.rows, where)

            # AND the next one makes the rest right, and finds nothing to mend in what was finished
            again = Walk(scene).run()
            assert again.rows == undisturbed.rows, where
            assert {again.changes[arn] for arn in finished} <= {"unchanged"}, where


@pytest.mark.parametrize(("index", "side"), [(1, "after"), (3, "before")])
def test_given_a_program_killed_at_a_write_when_it_is_run_again_then_it_needs_nothing_but_the_rows(
    index: int, side: Side, scene: Any, program: Callable[..., int], undisturbed: Walk
) -> None:
    # GIVEN a backfill by the program itself, with its threads, that is killed
    scene.restore()
    pid: Future[int] = Future()
    scene.sandbox.callpoint.arm(
        index, side, lambda: os.kill(pid.result(timeout=30), signal.SIGKILL), operation="PutItem"
    )
    assert program(pid.set_result) == -signal.SIGKILL
    scene.check_rows(undisturbed.rows, f"killed {side} write {index}: it")

    # WHEN it is run again, THEN
    scene.sandbox.callpoint.count()
    assert program() == 0
    assert scene.content(scene.rows()) == undisturbed.rows
