"""All benchmarks that have targets: `python -m benchmarks [NAME ...]`. Exit code 1 if a target is not met."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from benchmarks import events, growth, quotas, startup
from benchmarks.report import Figure, table

BENCHMARKS: Final[Mapping[str, Callable[[], Iterable[Figure]]]] = {
    "quotas": quotas.measure,
    "events": events.measure,
    "startup": startup.measure,
    "growth": growth.measure,
}


def main() -> int:
    """Run the benchmarks that were named, all by default, and print their figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    names: list[str] = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}: name one of {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    for name in names:
        for figure in BENCHMARKS[name]():
            figures.append(figure)
            print(f"{figure.case}: {figure.name}: {figure.value:.3g}", file=sys.stderr)
    print(table(figures))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
