"""`omics-meta duplicates`: read sets with the same content."""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from sys import intern
from typing import Final

from readset_sync.constants import KEY
from readset_sync.model.record import Row

from omics_meta.search.columns import PLACE, Column, columns_of
from omics_meta.search.filters import Filters, Search
from omics_meta.search.reader import read_named
from omics_meta.search.searching import search_for
from omics_meta.selection.tables import Tables
from omics_meta.selection.target import Selection
from omics_meta.terminal.exits import ExitCode
from omics_meta.terminal.formats.format import NESTED, Format
from omics_meta.terminal.formats.registry import writer_of
from omics_meta.terminal.formats.rows import Rows
from omics_meta.terminal.output import print_note

_CONTENT: Final = "content"
"""A digest of the etags, which the rows of a group have in common."""

_Member = tuple[str, str]
"""The ARN of a row, and the algorithm that made its etags; empty where it does not tell."""

_COLUMNS: Final = f"{_CONTENT},set_arn,set_name,set_sample_id,set_status,set_total_size,store_name"


def duplicates(selections: Sequence[Selection], *, form: Format, columns: str | None) -> ExitCode:
    """Print the read sets whose content another one has too, group by group.

    All of the table is read. In memory are then a digest and an ARN for each row, some 300 MB for a million rows.
    """
    write = writer_of(form)
    place = PLACE if len(selections) > 1 else ()
    names = ",".join([*(column.name for column in place), _COLUMNS]) if columns is None else columns
    shown = None if form in NESTED and columns is None else columns_of(names, Column(_CONTENT))
    every = search_for(Search(tuple(selections), Filters()))
    tables, groups = every.tables, same_content(chain.from_iterable(every.pages))

    rows = Rows(_members(tables, groups), shown, tables.about("duplicates"), tables.ending, first=place)
    found = write(rows, sys.stdout)
    print_note(f"{found} read sets have the content of another; groups: {len(groups)}")
    return tables.code


def same_content(rows: Iterable[Row]) -> Mapping[str, list[str]]:
    """Return the ARNs of rows with the same content, by a digest of it, where there are two or more of them.

    Content is the same where the etags of source1 and source2 are, and the algorithm that made them. Rows without an
    etag are left out.
    """
    first: dict[bytes, _Member] = {}
    groups: dict[bytes, list[_Member]] = {}
    for row in rows:
        # Rows of another tool have no `set_etag`, but etags of files.
        etags = {file.get("file_type"): file.get("etag") for file in row.get("files", [])} | row.get("set_etag", {})
        sources = (etags.get("source1"), etags.get("source2"))
        if not any(sources):
            continue
        content, member = _digest(*sources), (row[KEY], intern(etags.get("algorithm") or ""))
        if content in first:
            groups.setdefault(content, [first[content]]).append(member)
        else:
            first[content] = member
    return {
        _digest(content.hex(), algorithm).hex(): arns
        for content, group in groups.items()
        for algorithm, arns in _by_algorithm(group)
    }


def _by_algorithm(group: Iterable[_Member]) -> Iterator[tuple[str, list[str]]]:
    """Yield the algorithms that made the etags of two or more rows, with their ARNs.

    A row that does not tell the algorithm, as those of another tool, is taken to have the one that the others have.
    """
    algorithms: dict[str, list[str]] = {}
    for arn, algorithm in sorted(set(group)):  # several tables may have the same read set
        algorithms.setdefault(algorithm, []).append(arn)
    if len(algorithms) == 2 and "" in algorithms:
        algorithms = {max(algorithms): sorted({arn for arn, _ in group})}
    yield from ((algorithm, arns) for algorithm, arns in algorithms.items() if len(arns) > 1)


def _digest(*parts: str | None) -> bytes:
    # 128 bits: that two contents share a digest is less likely than an error of the memory.
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()


def _members(tables: Tables, groups: Mapping[str, list[str]]) -> Iterator[list[Row]]:
    for content, arns in groups.items():
        rows: dict[str, Row] = {}
        # First where they belong; a table may have rows of another account or region all the same.
        for table, named in (*tables.share(arns), *((table, arns) for table in tables.connections)):
            with tables.telling(table):
                left = [arn for arn in named if arn not in rows]
                rows |= {row[KEY]: row for page in read_named(table.table, left) for row in page}
        yield [{**rows[arn], _CONTENT: content} for arn in arns if arn in rows]
