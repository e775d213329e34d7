"""What the documentation has people type leaves their clone clean, so that a newer version can be checked out."""

import re
import subprocess

import pytest

from tests.docs.pages import PAGES, ROOT, Page

STACKS = {name for page in PAGES for line in page.commands for name in re.findall(r"^pulumi stack init (\S+)", line)}


def ignored(name: str) -> bool:
    """Whether git takes no notice of a file, there or not."""
    return subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False).returncode == 0


def test_the_settings_of_documented_stacks_are_ignored():
    assert STACKS
    for stack in STACKS:
        assert ignored(f"Pulumi.{stack}.yaml")
        assert ignored(f"examples/plain/Pulumi.{stack}.yaml")


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.local.yaml", "examples/plain/Pulumi.yaml"])
def test_what_is_shipped_is_not_ignored(name: str):
    assert (ROOT / name).is_file()
    assert not ignored(name)


def test_an_upgrade_goes_to_a_version_in_a_clone_and_in_a_project_of_one_s_own():
    commands = Page("docs/operations.md").commands_under("Upgrade")

    assert {"git checkout vX.Y.Z", "pulumi install"} <= set(commands)
    assert not [command for command in commands if command.startswith("git pull")]  # main is not supported
