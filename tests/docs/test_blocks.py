"""Every block of code in the README and in docs/ is run, or compared with what the program really does."""

import json
import re
import sys
from pathlib import Path

import duckdb
import pytest

from tests.docs.pages import PAGES, README, ROOT, Page
from tests.docs.world import READ_SET_ID, STORE_ID, TABLE, World
from tests.terminal import Done

NOT_RUN = {
    "make demo": "it fails by itself when something that it shows is not so",
    "make sandbox": "it serves until it is interrupted; every test here starts it",
    "make test": "it runs this test",
    "make setup": "it installs packages",
    "git ": "the repository is here already",
    "pip install ": "it is installed already",
    "cd ": "the repository is here already",
    "source ": "the commands run in the environment already",
    "pulumi ": "the tests of the engine run stacks; here the program is deployed without it",
}
"""Beginnings of commands that are not run here, and why."""

TAKEN_ELSEWHERE = {
    ("README.md", "json"): "tests/e2e/test_status.py",
    ("docs/json.md", "json"): "tests/docs/test_json.py",
    ("docs/migrating.md", "sh"): "tests/migrating/test_migrating.py",
    ("docs/migrating.md", "python"): "tests/migrating/test_migrating.py",
    ("docs/security.md", "json"): "tests/e2e/test_keys.py",
}
"""The test that runs or compares a page's blocks of a language, where it is not one of these."""

RUN = {"sh", "python", "sql"}
DRAWN = {"mermaid"}

SILENT = re.compile(r"^export |^python -m tools\.local -o ")
"""Commands that print nothing when all is well."""

NOTHING_FOUND = re.compile(r'"Count": 0|^\{\}$')
"""What an AWS CLI command prints when it found nothing."""


def pages_with(language: str) -> list[Page]:
    """Pages whose blocks of a language are taken here."""
    return [page for page in PAGES if page.blocks(language) and (page.name, language) not in TAKEN_ELSEWHERE]


REMOVAL = (Page("docs/operations.md"), "Remove a stack")
"""The section whose commands leave nothing to work on."""


def run_here(page: Page, heading: str = "") -> list[str]:
    return [command for command in page.commands_under(heading) if not command.startswith(tuple(NOT_RUN))]


def went_wrong(done: Done) -> bool:
    if SILENT.search(done.command):
        return done.code != 0
    nothing = done.command.startswith("aws ") and NOTHING_FOUND.search(done.out)
    return done.code != 0 or not done.out or bool(nothing)


def test_a_newcomer_can_type_every_command_of_the_readme_from_top_to_bottom(empty_world: World):
    first, *others = README.headings
    assert first == "Just searching?"  # in a table that somebody else operates: here, that of the next section
    sections = [(README, heading) for heading in (*others, first)]

    done = [each for page, heading in [*sections, REMOVAL] for each in empty_world.type(run_here(page, heading))]

    assert len(done) > 15
    assert not [str(each) for each in done if went_wrong(each)]


@pytest.mark.parametrize("page", [page for page in pages_with("sh") if page != README], ids=str)
def test_every_command_of_a_page_runs(page: Page, world: World):
    removal = run_here(*REMOVAL) if page == REMOVAL[0] else []
    done = world.type([command for command in run_here(page) if command not in removal])

    assert done
    assert not [str(each) for each in done if went_wrong(each)]


def test_every_reason_for_not_running_a_command_is_needed():
    commands = [command for page in pages_with("sh") for command in page.commands]
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


@pytest.mark.parametrize("page", pages_with("python"), ids=str)
def test_python_examples_run(page: Page, world: World):
    for example in page.blocks("python"):
        if "import pulumi" in example:
            world.deploy(example)
        else:
            done = world.run(sys.executable, "-W", "error", "-", text=example)
            assert done.returncode == 0, done.stderr
            assert done.stdout


def test_the_component_example_deploys_what_it_says(world: World):
    [example] = README.blocks("python")

    function = world.deploy(example.replace("cohorts", "others"))["readSetFunction"]

    variables = world.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    assert variables["TABLE_NAME"] == TABLE
    assert variables["MAX_TPS"] == "2.5"


def test_the_examples_with_boto3_find_the_read_sets(world: World):
    by_filter, by_index = Page("docs/finding.md").blocks("python")

    by_sample, *by_tag = world.run(sys.executable, "-", text=by_filter).stdout.splitlines()
    assert by_sample.endswith(f"readSet/{READ_SET_ID} ACTIVE cohort-a")
    assert len(by_tag) > 1
    assert all(re.fullmatch(r"\['s3://.*source1.*', 's3://.*source2.*'\]", line) for line in by_tag)
    assert world.run(sys.executable, "-", text=by_index).stdout == "NA12878 exome\n"


def test_the_examples_with_boto3_go_on_with_rows_that_only_a_listing_has_written(world: World):
    by_filter, _ = Page("docs/finding.md").blocks("python")
    arn = f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/1111111111"
    row = {"set_arn": {"S": arn}, "set_status": {"S": "ACTIVE"}, "sync_state": {"S": "listed"}}
    tags = {"tags": {"L": [{"M": {"cohort": {"S": "a"}}}]}}
    dynamodb = world.client("dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=row | tags)
    try:
        done = world.run(sys.executable, "-", text=by_filter)
    finally:
        dynamodb.delete_item(TableName=TABLE, Key={"set_arn": row["set_arn"]})

    assert "[]" in done.stdout.splitlines(), done.stderr


def test_queries_of_an_export_run(world: World, monkeypatch: pytest.MonkeyPatch):
    [block] = Page("docs/schema.md").blocks("sql")
    files = re.findall(r"FROM '(.*?)'", block)
    exports = world.type([f"omics-meta export --stack dev -o {file}" for file in files])
    assert not [str(each) for each in exports if each.code]
    monkeypatch.chdir(world.home)

    with duckdb.connect() as database:
        answers = [database.execute(query).fetchall() for query in block.split(";")[:-1]]

    assert {Path(file).suffix for file in files} == {".parquet", ".jsonl", ".csv"}
    assert answers[0] == answers[1] == answers[2]
    assert [cohort for cohort, _ in answers[0]] == ["a"]


def test_pages_of_data_are_json():
    for page in PAGES:
        for block in page.blocks("json"):
            json.loads(block)
