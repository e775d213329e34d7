"""The reference of the command line, docs/cli.md, which `make generate` writes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from omics_meta.app import app
from typer.main import get_command

_PROGRAM: Final = "omics-meta"

_COMMON: Final = 3
"""An option that so many commands have is described once for all of them."""

_HEAD: Final = ("| option or argument | variable | meaning |", "| --- | --- | --- |")

_INTRODUCTION: Final = """\
# Commands

Every command and option, with its help text. `make generate` writes this page. [Finding](finding.md),
[backfill and verify](backfill.md) and [operations](operations.md) say when to use the commands; [JSON and exit
codes](json.md) says what scripts may rely on.

- Data goes to stdout, progress and messages to stderr. If the reader of stdout goes away, as in
  `omics-meta find | head`, a command that prints rows or help ends in silence with exit code 0. Every other command
  goes on, and its exit code says what came of its work.
- Credentials, region and endpoints come from the usual places of AWS, such as `AWS_PROFILE`, `AWS_REGION` and
  `AWS_ENDPOINT_URL`.
- A variable in the tables stands for the option when the option is not given. An option wins over the variable of
  another one: `--outputs` over `OMICS_META_STACK`, and `--stack` over `OMICS_META_OUTPUTS`. Both win over
  `OMICS_META_TABLE`.
- No stack is asked if the command line names everything: `-t` and `-r`, and for `backfill` and `verify` the stores.
  Only `--via-queue` and `--probe` ask it all the same.
- An error that is about a stack or a table names the variables that stood for options.
- Only a terminal gets colours and control characters. `NO_COLOR` turns colours off there too.
- `omics-meta --install-completion` installs completion of commands and options for your shell (bash, zsh, fish or
  PowerShell); `--show-completion` prints it.
"""


def reference() -> str:
    """Return the page.

    Raises:
        ValueError: A command or an option has no help.
    """
    found = list(commands())
    rows = {path: {_row(option, path): option.opts[-1] for option in options} for path, _, options in found}
    count = Counter(row for path in rows for row in rows[path])
    common = {row: name for path in rows for row, name in rows[path].items() if count[row] >= _COMMON}
    sections = [_INTRODUCTION]
    if common:
        sections.append("\n".join(["## Common options", "", *_HEAD, *common, ""]))
    for path, text, _ in found:
        also = ", ".join(f"`{name}`" for row, name in rows[path].items() if row in common)
        own = [row for row in rows[path] if row not in common]
        section = [f"## {path}", "", text, ""]
        section += [f"Common options: {also}.", ""] if also else []
        section += [*_HEAD, *own, ""] if own else []
        sections.append("\n".join(section))
    return "\n".join(sections)


def commands(command: Any = None, path: str = _PROGRAM) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield each command with its help and its options. Typer's classes of commands are not public, hence Any.

    Raises:
        ValueError: A command has no help.
    """
    command = command or get_command(app)
    if not command.help:
        raise ValueError(f"{path} has no help: give its function a docstring")
    yield path, " ".join(command.help.split()), [option for option in command.params if not option.hidden]
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from commands(below, f"{path} {name}")


def _row(option: Any, path: str) -> str:
    if not option.help:
        raise ValueError(f"{path} {option.opts[-1]} has no help: give typer.Option some")
    is_argument = option.param_type_name == "argument"
    is_flag = not is_argument and option.is_flag
    if not (is_flag or option.metavar):
        raise ValueError(f"{path} {option.opts[-1]} has no metavar: give typer.Option one")
    value = "" if is_flag else f" {option.metavar}"
    said = [option.metavar] if is_argument else [f"{name}{value}" for name in option.opts]
    names = ", ".join(f"`{each}`" for each in said).replace("|", r"\|")
    variable = f"`{option.envvar}`" if option.envvar else ""
    needed = " Required." if option.required else ""
    return f"| {names} | {variable} | {option.help}{needed} |"
