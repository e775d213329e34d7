"""For all tests: slow folders first, and what takes time at each client of AWS or each command done once a process."""

import atexit
import gc
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.hooks
import pytest
import typer.main
from botocore.hooks import EventAliaser
from botocore.loaders import Loader

# A worker takes one file after the other. Were these last, the other workers would have nothing left to do.
_SLOW_FIRST = ("engine", "reuse", "docs", "e2e", "migrating", "benchmarks", "faults", "cli")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("randomly"):
        items.sort(key=lambda item: _position(item.path.parent.name))
    gc.freeze()  # what was imported stays: no use in looking it through, least of all five times at the end
    atexit.register(gc.unfreeze)


def _position(folder: str) -> int:
    return _SLOW_FIRST.index(folder) if folder in _SLOW_FIRST else len(_SLOW_FIRST)


gc.set_threshold(50_000, 20)  # a tenth of the time of tests went into looking for what is not used any more


def _shared(load: Callable[..., Any]) -> Callable[..., Any]:
    """Share what a loader finds among sessions, as botocore does within one; moto's loaders change what they find."""
    found: dict[tuple[str | None, ...], Any] = {}

    def look_up(self: Loader, *names: str, **version: str | None) -> Any:
        if type(self) is not Loader:
            return load(self, *names, **version)
        key = (*self.search_paths, *names, *version.values())
        if key not in found:
            found[key] = load(self, *names, **version)
        return found[key]

    return look_up


_loader: Any = Loader
_loader.load_service_model = _shared(Loader.load_service_model)
_loader.load_data_with_path = _shared(Loader.load_data_with_path)
_loader.list_available_services = _shared(Loader.list_available_services)

_aliaser: Any = EventAliaser
_find_alias = _aliaser._alias_event_name
_aliases: dict[str, str] = {}


def _alias_event_name(self: EventAliaser, event_name: str) -> str:
    """Return what botocore calls an event, which depends on its name alone, and is asked for at each session."""
    if event_name not in _aliases:
        _aliases[event_name] = _find_alias(self, event_name)
    return _aliases[event_name]


_aliaser._alias_event_name = _alias_event_name
_accepts_kwargs = cache(botocore.hooks.accepts_kwargs)


def _accepts(handler: Any) -> Any:
    return _accepts_kwargs(getattr(handler, "__func__", handler))  # a method is another one for each client


botocore.hooks.accepts_kwargs = _accepts
typer.main.get_command = cache(typer.main.get_command)  # built from the signatures of all commands


@pytest.fixture(scope="session", autouse=True)
def _no_second_thoughts() -> Iterator[None]:
    """Let nobody wait for AWS to think again; what is asked or tried again, is so all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("readset_sync.sync.AGAIN_SECONDS", 0)
        patch.setattr("omics_meta.commands.verify.AGAIN_SECONDS", 0)
        patch.setattr("omics_meta.commands.backfill.again.PAUSES", (0, 0, 0))
        yield
