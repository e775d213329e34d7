"""The page about migrating, and what its reader types."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")


def blocks(heading: str, language: str = "sh") -> list[str]:
    """The blocks of code in a language that are under a heading, down to the next one of its level."""
    [(_, section)] = re.findall(
        rf"^(##+) {re.escape(heading)}\n(.*?)(?=^\1 |^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL
    )
    return re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)


def commands(heading: str) -> list[str]:
    """The lines of the `sh` blocks under a heading."""
    return [line for block in blocks(heading) for line in block.splitlines()]
