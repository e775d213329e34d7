"""Every block of code in the README and in docs/ is run, and the pages say what is deployed."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from omics_components import MetadataSync
from omics_components.settings import camel_case
from sqlglot import exp

from tests.docs.pages import PAGES, README, ROOT, Page
from tests.docs.world import READ_SET_ID, STORE_ID, TABLE, World, new_world
from tests.existing import create_table
from tests.s3 import connect_duckdb
from tests.terminal import Done, failures

FINDING = Page("docs/finding.md")
SQL = Page("docs/sql.md")

NOT_RUN = {
    "make demo": "it fails by itself when something that it shows is not so",
    "make sandbox": "it serves until it is interrupted; the tests here have one",
    "make test": "it runs this test",
    "make setup": "it installs packages",
    "git ": "the repository is here already",
    "pip install ": "it is installed already",
    "cd ": "the repository is here already",
    "source ": "the commands run in the environment already",
    "omics-meta selftest ": "it waits for events; tests/e2e/test_selftest.py runs it",
    "pulumi ": "the tests of the engine run stacks; here the program is deployed without it",
}
"""Beginnings of commands that are not run here, and why."""

TAKEN_ELSEWHERE = {
    ("README.md", "json"): "tests/e2e/test_callers.py",
    ("docs/finding.md", "json"): "tests/cli/test_several_tables.py",
    ("docs/json.md", "json"): "tests/docs/test_json.py",
    ("docs/migrating.md", "sh"): "tests/migrating/test_migrating.py",
    ("docs/migrating.md", "python"): "tests/migrating/test_migrating.py",
    ("docs/_index.md", "python"): "tests/reuse/test_templates.py",
    ("docs/_index.md", "typescript"): "tests/reuse/test_sdk.py",
    ("docs/_index.md", "yaml"): "tests/reuse/test_templates.py",
    ("docs/installation-configuration.md", "sh"): "tests/reuse/test_templates.py",
    ("docs/sheets.md", "toml"): "tests/cli/test_sheets.py",
    ("docs/security.md", "json"): "tests/e2e/test_permissions.py",
}
"""The test that runs or compares a page's blocks of a language, where it is not one of these."""

RUN = {"sh", "python", "sql"}
DRAWN = {"mermaid"}


def pages_with(language: str) -> list[Page]:
    """Pages whose blocks of a language are taken here."""
    return [page for page in PAGES if page.blocks(language) and (page.name, language) not in TAKEN_ELSEWHERE]


REMOVAL = (Page("docs/operations.md"), "Remove a stack")
"""The section whose commands leave nothing to work on."""


def run_here(page: Page, heading: str = "") -> list[str]:
    return [command for command in page.commands(heading) if not command.startswith(tuple(NOT_RUN))]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[Done]]]:
    """A world in which every command of the README was typed from top to bottom, and what became of them."""
    first, *others = README.headings
    assert first == "Just searching?"  # in a table that somebody else operates: here, that of the next section
    with new_world(tmp_path_factory.mktemp("home")) as world:
        place = {"LocationConstraint": world.sandbox.region}
        world.sandbox.client("s3").create_bucket(Bucket="amzn-s3-demo-bucket", CreateBucketConfiguration=place)
        yield world, world.type(*(command for heading in (*others, first) for command in run_here(README, heading)))


@pytest.fixture(scope="module")
def world(newcomer: tuple[World, list[Done]]) -> World:
    return newcomer[0]


def test_a_newcomer_can_type_every_command_of_the_readme_from_top_to_bottom(newcomer: tuple[World, list[Done]]):
    _, done = newcomer

    assert len(done) > 15
    assert not failures(done)


@pytest.mark.parametrize("page", [page for page in pages_with("sh") if page != README], ids=str)
def test_every_command_of_a_page_runs(page: Page, world: World):
    removal = run_here(*REMOVAL) if page == REMOVAL[0] else []
    done = world.type(*(command for command in run_here(page) if command not in removal))

    assert done
    assert not failures(done)


def test_the_commands_that_remove_what_a_stack_leaves_run(world: World):
    dynamodb, name = world.sandbox.client("dynamodb"), "left"
    create_table(dynamodb, name)
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)

    done = world.type(*(command.replace(TABLE, name) for command in run_here(*REMOVAL)))

    assert len(done) == 2
    assert not failures(done)
    assert dynamodb.list_tables()["TableNames"] == [TABLE]


