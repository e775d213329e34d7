"""Prints the reference of the command line, docs/cli.md: `python -m tools.reference > docs/cli.md`."""

from collections.abc import Iterator
from typing import Any, Final

from omics_meta.app import app
from typer.main import get_command

_PROGRAM: Final = "omics-meta"

_INTRODUCTION: Final = """\
# Commands

Printed by `python -m tools.reference`; a test keeps this page equal to what it prints, and fails where a command or an
option has no help. [Finding](finding.md), [backfill and verify](backfill.md) and [operations](operations.md) say
when to use the commands; [JSON and exit codes](json.md) says what scripts may rely on.

- Data goes to stdout, progress and diagnostics to stderr. `--json` prints one JSON document on stdout. A command whose
  reader goes away, as in `omics-meta find | head`, ends with 1.
- Credentials, region and endpoints are those of the AWS SDKs: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
- Where an option names a variable, the variable stands for the option where that is not given. `--outputs` on the
  command line wins over the variable of `--stack`, and the other way round; both win over that of `--table`. Where
  `-t` and `-r`, and for `backfill` and `verify` the stores, are on the command line, a stack that only a variable names
  is not asked, unless `--via-queue` or `--probe` needs it. An error about any of these, or of AWS, ends with the
  variables that stood for options.
- `NO_COLOR` keeps colours away. Nothing but a terminal gets colours or control characters anyway.
- `omics-meta --install-completion` installs completion of commands and options for the shell that runs it (bash, zsh,
  fish or PowerShell); `--show-completion` prints it.
"""


def reference() -> str:
    """Return the page.

    Raises:
        ValueError: A command or an option has no help.
    """
    sections = "\n".join(_sections(get_command(app), _PROGRAM))
    return f"{_INTRODUCTION}\n{sections}"


def _sections(command: Any, path: str) -> Iterator[str]:
    """Yield a section for a command and each below it. Typer's classes of commands are not public, hence Any."""
    if not command.help:
        raise ValueError(f"{path} has no help: give its function a docstring")
    options = [_row(option, path) for option in command.params if not option.hidden]
    table = ["| option or argument | variable | meaning |", "| --- | --- | --- |", *options, ""] if options else []
    yield "\n".join([f"## {path}", "", " ".join(command.help.split()), "", *table])
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _sections(below, f"{path} {name}")


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


def main() -> None:
    """Print the page."""
    print(reference(), end="")


if __name__ == "__main__":
    main()
