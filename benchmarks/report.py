"""What benchmarks find, how it is printed, and the page of the documentation that has it."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "benchmarks.md"

_HEAD: Final = """# Benchmarks

How fast the product is. Written by `python -m benchmarks --write`, which `make bench` runs without writing.

Measured on {machine}.

HealthOmics is the sandbox on the same machine, so ratios and shares of the quota say more than seconds do. Targets are
in brackets; a figure in bold missed its target.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a benchmark. Its name tells the unit; `at_most` and `at_least` are its target, if it has one."""

    case: str
    name: str
    value: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its target, if it has one."""
        low = self.at_most is None or self.value <= self.at_most
        return low and (self.at_least is None or self.value >= self.at_least)

    @property
    def target(self) -> str:
        """The target in words; empty without one."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"


def scaled(size: int, scale: float) -> int:
    """A part of a benchmark's full size; one at least."""
    return max(round(size * scale), 1)


def table(figures: Iterable[Figure]) -> str:
    """Figures as a table in Markdown: a line for each case, a column for each name, and targets beside the values."""
    cases: dict[str, dict[str, Figure]] = {}
    for each in figures:
        cases.setdefault(each.case, {})[each.name] = each
    names = list(dict.fromkeys(name for case in cases.values() for name in case))
    lines = [["case", *names], ["---", *["---:"] * len(names)]]
    lines += [[case, *(_cell(of.get(name)) for name in names)] for case, of in cases.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    value = f"{figure.value:.3g}"
    if not figure.target:
        return value
    return f"{value} ({figure.target})" if figure.met else f"**{value}** (**not** {figure.target})"


def write(findings: Mapping[str, tuple[str, Sequence[Figure]]]) -> None:
    """Write the page of what each benchmark does and found, by its name."""
    machine = (
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} processors ({platform.machine()}) with a load of "
        f"{os.getloadavg()[2]:.1f}, {platform.system()}, Python {platform.python_version()}"
    )
    sections = [_HEAD.format(machine=machine)]
    sections += [f"## {name}\n\n{about.strip()}\n\n{table(found)}\n" for name, (about, found) in findings.items()]
    PAGE.write_text("\n".join(sections), encoding="utf-8")
