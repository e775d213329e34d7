"""All benchmarks that have targets: `python -m benchmarks [NAME ...]`. Exit code 1 if a target is not met."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from benchmarks import events, export, growth, quotas, report, report_page, search, tags
from benchmarks.report import Figure, table

BENCHMARKS: Final[Mapping[str, Callable[[float], Iterable[Figure]]]] = {
    "quotas": quotas.measure,
    "tags": tags.measure,
    "events": events.measure,
    "growth": growth.measure,
    "export": export.measure,
    "search": search.measure,
    "report": report_page.measure,
}
"""By name; each is given the part of its full size that it is to run at."""


def main() -> int:
    """Run the benchmarks that were named, all by default, and print their figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--write", action="store_true", help=f"write docs/{report.PAGE.name} too")
    arguments = parser.parse_args()
    names: list[str] = arguments.names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}: name one of {', '.join(BENCHMARKS)}")
    if arguments.write and arguments.names:
        parser.error("--write writes the page of all benchmarks: name none")
    findings: dict[str, tuple[str, list[Figure]]] = {}
    for name in names:
        measure = BENCHMARKS[name]
        figures: list[Figure] = []
        findings[name] = (sys.modules[measure.__module__].__doc__ or "", figures)
        for figure in measure(1):
            figures.append(figure)
            print(f"{figure.case}: {figure.name}: {figure.value:.3g}", file=sys.stderr)
    if arguments.write:
        report.write(findings)
    print("\n\n".join(table(figures) for _, figures in findings.values()))
    return 0 if all(figure.met for _, figures in findings.values() for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
