"""Results on stdout: one JSON document, or lines and a table for people."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from omics_meta.pipeline.check import Check
from omics_meta.terminal.console import read_or_not, say

_WIDER_THAN_ANY_TABLE: Final = 10_000

_STORE: Final = "sequence store"

_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, separators of lines, and what turns the direction of writing around."""


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, in ASCII, so that it is the same JSON in whatever encoding stdout has."""
    say(json.dumps(document, indent=2))


def print_line(line: str) -> None:
    """Print one line of data as it is, whatever characters names and reasons hold."""
    say(line)


def print_note(line: str) -> None:
    """Say something about the data, on stderr."""
    say(f"omics-meta: {line}", err=True)


def print_counts(title: str, columns: Sequence[str], rows: Iterable[tuple[str, Counter[str]]]) -> None:
    """Print counts: a table with a row for each store, or a line for each where a terminal is too narrow for that."""
    from rich.table import Table
    from rich.text import Text

    from omics_meta.terminal.rich_console import console_of

    lines = [(visible(label), [str(counts[column]) for column in columns]) for label, counts in rows]
    names = [visible(column) for column in columns]
    table = Table(_STORE)
    for name in names:
        table.add_column(Text(name), justify="right")
    for label, counts in lines:
        table.add_row(Text(label), *counts)
    terminal, paper = console_of(sys.stdout), console_of(sys.stdout, width=_WIDER_THAN_ANY_TABLE)
    with read_or_not(sys.stdout):
        # A title of the table itself would be as narrow as that, and its names folded in the middle.
        terminal.print(Text(title, "table.title"), soft_wrap=True)
        if sys.stdout.isatty() and terminal.width < paper.measure(table).maximum:
            for label, counts in lines:
                said = ", ".join(f"{count} {name}" for count, name in zip(counts, names, strict=True))
                terminal.print(Text(f"{label}: {said}"))
        else:
            paper.print(table)


def counts_document(columns: Sequence[str], rows: Mapping[str, Counter[str]]) -> dict[str, Any]:
    """Counts by store as members of a command's JSON document: `stores`, and their `totals`."""

    def named(counts: Counter[str]) -> dict[str, int]:
        return {column: counts[column] for column in columns}

    stores = [{"store_id": store_id, **named(counts)} for store_id, counts in rows.items()]
    return {"stores": stores, "totals": named(sum(rows.values(), Counter[str]()))}


def print_checks(checks: Sequence[Check], *, shown: str = "") -> None:
    """Print what checks found wrong and how many passed; of those that passed, the ones named `shown` alone."""
    for check in checks:
        if check.needs_mending:
            print_line(f"{_verdict(check)}: {check.name}: {check.found}")
            print_line(f"  to fix it: {check.remedy}")
        elif check.name == shown:
            print_line(f"{check.name}: {check.found}")
    if checks:
        print_line(f"pipeline: {sum(check.passed for check in checks)} of {len(checks)} checks passed")


def _verdict(check: Check) -> str:
    if check.passed:
        return "warning"
    return "broken pipeline" if check.judged else "not judged"


def identity(arn: str) -> dict[str, str]:
    """The key of a row, and the ids in it, as members of an object in a command's JSON document."""
    store_id, read_set_id = ids(arn)
    return {"set_arn": arn, "store_id": store_id, "set_id": read_set_id}


def visible(text: str) -> str:
    r"""Write what would end a line, or make a terminal do something, as an escape such as `\n`."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def ids(arn: str) -> tuple[str, str]:
    """Return the ids of store and read set in the key of a row, even where that is not the ARN of a read set."""
    store_id, _, read_set_id = arn.partition(":sequenceStore/")[2].partition("/readSet/")
    return store_id, read_set_id
