"""The commands of `omics-meta`, and the options of each."""

from collections.abc import Iterator
from typing import Any

from omics_meta.app import app
from typer.main import get_command


def _commands(command: Any, path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Each command that does something, with its options. Typer's classes of commands are not public, hence Any."""
    below = getattr(command, "commands", {})
    if not below or not path:
        yield path, frozenset(option for each in command.params for option in each.opts if option.startswith("-"))
    for name, each in below.items():
        yield from _commands(each, f"{path} {name}".strip())


COMMANDS = dict(_commands(get_command(app)))
"""Options by the words that follow `omics-meta`, such as `dlq list`; by none, those of `omics-meta` itself."""
