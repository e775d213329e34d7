"""Every benchmark that is documented exists and runs; how fast anything is, no test says."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.chart import bars
from benchmarks.page import DRAWN, PAGE
from benchmarks.report import Figure, table

SVG = "{http://www.w3.org/2000/svg}"
TINY = 0.004


def documented() -> dict[str, str]:
    """The sections of the page, by benchmark."""
    _, *parts = re.split(r"^## (\w+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_benchmarks_that_exist_are_documented():
    assert documented().keys() == BENCHMARKS.keys()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_finds_what_is_documented(name: str):
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


def test_a_picture_has_a_bar_for_each_figure_of_each_panel():
    figures = [Figure("<one>", "speed", 50), Figure("other", "speed", 100), Figure("other", "not drawn", 7)]

    picture = ElementTree.fromstring(bars(figures, ("speed", "absent")))  # noqa: S314 - our own

    assert [text.text for text in picture.iter(f"{SVG}text")] == ["speed", "<one>", "50", "other", "100"]
    _, short, long = picture.iter(f"{SVG}rect")
    assert float(short.attrib["width"]) * 2 == float(long.attrib["width"])


def test_the_documented_picture_shows_all_panels():
    picture = ElementTree.fromstring(Path(PAGE.with_suffix(".svg")).read_text(encoding="utf-8"))  # noqa: S314 - our own

    assert {text.text for text in picture.iter(f"{SVG}text") if text.get("font-weight")} == set(DRAWN)
