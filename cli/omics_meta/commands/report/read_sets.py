"""The list of all read sets of a page, which its script shows: data in the page, and no element for each."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from readset_sync.constants import KEY
from readset_sync.model.record import CREATED_AT, Row, tag_map

from omics_meta.commands.report import html
from omics_meta.search.inventory import TableInventory, Tally, store_of
from omics_meta.terminal.output import ids

PATHS: Final = ("set_name", "set_sample_id", "set_subject_id")
"""What the list needs of a row beside what is counted, as `Table.rows` takes it."""

_TEXTS: Final = {
    "name": "set_name",
    "sample": "set_sample_id",
    "subject": "set_subject_id",
    "status": "set_status",
    "type": "set_type",
}
_UNSAFE: Final = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
"""What would end the element, or begin a comment in it, or cannot be in a file."""


class ReadSets:
    """Collects the lines of the list, each as JSON."""

    def __init__(self, tag_keys: Sequence[str], *, several: bool) -> None:
        """Begin a list with a column for each of these tags and, where there are several tables, for theirs."""
        self._tag_keys = tag_keys
        self._several = several
        self._lines: list[str] = []

    def add(self, row: Row, table: TableInventory) -> None:
        """Add a row of a table."""
        tally, tags = Tally.of(row), tag_map(row)
        line = [
            ids(row[KEY])[1] or row[KEY],
            *(row.get(name, "") for name in _TEXTS.values()),
            store_of(row).store_id,
            *((table.account, table.region) if self._several else ()),
            _minute(row.get(CREATED_AT, "")),
            tally.known_size,
            tally.known_bases,
            *(tags.get(key, "") for key in self._tag_keys),
            *((table.name,) if self._several else ()),
        ]
        self._lines.append(_json(line))

    def html(self) -> list[str]:
        """Return what the page has of it: the data, and what to say where they cannot be shown."""
        place, table = (("account", "region"), ("table",)) if self._several else ((), ())
        columns = ["id", *_TEXTS, "store", *place, "created (UTC)", "bytes", "bases", *self._tag_keys, *table]
        numbers = [columns.index("bytes"), columns.index("bases")]
        count = f"{len(self._lines):,} read sets"
        export = "`omics-meta export --format csv` writes them to a file."
        unseen = html.paragraph(f"The list of {count} needs a script, which this browser does not run. {export}")
        data = f'"columns":{_json(columns)},"numbers":{_json(numbers)},"rows":[{",".join(self._lines)}]'
        return [
            html.paragraph("The ids in this list may tell who a patient is.", kind="warning"),
            f"<noscript>{unseen}</noscript>",
            html.paragraph(f"The list of {count} is not printed. {export}", kind="printed"),
            '<div id="list"></div>',
            f'<script type="application/json" id="read-sets">{{{data}}}</script>',
        ]


def _minute(text: str) -> str:
    """Write a time of the table as people read it, such that the order of texts stays that of times."""
    return f"{text[:10]} {text[11:16]}" if text else ""


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
