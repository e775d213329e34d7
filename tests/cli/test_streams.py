"""What goes to stdout, what to stderr, and what a terminal shows."""

import io
import json
import logging
import os
import pty
import re
import subprocess
from collections import Counter
from contextlib import suppress

import pytest
from omics_meta.terminal.output import print_counts

from tests.cli.local_aws import Aws
from tests.command_line import FAST, LONGEST_COMMAND_SECONDS, OMICS_META, CommandLine

COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|38|4[0-7]|48|9[0-7])[0-9;]*m")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize("command", ["backfill --dry-run --prune", "backfill --prune", "verify --deep --repair"])
def test_json_is_all_there_is_on_stdout(command: str, aws: Aws, cli: CommandLine) -> None:
    # GIVEN work with something to report of every kind
    store = aws.store(3)
    table = aws.table()
    aws.put(table, {"set_arn": aws.arn(store, "7777777777")})
    aws.put(table, {"set_arn": aws.arn(store, aws.ids(store)[2]), "set_name": "stale"})
    bad = aws.ids(store)[0]
    aws.omics.faults.add("ListTagsForResource", "ValidationException", when=lambda given: bad in given["resourceArn"])
    done = cli.run(*command.split(), "-s", store, "-t", table, "--json", *FAST)
    assert done.code in {0, 1}, done.err
    assert done.document["command"] in command
    assert done.out.startswith("{\n")
    assert done.out.endswith("\n}\n")
    reports = rf"store {store}: batch 1: 3 read sets: |(listing of store|prune|rows)"
    assert all(re.match(reports, line) for line in done.err.splitlines())
    assert not CONTROL.search(done.out + done.err)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("command", ["backfill", "verify"])
def test_without_a_terminal_there_are_no_control_characters(command: str, aws: Aws, cli: CommandLine) -> None:
    store = aws.store(11)
    done = cli.run(command, "-s", store, "-t", aws.table(), *FAST, env={"TERM": "xterm-256color"})
    assert not CONTROL.search(done.out + done.err)
    # Each finished batch is reported, on stderr.
    batches = [line for line in done.err.splitlines() if line.startswith(f"store {store}: batch ")]
    assert [re.findall(r"batch (\d+): (\d+) read sets?", line) for line in batches] == [[("1", "10")], [("2", "1")]]
    assert "batch" not in done.out


def test_any_encoding_of_stdout_will_do(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(0), aws.table()
    strange = f"{aws.arn(store, '')}試料 🧬"
    aws.put(table, {"set_arn": strange})

    for form in ((), ("--json",)):
        file = io.BytesIO()
        stdout = io.TextIOWrapper(file, encoding="latin-1")
        done = cli.run("verify", "-s", store, "-t", table, *form, *FAST, stdout=stdout)
        out = file.getvalue().decode("ascii")
        assert done.code == 1, done.err
        if form:
            assert json.loads(out)["differences"][0]["set_arn"] == strange
        else:
            assert strange.encode("ascii", "backslashreplace").decode() in out


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("find", 0, ""),
        ("find --json", 0, ""),
        ("find --help", 0, ""),
        ("verify -s {store}", 0, "store {store}: batch 1: 1 read set: 1 in_sync\n"),
        ("backfill -s {store} --no-listing-pass", 1, "store {store}: batch 1: 1 read set: 1 failed\n"),
    ],
)
def test_a_reader_that_goes_away_is_no_fault(command: str, code: int, said: str, aws: Aws, cli: CommandLine) -> None:
    # As in `omics-meta verify | head -0`. GIVEN a variable that stands for an option, and a read set that fails
    store = aws.store(1)
    cli.environment["OMICS_META_TABLE"] = aws.filled(store)
    aws.omics.faults.add("GetReadSetMetadata", "ValidationException")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stdout:  # what is left is written at the end
        done = cli.run(*command.format(store=store).split(), stdout=stdout)
    assert (done.code, done.err) == (code, said.format(store=store))


def test_a_process_whose_reader_goes_away_ends_well(aws: Aws, cli: CommandLine) -> None:
    """Python itself writes what is left at its end."""
    gone = ("sh", "-c", '{ "$0" "$@"; echo $? >&2; } | :', OMICS_META)

    done = cli.run_process("find", "-t", aws.filled(aws.store(1)), by=gone)

    assert done.err.splitlines()[-1] == "0"


def test_a_stdout_that_is_closed_is_said_in_one_line(aws: Aws, cli: CommandLine) -> None:
    closed = ("sh", "-c", 'exec "$0" "$@" >&-', OMICS_META)

    done = cli.run_process("verify", "-s", aws.store(1), "-t", aws.table(), by=closed)

    assert done.code == 2
    assert done.err == "omics-meta: error: stdout is closed: give it at least /dev/null\n"


