"""The reference of the command line, which is for commands that have help; test_generated.py compares it."""

from collections.abc import Callable
from typing import Annotated

import pytest
import typer

from tools import reference


def some_option(value: Annotated[str, typer.Option("--value", metavar="V")] = "") -> None:
    """Do something."""


def no_help() -> None:
    pass


@pytest.mark.parametrize(
    ("command", "message"), [(some_option, "omics-meta --value has no help"), (no_help, "omics-meta has no help")]
)
def test_what_has_no_help_is_noticed(command: Callable[..., None], message: str, monkeypatch: pytest.MonkeyPatch):
    undocumented = typer.Typer(add_completion=False)
    undocumented.command()(command)
    monkeypatch.setattr(reference, "app", undocumented)

    with pytest.raises(ValueError, match=message):
        reference.reference()
