"""Writes rows as one JSON document, or as JSON Lines."""

import json
from typing import TextIO

from omics_meta.terminal.formats.rows import Rows, to_json


def write_document(rows: Rows, file: TextIO) -> int:
    """Write one JSON document with all rows; return how many there were."""
    # Its head comes with the first row: where nothing can be read at all, nothing is written.
    head = f'{json.dumps(rows.about)[:-1]}, "{rows.member}": ['
    count = 0
    for page in rows.pages:
        for row in page:
            file.write(f"{',' if count else head}\n  {to_json(rows.record(row))}")
            count += 1
        file.flush()
    file.write(f"{'' if count else head}\n], {json.dumps(rows.ending(count))[1:]}\n")
    return count


def write_lines(rows: Rows, file: TextIO) -> int:
    """Write a line of JSON for each row; return how many there were."""
    count = 0
    for page in rows.pages:
        file.writelines(f"{to_json(rows.record(row))}\n" for row in page)
        file.flush()
        count += len(page)
    return count
