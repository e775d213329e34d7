"""Git tags decide the version of both distributions, and a tree without them says so in its version."""

import os
import re
import runpy
import shutil
import subprocess
import warnings
from contextlib import chdir
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = (".", "sandbox")
# What decides the version, and what a distribution cannot be without.
FILES = (
    *("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt"),
    *("sandbox/pyproject.toml", "sandbox/README.md"),
)
UNTAGGED = "0.0.0.dev0+untagged"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
    mine = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60, env={**os.environ, **mine}
    )
    return done.stdout.strip()


def version_of(tree: Path) -> str:
    """The version that both distributions of a tree are built with."""
    found: set[str] = set()
    for distribution in DISTRIBUTIONS:
        # The tool warns of a tree in which it finds no tags.
        with chdir(tree / distribution), warnings.catch_warnings(action="ignore"):
            found.add(ProjectMetadata(str(tree / distribution), PluginManager()).version)
    assert len(found) == 1, found
    return found.pop()


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that decide the version, without git."""
    for name in FILES:
        copy = tmp_path / "tree" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    return tmp_path / "tree"


def commit_all(tree: Path) -> None:
    """Make the tree a checkout with one commit and no tag."""
    git(tree, "init", "--quiet")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message", "Begin")


def archive(checkout: Path) -> Path:
    """The tree as GitHub's archive of its newest commit has it."""
    folder = checkout.with_name("archive")
    folder.mkdir()
    git(checkout, "archive", "--output", str(folder / "tree.zip"), "HEAD")
    shutil.unpack_archive(folder / "tree.zip", folder)
    return folder


def test_a_tree_without_git_says_that_it_is_no_release_and_a_checkout_without_tags_which_commit_it_is(tree: Path):
    assert version_of(tree) == UNTAGGED

    commit_all(tree)
    commit = git(tree, "rev-parse", "HEAD")
    version = version_of(tree)
    assert re.fullmatch(r"0\.0\.0\.dev1\+untagged\.g([0-9a-f]{7,})", version)
    assert version.split(".g")[1] in commit
    assert version_of(archive(tree)) == UNTAGGED


def test_a_tag_is_the_version(tree: Path):
    commit_all(tree)
    git(tree, "tag", "v0.2.0")
    assert version_of(tree) == "0.2.0"
    assert version_of(archive(tree)) == "0.2.0"

    # AND of the clone that Pulumi makes of a tagged package: one commit, one tag
    clone = tree.with_name("clone")
    git(tree, "clone", "--quiet", "--depth=1", "--branch=v0.2.0", tree.as_uri(), str(clone))
    assert version_of(clone) == "0.2.0"

    # AND what comes after it is told from it, whether committed or not
    (tree / "README.md").write_text("more")
    git(tree, "add", ".")
    assert version_of(tree).startswith("0.2.1.dev0+g")
    git(tree, "commit", "--quiet", "--message", "Go on")
    assert version_of(tree).startswith("0.2.1.dev1+g")


def test_the_changelog_has_its_form_and_its_oldest_version_changes_nothing():
    sections = re.split(r"^## ", text("CHANGELOG.md"), flags=re.MULTILINE)[1:]

    assert sections[0].startswith("[Unreleased]\n")
    assert all(re.match(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d\n", section) for section in sections[1:])
    kinds = [set(re.findall(r"^### (.*)$", section, re.MULTILINE)) for section in sections]
    assert set[str]().union(*kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    # Nobody had anything before it that could have changed.
    assert kinds[-1] == {"Added"}


def test_whatever_names_a_version_names_the_newest():
    # GIVEN the newest version of the changelog, or the first to come
    newest = re.search(r"^## \[(\d\S*)\]|^The first release will be (\S+)\.$", text("CHANGELOG.md"), re.MULTILINE)
    assert newest

    # WHEN examples and pages name this repository at a version, THEN it is that one
    listed = git(ROOT, "ls-files", "--", "*.md", "*.txt", "*.yaml", "*.json", ":!tests").split()
    before = r"healthomics-metadata-sync(?:\.git\S*@v?|\[deploy\]==|\": \")|`(?:/components)?@v?"
    named = {(name, v) for name in listed for v in re.findall(rf"(?:{before})(\d+\.\d+\.\d+)", text(name))}
    shown = {
        "docs/json.md",
        "examples/README.md",
        "examples/plain/requirements.txt",
        "templates/python/requirements.txt",
    }
    assert shown <= {name for name, _ in named}
    assert {version for _, version in named} == {newest[1] or newest[2]}, named


@pytest.mark.parametrize(
    ("version", "semantic"),
    [
        ("0.2.0", "0.2.0"),
        ("0.2.1.dev3+g1a2b3c4d5", "0.2.1-dev.3+g1a2b3c4d5"),
        ("0.2.1.dev0+g1a2b3c4d5.d20260404", "0.2.1-dev.0+g1a2b3c4d5.d20260404"),
        ("0.3.0rc1", "0.3.0-rc.1"),
        (UNTAGGED, "0.0.0-dev.0+untagged"),
    ],
)
def test_the_component_s_package_has_the_same_version_in_pulumi_s_spelling(version: str, semantic: str):
    assert runpy.run_path(str(ROOT / "components" / "__main__.py"))["_semantic"](version) == semantic
