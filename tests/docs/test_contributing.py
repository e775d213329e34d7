"""What CONTRIBUTING.md and the forms of GitHub tell those who carry on is true."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.docs.command_line import COMMANDS
from tests.docs.pages import ROOT, Page

PAGE = Page("CONTRIBUTING.md")
CHOOSER = ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml"
FORMS = sorted(path for path in CHOOSER.parent.glob("*.yml") if path != CHOOSER)


def test_the_first_change_can_be_made_as_described():
    for name, before, after in PAGE.table_under("A first change, in ten minutes"):
        assert Page(name).text.count(before) == 1
        assert before != after
        assert Page(name).text.count(after) == 0


def test_the_map_leads_to_what_is_there():
    for column in (1, 2):
        assert all(row[column] for row in PAGE.table_under("Layout", 1))
    named = re.findall(r"`([a-z_.-]+(?:/[\w.-]*)+)`", PAGE.section("Layout"))

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_have_what_github_requires(path: Path):
    """As docs.github.com has it, "Syntax for issue forms" and "Syntax for GitHub's form schema"."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]

    assert form.keys() == {"name", "description", "body"}
    assert len(ids) == len(set(ids)) > 0
    for field in fields:
        assert field["type"] in {"textarea", "input", "dropdown"}
        assert field.keys() <= {"type", "id", "attributes", "validations"}
        assert field["attributes"]["label"]
        assert field["attributes"].keys() <= {"label", "description", "options", "render"}
        assert ("options" in field["attributes"]) == (field["type"] == "dropdown")


def test_whoever_opens_an_issue_is_led_to_the_security_policy():
    project = tomllib.loads(Page("pyproject.toml").text)["project"]
    chooser = yaml.safe_load(CHOOSER.read_text(encoding="utf-8"))

    assert chooser.keys() == {"contact_links"}
    [link] = chooser["contact_links"]
    assert link.keys() == {"name", "url", "about"}
    assert link["url"] == f"{project['urls']['Repository']}/security/policy"


def test_forms_ask_for_commands_that_there_are():
    asked = re.findall(r"`omics-meta ([^`]*)`", "".join(path.read_text(encoding="utf-8") for path in FORMS))

    assert asked
    assert all(each == "--version" or each.split()[0] in COMMANDS for each in asked)


def test_both_distributions_lead_to_the_same_repository():
    main, sandbox = (
        tomllib.loads(Page(f"{folder}pyproject.toml").text)["project"]["urls"] for folder in ("", "sandbox/")
    )

    assert main.pop("Documentation") == f"{main['Repository']}#readme"
    assert sandbox.pop("Documentation") == f"{main['Repository']}/tree/main/sandbox#readme"
    assert main == sandbox
    assert main.keys() == {"Repository", "Changelog", "Issues"}
    assert all(url.startswith(main["Repository"]) for url in main.values())
