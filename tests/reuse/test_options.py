"""The options that a component passes on to what is in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


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
    project.update()
    before = resources_of(project)

    # WHEN it is renamed, moved below a parent, tagged and protected
    project.configure(later="true")
    project.update()

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
