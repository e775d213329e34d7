"""For all tests: slow folders first, and what takes time at each client of AWS or each command done once a process."""

import json
import marshal
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.hooks
import pytest
import typer.main
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader

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

_look_for_services = Loader.list_available_services
_services: dict[tuple[str, ...], list[str]] = {}


def _list_available_services(self: Loader, type_name: str) -> list[str]:
    """Return the services of which botocore has a file, for which it looks into all its folders at each session."""
    key = (*self.search_paths, type_name)
    if key not in _services:
        _services[key] = _look_for_services(self, type_name)
    return _services[key]


Loader.list_available_services = _list_available_services

_aliaser: Any = EventAliaser
_find_alias = _aliaser._alias_event_name
_aliases: dict[str, str] = {}


def _alias_event_name(self: EventAliaser, event_name: str) -> str:
    """Return what botocore calls an event, which depends on its name alone, and is asked for at each session."""
    if event_name not in _aliases:
        _aliases[event_name] = _find_alias(self, event_name)
    return _aliases[event_name]


_aliaser._alias_event_name = _alias_event_name
botocore.hooks.accepts_kwargs = cache(botocore.hooks.accepts_kwargs)
typer.main.get_command = cache(typer.main.get_command)  # built from the signatures of all commands


@pytest.fixture(scope="session", autouse=True)
def _no_second_thoughts() -> Iterator[None]:
    """Let nobody wait for AWS to think again; what is asked or tried again, is so all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readset_sync.sync.AGAIN_SECONDS", 0)
        patch.setattr("omics_meta.commands.verify.AGAIN_SECONDS", 0)
        patch.setattr("omics_meta.commands.backfill.again.PAUSES", (0, 0, 0))
        yield
