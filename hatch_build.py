"""What PyPI shows of the README: no relative link works there, and no diagram is drawn."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_DIAGRAM = re.compile(r"^```mermaid\n.*?^```\n", re.MULTILINE | re.DOTALL)


def absolute(markdown: str, repository: str, version: str) -> str:
    """Lead what a page at the root of the repository links to there, to the files of a version."""
    images = f"{repository}/raw/v{version}/"
    markdown = re.sub(r"(!\[[^]]*\]\()(?!https?:)", lambda found: found[1] + images, markdown)
    return re.sub(r"(\]\()(?!https?:|#)", lambda found: f"{found[1]}{repository}/blob/v{version}/", markdown)


class Readme(MetadataHookInterface):
    """Writes it for a distribution whose version is known."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme among the metadata."""
        repository, version = metadata["urls"]["Repository"], metadata["version"]
        shown = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        shown = _DIAGRAM.sub("[The diagram](README.md#how-it-works) shows how.\n", shown)
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(shown, repository, version)}
