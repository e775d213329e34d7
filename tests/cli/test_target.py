"""Where table, region and stores come from: flags, a file of outputs, or a stack."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine, Finished
from tests.existing import create_table


@pytest.fixture
def outputs(cli: CommandLine) -> Callable[..., Path]:
    """Write what `pulumi stack output --json` prints."""

    def write(**values: Any) -> Path:
        return cli.outputs({"region": "us-west-2", "queueName": "q.fifo"} | values)

    return write


@pytest.fixture
def run_with_pulumi(
    cli: CommandLine, outputs: Callable[..., Path], tmp_path: Path
) -> Callable[..., tuple[Finished, list[str]]]:
    """Run a command with a `pulumi` that prints these outputs; return how it ended, and what `pulumi` was asked."""

    def run(*arguments: str, **values: Any) -> tuple[Finished, list[str]]:
        program, asked = tmp_path / "bin" / "pulumi", tmp_path / "asked"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{asked}"\ncat "{outputs(**values)}"\n')
        program.chmod(0o755)
        done = cli.run(*arguments, *FAST, env={"PATH": f"{program.parent}{os.pathsep}{os.defpath}"})
        return done, asked.read_text().splitlines()

    return run


def test_a_file_of_outputs_names_table_and_region_and_stands_for_all_stores_unless_flags_say_otherwise(
    aws: Aws, cli: CommandLine, outputs: Callable[..., Path]
) -> None:
    stores, table = [aws.store(1), aws.store(2)], aws.table()
    done = cli.run("backfill", "--outputs", outputs(tableName=table), "--json", *FAST, without=("AWS_REGION",))
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(*stores)
    assert (done.document["table"], done.document["region"]) == (table, "us-west-2")

    for values in ({"tableName": "not-this-one", "region": "eu-west-1"}, {"tableName": None, "region": None}):
        other, named = aws.table(), ("-s", stores[0], "-r", "us-west-2")
        done = cli.run("backfill", "--outputs", outputs(**values), "-t", other, *named, *FAST)
        assert done.code == 0, done.err
        assert aws.rows(other) == aws.expected(stores[0])
        assert stores[1] not in done.out


def test_the_region_of_the_outputs_wins_over_the_environment(
    aws: Aws, cli: CommandLine, outputs: Callable[..., Path]
) -> None:
    elsewhere = aws.sandbox.omics_in("eu-west-1")
    elsewhere.emit_events = False
    store = elsewhere.create_store("elsewhere")
    elsewhere.create_read_set(store, name="there")
    dynamodb = aws.client("dynamodb", region="eu-west-1")
    create_table(dynamodb, "there")
    file = outputs(tableName="there", region="eu-west-1")
    done = cli.run("backfill", "--outputs", file, "-s", store, "--json", *FAST)
    assert done.code == 0, done.err
    assert done.document["region"] == "eu-west-1"
    assert dynamodb.scan(TableName="there")["Count"] == 1


def test_a_stack_is_asked_for_its_outputs_wherever_its_project_is(
    aws: Aws, run_with_pulumi: Callable[..., tuple[Finished, list[str]]]
) -> None:
    stores, table = [aws.store(1), aws.store(1)], aws.table()
    # When only the folder is named, its selected stack is meant.
    for named in (("--stack", "org/project/dev"), ("--stack", "dev", "--cwd", "infra"), ("--cwd", "infra")):
        done, asked = run_with_pulumi("backfill", *named, tableName=table)
        assert done.code == 0, done.err
        assert asked == ["stack", "output", "--json", "--non-interactive", *named]
    assert aws.rows(table) == aws.expected(*stores)


def test_a_profile_decides_whose_credentials_are_used(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.store(1), aws.table()
    (cli.home / ".aws").mkdir()
    (cli.home / ".aws" / "credentials").write_text("[lab]\naws_access_key_id=a\naws_secret_access_key=b\n")
    (cli.home / ".aws" / "config").write_text("[profile lab]\nregion=us-west-2\n")
    hidden = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    done = cli.run("backfill", "--profile", "lab", "-s", store, "-t", table, *FAST, without=hidden)
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(store)


def test_either_variable_names_the_region_and_of_the_two_aws_region_wins(aws: Aws, cli: CommandLine) -> None:
    verify, variables = ("verify", "-s", aws.store(1), "-t", aws.table(), *FAST), ("AWS_REGION", "AWS_DEFAULT_REGION")
    for variable in variables:
        done = cli.run(*verify, without=variables, env={variable: "us-west-2"})
        assert done.code == 1, done.err  # the one row is missing, so the table was found

    done = cli.run(*verify, env={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"})
    assert done.code == 2
    assert "eu-west-1" in done.err


def test_rows_of_a_deleted_store_are_found_and_pruned_with_all_stores(aws: Aws, cli: CommandLine) -> None:
    kept, gone = aws.store(1), aws.store(1)
    table = aws.filled(kept, gone)
    aws.omics.set_status(gone, aws.ids(gone)[0], "DELETED")
    aws.client("omics").delete_sequence_store(id=gone)

    verified = cli.run("verify", "--all-stores", "-t", table, "--json", *FAST)
    assert verified.code == 1
    assert [each["store_id"] for each in verified.document["differences"]] == [gone]

    pruned = cli.run("backfill", "--all-stores", "-t", table, "--prune", "--json", *FAST)
    assert pruned.code == 0
    assert pruned.document["totals"]["deleted"] == 1
    assert cli.run("verify", "--all-stores", "-t", table, *FAST).code == 0


def test_ids_are_whole_however_narrow_the_output_is(aws: Aws, cli: CommandLine) -> None:
    store, table = aws.omics.create_store("long", store_id="9" * 36), aws.table()
    done = cli.run("verify", "-s", store, "-t", table, *FAST, env={"COLUMNS": "40"})
    assert done.code == 0, done.err
    assert store in done.out
