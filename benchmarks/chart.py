"""Figures as bars, in a plain SVG."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from benchmarks.report import Figure

_WIDTH: Final = 820
_LABELS: Final = 400
"""Where the bars begin."""

_LONGEST: Final = 330
_ROW: Final = 22
_TITLE: Final = 40
_MARGIN: Final = 12
_COLOR: Final = "#33658a"


def bars(figures: Iterable[Figure], names: Sequence[str]) -> str:
    """Draw a panel for each name, with a bar for each figure of that name; a panel's longest bar is its greatest."""
    shapes: list[str] = []
    y = _MARGIN
    figures = list(figures)
    for name in names:
        panel = [figure for figure in figures if figure.name == name]
        if not panel:
            continue
        y += _TITLE
        shapes.append(f'<text x="{_MARGIN}" y="{y - 14}" font-weight="bold">{escape(name)}</text>')
        greatest = max(figure.value for figure in panel)
        for figure in panel:
            shapes += _bar(figure, y, greatest)
            y += _ROW
    size = f'width="{_WIDTH}" height="{y + _MARGIN}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13" fill="#222">'
    return "\n".join([svg, f'<rect {size} fill="white"/>', *shapes, "</svg>\n"])


def _bar(figure: Figure, y: int, greatest: float) -> list[str]:
    length = _LONGEST * figure.value / greatest if greatest else 0
    return [
        f'<text x="{_LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(figure.case)}</text>',
        f'<rect x="{_LABELS}" y="{y + 2}" width="{length:.1f}" height="{_ROW - 6}" fill="{_COLOR}"/>',
        f'<text x="{_LABELS + length + 6:.1f}" y="{y + 13}">{figure.value:.3g}</text>',
    ]
