"""The reference of the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
import typer
from omics_meta.app import app

from tools import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}

    assert {"backfill", "verify", "status", "report", "cost"} <= names
    assert all(f"\n## omics-meta {name}\n" in text for name in names)


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
