"""Pulumi.yaml tells the same about every setting as the code."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omics_components.config import CONFIG_KEYS
from omics_components.settings import Settings, read_settings

# The fixtures of conftest.py, which tests cannot import.
Deploy = Callable[..., Any]

PROJECT: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.yaml").read_text(encoding="utf-8"))
# Pulumi has no type for a fraction, and demands a default: "" and {} stand for "not set".
TYPES = {str: "string", int: "integer", bool: "boolean", float: "string", dict: "object", type(None): "string"}


def test_exactly_the_settings_are_declared():
    assert PROJECT["config"].keys() == CONFIG_KEYS.keys()


@pytest.mark.parametrize("key", CONFIG_KEYS)
def test_type_default_and_description(key: str):
    declared, name = PROJECT["config"][key], CONFIG_KEYS[key]
    default = getattr(Settings(), name)

    assert declared.keys() == {"type", "default", "description"}
    assert declared["type"] == TYPES[type(default)]
    assert getattr(read_settings({name: declared["default"]}), name) == default
    assert declared["description"].endswith(".")


def test_the_declared_defaults_are_a_valid_configuration(deploy_main: Deploy):
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
