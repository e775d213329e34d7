"""What pages refer to is there: pictures, commands and options. That links lead somewhere, test_site.py says."""

import re

import pytest

from tests.docs.command_line import COMMANDS
from tests.docs.pages import BESIDE, PAGES, ROOT, Page

OPTIONS = frozenset[str]().union(*COMMANDS.values())

FOREIGN_OPTIONS = {
    "--local": "pulumi login",
    "--refresh": "pulumi up",
    "--since": "aws logs tail",
    "--renew": "pytest, of the recorded states",
    "--write": "python -m benchmarks",
}
"""Options that are not those of `omics-meta`, and whose they are."""


def test_the_index_has_every_page():
    indexed = set(re.findall(r"\]\(([^)#]+)", Page("docs/README.md").prose))
    pages = {page.path.name for page in PAGES if page.path.parent == ROOT / "docs"}

    assert pages - {"README.md"} <= indexed


def test_every_picture_is_shown_and_described():
    shown = {
        (page.path.parent / path).resolve()
        for page in PAGES
        for described, path in re.findall(r"!\[(.*?)\]\((.*?)\)", page.prose)
        if described
    }

    assert shown == {path for ending in ("svg", "png") for path in (ROOT / "docs").glob(f"*.{ending}")}


@pytest.mark.parametrize("page", [*PAGES, *BESIDE], ids=str)
def test_options_and_commands_that_prose_speaks_of_exist(page: Page):
    spans = re.findall(r"`([^`\n]+)`", page.prose)
    options = {option for span in spans for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", span)}
    named = {name for span in spans for name in re.findall(r"^omics-meta ((?:dlq )?[a-z]+)", span)}

    assert options - OPTIONS - FOREIGN_OPTIONS.keys() == set()
    assert named - COMMANDS.keys() == set()


def test_every_foreign_option_is_spoken_of():
    text = "".join(page.prose for page in [*PAGES, *BESIDE])

    assert [option for option in FOREIGN_OPTIONS if option not in text] == []
