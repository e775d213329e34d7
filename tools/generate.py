"""Writes the files that are made from declarations elsewhere in the code: `make generate`."""

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import indent, wrap
from typing import Final

from omics_components.config import CONFIG_KEYS, OTHER_SPELLINGS
from omics_components.settings import DECLARED, Setting

from tools.reference import reference

ROOT: Final = Path(__file__).parents[1]
ARGS: Final = "components/omics_components/args.py"
_WIDTH: Final = 118

_ARGS_HEAD: Final = '''\
"""The arguments of MetadataSync. Written by `make generate` from `settings.py`: change them there.

The module is read by Pulumi's schema generator, which takes the docstring under each attribute as its description and
needs real annotations: no `from __future__ import annotations`, no Literal, no unions.
"""

from typing import NotRequired, TypedDict

import pulumi


class MetadataSyncArgs(TypedDict, total=False):
    """What can be chosen about a MetadataSync. Everything has a default."""
'''

# Pulumi has no null.
_PULUMI_TYPES: Final = {str: "string", int: "integer", bool: "boolean", dict: "object"}


def args() -> str:
    """The component's arguments."""
    return "\n".join([_ARGS_HEAD, "\n\n".join(_argument(each) for each in DECLARED.values())]) + "\n"


def _argument(setting: Setting) -> str:
    kind = "dict[str, pulumi.Input[str]]" if setting.type is dict else setting.type.__name__
    annotation = f"pulumi.Input[{kind}]" if setting.can_be_output else kind
    text = _description(setting)
    if setting.default not in (None, {}):
        shown = setting.default if isinstance(setting.default, str) else json.dumps(setting.default)
        text += f" Default: `{shown}`."
    lines = wrap(f'"""{text}"""', _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return indent("\n".join([f"{setting.name}: NotRequired[{annotation}]", *lines]), "    ")


def _description(setting: Setting) -> str:
    return setting.meaning if setting.type is bool else f"{setting.meaning} Accepts {setting.accepts}."


def project_file() -> str:
    """Pulumi.yaml, with the configuration keys as its last block."""
    before, start, _ = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8").partition("\nconfig:\n")
    keys = [_config_key(DECLARED[name]) for name in CONFIG_KEYS.values()]
    others = [_entry(key, "string", "", f"Another spelling of {main}.") for key, main in OTHER_SPELLINGS.items()]
    return before + start + "".join([*keys, *others])


def _config_key(setting: Setting) -> str:
    return _entry(setting.key, _PULUMI_TYPES[setting.type], _default(setting), _description(setting))


def _default(setting: Setting) -> object:
    return "" if setting.default is None else setting.default


def _entry(key: str, kind: str, default: object, description: str) -> str:
    lines = wrap(description, _WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    text = indent("\n".join(lines), "      ")
    return f"  {key}:\n    type: {kind}\n    default: {json.dumps(default)}\n    description: >-\n{text}\n"


def settings_page() -> str:
    """docs/settings.md, with the table of configuration keys between its markers."""
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    table = "\n".join(["| key | type | default | accepted | meaning |", "| --- | --- | --- | --- | --- |", *_rows()])
    return re.sub(r"(?<=<!-- settings -->\n).*(?=\n<!-- end of settings -->)", lambda _: table, page, flags=re.DOTALL)


def _rows() -> Iterator[str]:
    for name in CONFIG_KEYS.values():
        each = DECLARED[name]
        cells = [
            f"`{each.key}`",
            _PULUMI_TYPES[each.type],
            f"`{json.dumps(_default(each))}`",
            each.accepts,
            each.meaning,
        ]
        yield f"| {' | '.join(cells)} |"
    for key, main in OTHER_SPELLINGS.items():
        yield f'| `{key}` | string | `""` | as `{main}` | Another spelling of `{main}`. |'


def schema() -> str:
    """The schema of the package, but for its version, which changes with every release."""
    package = runpy.run_path(str(ROOT / "components" / "__main__.py"))["Package"]
    declared = {name: value for name, value in json.loads(package().schema).items() if name != "version"}
    return json.dumps(declared, indent=2, sort_keys=True) + "\n"


GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    ARGS: args,
    "Pulumi.yaml": project_file,
    "docs/settings.md": settings_page,
    "docs/cli.md": reference,
    "components/schema.json": schema,
}
"""What each generated file holds, by its path."""


def main() -> None:
    """Write what is not as it should be."""
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if path.read_text(encoding="utf-8") == text:
            continue
        path.write_text(text, encoding="utf-8")
        print(f"{name} is written anew")
        if name == ARGS:
            # The schema is made of the arguments as they were imported: begin again with what was written.
            subprocess.run([sys.executable, "-m", "tools.generate"], check=True)
            return


if __name__ == "__main__":
    main()
