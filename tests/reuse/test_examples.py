"""The examples in Python, deployed into the local AWS; one of them by the genuine engine too."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from omics_meta.selection.outputs import NAMES, outputs_of_file
from omics_sandbox import Sandbox
from omics_sandbox.provider import Deployment, deploy

from tests.existing import create_queue, create_table

EXAMPLES = Path(__file__).parents[2] / "examples"
REGIONS = ("us-west-2", "eu-west-1")

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


@contextmanager
def deployed(example: str, sandbox: Sandbox, **config: str) -> Generator[Deployment]:
    deployment = deploy(
        EXAMPLES / example, stack="dev", config=config, environment=sandbox.environment | {"AWS_REGION": "us-west-2"}
    )
    try:
        yield deployment
    finally:
        deployment.destroy()


def names_in_rows(sandbox: Sandbox, table: str, region: str = "us-west-2") -> list[str]:
    items = sandbox.client("dynamodb", region=region).scan(TableName=table)["Items"]
    return sorted(item["set_name"]["S"] for item in items)


def test_the_plain_example(sandbox: Sandbox) -> None:
    with deployed("plain", sandbox) as deployment:
        store = sandbox.omics.create_store("cohort")
        sandbox.omics.create_read_set(store, name="blood", tags={"cohort": "a"})
        sandbox.drain()

        assert names_in_rows(sandbox, deployment.outputs["tableName"]) == ["blood"]
        assert set(deployment.outputs) == set(NAMES)


def test_the_example_with_an_existing_table_and_queue(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    # GIVEN a table and a queue
    create_table(sandbox.client("dynamodb"), "their-table")
    url = create_queue(sandbox.client("sqs"), "their-queue.fifo")

    # WHEN the example is deployed, THEN it uses them, and says what the queue's owner has to do
    with deployed("existing", sandbox, dynamoTableName="their-table", SQSQueueName="their-queue.fifo") as deployment:
        assert deployment.outputs["tableArn"].endswith(":table/their-table")
        assert deployment.outputs["queueArn"].endswith(":their-queue.fifo")
        assert "AllowReadSetEvents" in caplog.text
        assert deployment.outputs["ruleArn"] in caplog.text

    # AND they outlive it
    assert sandbox.client("sqs").get_queue_url(QueueName="their-queue.fifo")["QueueUrl"] == url
    assert names_in_rows(sandbox, "their-table") == []


def test_every_example_in_python_has_a_test() -> None:
    programs = {path.parent.name for path in EXAMPLES.glob("*/__main__.py")}

    assert programs == {"plain", "existing", "two-regions"}


def test_the_example_with_two_regions_under_the_engine(new_project: Projects, sandbox: Sandbox, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "two-regions", tmp_path / "two-regions", ignore=shutil.ignore_patterns(".venv"))
    project = new_project(tmp_path / "two-regions", own_plugins=True)
    project.update()
    outputs = project.outputs()
    assert {region: set(found) for region, found in outputs.items()} == {
        region: {*NAMES, "tableStreamArn"} for region in REGIONS
    }

    # AND the command line takes those of a region
    file = tmp_path / "west.json"
    file.write_text(project.pulumi("stack", "output", "us-west-2", "--json"))
    assert outputs_of_file(file).text("functionName") == outputs["us-west-2"]["functionName"]

    # WHEN a read set is created in each region, THEN it gets its row there
    for region in outputs:
        omics = sandbox.omics_in(region)
        omics.create_read_set(omics.create_store("cohort"), name=f"blood in {region}", tags={"cohort": "a"})
    sandbox.drain()
    found = {region: names_in_rows(sandbox, outputs[region]["tableName"], region) for region in outputs}
    assert found == {region: [f"blood in {region}"] for region in outputs}

    project.destroy()
