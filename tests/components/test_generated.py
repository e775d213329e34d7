"""What is made from the code is as `make generate` writes it, and is right for Pulumi."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from omics_components.config import CONFIG_KEYS, OTHER_SPELLINGS
from omics_meta.selection.outputs import NAMES

from tests.components.conftest import deploy_main
from tools.generate import GENERATED

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", GENERATED)
def test_nothing_has_to_be_generated_anew(name: str):
    """A schema that lacks an input or an output, or has one of another type, breaks programs in other languages."""
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name](), "run `make generate`"


def test_the_schema_describes_every_input_and_output():
    schema = json.loads((ROOT / "components/schema.json").read_text(encoding="utf-8"))
    component = schema["resources"]["healthomics-metadata-sync:index:MetadataSync"]
    inputs, outputs = component["inputProperties"], component["properties"]

    for each in (component, *inputs.values(), *outputs.values()):
        assert each["description"].strip()
        assert not re.search(r"\n\s*\n {4}", each["description"]), "Markdown takes an indented paragraph for code"
    assert len(inputs) == 40
    assert component["requiredInputs"] == []
    assert set(outputs) == {*NAMES, "tableStreamArn"}
    assert set(outputs) - set(component["required"]) == {
        "deadLetterQueueUrl",
        "deadLetterQueueArn",
        "tableStreamArn",
    }
    assert (inputs["batchSize"]["type"], inputs["maxTps"]["type"]) == ("integer", "string")
    assert inputs["tags"]["additionalProperties"]["type"] == "string"


def test_exactly_the_settings_are_declared():
    assert PROJECT["config"].keys() == CONFIG_KEYS.keys() | OTHER_SPELLINGS.keys()
    assert {each["type"] for each in PROJECT["config"].values()} == {"string", "integer", "boolean", "object"}


def test_the_declared_defaults_are_a_valid_configuration():
    # GIVEN what the engine hands to the program for a stack that configures nothing
    config = {key: "{}" if d["default"] == {} else str(d["default"]) for key, d in PROJECT["config"].items()}

    with_defaults = deploy_main(config=config)
    without = deploy_main()

    assert with_defaults.error is None
    assert with_defaults.outputs == without.outputs
    assert {r.name: r.inputs for r in with_defaults.resources} == {r.name: r.inputs for r in without.resources}


def test_the_program_runs_where_the_project_is():
    assert PROJECT["name"] == "healthomics-metadata-sync"
    assert PROJECT["main"] == "."
    assert PROJECT["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