def test_a_stderr_that_is_closed_keeps_nothing_from_being_done(aws: Aws, cli: CommandLine) -> None:
    closed = ("sh", "-c", 'exec "$0" "$@" 2>&-', OMICS_META)

    done = cli.run_process("count", "-t", aws.filled(aws.store(1)), "--json", by=closed)

    assert (done.code, done.document["read_sets"], done.err) == (0, 1, "")
    # AND its exit code is the documented one where nothing can be said
    for streams in (">&- 2>&-", "2>/dev/full"):
        by = ("sh", "-c", f'exec "$0" "$@" {streams}', OMICS_META)
        assert cli.run_process("get", "nonsense", "-t", "any", by=by).code == 2


def test_a_terminal_shows_progress(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(12), aws.table()
    terminal, side = pty.openpty()
    process = cli.start("backfill", "-s", store, "-t", table, "--json", *FAST, stdout=subprocess.PIPE, stderr=side)
    os.close(side)
    pieces: list[bytes] = []
    with suppress(OSError):  # EIO: the other side has been closed
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    shown = b"".join(pieces).decode()
    out, _ = process.communicate(timeout=LONGEST_COMMAND_SECONDS)
    assert process.returncode == 0, shown
    # A counter that moves while the work goes on (the listing pass has one of its own) ...
    counts = [int(count) for count in re.findall(r"refreshed: (\d+) read sets", shown)]
    assert len(set(counts)) > 1
    assert counts == sorted(counts)
    # ... and the report of the batch, and the cursor where it was; none of it on stdout, nor what is there here.
    assert f"store {store}: batch 1: 12 read sets: 12 created" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert not CONTROL.search(out)
    assert json.loads(out)["totals"]["created"] == 12
    assert "totals" not in shown


def test_verbose_tells_of_calls_that_were_tried_again(
    aws: Aws, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, table = aws.store(1), aws.table()
    aws.omics.faults.add("ListTagsForResource", "ThrottlingException", times=1)
    quiet = cli.run("backfill", "-s", store, "-t", table, "--json", *FAST)
    aws.omics.faults.add("ListTagsForResource", "ThrottlingException", times=1)
    monkeypatch.setattr("omics_meta.selection.session._LOGGER", logging.Logger("of this test", logging.WARNING))

    verbose = cli.run("-v", "backfill", "-s", store, "-t", table, "--json", *FAST)

    assert (quiet.code, verbose.code) == (0, 0), verbose.err
    assert "ThrottlingException" not in quiet.err
    [line] = [line for line in verbose.err.splitlines() if "ThrottlingException" in line]
    assert " omics ListTagsForResource failed: ThrottlingException: " in line
    assert verbose.document["totals"]["unchanged"] == 1


@pytest.mark.parametrize("command", [(), ("get",), ("export",), ("dlq",), ("dlq", "show")])
def test_h_is_short_for_help_which_is_without_types_of_python_and_folds_where_the_terminal_does(
    command: tuple[str, ...], cli: CommandLine
) -> None:
    short, long = (cli.run(*command, flag, env={"COLUMNS": "110"}) for flag in ("-h", "--help"))

    assert (short.code, short.out) == (0, long.out)
    assert f"Usage: {' '.join(('omics-meta', *command))}" in short.out
    assert not re.search("<(bool|list)", short.out)
    assert ("complete. Parquet needs" in short.out) == (command == ("export",))


def test_no_color_keeps_colours_away(cli: CommandLine) -> None:
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}

    for command in ("--help", "verify --help", "bogus"):
        coloured, plain = (cli.run(*command.split(), env=terminal | more) for more in ({}, {"NO_COLOR": "1"}))
        assert bool(COLOUR.search(coloured.out)) is ("--help" in command)
        assert not COLOUR.search(plain.out + plain.err)


STATUSES = ("ACTIVATING", "ACTIVE", "ARCHIVED", "DELETING", "PROCESSING_UPLOAD", "UPLOAD_FAILED")


@pytest.mark.parametrize("width", [20, 70, 80, 120])
@pytest.mark.parametrize("count", [7, 1_234_567])
def test_no_number_and_no_title_is_cut_off(
    count: int, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width)}.items():
        monkeypatch.setenv(name, value)
    title, store = "Rows of table healthomics_set_metadata_of_the_cohort in us-west", "9" * 36

    print_counts(title, STATUSES, [(store, Counter(dict.fromkeys(STATUSES, count)))])

    head, _, shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).partition("\n")
    assert head == title
    assert re.findall(r"[0-9]+", shown) == [store, *[str(count)] * len(STATUSES)]
    assert "…" not in shown
    # No name is broken, wherever lines are.
    assert re.findall(r"[A-Z_]{2,}", shown) == list(STATUSES)