def test_every_reason_for_not_running_a_command_is_needed():
    commands = [command for page in pages_with("sh") for command in page.commands()]
    needed = {start for start in NOT_RUN for command in commands if command.startswith(start)}

    assert needed == NOT_RUN.keys()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_block_is_run_or_compared(page: Page):
    left = {language for language in page.languages if (page.name, language) not in TAKEN_ELSEWHERE}

    assert left <= RUN | DRAWN


def test_what_is_taken_elsewhere_is_there():
    for (page, language), test in TAKEN_ELSEWHERE.items():
        assert language in Page(page).languages
        assert page in (ROOT / test).read_text(encoding="utf-8")


def test_the_component_example_deploys_what_it_says(world: World):
    [example] = README.blocks("python")

    function = world.deploy(example.replace("cohorts", "others"))["functionName"]

    functions = world.sandbox.client("lambda")
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    assert variables["TABLE_NAME"] == TABLE
    assert variables["MAX_TPS"] == "2.5"


def test_the_examples_with_boto3_find_the_read_sets(world: World):
    by_filter, by_index = FINDING.blocks("python")

    by_sample, *by_tag = world.run_python(by_filter).splitlines()
    assert by_sample.endswith(f"readSet/{READ_SET_ID} ARCHIVED cohort-a")  # as the README has it archived
    assert len(by_tag) > 1
    assert all(re.fullmatch(r"\['s3://.*source1.*', 's3://.*source2.*'\]", line) for line in by_tag)
    assert world.run_python(by_index) == "NA12878 exome\n"

    # AND they go on with rows that only a listing has written
    arn = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/1111111111"
    row = {"set_arn": {"S": arn}, "set_status": {"S": "ACTIVE"}, "sync_state": {"S": "listed"}}
    tags = {"tags": {"L": [{"M": {"cohort": {"S": "a"}}}]}}
    dynamodb = world.sandbox.client("dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=row | tags)
    try:
        assert "[]" in world.run_python(by_filter).splitlines()
    finally:
        dynamodb.delete_item(TableName=TABLE, Key={"set_arn": row["set_arn"]})


def test_every_example_in_python_has_a_test():
    assert pages_with("python") == [README, FINDING]


def test_queries_of_an_export_run(world: World, monkeypatch: pytest.MonkeyPatch):
    [block] = Page("docs/schema.md").blocks("sql")
    files = re.findall(r"FROM '(.*?)'", block)
    exports = world.type(*(f"omics-meta export --stack dev -o {file}" for file in files))
    assert not [str(each) for each in exports if each.code]
    monkeypatch.chdir(world.home)

    with duckdb.connect() as database:
        answers = [database.execute(query).fetchall() for query in block.split(";")[:-1]]

    assert {Path(file).suffix for file in files} == {".parquet", ".jsonl", ".csv"}
    assert answers[0] == answers[1] == answers[2]
    [(cohort, known, unknown)] = answers[0]
    assert (cohort, known > 0, unknown > 0) == ("a", True, True)


@pytest.fixture
def exported(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB, after what docs/sql.md says was typed."""
    commands = [each for heading in ("Export to S3", "Very large tables") for each in run_here(SQL, heading)]
    assert not failures(world.type(*commands))
    with connect_duckdb(world.sandbox) as database:
        yield database


def counted(world: World, *options: str) -> list[tuple[Any, ...]]:
    """What `omics-meta count` says in a table that DuckDB answers with: groups, read sets, bytes."""
    groups = world.document("count", "--stack", "dev", *options)["groups"]
    names = options[-1].split(",")
    return sorted(((*(each[name] for name in names), each["read_sets"], each["bytes"]) for each in groups), key=str)


def test_the_lines_for_duckdb_find_what_was_exported(world: World, exported: duckdb.DuckDBPyConnection):
    [block] = SQL.blocks("sql", "DuckDB")
    statements = [each.strip() for each in block.split(";")[:-1]]
    # What is installed, and whose credentials are used, is another matter here.
    assert [each.partition(" (")[0] for each in statements[:3]] == ["INSTALL httpfs", "INSTALL aws", "CREATE SECRET"]

    for each in statements[3:]:
        exported.execute(each)

    assert sorted(exported.fetchall(), key=str) == counted(world, "--by", "account,region,store_name")


def test_athenas_table_and_query_find_what_was_exported(world: World, exported: duckdb.DuckDBPyConnection):
    blocks = SQL.blocks("sql", "Athena")
    assert all(each in blocks[0] for each in READERS)
    table, location, query = in_duckdb(blocks)
    exported.execute(table)
    [(files,)] = exported.execute(
        "SELECT string_split(trim(content, chr(10)), chr(10)) FROM read_text(?)", [f"{location}*"]
    ).fetchall()

    # By name, as Athena takes the columns of Parquet.
    exported.execute("INSERT INTO read_sets BY NAME FROM read_parquet(?)", [files])

    columns = "SELECT column_name, replace(column_type, ' WITH TIME ZONE', '') FROM (DESCRIBE FROM {})"
    of_files, of_table = (
        exported.execute(columns.format(each)).fetchall() for each in (f"read_parquet({files})", "read_sets")
    )
    assert of_files == of_table
    assert sorted(exported.execute(query).fetchall(), key=str) == counted(
        world, "--status", "ACTIVE", "--by", "tag:cohort"
    )


def test_athenas_table_over_an_export_of_dynamodbs_own_finds_the_rows(
    world: World, exported: duckdb.DuckDBPyConnection
):
    table, location, query = in_duckdb(SQL.blocks("sql", "Very large tables"))
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    objects = world.sandbox.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix.partition("EXPORT_ID")[0])
    newest = max(objects["Contents"], key=lambda each: each["LastModified"])["Key"]
    exported.execute(table)
    kind = table.partition("(Item ")[2].removesuffix(")")
    read = f"read_json('s3://{bucket}/{newest}', columns = {{'Item': '{kind}'}})"

    exported.execute(f"INSERT INTO read_sets_of_dynamodb FROM {read}")

    assert sorted(exported.execute(query).fetchall(), key=str) == counted(world, "--by", "store_name")


READERS = (
    "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'",
    "STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'",
)


def in_duckdb(blocks: list[str]) -> tuple[str, str, str]:
    """What is typed into Athena, as DuckDB understands it: table and query; and between them, where the files are."""
    ddl, query = blocks
    table = sqlglot.parse_one(ddl, dialect="athena")
    location = table.find(exp.LocationProperty)
    assert isinstance(table, exp.Create)
    assert location
    plain = exp.Create(this=table.this, kind="TABLE")
    return plain.sql("duckdb"), location.this.name, sqlglot.transpile(query, read="athena", write="duckdb")[0]


def test_the_runbook_has_a_section_for_every_alarm(world: World):
    alarms = world.sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"]
    names = (re.fullmatch(r"healthomics-metadata-sync-(.*)-alarm-\w+", alarm["AlarmName"]) for alarm in alarms)
    deployed = {name[1] for name in names if name}
    runbook, _ = REMOVAL

    assert set(re.findall(r"^### (.*)$", runbook.section("Alarms"), flags=re.MULTILINE)) == deployed
    assert {row[0] for row in runbook.table_under("Alarms")} == deployed


def test_outputs_are_those_of_the_program(world: World):
    documented = [row[0] for row in Page("docs/settings.md").table_under("Outputs")]

    assert documented == [camel_case(name) for name in inspect.get_annotations(MetadataSync)]
    # A stream is off by default, and Pulumi's Python SDK leaves null out of a stack's outputs.
    assert set(documented) - {"tableStreamArn"} == world.outputs.keys()


def test_the_roles_statements_are_those_deployed(world: World):
    functions, iam = (world.sandbox.client(service) for service in ("lambda", "iam"))
    function = functions.get_function_configuration(FunctionName=world.outputs["functionName"])
    role = function["Role"].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
    table = Page("docs/security.md").table_under("The function's role")

    documented = {row[0]: set(re.findall(r"[a-z]+:[A-Za-z]+", row[1])) for row in table}

    assert documented == {statement["Sid"]: set(statement["Action"]) for statement in statements}
