"""From the state that an earlier version left behind, the genuine engine deletes and replaces no table and no queue.

This judges aliases, which the names in `tests/components/test_modes.py` cannot. `recorded/state-<version>.json` is what
`pulumi stack export` gave after `pulumi up` with that version; it is never renewed, and `pytest tests/reuse --renew`
adds the one of CHANGELOG.md's newest version if it is missing (before its release, remove the file to have it made
again). `recorded/rows-0.1.0.jsonl` has the rows that the backfill of that version wrote of `READ_SETS`.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from boto3.dynamodb.types import TypeDeserializer
from omics_sandbox import Sandbox
from omics_sandbox.provider.aws import Aws
from omics_sandbox.provider.catalogue import resource_type

from tests.command_line import FAST, CommandLine
from tests.pulumi_cli import ROOT, copy_program

RECORDED = Path(__file__).parent / "recorded"
TABLE = "healthomics_set_metadata"
SQS = "https://sqs.us-west-2.amazonaws.com"
VERSIONS = re.findall(r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
STORE = "1234567890"
READ_SETS: dict[str, dict[str, Any]] = {
    "1000000001": {
        "name": "tagged",
        "tags": {"cohort": "a", "batch": "1"},
        "sample_id": "NA12878",
        "subject_id": "HG001",
        "description": "blood",
        "reference_arn": "arn:aws:omics:us-west-2:123456789012:referenceStore/1000000000/reference/2000000001",
    },
    "1000000002": {"name": "untagged", "file_type": "CRAM", "files": ("source1", "index")},
    "1000000003": {
        "name": "archived",
        "file_type": "BAM",
        "files": ("source1", "index"),
        "tags": {"cohort": "a"},
        "creation_job_id": "5678901234",
    },
    "1000000004": {"name": "to be archived", "tags": {"cohort": "b"}},
    "1000000005": {"name": "to be deleted", "tags": {"cohort": "b"}},
}
HOLD_DATA = ("aws:dynamodb/table:Table", "aws:sqs/queue:Queue")

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


@pytest.fixture
def project(new_project: Projects, tmp_path: Path) -> Any:
    """The product's own program, with nothing deployed."""
    folder = tmp_path / "project"
    copy_program(folder)
    return new_project(folder)


def lost_by_preview(project: Any, state: str) -> set[str]:
    """Names of the tables and queues that a stack in this state would lose with the next `pulumi up`."""
    (project.folder / "state.json").write_text(state)
    project.pulumi("stack", "import", "--file", "state.json")
    return {
        step["urn"].rsplit("::", 1)[-1]
        for step in project.planned()
        if step["op"] in ("delete", "replace", "delete-replaced") and any(f"${t}::" in step["urn"] for t in HOLD_DATA)
    }


def without_places(exported: Any) -> Any:
    """The state without the places in the file system where it came about."""
    if isinstance(exported, list):
        return [without_places(each) for each in cast("list[Any]", exported)]
    if not isinstance(exported, dict):
        return exported
    kept = {k: v for k, v in cast("dict[str, Any]", exported).items() if k not in ("sourcePosition", "stackTrace")}
    return {k: "readset-sync.zip" if k == "path" else without_places(v) for k, v in kept.items()}


def test_the_state_of_every_version_is_recorded(request: pytest.FixtureRequest, sandbox: Sandbox) -> None:
    files = [RECORDED / f"state-{version}.json" for version in VERSIONS]
    if request.config.getoption("--renew", default=False) and files and not files[0].exists():
        project = request.getfixturevalue("project")
        project.update()
        exported = json.loads(project.pulumi("stack", "export"))
        files[0].write_text(
            json.dumps(without_places(exported), indent=1, sort_keys=True).replace(sandbox.endpoint, SQS)
        )
        project.destroy()
        # It keeps the table, which the next tests make.
        sandbox.client("dynamodb").update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        sandbox.client("dynamodb").delete_table(TableName=TABLE)

    missing = [file.name for file in files if not file.exists()]
    assert missing == [], "a version has no recorded state: run `.venv/bin/pytest tests/reuse --renew`"


@pytest.mark.parametrize("file", sorted(RECORDED.glob("state-*.json")), ids=lambda file: file.stem)
def test_an_upgrade_keeps_every_table_and_queue(file: Path, project: Any) -> None:
    state = file.read_text()

    assert lost_by_preview(project, state) == set(), (
        "`pulumi up` would delete or replace what holds users' data: give it its old name, type, parent and fixed"
        " properties back, or add the old identity to its resource options as aliases=[pulumi.Alias(...)]"
    )

    # AND it would be seen: in a state where the table had another name in the program, and the queue one in AWS
    changed = state.replace("::healthomics-metadata-sync-table", "::healthomics-metadata-sync-rows")
    changed = changed.replace("healthomics_set_queue.fifo", "earlier.fifo")
    assert lost_by_preview(project, changed) >= {"healthomics-metadata-sync-rows", "healthomics-metadata-sync-queue"}


