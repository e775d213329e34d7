"""`omics-meta` as its users run it: in this process, where what counts is what it prints, or in one of its own."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

import pytest

OMICS_META = Path(sys.executable).with_name("omics-meta")
"""The console script."""

FAST = ("--max-tps", "1000")
"""The option by which a command does not wait for the quotas of HealthOmics."""

LONGEST_COMMAND_SECONDS = 300
"""Ends a command that hangs. No test is about how soon a command ends."""


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """The JSON documents on stdout, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def csv_lines(self) -> list[dict[str, str]]:
        """The lines of CSV on stdout, by the names of the columns."""
        return [*csv.DictReader(io.StringIO(self.out))]


class Terminal(io.StringIO):
    """Somebody at a terminal who types this."""

    def isatty(self) -> bool:
        return True


class CommandLine:
    """Runs `omics-meta`, with an environment that has nothing of the caller's.

    Attributes:
        environment: The whole environment of the commands.
        home: The user's home folder, in which the commands are typed.
    """

    def __init__(self, environment: Mapping[str, str], home: Path) -> None:
        self.home = home
        self.environment = {"PATH": os.defpath, "HOME": str(home), **environment}

    def outputs(self, values: Mapping[str, Any]) -> Path:
        """Write a file as `pulumi stack output --json` prints it."""
        file = self.home.with_name("outputs.json")
        file.write_text(json.dumps(values))
        return file

    def run(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        stdin: TextIO | str = "",
        stdout: TextIO | None = None,
    ) -> Finished:
        """Run a command in this process, by the function that the console script calls.

        Args:
            arguments: What is typed after `omics-meta`.
            env: Variables that are added to the environment.
            without: Variables that are taken from it.
            stdin: What the command reads.
            stdout: Where the command writes, instead of into `Finished.out`.
        """
        from omics_meta.__main__ import main

        stdin = io.TextIOWrapper(io.BytesIO(stdin.encode())) if isinstance(stdin, str) else stdin
        printed, said = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with (
            patch.dict(os.environ, self._changed(env, without), clear=True),
            patch.multiple(
                sys,
                argv=["omics-meta", *map(str, arguments)],
                stdin=stdin,
                stdout=stdout or printed,
                stderr=said,
                excepthook=sys.excepthook,  # Typer sets one of its own
            ),
            chdir(self.home),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        assert isinstance(ended.value.code, int)
        return Finished(ended.value.code, _text(printed), _text(said))

    def run_process(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, by: tuple[str | Path, ...] = (OMICS_META,)
    ) -> Finished:
        """Run a command in a process of its own, by the console script or otherwise."""
        done = subprocess.run(
            [*by, *arguments],
            env=self._changed(env, ()),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_COMMAND_SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
        """Start a process of its own; the caller waits for its end. `options` are those of `Popen`."""
        # It heeds Ctrl-C and a closed terminal, even when the tests run in the background of a shell or under nohup.
        before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
        try:
            return subprocess.Popen([OMICS_META, *arguments], env=self.environment, cwd=self.home, text=True, **options)
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGHUP, before[1])

    def run_and_signal(
        self, number: signal.Signals, arm: Callable[[Callable[[], None]], None], *arguments: str | Path
    ) -> Finished:
        """Run a process of its own, and send it a signal.

        Args:
            number: The signal.
            arm: Has a function called at the moment of the signal. Called before the process starts.
            arguments: What is typed after `omics-meta`.
        """
        started: Future[subprocess.Popen[str]] = Future()
        arm(lambda: started.result().send_signal(number))
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.set_result(process)
        out, err = process.communicate(timeout=LONGEST_COMMAND_SECONDS)
        return Finished(process.returncode, out, err)

    def _changed(self, env: Mapping[str, str] | None, without: tuple[str, ...]) -> dict[str, str]:
        return {name: value for name, value in self.environment.items() if name not in without} | dict(env or {})


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
