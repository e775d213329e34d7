"""What all benchmarks found, as a page of the documentation ."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.report import Figure, table

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

_HEAD: Final = """# Benchmarks

How fast the product is. Written by `python -m benchmarks --write`, which `make bench` runs without writing.

Measured on {machine}.

HealthOmics is the sandbox on the same machine, so ratios and shares of the quota say more than seconds do. Targets are
in brackets; a figure in bold missed its target.
"""


def write(findings: Mapping[str, tuple[str, Sequence[Figure]]]) -> None:
    """Write the page of what each benchmark does and found, by its name."""
    sections = [_HEAD.format(machine=machine())]
    sections += [f"## {name}\n\n{about.strip()}\n\n{table(found)}\n" for name, (about, found) in findings.items()]
    PAGE.write_text("\n".join(sections), encoding="utf-8")


def machine() -> str:
    """The date, and the shape of this machine."""
    return (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} processors ({platform.machine()}) with a load of "
        f"{os.getloadavg()[2]:.1f}, {platform.system()}, Python {platform.python_version()}"
    )
