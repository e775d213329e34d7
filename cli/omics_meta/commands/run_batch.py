"""The runs of a batch, one for each read set, as HealthOmics' StartRunBatch takes them: `export --format run-batch`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TextIO
from unicodedata import category

from omics_meta.commands.sheet import refuse, write_sheet
from omics_meta.search.columns import columns_of
from omics_meta.search.filters import SheetRequest
from omics_meta.search.searching import Found
from omics_meta.search.sheets import Line, Sheet, SheetColumn
from omics_meta.terminal.exits import CommandError, ExitCode
from omics_meta.terminal.formats.format import Format
from omics_meta.terminal.formats.rows import to_json
from omics_meta.terminal.output import print_note
from omics_meta.terminal.output_file import check_place

INLINE: Final = 100
"""Runs in a request of StartRunBatch."""

MOST_RUNS: Final = 100_000
"""Runs in a file of S3 that it reads."""


def is_text(value: str) -> bool:
    """Whether StartRunBatch takes a text as id or name of a run: no control, format or unassigned characters."""
    return 0 < len(value) <= 128 and all(category(character)[0] != "C" for character in value)


_MESSAGE: Final = "must have 1 to 128 visible characters"
_ID, _NAME = columns_of("runSettingId=set_id,name=set_name|set_sample_id")
_RUN: Final = (
    SheetColumn(_ID, "set_id", required=True, fits=is_text, message=_MESSAGE),
    SheetColumn(_NAME, fits=is_text, message=_MESSAGE),
)


def batch_writer(
    asked: SheetRequest, form: Format | None, parameters: Sequence[str], others: Mapping[str, bool], output: Path | None
) -> Callable[[Found], ExitCode]:
    """Return what writes a run for each row, as JSON.

    Args:
        asked: Whether a sheet was asked for as well, and all read sets are required.
        form: The format that was asked for.
        parameters: Lists of columns, under the names that the workflow gives to its parameters.
        others: Whether other options were given that a batch leaves nothing to.
        output: File to write.

    Raises:
        CommandError: One of these is wrong.
    """
    if form is not Format.RUN_BATCH:
        raise CommandError(f"--parameter {parameters[0]} is about --format run-batch: give both, or neither")
    if not parameters:
        raise CommandError("--format run-batch has no --parameter: give one, such as reads=omics_uri_source1")
    refuse({**others, f"--sheet {asked.name}": asked.name is not None}, "--format run-batch")
    check_place(output)
    given = columns_of(",".join(parameters), option="--parameter")
    required = [SheetColumn(replace(each, name=f"parameter {each.name}"), required=True) for each in given]
    sheet = Sheet((*_RUN, *required), unique=("runSettingId",))
    names = [each.name for each in given]

    def write(lines: Sequence[Line], file: TextIO) -> None:
        if len(lines) > MOST_RUNS:
            raise CommandError(f"{len(lines):,} runs are more than the {MOST_RUNS:,} of a batch: search for fewer")
        if len(lines) > INLINE:
            print_note(f"more than {INLINE} runs are no inlineSettings: put the file into S3, for s3UriSettings")
        file.write("[")
        file.writelines(f"{',' if number else ''}\n{to_json(_run(line, names))}" for number, line in enumerate(lines))
        file.write("\n]\n")

    return lambda found: write_sheet(found, sheet, write, asked, output, noun="batch")


def _run(line: Line, names: Sequence[str]) -> Mapping[str, Any]:
    identity, name, *parameters = line.values
    of_run = {"runSettingId": identity, "name": name, "parameters": dict(zip(names, parameters, strict=True))}
    return {key: value for key, value in of_run.items() if value}
