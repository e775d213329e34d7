"""Every benchmark that is documented exists and runs; how fast anything is, no test says."""

import re

import pytest

from benchmarks import events, export, growth
from benchmarks.__main__ import BENCHMARKS
from benchmarks.report import PAGE, Figure, table
from tools.pictures.browser import BROWSER, NO_BROWSER

TINY = 0.004


def documented() -> dict[str, str]:
    """The sections of the page, by benchmark."""
    _, *parts = re.split(r"^## (\w+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_benchmarks_that_exist_are_documented():
    assert documented().keys() == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_finds_what_is_documented(name: str, monkeypatch: pytest.MonkeyPatch):
    if name == "report" and BROWSER is None:
        pytest.skip(NO_BROWSER)
    for each in (growth, export):
        monkeypatch.setattr(each, "SIZES", each.SIZES[:1])  # each is a process
    monkeypatch.setattr(events, "RESOLUTION_SECONDS", 0)
    titles, _, *rows = (line[2:-2].split(" | ") for line in documented()[name].splitlines() if line.startswith("|"))
    cells = [(title, cell) for row in rows for title, cell in zip(titles[1:], row[1:], strict=True) if cell]

    figures = list(BENCHMARKS[name](TINY))

    assert {(figure.name, figure.target) for figure in figures} == {
        (title, "".join(re.findall(r"(at \w+ [\d.]+)\)$", cell))) for title, cell in cells
    }
    assert all(figure.value >= 0 for figure in figures)


def test_a_figure_meets_its_target_on_the_right_side_only():
    low, high = Figure("one", "low", 2, at_most=1), Figure("one", "high", 2, at_least=1)

    assert table([low, high, Figure("two", "free", 2)]).splitlines() == [
        "| case | low | high | free |",
        "| --- | ---: | ---: | ---: |",
        "| one | **2** (**not** at most 1) | 2 (at least 1) |  |",
        "| two |  |  | 2 |",
    ]
