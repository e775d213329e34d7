"""README and docs/ become a site whose links and navigation are whole, and which asks no other server for anything."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.docs.pages import BESIDE, PAGES, ROOT
from tools import site as tool
from tools.site import build, published


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    target = tmp_path_factory.mktemp("site")
    built = build(ROOT, target)
    assert built.returncode == 0, built.stderr
    yield target
    shutil.rmtree(target)


def html(site: Path, page: Path) -> str:
    name = page.with_name("index") if page.stem == "README" else page
    return (site / name).with_suffix(".html").read_text(encoding="utf-8")


def test_every_page_is_on_the_site_and_found_by_its_search(site: Path):
    searched = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    titles = {entry["title"].replace("\xb6", "") for entry in searched}

    for page in [*PAGES, *BESIDE]:
        assert 'class="md-search"' in html(site, Path(page.name))
        assert {re.sub(r"[`*]", "", title) for title in page.headings} <= titles


def test_files_that_pages_show_or_link_to_are_on_the_site(site: Path):
    files = [path.relative_to(ROOT) for path in published(ROOT) if path.suffix != ".md"]

    assert {path.suffix for path in files} >= {".svg", ".png", ".py", ".toml"}
    assert all((site / path).read_bytes() == (ROOT / path).read_bytes() for path in files)


def test_the_diagram_is_drawn_and_nothing_comes_from_another_server(site: Path):
    assert '<pre class="mermaid"><code>flowchart TB' in html(site, Path("README.md"))
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'src="' in text
        assert "mermaid.tiny.js" in text
        assert not re.findall(r"""<(?:script|img|link|iframe)\b[^>]*?(?:src|href)=["']?(?:https?:)?//[^>]*""", text)


def test_a_broken_link_anchor_or_navigation_is_warned_of_which_fails(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "left-out.md").write_text("# Left out of the navigation\n")
    links = "[page](docs/none.md), [file](tools/none.py), [section](docs/left-out.md#none), [here](#none)\n"
    (tmp_path / "README.md").write_text(links)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)

    built = build(tmp_path, tmp_path / "site")

    assert built.returncode == 1
    warnings = "".join(re.findall(r"^WARNING .*\n(?: .*\n)*", built.stderr, re.MULTILINE))
    for fault in ("'docs/none.md'", "'tools/none.py'", "'docs/left-out.md#none'", "'#none'", "  - docs/left-out.md"):
        assert fault in warnings


@pytest.mark.parametrize(("npm", "told"), [(None, "unpkg.com"), ("exit 1", "unpkg.com"), ("echo other > a.tgz", "")])
def test_nothing_but_the_pinned_mermaid_is_taken(
    npm: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tool, "MERMAID", tmp_path / "mermaid.js")
    if npm:
        (tmp_path / "npm").write_text(f"#!/bin/sh\n{npm}\n")
        (tmp_path / "npm").chmod(0o755)

    with nullcontext() if told else pytest.raises(SystemExit, match="is not the one"):
        tool.fetch_mermaid()

    assert told in capsys.readouterr().err
    assert not tool.MERMAID.exists()
