"""What a shell completes: statuses, types, columns and sheets, and the stores and tag keys of the table.

A shell waits while this runs, so the table is read by a process beside it, which keeps what it found for the next time.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

import typer

from omics_meta.search.filters import TYPES

_FRESH_SECONDS: Final = 300.0
"""For so long, what was found in a table is offered without another look."""

_TRY_SECONDS: Final = 10.0
"""Before so long, no second process looks: the first is still at it, or the table cannot be read."""

_LONGEST_SECONDS: Final = 30.0
"""After so long, a process that looks gives up, so that shells at a network that hangs leave few of them."""

_MOST_ROWS: Final = 5000
"""To look at, which are some 8 MB, or a thousand read units."""

_TABLE: Final = ("stack", "cwd", "outputs", "table", "region", "profile")
"""The options that say which table it is, and from where it is read."""

_SURROUNDINGS: Final = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
"""The environment variables that say so too."""


def statuses(incomplete: str) -> list[str]:
    """Offer statuses of read sets."""
    from readset_sync.messages.read_set_event import ACTIONS

    return _beginning(incomplete, ACTIONS)


def types(incomplete: str) -> list[str]:
    """Offer types of read sets."""
    return _beginning(incomplete, TYPES)


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Offer columns, as the last of those that are there."""
    from omics_meta.search.columns import COLUMNS, DERIVED

    last = re.split("[,=|]", incomplete)[-1]
    before = incomplete.removesuffix(last)
    names = {column.name for column in (*COLUMNS, *DERIVED)}
    if last.startswith("tag:"):
        names = {f"tag:{key}" for key in _found(context)["tags"]}
    elif last:
        names |= {name.removeprefix("set_") for name in names}
    return [f"{before}{name}" for name in _beginning(last, [*names, "tag:"])]


def sorts(context: typer.Context, incomplete: str) -> list[str]:
    """Offer columns to sort by, after `-` too."""
    column = incomplete.removeprefix("-")
    return [f"{incomplete.removesuffix(column)}{name}" for name in columns(context, column)]


def sheets(incomplete: str) -> list[str]:
    """Offer the sheets that have a name; the shell itself offers files."""
    from omics_meta.search.sheets import preset_names

    return _beginning(incomplete, preset_names())


def stores(context: typer.Context, incomplete: str) -> list[str]:
    """Offer names and ids of the stores of the table's read sets."""
    return _one_word(_beginning(incomplete, _found(context)["stores"]))


def tag_keys(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the keys of the table's tags."""
    return _one_word(_beginning(incomplete, _found(context)["tags"]))


def _beginning(text: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(text))


def _one_word(names: Iterable[str]) -> list[str]:
    """Escape blanks and the like for bash, which takes what it is offered as it is; other shells do so themselves."""
    is_bash = os.environ.get("_OMICS_META_COMPLETE") == "complete_bash"
    return [re.sub(r"([^\w@%+=:,./-])", r"\\\1", name) if is_bash else name for name in names]


def _found(context: typer.Context) -> dict[str, list[str]]:
    """What is known of the table: its `stores` and `tags`. Nothing where it cannot be read, or has not been."""
    values = ((name, context.params.get(name)) for name in _TABLE)
    # Of several tables, the first.
    given = {name: str(value if isinstance(value, str | Path) else value[0]) for name, value in values if value}
    # Nothing can be kept here, or something else wrote it.
    with suppress(OSError, RuntimeError, ValueError, LookupError, TypeError):
        what = json.dumps([given, str(Path.cwd()), *map(os.environ.get, _SURROUNDINGS)])
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "omics-meta"
        kept = folder / f"{hashlib.sha256(what.encode()).hexdigest()}.json"
        if _age(kept) > _FRESH_SECONDS:
            _look(given, kept)
        found = json.loads(kept.read_text(encoding="utf-8"))
        return {name: [*map(str, found[name])] for name in ("stores", "tags")}
    return {"stores": [], "tags": []}


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime if file.exists() else float("inf")


def _look(given: Mapping[str, str], kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    began = kept.with_suffix(".began")
    if _age(began) > _TRY_SECONDS:
        began.touch()
        command = [sys.executable, "-m", "omics_meta.search.completion", json.dumps(given), str(kept)]
        nowhere = subprocess.DEVNULL
        subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)  # noqa: S603 - no shell


def keep(given: Mapping[str, str], file: Path) -> None:
    """Look into a table, and keep what was found."""
    from omics_meta.selection.connection import connect_table
    from omics_meta.selection.target import Selection, resolve

    paths = {name: Path(given[name]) if name in given else None for name in ("cwd", "outputs")}
    texts = {name: given.get(name) for name in ("stack", "table", "region", "profile")}
    selection = Selection(**paths, **texts, store_ids=(), all_stores=True)  # pyright: ignore[reportArgumentType] # of each its own type
    rows = connect_table(resolve(selection)).table.rows("store_id", "store.store_name", "tags")
    found: dict[str, set[str]] = {"stores": set(), "tags": set()}
    for row in islice(rows, _MOST_ROWS):
        named = row.get("store", {}).get("store_name")
        found["stores"] |= {each for each in (row.get("store_id"), named) if each}
        found["tags"] |= {key for tag in row.get("tags", []) for key in tag}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as new:
        json.dump({name: sorted(texts) for name, texts in found.items()}, new)
    Path(new.name).replace(file)


if __name__ == "__main__":
    watch = threading.Timer(_LONGEST_SECONDS, os._exit, [1])
    watch.daemon = True
    watch.start()
    keep(json.loads(sys.argv[1]), Path(sys.argv[2]))
