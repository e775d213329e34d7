"""What the documentation has people type leaves their clone clean, so that `git pull` upgrades it."""

import re
import subprocess

import pytest

from tests.docs.pages import PAGES, ROOT

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
