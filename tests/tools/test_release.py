"""A release that cannot be is refused in one line. What `make release-check` builds and tries is too slow to test."""

import subprocess
from pathlib import Path

import pytest

from tools import release

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Something to come.

## [0.2.0] - 2026-11-29

First release.
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit whose changelog has 0.2.0."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "sandbox").mkdir()
    for folder in (".", "sandbox"):
        (tmp_path / folder / "pyproject.toml").write_text("https://github.com/OWNER/project")
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "Begin"]):
        git(tmp_path, *arguments)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, timeout=60)


def refusal(version: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert release.main([version]) == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("version", ["", "v0.2.0", "0.2", "0.2.0rc1", "00.2.0", "0.2.\u0660"])
def test_a_version_has_three_numbers(version: str, capsys: pytest.CaptureFixture[str]):
    assert refusal(version, capsys) == (f"No release: {version!r} is no version: call make release-check VERSION=1.2.3")


def test_a_release_is_made_in_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(release, "ROOT", tmp_path)

    assert refusal("0.2.0", capsys).endswith(
        "is no checkout, and a release is made of commits: clone the repository with git"
    )


def test_no_shell_sees_what_is_given_as_the_version():
    given = "0.2.0; echo $(echo told) | cat"
    command = ["make", "--dry-run", "release-check", f"VERSION={given.replace('$', '$$')}"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "tools.release" in printed
    assert "told" not in printed


def test_a_release_is_of_a_commit_that_has_no_other_s_tag(repository: Path, capsys: pytest.CaptureFixture[str]):
    git(repository, "tag", "v0.2.0")
    (repository / "more").write_text("")
    assert "the working tree has changes" in refusal("0.2.0", capsys)

    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "Go on")
    assert "v0.2.0 is another commit" in refusal("0.2.0", capsys)


def test_what_is_tagged_is_in_the_changelog_its_state_is_recorded_and_its_owner_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
):
    git(repository, "tag", "--annotate", "--message", "released", "v0.3.0")

    said = refusal("0.3.0", capsys)

    assert "CHANGELOG.md has no heading `## [0.3.0] - YYYY-MM-DD`" in said
    assert "no state of this version is recorded" in said
    assert "; pyproject.toml names no owner" in said
    assert "; sandbox/pyproject.toml names no owner" in said
    state = repository / "tests" / "reuse" / "recorded" / "state-0.2.0.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    for path in repository.rglob("pyproject.toml"):
        path.write_text("https://github.com/laboratory/project")
    assert release.shortcomings("0.2.0", CHANGELOG) == []
    [shortcoming] = release.shortcomings("0.2.0", f"{CHANGELOG}\nThe first release will be 0.2.0.\n")
    assert "CHANGELOG.md still says `The first release will be …`" in shortcoming


def test_the_notes_are_the_section_of_the_version_or_what_is_to_be_it():
    repository = "https://github.com/laboratory/project"
    changelog = CHANGELOG.replace("First", "[First](docs/first.md#how)")
    linked = f"[First]({repository}/blob/v0.2.0/docs/first.md#how)"
    assert release.notes("0.2.0", changelog, repository) == f"{linked} release.\n"
    assert release.notes("0.3.0", changelog, repository) == "### Added\n\n- Something to come.\n\n"
