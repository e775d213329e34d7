"""What `pulumi new` makes of the folders in `templates/`."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omics_meta.selection.outputs import NAMES
from omics_sandbox import Sandbox
from omics_sandbox.provider import deploy

from tests.docs.pages import Page
from tests.pulumi_cli import pulumi, pulumi_environment, with_plugin

# The fixture of conftest.py, which tests cannot import.
Projects = Callable[..., Any]

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder that takes the place of PyPI: the wheel of this checkout, and `wheel`, which Pulumi has pip upgrade."""
    folder = tmp_path / "pypi"
    [pin] = (TEMPLATES / "python" / "requirements.txt").read_text().splitlines()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        env=os.environ | {"SETUPTOOLS_SCM_PRETEND_VERSION": pin.partition("==")[2]},
        capture_output=True,
        check=True,
        timeout=60,
    )
    with zipfile.ZipFile(folder / "wheel-1-py3-none-any.whl", "w") as file:
        file.writestr("wheel-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: wheel\nVersion: 1\n")
        file.writestr("wheel-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("wheel-1.dist-info/RECORD", "")
    return folder


def test_a_project_from_the_python_template_comes_up_and_goes(
    engine: Path, sandbox: Sandbox, released: Path, tmp_path: Path
) -> None:
    # GIVEN pip that finds this project in a folder, and all that it needs installed already
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(released), "PYTHONPATH": sysconfig.get_path("purelib")}
    folder = tmp_path / "project"
    folder.mkdir()
    variables = {name: value for name, value in sandbox.environment.items() if name != "AWS_REGION"}
    with with_plugin(pulumi_environment(engine, tmp_path / "home", variables | pip), folder) as environment:

        def run(*arguments: str, fails: bool = False) -> "subprocess.CompletedProcess[str]":
            return pulumi(folder, environment, *arguments, fails=fails)

        # WHEN it is made with the defaults, THEN they are settings of the stack
        run("new", str(TEMPLATES / "python"), "--name", "cohorts", "--stack", "dev", "--yes", "--offline")
        if not (folder / ".venv").exists():
            # The language host that can be built is older than the CLI: it makes the environment in the folder itself.
            (folder / ".venv").symlink_to(folder)
        assert run("config", "get", "aws:region").stdout == "us-west-2\n"

        # AND an older CLI would say so in one line
        project = folder / "Pulumi.yaml"
        made = project.read_text()
        project.write_text(made.replace(">=3.", ">=99."))
        [refused] = run("up", "--yes", "--skip-preview", fails=True).stderr.splitlines()
        assert re.fullmatch(r'error: Pulumi CLI version \S+ does not satisfy the version range ">=99\.\d+\.0"', refused)
        project.write_text(made)

        # AND it comes up, a read set gets its row, and the command line finds all that it needs
        run("up", "--yes", "--skip-preview")
        outputs: dict[str, Any] = json.loads(run("stack", "output", "--json").stdout)
        assert set(outputs) == set(NAMES)
        sandbox.omics.create_read_set(sandbox.omics.create_store("cohort"), name="blood", tags={"cohort": "a"})
        sandbox.drain()
        [row] = sandbox.client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
        assert row["set_name"] == {"S": "blood"}

        # WHEN it is destroyed, THEN the table alone is left
        run("destroy", "--yes", "--skip-preview")
        assert sandbox.client("lambda").list_functions()["Functions"] == []
        assert sandbox.client("dynamodb").scan(TableName=outputs["tableName"])["Count"] == 1


def test_a_project_from_the_yaml_template_comes_up_and_goes(
    engine: Path, yaml_host: Path, new_project: Projects, sandbox: Sandbox, tmp_path: Path
) -> None:
    # GIVEN a project of the template, with the package that is installed here in place of the one at a URL
    folder = tmp_path / "project"
    making = ("new", str(TEMPLATES / "yaml"), "--dir", str(folder), "--name", "cohorts", "--generate-only")
    pulumi(tmp_path, pulumi_environment(engine, tmp_path / "maker", {}), *making, "--yes", "--offline")
    file = folder / "Pulumi.yaml"
    file.write_text(re.sub(r"^packages:\n  .*\n", "", file.read_text(), flags=re.MULTILINE))
    project = new_project(folder, PATH=os.pathsep.join([str(yaml_host.parent), os.environ["PATH"]]))

    # WHEN it comes up, THEN the command line finds all that it needs
    project.update()
    assert set(project.outputs()) == {*NAMES, "tableStreamArn"}

    project.destroy()
    assert sandbox.client("lambda").list_functions()["Functions"] == []


def test_programs_in_yaml_fit_the_schema(schema: str) -> None:
    program = yaml.safe_load((TEMPLATES / "yaml" / "Pulumi.yaml").read_text())
    [example] = map(yaml.safe_load, Page("docs/_index.md").blocks("yaml"))
    declared = json.loads(schema)["resources"]["healthomics-metadata-sync:index:MetadataSync"]
    for each in (program, example):
        [(name, resource)] = each["resources"].items()
        assert resource["type"] == "healthomics-metadata-sync:MetadataSync"
        assert resource["properties"].keys() <= declared["inputProperties"].keys()
        assert each["outputs"] == {output: f"${{{name}.{output}}}" for output in each["outputs"]}

    assert program["outputs"].keys() == declared["properties"].keys()
    for argument, value in program["resources"]["sync"]["properties"].items():
        [setting] = re.findall(r"^\$\{(\w+)\}$", value)
        assert declared["inputProperties"][argument]["type"] == program["config"][setting]["type"]


def test_the_pages_for_pulumi_s_registry_say_how_it_is_installed_and_used(sandbox: Sandbox) -> None:
    # Its rules: github.com/pulumi/registry, .github/pull_request_template.md
    overview, installation = Page("docs/_index.md"), Page("docs/installation-configuration.md")
    for page in (overview, installation):
        _, front_matter, _ = page.text.split("---\n", 2)
        assert yaml.safe_load(front_matter).keys() == {"title", "meta_desc", "layout"}
        assert yaml.safe_load(front_matter)["layout"] == "package"

    yaml_template = yaml.safe_load((TEMPLATES / "yaml" / "Pulumi.yaml").read_text())
    assert f"pulumi package add {yaml_template['packages']['healthomics-metadata-sync']}" in installation.commands()
    [example] = overview.blocks("python")
    deployment = deploy(lambda: exec(example, {}), environment=sandbox.environment)  # noqa: S102 - of our own page
    assert set(deployment.outputs) == set(NAMES)
    deployment.destroy()


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_templates_ask_for_settings_that_exist_and_for_a_cli_that_fits(language: str) -> None:
    [pulumi_sdk] = re.findall(r'"pulumi>=([\d.]+),', (ROOT / "pyproject.toml").read_text())
    template = yaml.safe_load((TEMPLATES / language / "Pulumi.yaml").read_text())
    product = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    plugin = yaml.safe_load((ROOT / "components" / "PulumiPlugin.yaml").read_text())

    assert {each["requiredPulumiVersion"] for each in (template, product, plugin)} == {f">={pulumi_sdk}.0"}
    assert f'`requiredPulumiVersion: ">={pulumi_sdk}.0"`' in Page("docs/installation-configuration.md").text
    asked = template["template"]["config"]
    assert all(each["description"] and "default" in each for each in asked.values())
    assert asked.keys() - product["config"].keys() == {"aws:region"}
