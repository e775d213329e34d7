"""The pictures of terminals show what the commands print now, and nothing of the machine on which they were made."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.docs.pages import ROOT
from tools.pictures.__main__ import terminals
from tools.pictures.terminal import run

DOCS = ROOT / "docs"
PICTURES = sorted(DOCS.glob("*.svg"))


def test_they_are_current():
    for name, svg in terminals():
        assert (DOCS / f"{name}.svg").read_text(encoding="utf-8") == svg, "run `python -m tools.pictures`"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_they_load_nothing_and_tell_nothing_of_a_machine(path: Path):
    text = path.read_text(encoding="utf-8")

    ElementTree.fromstring(text)  # noqa: S314 - of this repository
    assert set(re.findall(r"\w+://[^\s\"')]*", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"@font-face|@import|<script|127\.0\.0\.1|localhost|/(?:tmp|home|root|usr|work)/", text)


def test_a_command_that_fails_is_not_shown():
    with pytest.raises(RuntimeError, match="omics-meta find ended with 2: "):
        run("omics-meta find", {}, 80)
