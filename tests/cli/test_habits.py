"""What the command line has in common with others: variables for options, verbosity, completion, no colours."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine

COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|38|4[0-7]|48|9[0-7])[0-9;]*m")


@pytest.fixture
def outputs(aws: Aws, cli: CommandLine) -> Path:
    return cli.outputs({"tableName": aws.table(), "region": "us-west-2"})


def test_variables_stand_for_the_options_that_name_a_stack_and_a_table(
    aws: Aws, cli: CommandLine, outputs: Path
) -> None:
    store, table = aws.store(1), json.loads(outputs.read_text())["tableName"]

    from_outputs = cli.run("backfill", "-s", store, "--json", *FAST, env={"OMICS_META_OUTPUTS": str(outputs)})
    from_table = cli.run("verify", "-s", store, "--json", *FAST, env={"OMICS_META_TABLE": table})

    assert (from_outputs.code, from_outputs.document["table"]) == (0, table), from_outputs.err
    assert (from_table.code, from_table.document["totals"]["in_sync"]) == (0, 1), from_table.err


def test_the_command_line_wins_over_variables(aws: Aws, cli: CommandLine, outputs: Path) -> None:
    store = aws.store(0)
    elsewhere = {"OMICS_META_STACK": "elsewhere", "OMICS_META_CWD": "/nowhere", "OMICS_META_TABLE": "nowhere"}

    table = json.loads(outputs.read_text())["tableName"]
    done = cli.run("backfill", "-s", store, "--outputs", outputs, "-t", table, *FAST, env=elsewhere)
    pulumi = cli.run("dlq", "list", "--stack", "dev", env={"OMICS_META_OUTPUTS": str(outputs)})

    assert done.code == 0, done.err
    assert "cannot run the Pulumi CLI" in pulumi.err


def test_the_table_of_a_stack_on_the_command_line_wins_over_a_variable(
    aws: Aws, cli: CommandLine, outputs: Path
) -> None:
    store, other = aws.store(1), aws.table()

    done = cli.run("backfill", "-s", store, "--outputs", outputs, "--json", *FAST, env={"OMICS_META_TABLE": other})
    counted = cli.run("cost", "--outputs", outputs, "--schedule", "off", "--json", env={"OMICS_META_TABLE": other})

    assert (done.code, done.document["table"]) == (0, json.loads(outputs.read_text())["tableName"]), done.err
    assert counted.document["read_sets"] == 1
    assert aws.raw_rows(other) == {}


def test_an_error_names_the_variables_that_stand_for_options(cli: CommandLine) -> None:
    by_outputs = cli.run("find", env={"OMICS_META_OUTPUTS": "no-such-file"})
    by_table = cli.run("find", "--region", "us-west-2", env={"OMICS_META_TABLE": "nowhere"})
    typed = cli.run("find", "-t", "elsewhere", env={"OMICS_META_TABLE": "nowhere"})

    assert by_table.err.startswith("omics-meta: error: no table 'nowhere' in us-west-2")
    assert by_table.err.endswith(". OMICS_META_TABLE is set to nowhere\n")
    assert "OMICS_META" not in typed.err
    assert by_outputs.err.startswith("omics-meta: error: cannot read --outputs no-such-file")
    assert by_outputs.err.endswith(". OMICS_META_OUTPUTS is set to no-such-file\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--tag", "=a"),
        ("--created-after", "yesterday"),
        ("--json", "--csv"),
        ("--columns", "set_nmae"),
        ("--profile", "nobody"),
        ("--region", "no region"),
    ],
)
def test_an_error_about_something_else_does_not_name_variables(arguments: tuple[str, ...], cli: CommandLine) -> None:
    done = cli.run("find", *arguments, env={"OMICS_META_TABLE": "reads"})

    assert done.code == 2
    assert "OMICS_META" not in done.err


@pytest.mark.parametrize("variable", ["OMICS_META_STACK", "OMICS_META_OUTPUTS"])
def test_a_command_line_that_names_everything_frees_from_a_stack_in_a_variable(
    variable: str, aws: Aws, cli: CommandLine
) -> None:
    store, table = aws.store(1), aws.table()
    named, elsewhere = ("-t", table, "-r", "us-west-2"), {variable: "elsewhere"}

    filled = cli.run("backfill", "-s", store, *named, *FAST, env=elsewhere)
    verified = cli.run("verify", "--all-stores", *named, *FAST, env=elsewhere)
    found = cli.run("find", *named, env=elsewhere)

    assert (filled.code, verified.code, found.code) == (0, 0, 0), filled.err + verified.err + found.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "-t", "{table}"),
        ("find", "-r", "us-west-2"),
        ("backfill", "-t", "{table}", "-r", "us-west-2"),
        ("backfill", "-s", "{store}", "-t", "{table}", "-r", "us-west-2", "--via-queue"),
        ("verify", "-s", "{store}", "-t", "{table}", "-r", "us-west-2", "--probe"),
        ("verify", "-s", "{store}", "-t", "{table}", "-r", "us-west-2", "--stack", "elsewhere"),
    ],
)
def test_a_stack_is_asked_where_something_is_wanted_of_it(
    arguments: tuple[str, ...], aws: Aws, cli: CommandLine
) -> None:
    words = [each.format(store=aws.store(), table=aws.table()) for each in arguments]

    done = cli.run(*words, env={"OMICS_META_STACK": "elsewhere"})

    assert done.code == 2
    assert "cannot run the Pulumi CLI" in done.err
    assert " -s" not in done.err


def test_variables_contradict_each_other_like_options(cli: CommandLine, outputs: Path) -> None:
    done = cli.run("status", env={"OMICS_META_OUTPUTS": str(outputs), "OMICS_META_STACK": "dev"})

    assert (done.code, done.out) == (2, "")
    assert "contradict each other: give one of them" in done.err


def test_verbose_tells_of_calls_that_were_tried_again(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(1), aws.table()
    aws.omics.faults.add("ListTagsForResource", "ThrottlingException", times=1)
    quiet = cli.run("backfill", "-s", store, "-t", table, "--json", *FAST)
    aws.omics.faults.add("ListTagsForResource", "ThrottlingException", times=1)

    verbose = cli.run_process("-v", "backfill", "-s", store, "-t", table, "--json", *FAST)

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

    coloured = cli.run_process("verify", "--help", env=terminal)
    commands = [("--help",), ("verify", "--help"), ("bogus",)]
    plain = [cli.run_process(*command, env=terminal | {"NO_COLOR": "1"}) for command in commands]

    assert COLOUR.search(coloured.out)
    assert not [each for each in plain if COLOUR.search(each.out + each.err)]


def test_shells_complete_commands_and_options(cli: CommandLine) -> None:
    def completed(words: str, position: int) -> set[str]:
        shell = {"_OMICS_META_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(position)}
        return set(cli.run(env=shell).out.split())

    assert completed("omics-meta st", 1) == {"status"}
    assert {"--stack", "--seq-store-id"} <= completed("omics-meta verify --s", 2)
