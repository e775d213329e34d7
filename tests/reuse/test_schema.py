"""What programs in other languages see of the component."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# The fixtures of conftest.py, which tests cannot import.
Projects = Callable[..., Any]


@pytest.fixture
def component(schema: str) -> dict[str, Any]:
    return json.loads(schema)["resources"]["healthomics-metadata-sync:index:MetadataSync"]


def kinds_and_descriptions(properties: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What the engine passes on as it is; the rest it writes in a form of its own."""
    return {name: (declared["type"], declared["description"]) for name, declared in properties.items()}


def test_everything_is_described(component: dict[str, Any]) -> None:
    described = {"MetadataSync": component, **component["inputProperties"], **component["properties"]}

    assert [name for name, declared in described.items() if not declared.get("description", "").strip()] == []


def test_no_description_has_paragraphs_that_markdown_takes_for_code(component: dict[str, Any]) -> None:
    described = [component, *component["inputProperties"].values(), *component["properties"].values()]

    assert [d["description"] for d in described if re.search(r"\n\s*\n {4}", d["description"])] == []


def test_the_engine_gets_the_schema_of_the_package(
    new_project: Projects, schema: str, component: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: any\nruntime: python\n")

    got = json.loads(new_project(tmp_path).pulumi("package", "get-schema", "healthomics-metadata-sync"))

    assert (got["name"], got["version"]) == ("healthomics-metadata-sync", json.loads(schema)["version"])
    [(token, received)] = got["resources"].items()
    assert token == "healthomics-metadata-sync:index:MetadataSync"
    assert received["isComponent"]
    for kind in ("inputProperties", "properties"):
        assert kinds_and_descriptions(received[kind]) == kinds_and_descriptions(component[kind])


def test_the_package_installs_this_repository(schema: str) -> None:
    # GIVEN what `pulumi package add` reads after it has fetched the repository
    folder = ROOT / "components"
    plugin = yaml.safe_load((folder / "PulumiPlugin.yaml").read_text())
    requirements = [line for line in (folder / "requirements.txt").read_text().splitlines() if line[:1] != "#"]

    # THEN it is of the schema's name, and runs in an environment of its own, in which deploying works
    assert plugin["name"] == json.loads(schema)["name"]
    assert plugin["runtime"]["name"] == "python"
    assert plugin["runtime"]["options"] == {"toolchain": "pip", "virtualenv": ".venv"}
    assert requirements == ["..[deploy]"]
    assert (ROOT / "pyproject.toml").is_file()
