"""Elements of an HTML page that needs nothing but itself: no script, style, font or image from elsewhere.

Every text that comes from users is escaped here. Each function returns HTML.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that HTML or UTF-8 does not allow."""

_NUMBER: Final = ' class="number"'


@dataclass(frozen=True, slots=True)
class Number:
    """A cell with a number or a time: how it is written, what it sorts by (None for unknown), and what else to say."""

    text: str
    value: float | None
    more: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A cell with a bar: how long it is, from 0 to 1, when bars show read sets, and when they show sizes."""

    by_count: float
    by_size: float


Cell = str | Number | Bar


def escape(text: str) -> str:
    """Make a text safe to be the content of an element or a quoted attribute."""
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def document(title: str, parts: Iterable[str]) -> str:
    """Write the whole page; `parts` are HTML."""
    style, script = _file("page.css"), _file("page.js")
    # Even if a text got through unescaped, it could load or run nothing.
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}; form-action \'none\'">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            f"<h1>{escape(title)}</h1>",
            "<main>",
            *parts,
            "</main>",
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline script or style (CSP Level 3, "hash-source")."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def paragraph(text: str, *, kind: str = "note") -> str:
    """Write a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>'


def section(title: str, parts: Iterable[str]) -> str:
    """Write a section under a heading; `parts` are HTML."""
    return "\n".join(["<section>", f"<h2>{escape(title)}</h2>", *parts, "</section>"])


def details(summary: str, parts: Iterable[str]) -> str:
    """Write what a click or a key unfolds, and paper shows; `parts` are HTML."""
    return "\n".join(["<details>", f"<summary>{escape(summary)}</summary>", *parts, "</details>"])


def headline(figures: Iterable[tuple[str, str, str]]) -> str:
    """Write numbers to be seen first: name, number, and what else is to say of it."""
    parts = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(number)}{f'<small>{escape(more)}</small>' if more else ''}</dd></div>"
        for name, number, more in figures
    )
    return f'<dl class="headline">{"".join(parts)}</dl>'


def table(caption: str, columns: Sequence[str], lines: Iterable[Sequence[Cell]]) -> str:
    """Write a table. The first cell of a line is its label; a column without a name has bars.

    The page's script adds what sorts and filters.
    """
    rows = list(lines)
    numeric = {number for row in rows for number, cell in enumerate(row) if isinstance(cell, Number)}
    heads = [
        # The bars say what the numbers say, so they are not read out.
        f'<th scope="col"{_NUMBER if number in numeric else ""}>{escape(name)}</th>'
        if name
        else '<td class="bar" aria-hidden="true"></td>'
        for number, name in enumerate(columns)
    ]
    body = (f"<tr>{_cell(row[0], 'th')}{''.join(_cell(cell, 'td') for cell in row[1:])}</tr>" for row in rows)
    return "\n".join(
        [
            '<div class="wide"><table>',
            f"<caption>{escape(caption)}</caption>",
            f"<thead><tr>{''.join(heads)}</tr></thead>",
            "<tbody>",
            *body,
            "</tbody>",
            "</table></div>",
        ]
    )


def _cell(cell: Cell, element: str) -> str:
    scope = ' scope="row"' if element == "th" else ""
    match cell:
        case str():
            # A name may be written from right to left, which must not turn the rest of the line around.
            return f"<{element}{scope}><bdi>{escape(cell)}</bdi></{element}>"
        case Number():
            value = "" if cell.value is None else f"{cell.value:.12g}"
            more = f" <small>{escape(cell.more)}</small>" if cell.more else ""
            return f'<{element}{scope}{_NUMBER} data-value="{value}">{escape(cell.text)}{more}</{element}>'
        case Bar():
            bars = "".join(
                f'<rect class="{name}" width="{100 * share:.1f}" height="10"/>'
                for name, share in (("by-count", cell.by_count), ("by-size", cell.by_size))
            )
            svg = f'<svg viewBox="0 0 100 10" preserveAspectRatio="none">{bars}</svg>'
            return f'<td class="bar" aria-hidden="true">{svg}</td>'
