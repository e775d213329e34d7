"""The pages of the documentation, and what is on them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        name: Its path from the root of the repository, such as `docs/cost.md`.
    """

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    @property
    def headings(self) -> list[str]:
        """The titles of its sections."""
        return re.findall(r"^## (.*)$", self.prose, flags=re.MULTILINE)

    @property
    def languages(self) -> list[str]:
        """The language of each block of code."""
        return re.findall(r"^```(\w*)\n.*?^```$", self.text, flags=re.MULTILINE | re.DOTALL)

    def blocks(self, language: str, heading: str = "") -> list[str]:
        """The blocks of code in a language: all of them, or those under a heading."""
        text = self.section(heading) if heading else self.text
        return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)

    def commands(self, heading: str = "") -> list[str]:
        """The lines of the `sh` blocks: of all of them, or of those under a heading."""
        blocks = self.blocks("sh", heading)
        return [line for block in blocks for line in block.splitlines() if not line.startswith("#")]

    def section(self, heading: str) -> str:
        """What is under a heading, up to the next one of its level or a higher one."""
        [(level, text)] = re.findall(
            rf"^(##+) {re.escape(heading)}\n(.*?)(?=^## |\Z)", self.text, flags=re.MULTILINE | re.DOTALL
        )
        return re.split(rf"^{level} ", text, flags=re.MULTILINE)[0]

    def table_under(self, heading: str, number: int = 0) -> list[list[str]]:
        """The rows of a table, without its head; cells without backticks around the whole of them."""
        tables = re.findall(r"(?:^\|.*\|\n)+", self.section(heading), flags=re.MULTILINE)
        rows = [re.split(r" ?\| ", line[2:].removesuffix("|")) for line in tables[number].splitlines()[2:]]
        return [[re.sub(r"^`([^`]*)`$", r"\1", cell.strip()) for cell in row] for row in rows]


README = Page("README.md")
PAGES = [Page(str(path.relative_to(ROOT))) for path in (README.path, *sorted((ROOT / "docs").glob("*.md")))]
"""The README, and every page in docs/."""

BESIDE = [Page(name) for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")]
"""Pages that are about something else than the use of the product."""
