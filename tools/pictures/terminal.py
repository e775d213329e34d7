"""Commands, and what they print on a terminal, as SVG."""

import io
import os
import re
import shlex
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from omics_meta.app import app
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner

_STABLE: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-04-04T18:01:06Z"),
    (re.compile(r"\b\d+\.\d s\b"), "1.2 s"),
)
"""Moments and durations of the day on which the picture is made, and those that it shows."""

# That of rich (rich._export_format), without fonts from another host.
_SVG: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class _Terminal(CliRunner):
    """Has a command take its stdout for a terminal."""

    @contextmanager
    def isolation(self, *arguments: Any, **options: Any) -> Generator[Any]:
        with super().isolation(*arguments, **options) as streams:
            sys.stdout.isatty = lambda: True
            yield streams


def run(command: str, environment: Mapping[str, str], width: int) -> str:
    """Return what an `omics-meta` command prints on a terminal of so many columns, with colours as ANSI sequences."""
    nothing_else = dict.fromkeys(os.environ)
    variables = {**nothing_else, "COLUMNS": str(width), **environment}
    done = _Terminal().invoke(
        app, shlex.split(command)[1:], prog_name="omics-meta", env=variables, catch_exceptions=False
    )
    if done.exit_code not in {0, 1}:
        raise RuntimeError(f"{command} ended with {done.exit_code}: {done.stderr}")
    return done.stdout


def picture(name: str, command: str, output: str, width: int) -> str:
    """Return the SVG of a command and its output, the same one for the same output at any time."""
    for pattern, text in _STABLE:
        output = pattern.sub(text, output)
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(output))
    return console.export_svg(title="", code_format=_SVG, unique_id=name)
