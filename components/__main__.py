"""Offers the component as a Pulumi package, to programs in any of Pulumi's languages.

The engine starts it as `python <this folder>` with its own address as the argument.
"""

import inspect
import json
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

try:
    from omics_components import MetadataSync
except ModuleNotFoundError as error:
    sys.exit(str(error))

import pulumi
from omics_components.validation import SettingsError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

NAME = "healthomics-metadata-sync"


class Package(ComponentProvider):
    """The package: its schema is made of the component's types and docstrings."""

    def __init__(self) -> None:
        # The schema takes docstrings as they are in the source, and Markdown takes indented paragraphs for code.
        MetadataSync.__doc__ = inspect.getdoc(MetadataSync)
        super().__init__([MetadataSync], NAME, version=_semantic(version(NAME)))
        self.schema = json.dumps(json.loads(self.schema or "") | _described())

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Create a component on behalf of a program.

        Raises:
            InputPropertiesError: Some arguments are wrong. The engine shows its message alone, where it would show
                a traceback of the component's code for any other error.
        """
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, SettingsError):
                raise _in_the_engine_s_words(error.inner) from None
            raise


def _described() -> dict[str, Any]:
    """What Pulumi's registry shows of the package, and what it is found by."""
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return {
        "displayName": "HealthOmics metadata sync",
        "description": project["description"],
        # The first two are how the registry files packages.
        "keywords": ["category/database", "kind/component", *project["keywords"]],
        "publisher": NAME,
        "repository": project["urls"]["Repository"],
        "homepage": project["urls"]["Documentation"],
        "license": project["license"],
    }


def _semantic(number: str) -> str:
    """A version as Pulumi spells it: 0.2.0 is 0.2.0, and 0.2.1.dev3+g1a2b3c is 0.2.1-dev.3+g1a2b3c."""
    return re.sub(r"^(\d+\.\d+\.\d+)\.?([a-z]+)(\d+)", r"\1-\2.\3", number)


def _in_the_engine_s_words(error: SettingsError) -> pulumi.InputPropertiesError:
    named = (problem.split(": ", 1) for problem in error.problems)
    return pulumi.InputPropertiesError(
        "nothing was changed", [{"property_path": name, "reason": reason} for name, reason in named]
    )


if __name__ == "__main__":
    main(Package(), sys.argv[1:])
