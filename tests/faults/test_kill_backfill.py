"""A backfill that is killed at any API call, and run again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

HERE = Path(__file__).parent
OMICS_META = Path(sys.executable).with_name("omics-meta")
SIDES: tuple[Literal["before", "after"], ...] = ("before", "after")
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


@dataclass
class Walk:
    """A backfill that has ended. `status` is negative for the signal that killed it."""

    status: int
    changes: dict[str, str] = field(default_factory=dict[str, str])


Started = Callable[[int], object]
"""Told the process id of a backfill that begins."""


@pytest.fixture(scope="module")
def walk(sandbox: Any, scene: Any) -> Iterator[Callable[[Started], Walk]]:
    """Runs a backfill with pruning of the scene's store, in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, HERE / "walk.py"],
        env=dict(sandbox.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout
    orders, answers = server.stdin, server.stdout

    def run(started: Started = lambda _: None) -> Walk:
        orders.write(json.dumps({"table": scene.table, "store_id": scene.store_id}) + "\n")
        orders.flush()
        said: dict[str, Any] = {}
        while "status" not in said:
            said |= json.loads(answers.readline())
            if "pid" in said:
                started(said.pop("pid"))
        return Walk(**said)

    yield run
    orders.close()
    assert server.wait(timeout=30) == 0
    answers.close()


@pytest.fixture(scope="module")
def program(sandbox: Any, scene: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Started], Walk]:
    """Runs the same as a person would, in a folder where nothing may be left."""
    home = tmp_path_factory.mktemp("home")
    selection = ["-s", scene.store_id, "-t", scene.table, "-r", sandbox.region]

    def run(started: Started = lambda _: None) -> Walk:
        process = subprocess.Popen(
            [OMICS_META, "backfill", *selection, "--prune", "--max-tps", "1000"],
            env={"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), **sandbox.environment},
            cwd=home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started(process.pid)
        status = process.wait(timeout=60)
        assert list(home.iterdir()) == [], "a backfill keeps its state in the rows alone"
        return Walk(status)

    return run


@dataclass(frozen=True)
class Undisturbed:
    """How many calls the program makes, and the rows that it leaves."""

    calls: int
    rows: dict[str, Any]


@pytest.fixture(scope="module")
def undisturbed(scene: Any, program: Callable[[], Walk]) -> Undisturbed:
    scene.restore()
    scene.sandbox.callpoint.count()
    assert program().status == 0
    return Undisturbed(len(scene.sandbox.callpoint.calls), scene.content(scene.rows()))


def killed_at(scene: Any, run: Callable[[Started], Walk], index: int, side: Literal["before", "after"]) -> Walk:
    """Run a backfill that is killed at one of its calls."""
    pid: Future[int] = Future()
    scene.sandbox.callpoint.arm(index, side, lambda: os.kill(pid.result(timeout=30), signal.SIGKILL))
    walk = run(pid.set_result)
    scene.sandbox.callpoint.count()
    return walk


def check_rows_between(scene: Any, final: dict[str, Any], where: str) -> set[str]:
    """Check that each row is as it was, or right as far as it goes; return the ARNs of those that are finished."""
    initial, rows = scene.initial_rows(), scene.rows()
    content = scene.content(rows)
    for arn in initial.keys() | final.keys() | rows.keys():
        untouched = rows.get(arn) == initial.get(arn)
        is_right = content.get(arn) == final.get(arn) or (
            arn in rows and scene.is_listed(rows[arn], final.get(arn, {}))
        )
        assert untouched or is_right, f"{where} left this behind: {rows.get(arn)}"
    return {arn for arn in final if content.get(arn) == final[arn]}


def test_given_a_backfill_killed_at_any_call_when_it_is_run_again_then_all_is_as_if_nothing_had_been(
    scene: Any, walk: Callable[..., Walk]
) -> None:
    # GIVEN what a backfill does that nobody disturbs
    scene.restore()
    scene.sandbox.callpoint.count()
    assert walk().changes == {
        str(scene.stale): "updated",
        str(scene.archived): "updated",
        str(scene.missing): "created",
        str(scene.ghost): "deleted",
    }
    calls = scene.sandbox.callpoint.calls
    final = scene.content(scene.rows())
    assert calls.count("PutItem") == 4, "the new row is written twice"
    assert calls[-1] == "DeleteItem"

    for index, call in enumerate(calls):
        # Whether a dead process's read had been answered makes no difference.
        for side in SIDES if call in WRITES else SIDES[:1]:
            where = f"killed {side} call {index}, {call}: it"
            # WHEN one is killed
            scene.restore()
            assert killed_at(scene, walk, index, side).status == -signal.SIGKILL

            # THEN each row is as it was, or finished
            finished = check_rows_between(scene, final, where)

            # AND the next one makes the rest right, and finds nothing to mend in what was finished
            again = walk()
            assert scene.content(scene.rows()) == final, where
            assert {again.changes[arn] for arn in finished} <= {"unchanged"}, where


@pytest.mark.parametrize(("part", "side"), [(0.0, "before"), (0.4, "after"), (0.7, "before"), (1.0, "after")])
def test_given_a_program_killed_anywhere_when_it_is_run_again_then_it_needs_nothing_but_the_rows(
    part: float, side: Literal["before", "after"], scene: Any, program: Callable[..., Walk], undisturbed: Undisturbed
) -> None:
    # GIVEN a backfill by the program itself, with its threads, that is killed
    scene.restore()
    assert killed_at(scene, program, round(part * (undisturbed.calls - 1)), side).status == -signal.SIGKILL
    check_rows_between(scene, undisturbed.rows, f"killed {side} {part:.0%} of its calls: it")

    # WHEN it is run again, THEN
    assert program().status == 0
    assert scene.content(scene.rows()) == undisturbed.rows
