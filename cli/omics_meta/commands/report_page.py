"""Writes one HTML page that needs nothing but itself: no script, and no style, font or image from elsewhere.

Every text that comes from users is escaped here. Each function returns HTML.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that HTML does not allow."""

_STYLE: Final = """
:root { color-scheme: light; --bar: #1f6f8b; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p.note { color: #4a4a4a; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: #4a4a4a; padding-bottom: .3rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d5d5d5; vertical-align: middle; }
tbody th { font-weight: normal; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { width: 35%; }
svg { display: block; width: 100%; height: .9rem; }
rect { fill: var(--bar); }
@media print {
  body { max-width: none; margin: 0; font-size: 10pt; }
  section { break-inside: avoid; }
  rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: a label, the numbers as texts, and how long the bar is, from 0 to 1."""

    label: str
    numbers: Sequence[str]
    share: float


def escape(text: str) -> str:
    """Make a text safe to be the content of an element or a quoted attribute."""
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))


def document(title: str, parts: Iterable[str]) -> str:
    """Write the whole page; `parts` are HTML."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Even if a text got through unescaped, it could load or run nothing.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{escape(title)}</h1>",
            "<main>",
            *parts,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def paragraph(text: str) -> str:
    """Write a paragraph."""
    return f'<p class="note">{escape(text)}</p>'


def section(title: str, parts: Iterable[str]) -> str:
    """Write a section under a heading; `parts` are HTML."""
    return "\n".join(["<section>", f"<h2>{escape(title)}</h2>", *parts, "</section>"])


def table(caption: str, label: str, columns: Sequence[str], lines: Iterable[Line]) -> str:
    """Write a table with a bar in each line."""
    heads = "".join(f'<th scope="col" class="number">{escape(column)}</th>' for column in columns)
    # The bars say what the numbers say, so they are not read out.
    head = f'<tr><th scope="col">{escape(label)}</th>{heads}<td class="bar" aria-hidden="true"></td></tr>'
    return "\n".join(
        [
            "<table>",
            f"<caption>{escape(caption)}</caption>",
            f"<thead>{head}</thead>",
            "<tbody>",
            *map(_line, lines),
            "</tbody>",
            "</table>",
        ]
    )


def _line(line: Line) -> str:
    numbers = "".join(f'<td class="number">{escape(number)}</td>' for number in line.numbers)
    bar = (
        f'<svg viewBox="0 0 100 10" preserveAspectRatio="none"><rect width="{100 * line.share:.1f}" height="10"/></svg>'
    )
    # A name may be written from right to left, which must not turn the rest of the line around.
    label = f'<th scope="row"><bdi>{escape(line.label)}</bdi></th>'
    return f'<tr>{label}{numbers}<td class="bar" aria-hidden="true">{bar}</td></tr>'
