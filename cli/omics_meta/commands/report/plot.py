"""Draws how read sets, and the bytes in their files, became more from month to month: SVG."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from omics_meta.commands.report.html import escape
from omics_meta.search.inventory import Tally, size_text

_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
_MOST_MONTHS: Final = 600
"""Of a plot without gaps. A longer time is not one in which read sets were made."""

_WIDTH, _HEIGHT = 900, 130
_LEFT, _TOP, _BETWEEN = 90, 32, 60
_NAME: Final = 70
"""Width of the name of a month."""
_ALL_HEIGHT: Final = 2 * (_TOP + _HEIGHT) + _BETWEEN


def growth(months: Mapping[str, Tally]) -> str:
    """Draw two plots, of all that there were by the end of each month and of those that came in it.

    What no month is known of is not in them. Empty where no month is known.
    """
    named = _without_gaps(sorted(month for month in months if _MONTH.fullmatch(month)))
    if not named:
        return ""
    tallies = [months.get(month, Tally()) for month in named]
    parts = [
        _plots("by-count", named, [tally.count for tally in tallies], lambda value: f"{value:,}", " read sets"),
        _plots("by-size", named, [tally.size for tally in tallies], lambda value: size_text(value, decimal=True), ""),
    ]
    return f'<figure class="wide">{"".join(parts)}</figure>'


def _without_gaps(months: Sequence[str]) -> list[str]:
    if not months:
        return []
    first, last = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (months[0], months[-1]))
    if last - first >= _MOST_MONTHS:
        return list(months)
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]


def _plots(kind: str, months: Sequence[str], values: Sequence[int], text: Callable[[int], str], unit: str) -> str:
    totals: list[int] = []
    for value in values:
        totals.append(value + (totals[-1] if totals else 0))
    label = f"Growth from {months[0]} to {months[-1]}, to {text(totals[-1])}{unit}. The table has the numbers."
    second = _TOP + _HEIGHT + _BETWEEN
    return (
        f'<svg class="plot {kind}" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {_ALL_HEIGHT + 22}">'
        f"{_frame('All, by the end of the month', _TOP, text(max(totals)))}{_area(totals, _TOP)}"
        f"{_frame('New in the month', second, text(max(values)))}{_bars(months, values, text, second)}"
        f"{_axis(months, second + _HEIGHT)}</svg>"
    )


def _frame(title: str, top: int, most: str) -> str:
    return (
        f'<text x="0" y="{top - 16}" class="title">{title}</text>'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{top}" y2="{top}" class="grid"/>'
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{top + _HEIGHT}" y2="{top + _HEIGHT}" class="grid"/>'
        f'<text x="{_LEFT - 8}" y="{top + 5}" class="end">{most}</text>'
        f'<text x="{_LEFT - 8}" y="{top + _HEIGHT + 4}" class="end">0</text>'
    )


def _step(count: int) -> float:
    return (_WIDTH - _LEFT) / count


def _area(totals: Sequence[int], top: int) -> str:
    step, most = _step(len(totals)), max(totals) or 1
    points = "".join(
        f"L{_LEFT + step * (number + 1):.1f} {top + _HEIGHT * (1 - total / most):.1f}"
        for number, total in enumerate(totals)
    )
    bottom = top + _HEIGHT
    return f'<path class="area" d="M{_LEFT} {bottom}{points}L{_WIDTH} {bottom}Z"/>'


def _bars(months: Sequence[str], values: Sequence[int], text: Callable[[int], str], top: int) -> str:
    step, most = _step(len(values)), max(values) or 1
    return "".join(
        f'<rect x="{_LEFT + step * (number + 0.1):.1f}" width="{step * 0.8:.1f}" '
        f'y="{top + _HEIGHT * (1 - value / most):.1f}" height="{_HEIGHT * value / most:.1f}">'
        f"<title>{month}: {text(value)}</title></rect>"
        for number, (month, value) in enumerate(zip(months, values, strict=True))
    )


def _axis(months: Sequence[str], bottom: int) -> str:
    """Name the first month, the last, and Januaries between them as far as there is room."""
    step = _step(len(months))
    room = max(1, round(90 / step))
    named = [0]
    for number, month in enumerate(months):
        if month.endswith("-01") and named[-1] + room <= number < len(months) - room:
            named.append(number)
    if len(months) > room:
        named.append(len(months) - 1)
    # The name of a narrow last month would be cut off at the edge.
    at_edge = {len(months) - 1} if step < _NAME else set[int]()
    return "".join(
        f'<text x="{_WIDTH}" y="{bottom + 20}" class="end">{months[number]}</text>'
        if number in at_edge
        else f'<text x="{_LEFT + step * (number + 0.5):.1f}" y="{bottom + 20}" class="middle">{months[number]}</text>'
        for number in named
    )
