"""Several components in one program, and the options that a component passes on, as they work in AWS."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from omics_components import MetadataSync
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


def test_names_never_collide(sandbox: Sandbox) -> None:
    # GIVEN two components in one region and a third in another
    def program() -> None:
        ireland = pulumi.ResourceOptions(provider=aws.Provider("ireland", region="eu-west-1"))
        for name, opts in (("one", None), ("two", None), ("three", ireland)):
            for output, value in MetadataSync(name, opts=opts).outputs().items():
                pulumi.export(f"{name}-{output}", value)

    deployment = deploy(program, environment=sandbox.environment)

    # THEN nothing has another's name, and each follows the read sets of its own region
    outputs = deployment.outputs
    regions = {name: outputs[f"{name}-region"] for name in ("one", "two", "three")}
    assert regions == {"one": "us-west-2", "two": "us-west-2", "three": "eu-west-1"}
    arns = [value for name, value in outputs.items() if name.endswith("Arn")]
    assert len(set(arns)) == len(arns) == 18
    for region in ("us-west-2", "eu-west-1"):
        omics = sandbox.omics_in(region)
        omics.create_read_set(omics.create_store("cohort"), name=region, tags={"cohort": "a"})
    sandbox.drain()
    for name, region in regions.items():
        [row] = sandbox.client("dynamodb", region=region).scan(TableName=outputs[f"{name}-tableName"])["Items"]
        assert row["set_name"] == {"S": region}

    deployment.destroy()


PROGRAM = """
import pulumi
from omics_components import MetadataSync


def tag(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    if args.type_ != "aws:dynamodb/table:Table":
        return None
    return pulumi.ResourceTransformResult({**args.props, "tags": {"by": "transform"}}, args.opts)


config = pulumi.Config()
if config.get_bool("later"):
    parent = pulumi.ComponentResource("my:index:Platform", "platform")
    opts = pulumi.ResourceOptions(
        parent=parent,
        protect=True,
        aliases=[pulumi.Alias(name="before", parent=pulumi.ROOT_STACK_RESOURCE)],
        transforms=[tag],
    )
    MetadataSync("after", {"tags": {"team": "genomics"}}, opts)
else:
    MetadataSync("before")
"""


def test_options_work_under_the_engine(new_project: Projects, tmp_path: Path) -> None:
    # GIVEN a component that is deployed
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: any\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    project = new_project(folder)
    project.pulumi("up", "--yes", "--skip-preview")
    before = resources_of(project)

    # WHEN it is renamed, moved below a parent, tagged and protected
    project.pulumi("config", "set", "later", "true")
    project.pulumi("up", "--yes", "--skip-preview")

    # THEN, thanks to its alias, everything in it is what it was before, but the log group, named after the component
    after = resources_of(project)
    replaced = [each["type"] for each in after if each["id"] not in {earlier["id"] for earlier in before}]
    assert replaced == ["aws:cloudwatch/logGroup:LogGroup"]
    assert len(after) == len(before)
    assert {each["urn"].rsplit("::", 1)[1].split("-")[0] for each in after} == {"after"}
    assert all("my:index:Platform$" in each["urn"] and each["protect"] for each in after)

    # AND the transform has the last word on the table's tags, the component on all others
    tags = {each["type"]: each["inputs"]["tags"] for each in after if "tags" in each["inputs"]}
    assert tags.pop("aws:dynamodb/table:Table") == {"by": "transform"}
    assert all(given == {"team": "genomics"} for given in tags.values())
    assert len(tags) == 7

    # AND what is protected is not destroyed
    refused = project.pulumi("destroy", "--yes", "--skip-preview", fails=True)
    assert "cannot be deleted because it is protected" in " ".join(refused.split())
    assert len(resources_of(project)) == len(after)


def resources_of(project: Any) -> list[dict[str, Any]]:
    """What is in the stack's components, as the state has it."""
    resources: list[dict[str, Any]] = json.loads(project.pulumi("stack", "export"))["deployment"]["resources"]
    return [each for each in resources if each["type"].startswith("aws:")]