def deployed_as_recorded(state: Any, sandbox: Sandbox, folder: Path) -> None:
    """Create in the local AWS what a state says that there is, and put into the state what AWS chose.

    The function is no more than there, and its mapping is off: it is not code of this repository any more.
    """
    (folder / "readset-sync.zip").write_bytes(b"")
    for resource in state["deployment"]["resources"]:
        if not resource["type"].startswith("aws:"):
            continue
        inputs = {name: value for name, value in resource["inputs"].items() if name != "__defaults"}
        if "namePrefix" in inputs:
            inputs["name"] = resource["outputs"]["name"]
            del inputs["namePrefix"]
        if resource["type"].endswith(":EventSourceMapping"):
            inputs["enabled"] = False
        made = resource_type(resource["type"])(Aws(sandbox.environment), folder)
        resource["id"], _ = made.create(inputs)


def test_an_upgrade_understands_the_rows_and_messages_that_are_there(
    project: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    client, omics = sandbox.client, sandbox.omics
    # GIVEN a stack of version 0.1.0, and rows that it wrote an hour ago
    before = json.loads((RECORDED / "state-0.1.0.json").read_text().replace(SQS, sandbox.endpoint))
    deployed_as_recorded(before, sandbox, project.folder)
    omics.emit_events = False
    omics.create_store("cohort", store_id=STORE)
    omics.create_reference("GRCh38", reference_id="2000000001")
    for read_set_id, members in READ_SETS.items():
        created = datetime(2025, 11, 1, tzinfo=UTC)
        omics.create_read_set(STORE, read_set_id=read_set_id, creation_time=created, **members)
    omics.set_status(STORE, "1000000003", "ARCHIVED")
    hour_ago = {"S": f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}
    for line in (RECORDED / "rows-0.1.0.jsonl").read_text().splitlines():
        row = json.loads(line) | {"synced_at": hour_ago, "status_at": hour_ago}
        client("dynamodb").put_item(TableName=TABLE, Item=row)

    # AND messages that wait in its queue, as its rule sent them
    omics.emit_events = True
    omics.set_status(STORE, "1000000004", "ARCHIVED")
    omics.set_status(STORE, "1000000005", "DELETED")

    queue = client("sqs").get_queue_url(QueueName="healthomics_set_queue.fifo")["QueueUrl"]
    waiting = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert waiting["Attributes"] == {"ApproximateNumberOfMessages": "2"}

    # WHEN it is upgraded, and its function goes to work
    (project.folder / "state.json").write_text(json.dumps(before))
    project.pulumi("stack", "import", "--file", "state.json")
    project.update()
    after = json.loads(project.pulumi("stack", "export"))
    assert what_holds_data(after) == what_holds_data(before)
    outputs = project.outputs()
    [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    sandbox.drain()

    # THEN the messages are understood
    def rows() -> dict[str, dict[str, Any]]:
        items = client("dynamodb").scan(TableName=TABLE)["Items"]
        plain = [{name: TypeDeserializer().deserialize(value) for name, value in item.items()} for item in items]
        return {row["set_id"]: row for row in plain}

    understood = rows()
    assert understood.keys() == READ_SETS.keys() - {"1000000005"}
    assert understood["1000000004"]["set_status"] == "ARCHIVED"

    # AND the first reconciliation reads no read set in full, brings no drift, and leaves all as it should be
    omics.calls.clear()
    [schedule] = client("scheduler").list_schedules()["Schedules"]
    assert sandbox.run_schedule(schedule["Name"]) == "delivered"
    sandbox.drain()
    assert omics.calls["ListReadSets"] == 1
    assert omics.calls["GetReadSetMetadata"] == 0
    assert {row["set_reference_name"] for row in rows().values() if "set_reference_arn" in row} == {"GRCh38"}
    logged = [json.loads(line) for line in sandbox.lambda_logs(outputs["functionName"]) if line.startswith("{")]
    assert [sum(line["ReconciliationDrift"]) for line in logged if "ReconciliationDrift" in line] == [0]
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    command_line = CommandLine(sandbox.environment, tmp_path)
    for command in (("verify", "--deep", *FAST), ("status",)):
        done = command_line.run(*command, "--outputs", tmp_path / "outputs.json")
        assert done.code == 0, done.out + done.err


def what_holds_data(state: Any) -> list[tuple[str, str, str]]:
    """The tables and queues of a state, which are the same ones while they have been created at the same time."""
    resources = state["deployment"]["resources"]
    return sorted((each["urn"], each["id"], each["created"]) for each in resources if each["type"] in HOLD_DATA)
