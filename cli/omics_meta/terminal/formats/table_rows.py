"""Writes rows as a table for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from readset_sync.model.record import Row
from rich.cells import cell_len  # the one part of Rich that loads at once

from omics_meta.search.columns import Column, values
from omics_meta.terminal.formats.rows import Rows, cell
from omics_meta.terminal.output import print_note, visible, wants_colours

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_GAP: Final = 2
"""Cells of a terminal between two columns."""

_NARROWEST: Final = 8
"""Cells of a column whose folded texts can still be read. A column is never narrower than its name."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How all parts of a table are laid out. One that `folds` lets a text that is too wide go on below."""

    columns: Sequence[Column]
    widths: Sequence[int]
    folds: bool


def write_table(rows: Rows, file: TextIO) -> int:
    """Write a table in parts, a part for each page, with columns as wide as the first page needs.

    A terminal that is narrower shows fewer of the usual columns, so that ids can be copied. It shows all columns that
    were chosen, and folds long texts. Elsewhere, and where a terminal has no room for the names of the columns, each
    row is a line, however long.
    """
    console, layout, count = _console(file), None, 0
    for page in filter(None, rows.pages):
        first = layout is None
        layout = layout or _layout(console.width if console and file.isatty() else None, page, rows)
        head, lines = _names(layout.columns) if first else [], _cells(page, layout.columns)
        if console and layout.folds:
            console.print(_part(head, lines, layout.widths))
        else:
            if head and console:
                console.print(_header(_line(head, layout.widths)), soft_wrap=True, end="")
            elif head:
                file.write(_line(head, layout.widths))
            file.writelines(_line(line, layout.widths) for line in lines)
            file.flush()
        count += len(page)
    if layout and rows.columns is None and (hidden := rows.shown[len(layout.columns) :]):
        print_note(f"the terminal is too narrow for {', '.join(_names(hidden))}: give --columns, or widen it")
    return count


def _console(file: TextIO) -> "Console | None":
    if not wants_colours(file):
        return None
    from omics_meta.terminal.rich_console import console_of

    return console_of(file)


def _layout(width: int | None, page: Sequence[Row], rows: Rows) -> _Layout:
    """Lay out a table for a terminal of this width; for a file if there is none."""
    columns = rows.shown
    lines = [_names(columns), *_cells(page, columns)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    if width is None:
        return _Layout(columns, widths, folds=False)
    if rows.columns is None:
        while len(widths) > 1 and sum(widths) + _GAP * (len(widths) - 1) > width:
            widths.pop()
        return _Layout(columns[: len(widths)], widths, folds=False)
    room = width - _GAP * (len(columns) - 1)
    least = [max(cell_len(name), min(width, _NARROWEST)) for name, width in zip(lines[0], widths, strict=True)]
    folds = sum(least) <= room
    return _Layout(columns, _narrowed(widths, least, room) if folds else widths, folds)


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take as many cells as there is no room for from the widest columns, and leave each at least so many."""
    narrowed = [max(min(width, room), low) for width, low in zip(widths, least, strict=True)]
    while sum(narrowed) > room:
        _, widest = max((width, index) for index, width in enumerate(narrowed) if width > least[index])
        narrowed[widest] -= 1
    return narrowed


def _names(columns: Sequence[Column]) -> list[str]:
    return [visible(column.name) for column in columns]


def _cells(page: Sequence[Row], columns: Sequence[Column]) -> list[list[str]]:
    return [[visible(cell(value)) for value in values(row, columns)] for row in page]


def _header(line: str) -> "Text":
    from rich.text import Text

    return Text(line, "table.header")


def _part(head: Sequence[str], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=bool(head), pad_edge=False)
    for name, width in zip(head or [""] * len(widths), widths, strict=True):
        table.add_column(Text(name), width=width, overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (max(width - cell_len(cell), 0) + _GAP) for cell, width in zip(cells, widths, strict=True))
    return f"{''.join(padded).rstrip()}\n"
