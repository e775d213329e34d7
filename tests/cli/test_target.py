"""Where table, region and stores come from: flags, variables that stand for them, a file of outputs, or a stack."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from omics_meta.selection.rates import rates_of, workers
from readset_sync.aws.rate_limits import MaxTps

from tests.cli.local_aws import Aws
from tests.command_line import FAST, CommandLine
from tests.existing import create_table

STACKS = ({"OMICS_META_STACK": "elsewhere"}, {"OMICS_META_OUTPUTS": "elsewhere"})


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        # Variables stand for options ...
        ("backfill -s {store}", {"OMICS_META_OUTPUTS": "{outputs}"}),
        ("verify -s {store}", {"OMICS_META_TABLE": "{table}"}),
        # ... the command line wins over them, be it by the table of a stack ...
        (
            "backfill -s {store} --outputs {outputs} -t {table}",
            {"OMICS_META_STACK": "elsewhere", "OMICS_META_CWD": "/nowhere", "OMICS_META_TABLE": "nowhere"},
        ),
        ("backfill -s {store} --outputs {outputs}", {"OMICS_META_TABLE": "nowhere"}),
        ("count --outputs {outputs}", {"OMICS_META_TABLE": "nowhere"}),
        # ... and frees from a stack if it names everything.
        *(("backfill -s {store} -t {table} -r us-west-2", variables) for variables in STACKS),
        *(("verify --all-stores -t {table} -r us-west-2", variables) for variables in STACKS),
        *(("find -t {table} -r us-west-2", variables) for variables in STACKS),
    ],
)
def test_a_variable_stands_for_an_option_that_was_not_typed(
    command: str, variables: Mapping[str, str], aws: Aws, cli: CommandLine
) -> None:
    table = aws.table()
    outputs = cli.outputs({"tableName": table, "region": "us-west-2"})
    given = {"store": aws.store(1), "table": table, "outputs": str(outputs)}
    words = [*command.format_map(given).split(), "--json"]

    done = cli.run(*words, env={name: value.format_map(given) for name, value in variables.items()})

    assert done.code in {0, 1}, done.err
    assert done.document["table"] == table


def test_a_file_of_outputs_names_table_and_region_and_stands_for_all_stores_unless_flags_say_otherwise(
    aws: Aws, cli: CommandLine
) -> None:
    stores, table = [aws.store(1), aws.store(2)], aws.table()
    file = cli.outputs({"tableName": table, "region": "us-west-2"})
    done = cli.run("backfill", "--outputs", file, "--json", *FAST, without=("AWS_REGION",))
    assert done.code == 0, done.err
    assert aws.rows(table) == aws.expected(*stores)
    assert (done.document["table"], done.document["region"]) == (table, "us-west-2")

    for values in ({"tableName": "not-this-one", "region": "eu-west-1"}, {"tableName": None, "region": None}):
        other, named = aws.table(), ("-s", stores[0], "-r", "us-west-2")
        done = cli.run("backfill", "--outputs", cli.outputs(values), "-t", other, *named, *FAST)
        assert done.code == 0, done.err
        assert aws.rows(other) == aws.expected(stores[0])
        assert stores[1] not in done.out


def test_the_region_of_the_outputs_wins_over_the_environment(aws: Aws, cli: CommandLine) -> None:
    elsewhere = aws.sandbox.omics_in("eu-west-1")
    elsewhere.emit_events = False
    store = elsewhere.create_store("elsewhere")
    elsewhere.create_read_set(store, name="there")
    dynamodb = aws.client("dynamodb", region="eu-west-1")
    create_table(dynamodb, "there")
    file = cli.outputs({"tableName": "there", "region": "eu-west-1"})
    done = cli.run("backfill", "--outputs", file, "-s", store, "--json", *FAST)
    assert done.code == 0, done.err
    assert done.document["region"] == "eu-west-1"
    assert dynamodb.scan(TableName="there")["Count"] == 1


def test_a_stack_is_asked_for_its_outputs_wherever_its_project_is(aws: Aws, cli: CommandLine, tmp_path: Path) -> None:
    stores, table = [aws.store(1), aws.store(1)], aws.table()
    file = cli.outputs({"tableName": table, "region": "us-west-2"})
    program, asked = tmp_path / "bin" / "pulumi", tmp_path / "asked"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{asked}"\ncat "{file}"\n')
    program.chmod(0o755)
    path = {"PATH": f"{program.parent}{os.pathsep}{os.defpath}"}
    # When only the folder is named, its selected stack is meant.
    for named in (("--stack", "org/project/dev"), ("--stack", "dev", "--cwd", "infra"), ("--cwd", "infra")):
        done = cli.run("backfill", *named, *FAST, env=path)
        assert done.code == 0, done.err
        assert asked.read_text().splitlines() == ["stack", "output", "--json", "--non-interactive", *named]
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
    find, variables = ("find", "-t", aws.table()), ("AWS_REGION", "AWS_DEFAULT_REGION")
    for variable in variables:
        assert cli.run(*find, without=variables, env={variable: "us-west-2"}).code == 0

    done = cli.run(*find, env={"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-2"})
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


def test_rates_hold_exactly_if_they_are_given_and_leave_a_tenth_of_the_quota_to_the_pipeline_otherwise() -> None:
    assert rates_of([]) == MaxTps(4.5)
    assert rates_of(["5"]) == MaxTps(5)
    assert rates_of(["GetReadSetMetadata=45"]) == MaxTps(4.5, {"GetReadSetMetadata": 45})
    assert rates_of(["GetReadSetMetadata=45", "18", "ListReadSets=1"]) == MaxTps(
        18, {"GetReadSetMetadata": 45, "ListReadSets": 1}
    )
    # Threads follow from the slower of the two calls of a read set.
    slower = MaxTps(5, {"GetReadSetMetadata": 50})
    rates = (MaxTps(0.1), MaxTps(4.5), MaxTps(10), slower, MaxTps(50), MaxTps(10_000))
    assert [*map(workers, rates)] == [1, 7, 15, 8, 32, 32]
