"""How soon the list of read sets in a report answers a keystroke in its search, in Chromium without a window.

The page of `omics-meta report --rows` is made of rows that are made up. What is measured is the time from a key to the
paint of the lines that then fit. Without Chromium on PATH, this is skipped.
"""

import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from omics_meta.commands.report.page import page
from omics_meta.commands.report.read_sets import ReadSets
from omics_meta.search.inventory import Inventory, TableInventory

from benchmarks.report import Figure, scaled
from tools.pictures.browser import BROWSER, NO_BROWSER, browsing

ROWS: Final = 50_000
_TYPED: Final = (*"hg0123", *["Backspace"] * 6, *"active cohort-7")

_MEASURE: Final = """
globalThis.taken = [];
document.querySelector("#list input").addEventListener("input", (event) => {
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => taken.push(performance.now() - event.timeStamp);
    painted.port2.postMessage(null);
  });
}, {capture: true});
document.querySelector("#list input").focus();
"""
"""Notes when what comes of a key has been painted: in the task after the next frame."""

_ALL_PAINTED: Final = """new Promise((done) => {{
  const look = () => taken.length < {} ? setTimeout(look, 5) : done();
  look();
}})"""


def measure(scale: float) -> Iterator[Figure]:
    """Type into the search over all rows: some ten seconds at 1, or over a part of them."""
    if BROWSER is None:
        print(f"report: skipped: {NO_BROWSER}", file=sys.stderr)
        return
    rows = scaled(ROWS, scale)
    case = f"search in a page of {rows:,} read sets"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browsing(Path(folder)) as browser:
        file = Path(folder) / "page.html"
        file.write_text(_page(rows), encoding="utf-8")
        browser.open(file)
        browser.eval(_MEASURE)
        for number, key in enumerate(_TYPED, 1):
            browser.press(key)
            browser.eval(_ALL_PAINTED.format(number))
        taken = browser.eval("taken")
        yield Figure(case, "MB of the page", file.stat().st_size / 1e6)
    yield Figure(case, "ms of the slowest keystroke", max(taken), at_most=100)


def _page(rows: int) -> str:
    now = datetime.now(UTC)
    inventory, listed = Inventory(now), ReadSets(["cohort"], several=False)
    table = TableInventory("123456789012", "us-west-2", "rows")
    inventory.begin(table)
    for number in range(rows):
        row = _row(number)
        inventory.add(row)
        listed.add(row, table)
    return page(inventory, now, None, read_sets=listed)


def _row(number: int) -> dict[str, Any]:
    return {
        "set_arn": f"arn:aws:omics:us-west-2:123456789012:sequenceStore/123456789{number % 3}/readSet/{10**9 + number}",
        "set_name": f"HG{number:06} exome of lane {number % 8}",
        "set_sample_id": f"HG{number:06}",
        "set_subject_id": f"GIAB-{number // 4}",
        "set_status": "ARCHIVED" if number % 4 == 0 else "ACTIVE",
        "set_type": "FASTQ",
        "set_creation_time": "2026-01-01T00:00:00Z",
        "set_total_size": 10**9 + number,
        "set_sequence_information": {"total_base_count": 2 * 10**9 + number},
        "tags": [{"cohort": f"cohort-{number % 50}"}],
    }
