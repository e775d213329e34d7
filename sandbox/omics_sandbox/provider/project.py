"""A Pulumi project on disk: its program and the configuration that a run of it sees."""

import contextlib
import json
import runpy
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from omics_sandbox.provider.values import is_mapping

Program = Callable[[], object]


@dataclass(frozen=True)
class Project:
    """What `Pulumi.yaml` says, with its `config` block as `declared`; or a function that is the program."""

    name: str
    folder: Path
    main: Path | Program
    declared: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def load(cls, folder: Path) -> "Project":
        """Read `Pulumi.yaml` in a folder."""
        document = yaml.safe_load((folder / "Pulumi.yaml").read_text())
        main = folder / document.get("main", ".")
        return cls(document["name"], folder, main, document.get("config") or {})

    def stack_config(self, stack: str) -> dict[str, Any]:
        """Return the configuration in `Pulumi.<stack>.yaml`; empty if there is none, as for a function."""
        if not isinstance(self.main, Path):
            return {}
        path = self.folder / f"Pulumi.{stack}.yaml"
        return (yaml.safe_load(path.read_text()).get("config") or {}) if path.is_file() else {}

    def resolve_config(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Return configuration as the language runtime gets it: full keys, and strings as values.

        Keys without a namespace belong to the project. Declared defaults are filled in.
        """
        values = {self._full(key): value for key, value in given.items()}
        for key, declared in self.declared.items():
            default = declared.get("default", declared.get("value")) if is_mapping(declared) else declared
            values.setdefault(self._full(key), default)
        return {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in values.items()
            if value is not None
        }

    def _full(self, key: str) -> str:
        return key if ":" in key else f"{self.name}:{key}"

    def run(self) -> None:
        """Run the program in this process, as `python <main>` would."""
        if isinstance(self.main, Path):
            runpy.run_path(str(self.main), run_name="__main__")
        else:
            self.main()

    @contextlib.contextmanager
    def surroundings(self) -> Generator[None]:
        """Give a program on disk the working directory and the import path that Pulumi's language host gives it."""
        if not isinstance(self.main, Path):
            yield
            return
        saved = list(sys.path)
        sys.path.insert(0, str(self.main if self.main.is_dir() else self.main.parent))
        try:
            with contextlib.chdir(self.folder):
                yield
        finally:
            sys.path[:] = saved
