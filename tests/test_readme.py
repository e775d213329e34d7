"""README and docs say what is so: their commands run, their tables agree with the code, their links lead somewhere."""

import inspect
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import boto3
import pytest
import yaml
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
from omics_components import MetadataSync
from omics_components.config import camel_case
from omics_meta.exits import ExitCode
from omics_meta.find.columns import COLUMNS
from readset_sync.event import ACTIONS
from readset_sync.record import build_row, listed_row

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
TABLE = "healthomics_set_metadata"
STORE_ID = "1234567890"
READ_SET_ID = "9876543210"

NOT_RUN_HERE = {
    "make demo": "it fails by itself when something that it shows is not so",
    "make sandbox": "it serves until it is interrupted; every test here starts it",
    "make test": "it runs this test",
    "make setup": "it installs packages",
    "git clone": "the repository is here already",
    "cd ": "the repository is here already",
    "source ": "the commands run in the environment already",
    "pulumi ": "the tests of the engine run stacks; here the program is deployed without it",
}
"""Beginnings of commands that this test does not run, and why."""

NOTHING_FOUND = re.compile(r'"Count": 0|^\{\}$')
"""What an AWS CLI command prints when it found nothing."""

# Answers `pulumi stack output --json`, which the CLI asks, as the Pulumi CLI would for the stack deployed here.
PULUMI = """#!/bin/sh
[ "$1 $2" = "stack output" ] && exec cat "$STACK_OUTPUTS"
echo "unexpected: pulumi $*" >&2
exit 1
"""
# Calls the operation that an AWS CLI command names, with the parameters that its options name.
AWS = """#!{python}
import json, sys, boto3

def parameter(option):
    return "".join(word.capitalize() for word in option.split("-"))

service, operation, *words = sys.argv[1:]
given = {{}}
while words:
    option = words.pop(0)
    if option.startswith("--no-"):
        given[parameter(option[5:])] = False
    else:
        value = words.pop(0)
        given[parameter(option[2:])] = json.loads(value) if value.startswith("{{") else value
answer = getattr(boto3.client(service), operation.replace("-", "_"))(**given)
answer.pop("ResponseMetadata")
print(json.dumps(answer, default=str))
"""
DEPLOY = """
import json, os, sys
from pathlib import Path
from omics_sandbox.provider.deployment import deploy

code = sys.stdin.read()
print(json.dumps(deploy((lambda: exec(code, {})) if code else Path.cwd(), stack="dev").outputs))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = (line for block in blocks("sh") for line in block.splitlines())
    return [line for line in lines if not line.startswith("#")]


def table_under(heading: str, number: int = 0) -> list[list[str]]:
    """The rows of a table in the README, without its head; cells without backticks around the whole of them."""
    (section,) = re.findall(rf"^##+ {heading}\n(.*?)(?=^## |^### |\Z)", README, flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\|\n)+", section, flags=re.MULTILINE)
    rows = [line.strip("| ").split(" | ") for line in tables[number].splitlines()[2:]]
    return [[re.sub(r"^`([^`]*)`$", r"\1", cell.strip()) for cell in row] for row in rows]


@dataclass
class World:
    """A local AWS with the program deployed, as the README's reader has it."""

    environment: Mapping[str, str]
    home: Path
    outputs: dict[str, Any]

    def run(self, *command: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self.environment, cwd=self.home, input=text, capture_output=True, text=True, check=False
        )

    def client(self, service: Literal["cloudwatch", "iam", "lambda", "sqs"]) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(inject_host_prefix=False),
        )

    def control(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST to the sandbox's own interface."""
        url = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - 127.0.0.1
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def running_sandbox() -> Generator[dict[str, str]]:
    """The environment of a sandbox in a process of its own, because a process can hold one only."""
    with subprocess.Popen(
        [sys.executable, "-m", "omics_sandbox", "--port", "0", "--no-limits"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        environment: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environment[name] = value
            if name == "AWS_EC2_METADATA_DISABLED":
                break
        try:
            yield environment
        finally:
            process.terminate()


@contextmanager
def new_world(home: Path) -> Generator[World]:
    tools = home / "bin"
    tools.mkdir()
    for name, script in (("pulumi", PULUMI), ("aws", AWS.format(python=sys.executable))):
        (tools / name).write_text(script, encoding="utf-8")
        (tools / name).chmod(0o755)
    (home / "Makefile").symlink_to(ROOT / "Makefile")
    outputs = home / "outputs.json"
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    with running_sandbox() as sandbox:
        environment = {"PATH": path, "HOME": str(home), "STACK_OUTPUTS": str(outputs), **sandbox}
        world = World(environment, home, deploy(environment))
        outputs.write_text(json.dumps(world.outputs), encoding="utf-8")
        world.control("/stores", {"name": "cohort-a", "store_id": STORE_ID})
        read_set = {"name": "reads", "read_set_id": READ_SET_ID, "sample_id": "NA12878", "tags": {"cohort": "a"}}
        world.control(f"/stores/{STORE_ID}/readsets", read_set)
        yield world


def deploy(environment: Mapping[str, str], program: str = "") -> dict[str, Any]:
    """Deploy a program, or the project's own, from a process of its own; return the stack's outputs."""
    done = subprocess.run(
        [sys.executable, "-c", DEPLOY],
        env=environment,
        cwd=ROOT,
        input=program,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("home")) as world:
        yield world


@pytest.fixture
def world_of_its_own(tmp_path: Path) -> Iterator[World]:
    """For a test that ends by deleting the table."""
    with new_world(tmp_path) as world:
        yield world


def test_a_reader_can_run_every_command_from_top_to_bottom(world_of_its_own: World):
    failed: list[str] = []
    for command in commands():
        if command.startswith(tuple(NOT_RUN_HERE)):
            continue
        done = world_of_its_own.run("bash", "-c", command)
        empty = command.startswith("aws") and NOTHING_FOUND.search(done.stdout)
        if done.returncode != 0 or not done.stdout or empty:
            failed.append(f"{command}\n{done.returncode} {done.stdout} {done.stderr}")

    assert not failed, "\n".join(failed)


def test_every_reason_for_not_running_a_command_is_needed():
    needed = {start for start in NOT_RUN_HERE for command in commands() if command.startswith(start)}

    assert needed == NOT_RUN_HERE.keys()


def test_the_python_examples_find_the_read_set(world: World):
    world.run("omics-meta", "backfill", "--stack", "dev")
    (example,) = (block for block in blocks("python") if "import boto3" in block)

    done = world.run(sys.executable, "-W", "error", "-", text=example)

    assert done.returncode == 0, done.stderr
    by_sample, by_tag = done.stdout.splitlines()
    assert by_sample.endswith(f"readSet/{READ_SET_ID} ACTIVE cohort-a")
    assert re.fullmatch(r"\['s3://.*source1.*', 's3://.*source2.*'\]", by_tag)


def test_the_component_example_deploys(world: World):
    (example,) = (block for block in blocks("python") if "import pulumi" in block)

    function = deploy(world.environment, example)["readSetFunction"]

    variables = world.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    assert variables["TABLE_NAME"] == TABLE
    assert variables["MAX_TPS"] == "2.5"


@pytest.mark.parametrize("command", ["backfill", "verify"])
def test_json_documents_have_the_documented_members(world: World, command: str):
    documented = next(doc for doc in map(json.loads, blocks("json")) if doc["command"] == command)

    done = world.run("omics-meta", command, "--stack", "dev", "--json")

    document = json.loads(done.stdout)
    assert document.keys() == documented.keys()
    assert document["stores"][0].keys() == documented["stores"][0].keys()
    assert document["totals"].keys() == documented["totals"].keys()
    for name in ("failures", "differences", "pipeline"):
        for entry in document.get(name, []):
            assert entry.keys() == documented[name][0].keys()


def test_the_json_document_of_what_is_found_has_the_documented_members(world: World):
    documented = next(doc for doc in map(json.loads, blocks("json")) if doc["command"] == "find")

    document = json.loads(world.run("omics-meta", "find", "--stack", "dev", "--json").stdout)

    assert document.keys() == documented.keys()


@pytest.mark.parametrize("command", ["list", "show", "redrive"])
def test_json_documents_of_dead_letters_have_the_documented_members(world: World, command: str):
    documented = next(doc for doc in map(json.loads, blocks("json")) if doc["command"] == f"dlq {command}")
    world.client("sqs").send_message(QueueUrl=world.outputs["undeliveredQueueUrl"], MessageBody="not an event")

    document = json.loads(world.run("omics-meta", "dlq", command, "--stack", "dev", "--json").stdout)

    assert document.keys() == documented.keys()
    assert document["queues"][0].keys() == documented["queues"][0].keys()
    for entry in document.get("messages", []):
        assert entry.keys() == documented["messages"][0].keys()


@pytest.mark.parametrize("command", ["status", "cost"])
def test_json_documents_about_a_stack_have_the_documented_members(world: World, command: str):
    documented = next(doc for doc in map(json.loads, blocks("json")) if doc["command"] == command)
    world.run("omics-meta", "backfill", "--stack", "dev")

    document = json.loads(world.run("omics-meta", command, "--stack", "dev", "--json").stdout)

    assert document.keys() == documented.keys()
    for name in ("stores", "alarms", "pipeline", "services", "prices"):
        for entry in document.get(name, []):
            assert entry.keys() == documented[name][0].keys()
    for name in ("queue", "dead_letters"):
        assert document.get(name, {}).keys() == documented.get(name, {}).keys()


OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_runbook_s_commands_run(world: World):
    world.run("omics-meta", "backfill", "--stack", "dev")
    found = re.findall(r"^```sh\n(.*?)^```$", OPERATIONS, flags=re.MULTILINE | re.DOTALL)
    failed = [
        f"{command}\n{done.returncode} {done.stdout} {done.stderr}"
        for command in dict.fromkeys(line for block in found for line in block.splitlines())
        if (done := world.run("bash", "-c", command)).returncode not in {0, 1} or not done.stdout
    ]

    assert found
    assert not failed, "\n".join(failed)


def test_the_runbook_has_a_section_for_every_alarm(world: World):
    alarms = world.client("cloudwatch").describe_alarms()["MetricAlarms"]
    # Other tests deploy stacks of other names into the same local AWS.
    names = (re.match(r"healthomics-metadata-sync-(.*)-alarm-\w+$", alarm["AlarmName"]) for alarm in alarms)
    deployed = {name[1] for name in names if name}
    section = OPERATIONS.partition("## Alarms")[2].partition("\n## ")[0]

    assert set(re.findall(r"^### (.*)$", section, flags=re.MULTILINE)) == deployed
    assert set(re.findall(r"^\| `([a-z-]+)`", section, flags=re.MULTILINE)) == deployed


def test_outputs_are_those_of_the_program(world: World):
    documented = [row[0] for row in table_under("Outputs")]

    assert documented == [camel_case(name) for name in inspect.get_annotations(MetadataSync)]
    assert set(documented) == world.outputs.keys()


def test_the_roles_statements_are_those_deployed(world: World):
    function = world.client("lambda").get_function_configuration(FunctionName=world.outputs["functionName"])
    role, iam = function["Role"].rpartition("/")[2], world.client("iam")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]

    documented = {row[0]: set(re.findall(r"[a-z]+:[A-Za-z]+", row[1])) for row in table_under("Security")}

    assert documented == {statement["Sid"]: set(statement["Action"]) for statement in statements}


def test_configuration_table_agrees_with_the_project_file():
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]

    documented = {row[0]: tuple(row[1:]) for row in table_under("Configuration")}

    assert documented == {
        key: (each["type"], json.dumps(each["default"]), each["description"]) for key, each in declared.items()
    }


FILE = {"s3Access": {"s3Uri": "s3://bucket/key"}, "contentLength": 1, "partSize": 1, "totalParts": 1}
COMPLETE = {
    "id": READ_SET_ID,
    "arn": f"arn:aws:omics:us-west-2:123456789012:sequenceStore/{STORE_ID}/readSet/{READ_SET_ID}",
    "sequenceStoreId": STORE_ID,
    "name": "reads",
    "description": "text",
    "status": "ACTIVE",
    "statusMessage": "text",
    "fileType": "FASTQ",
    "referenceArn": "arn",
    "subjectId": "subject",
    "sampleId": "sample",
    "creationType": "IMPORT",
    "creationJobId": "1",
    "creationTime": datetime(2026, 4, 4, tzinfo=UTC),
    "etag": {"algorithm": "FASTQ_MD5up", "source1": "1", "source2": "2"},
    "sequenceInformation": {
        "totalReadCount": 1,
        "totalBaseCount": 1,
        "generatedFrom": "text",
        "alignment": "ALIGNED",
    },
    "files": {"source1": FILE, "source2": FILE},
}
LISTED = {name: value for name, value in COMPLETE.items() if name not in {"files", "creationJobId"}}
ACCESS = {"s3Uri": "s3://bucket/", "s3AccessPointArn": "arn"}
STORE = {"id": STORE_ID, "arn": "arn", "name": "cohort-a", "s3Access": ACCESS}


def test_record_tables_agree_with_the_rows():
    now = datetime.now(UTC)
    row = build_row(COMPLETE, tags={"a": "b"}, store=STORE, store_as_of=now, as_of=now, previous=None)
    incomplete = [
        listed_row(LISTED, store=STORE, store_as_of=now, as_of=now),
        build_row(COMPLETE, tags=None, store=STORE, store_as_of=now, as_of=now, previous=None),
    ]
    lacking = {each[0]: set(re.findall(r"\w+", each[2])) for each in table_under("The record", 1)}
    assert lacking == {each["sync_state"]: row.keys() - each.keys() for each in incomplete}
    row |= incomplete[0]
    item = {name: next(iter(TypeSerializer().serialize(value))) for name, value in row.items()}

    assert {attribute: type_ for attribute, type_, _ in table_under("The record")} == item
    assert [attribute for attribute, _ in table_under("The record", 2)] == list(row["files"][0])
    assert [attribute for attribute, _ in table_under("The record", 3)] == list(row["store"])
    (information,) = (cell for name, _, cell in table_under("The record") if name == "set_sequence_information")
    assert re.findall(r"`(\w+_\w+|alignment)`", information) == list(row["set_sequence_information"])


def test_every_status_is_in_the_event_table():
    documented = [status for row in table_under("What each event does") for status in re.findall(r"[A-Z_]{6,}", row[0])]

    assert sorted(documented) == sorted(ACTIONS)


def options_of(*command: str) -> set[str]:
    shown = subprocess.run(
        [Path(sys.executable).with_name("omics-meta"), *command, "--help"],
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(re.findall(r"--[a-z-]+", shown)) - {"--help"}


@pytest.mark.parametrize("command", ["backfill", "verify"])
def test_every_option_is_documented(command: str):
    documented = {option for row in table_under("Backfill and verify") for option in re.findall(r"--[a-z-]+", row[0])}
    documented |= set(re.findall(r"--cwd", README))

    assert options_of(command) <= documented


@pytest.mark.parametrize("command", ["find", "get", "duplicates", "export"])
def test_every_option_of_the_commands_that_find_is_documented(command: str):
    table = [(set(re.findall(r"--[a-z-]+", f"{row[0]} {row[2]}")), row[1]) for row in table_under("Find read sets")]
    documented = {option for options, of in table if of == "all" or command in of.split(", ") for option in options}

    assert options_of(command) == documented


def test_the_columns_are_those_documented_and_every_attribute_has_one():
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", page, flags=re.MULTILINE)

    assert documented == [(column.name, column.kind) for column in COLUMNS]
    in_columns = {"files", "store", "set_etag", "set_sequence_information"}
    names = {name for name, _ in documented}
    assert {attribute for attribute, *_ in table_under("The record")} - names == in_columns
    assert {member for member, _ in table_under("The record", 3)} <= names
    assert {f"source1_{member}" for member, _ in table_under("The record", 2)} - names == {"source1_file_type"}


@pytest.mark.parametrize("command", ["list", "show", "redrive", "discard"])
def test_every_option_of_dead_letters_is_documented(command: str):
    table = [(set(re.findall(r"--[a-z-]+", f"{row[0]} {row[2]}")), row[1]) for row in table_under("Dead letters")]
    documented = {option for options, of in table if of == "all" or command in of for option in options}

    assert options_of("dlq", command) == documented


def test_exit_codes_are_documented():
    assert [int(row[0]) for row in table_under("Backfill and verify", 1)] == sorted(ExitCode)


def test_cost_tables_are_those_that_the_calculation_prints():
    printed = subprocess.run(
        [sys.executable, "-m", "tools.cost"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    tables = re.findall(r"(?:^\|.*\|\n)+", printed, flags=re.MULTILINE)

    assert len(tables) > 1
    for table in tables:
        assert table in (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    assert tables[0] in README


def test_metrics_are_those_documented():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "handler").rglob("*.py"))
    sent = re.findall(r"""(?:add|single)_metric\(\s*"(\w+)\"""", sources)
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.partition("## Watching it")[2].partition("## Decisions")[0]

    # ColdStart is Powertools' own.
    assert {"ColdStart", *sent} == set(re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE))


def test_make_targets_are_those_documented():
    declared = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8") + README

    assert set(re.findall(r"(?:`|^)make ([a-z]+)\b", text, flags=re.MULTILINE)) == set(declared)


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target
