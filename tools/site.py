"""Build the README, docs/ and all that they link to into a site in `.cache/site`: `python -m tools.site`.

The site has the folders of the repository, so that a link leads to the same page on both. A link to a source file leads
to a copy of it. A page asks no other server for anything, if npm was there to fetch what draws the diagram.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SITE: Final = ROOT / ".cache" / "site"
MERMAID: Final = ROOT / ".cache" / "mermaid.tiny.js"
_PACKAGE: Final = "@mermaid-js/tiny@11.17.2"
_SHA512: Final = "PmFr1c5cSfNf5AngLLR98DrbvR4U5KeD7I+hQkGqG5w5Veu3QT4dG0qu9f99cpn/sKj2XxRBK0q7EL6hr9NY/A=="  # by npm


def published(root: Path) -> list[Path]:
    """Return the files of the site: the README, docs/, and what these and further pages link to."""
    todo, found = [root / "README.md", *sorted((root / "docs").iterdir())], list[Path]()
    for path in todo:  # which grows meanwhile
        if path in found or not path.is_file():
            continue  # a link that leads nowhere is left to mkdocs, which names it
        found.append(path)
        if path.suffix == ".md":
            links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
            todo += [Path(os.path.normpath(path.parent / link)) for link in links if "://" not in link]
    return found


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the pages of a repository into a folder. What is wrong with them is in `stderr`, with an exit code of 1."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "docs"
        for path in published(root):
            copy = pages / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        if MERMAID.is_file():
            shutil.copy(MERMAID, pages)
        shutil.copy(root / "mkdocs.yml", folder)
        return subprocess.run(  # noqa: S603 - no shell
            # Not --quiet, which takes warnings for none.
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site],
            cwd=folder,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},  # CONTRIBUTING.md says it, under Dependencies
            capture_output=True,
            text=True,
            check=False,
        )


def fetch_mermaid() -> None:
    """Get Mermaid, once, from npm."""
    npm = shutil.which("npm")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm or "", "pack", "--silent", _PACKAGE]
        if not npm or subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
            print("No Mermaid from npm: readers' browsers load it from unpkg.com for the diagram.", file=sys.stderr)
            return
        [package] = Path(folder).iterdir()
        if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != _SHA512:
            sys.exit(f"npm's {_PACKAGE} is not the one that tools/site.py was written for.")
        shutil.unpack_archive(package, folder)
        MERMAID.parent.mkdir(exist_ok=True)
        shutil.move(Path(folder) / "package" / "dist" / MERMAID.name, MERMAID)


def main() -> int:
    """Build the site. Returns the exit code."""
    if not MERMAID.is_file():
        fetch_mermaid()
    built = build(ROOT, SITE)
    if built.returncode:
        print(built.stderr, end="", file=sys.stderr)
    else:
        print(f"Built. To read it: python -m http.server --directory {SITE.relative_to(ROOT)}")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
