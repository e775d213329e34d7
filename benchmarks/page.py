"""What all benchmarks found, as a page of the documentation with its picture."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.chart import bars
from benchmarks.report import Figure, table

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

DRAWN: Final = (
    "% of the quota reached",
    "read sets a second",
    "events a second",
    "ms of processor time",
    "MB at the peak",
)
"""Names of the figures that the picture shows."""

_HEAD: Final = """# Benchmarks

How fast the product is. Written by `python -m benchmarks --write`, which `make bench` runs without writing.

Measured on {machine}.

HealthOmics is the sandbox on the same machine, so ratios and shares of the quota say more than seconds do. Targets are
in brackets; a figure in bold missed its target.

![Bars of what was measured]({picture})
"""


def write(findings: Mapping[str, tuple[str, Sequence[Figure]]]) -> None:
    """Write page and picture.

    Args:
        findings: By the benchmark's name: what it does, and its figures.
    """
    picture = PAGE.with_suffix(".svg")
    figures = [figure for _, found in findings.values() for figure in found]
    picture.write_text(bars(figures, DRAWN), encoding="utf-8")
    sections = [_HEAD.format(machine=machine(), picture=picture.name)]
    sections += [f"## {name}\n\n{about.strip()}\n\n{table(found)}\n" for name, (about, found) in findings.items()]
    PAGE.write_text("\n".join(sections), encoding="utf-8")


def machine() -> str:
    """The date, and the shape of this machine."""
    return (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} processors ({platform.machine()}) with a load of "
        f"{os.getloadavg()[2]:.1f}, {platform.system()}, Python {platform.python_version()}"
    )
