"""For all tests: slow folders first, and what takes time at each client of AWS done once a process."""

import json
import marshal
from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

# A worker takes one file after the other. Were these last, the other workers would have nothing left to do.
_SLOW_FIRST = ("engine", "reuse", "docs", "e2e", "migrating", "benchmarks", "faults", "cli")

_parse = JSONFileLoader.load_file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("randomly"):
        items.sort(key=lambda item: _position(item.path.parent.name))


def _position(folder: str) -> int:
    return _SLOW_FIRST.index(folder) if folder in _SLOW_FIRST else len(_SLOW_FIRST)


@cache
def _parsed(path: str) -> bytes:
    document: Any = _parse(JSONFileLoader(), path)
    return marshal.dumps(json.loads(json.dumps(document)))  # marshal knows no OrderedDict


def _load_file(self: JSONFileLoader, file_path: str) -> Any:
    """Return botocore's model in a file: a copy, because moto changes some, in a fifth of the time of parsing it."""
    return marshal.loads(_parsed(file_path))  # noqa: S302 - written above


JSONFileLoader.load_file = _load_file
