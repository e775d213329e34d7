"""Rows as a sample sheet: what `find`, `get` and `export` do with `--sheet`."""

import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from omics_meta.search.filters import TYPES, SheetRequest
from omics_meta.search.searching import Found
from omics_meta.search.sheets import NEVER_SEEN, Line, Refusal, Sheet, Sifted, read_sheet
from omics_meta.selection.tables import Tables
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.rows import cell, csv_writer
from omics_meta.terminal.output import counted, print_line, print_note
from omics_meta.terminal.output_file import check_place, existing, is_stdout, writing_to
from omics_meta.terminal.progress import reporting

_MOST_NAMED: Final = 20
"""Read sets that are named with what keeps them from a sheet, or in the command that activates them."""

Write = Callable[[Sequence[Line], TextIO], None]
"""Writes the lines of a sheet."""


def sheet_writer(
    asked: SheetRequest, form: Format | None, others: Mapping[str, bool], output: Path | None = None
) -> Callable[[Found], ExitCode]:
    """Return what writes a sheet of rows, as CSV.

    Args:
        asked: Which sheet.
        form: The format that was asked for.
        others: Whether other options were given that a sheet leaves nothing to.
        output: File to write.

    Raises:
        CommandError: There is no such sheet, or something else is asked for that a sheet decides by itself.
    """
    refuse(others, f"--sheet {asked.name}")
    check_place(output)
    if form not in {None, Format.CSV}:
        raise CommandError(f"--format {form} and --sheet {asked.name} contradict each other: a sheet is CSV")
    ending = output.suffix.removeprefix(".").lower() if output else ""
    if ending in {*Format} - {Format.CSV}:
        raise CommandError(f"-o {output} and --sheet {asked.name} contradict each other: a sheet is CSV")
    sheet = read_sheet(asked.name or "")

    def write(lines: Sequence[Line], file: TextIO) -> None:
        writer = csv_writer(file)
        writer.writerow([each.name for each in sheet.columns])
        writer.writerows([*map(cell, line.values)] for line in lines)

    return lambda found: write_sheet(found, sheet, write, asked, output)


def refuse(others: Mapping[str, bool], chosen: str) -> None:
    """Refuse options that leave nothing to what was chosen.

    Raises:
        CommandError: One of them was given.
    """
    for option, is_given in others.items():
        if is_given:
            raise CommandError(f"{option} and {chosen} contradict each other: give one of them")


def write_sheet(
    found: Found, sheet: Sheet, write: Write, asked: SheetRequest, output: Path | None, *, noun: str = "sheet"
) -> ExitCode:
    """Write the rows that can be in a sheet, and say on stderr which cannot, and what is to be activated.

    Args:
        found: The rows.
        sheet: What is asked of them.
        write: Writes those that can be in it.
        asked: What was asked for.
        output: File to write; None, or `-`, is stdout.
        noun: What is written.
    """
    with reporting() as reporter:
        pages = found.tables.whole(reporter.each("read", found.pages), existing(output))
        sifted = sheet.sift(chain.from_iterable(pages))
    code = found.end(len(sifted.lines) + len(sifted.refusals))
    _say_refusals(sifted.refusals, noun)
    _say_archived(sifted, sheet, asked, found.tables, noun)
    if sifted.refusals:
        code = ExitCode.FOUND_WRONG
    if asked.require_all and code is not ExitCode.DONE:
        print_note(f"no {noun} is written, because it would not have all read sets (--require-all)")
        return code
    with writing_to(output) as file:
        write(sifted.lines, file)
    said = f"{counted(len(sifted.lines), 'read set')} in the {noun}"
    if is_stdout(output):
        print_note(said)
    else:
        print_line(f"{said}: {output}")
    return code


def _say_refusals(refusals: Sequence[Refusal], noun: str) -> None:
    for each in refusals[:_MOST_NAMED]:
        print_note(f"not in the {noun}: {each.arn}: {each.rule}{f': {each.value!r}' if each.value else ''}")
    for rule, count in Counter(each.rule for each in refusals[_MOST_NAMED:]).most_common():
        print_note(f"not in the {noun}: {count} more: {rule}")


def _say_archived(sifted: Sifted, sheet: Sheet, asked: SheetRequest, tables: Tables, noun: str) -> None:
    archived = [line.arn for line in sifted.lines if line.archived]
    if archived:
        one = len(archived) == 1
        said = f"{counted(len(archived), 'read set')} in the {noun} {'is' if one else 'are'} archived"
        print_note(f"{said}: activate {'it' if one else 'them'} before a run")
    wanted = archived + [each.arn for each in sifted.refusals if each.rule == NEVER_SEEN]
    if not tables.several:
        _say_activation(sheet, asked, wanted, noun)
        return
    for table, own in tables.share(wanted):  # the command takes one table
        of_table = replace(asked, activation=(*asked.activation[:2], *table.options))
        _say_activation(sheet, of_table, own, noun, is_one_of_several=True)


def _say_activation(
    sheet: Sheet, asked: SheetRequest, wanted: Sequence[str], noun: str, *, is_one_of_several: bool = False
) -> None:
    if not wanted:
        return
    some = asked.any_type and not sheet.types.issuperset(TYPES)
    chosen = [*asked.chosen, *(word for kind in TYPES if some and kind in sheet.types for word in ("--type", kind))]
    again = ", with the same stdin" if "-" in chosen else ""
    more = f" (which may take more read sets than the {noun})" if asked.limited else ""
    if (again or more or is_one_of_several) and len(wanted) <= _MOST_NAMED:
        chosen, again, more = wanted, "", ""
    print_note(f"to activate{again}{more}: {shlex.join([*asked.activation, *chosen])}")
