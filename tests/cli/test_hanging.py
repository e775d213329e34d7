"""Tables that hang: whoever wants no more of them waits for none."""

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from omics_meta.selection.tables import begin, result_of

from tests.cli.conftest import Answer
from tests.command_line import LONGEST_COMMAND_SECONDS, CommandLine

ROW = {name: {"S": name} for name in ("set_arn", "set_sample_id")}
HANGING = ("-t", "hanging")
BOTH = ("-t", "quick", *HANGING)


def description(table: str) -> dict[str, Any]:
    """A table with an index by sample."""
    return {
        "TableName": table,
        "TableArn": f"arn:aws:dynamodb:us-west-2:123456789012:table/{table}",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ROW],
        "KeySchema": [{"AttributeName": "set_arn", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "sample",
                "IndexStatus": "ACTIVE",
                "KeySchema": [{"AttributeName": "set_sample_id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


def endless() -> Iterator[bytes]:
    """An answer that never ends, and runs into no time-out."""
    while True:
        yield b" "
        time.sleep(1)


class Tables:
    """Two tables: `quick` gives its row when `hanging` has begun to answer an operation, and never ends."""

    def __init__(self) -> None:
        self.hanging_operation = "Scan"
        self.act: Callable[[], None] = lambda: None
        self._hangs = threading.Event()

    def answer(self, operation: str, body: bytes) -> tuple[int, dict[str, Any] | Iterator[bytes]]:
        table = json.loads(body)["TableName"]
        if (table, operation) == ("hanging", self.hanging_operation):
            self._hangs.set()
            self.act()
            return 200, endless()
        if operation == "DescribeTable":
            return 200, {"Table": description(table)}
        assert self._hangs.wait(LONGEST_COMMAND_SECONDS)
        return 200, {"Items": [ROW]}


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
def cli(tables: Tables, serve: Callable[[Answer], str], tmp_path: Path) -> CommandLine:
    """The command line of somebody with these tables."""
    home = tmp_path / "home"
    home.mkdir()
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-west-2"}
    return CommandLine({"AWS_ENDPOINT_URL": serve(tables.answer), **variables}, home)


@pytest.mark.parametrize(
    ("number", "operation", "words"),
    [
        (signal.SIGINT, "DescribeTable", ("find", *BOTH)),
        (signal.SIGTERM, "Scan", ("report", *BOTH, "-o", "page.html")),
        (signal.SIGTERM, "Scan", ("export", *HANGING, "-o", "page.html", "--format", "csv")),
        (signal.SIGINT, "Query", ("find", *HANGING, "--sample", "NA1")),
    ],
    ids=["connecting", "several tables", "one table", "an index"],
)
def test_a_signal_ends_a_command_while_a_table_hangs(
    tables: Tables, cli: CommandLine, number: signal.Signals, operation: str, words: tuple[str, ...]
) -> None:
    (cli.home / "page.html").write_text("before")
    tables.hanging_operation = operation

    def arm(act: Callable[[], None]) -> None:
        tables.act = act

    done = cli.run_and_signal(number, arm, *words)

    assert (done.code, done.err) == (130, "omics-meta: interrupted. Run the same command again.\n")
    assert [(each.name, each.read_text()) for each in cli.home.iterdir()] == [("page.html", "before")]


def test_a_signal_that_comes_to_another_thread_ends_the_wait_for_a_table() -> None:
    def hang() -> None:
        time.sleep(0.1)  # so that the wait has most likely begun; before it, the signal would end it anyway
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        threading.Event().wait(LONGEST_COMMAND_SECONDS)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        hanging = begin(hang)
        with pytest.raises(KeyboardInterrupt):
            result_of(hanging)
        assert not hanging.done()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_limit_does_not_wait_for_a_table_that_hangs(cli: CommandLine) -> None:
    done = cli.run_process("find", *BOTH, "--limit", "1", "--csv", "--columns", "set_arn")

    assert (done.code, done.err) == (0, "omics-meta: 1 read set shown (--limit); there may be more\n")
    assert len(done.out.splitlines()) == 2
