"""What the documentation has people type leaves their clone clean, so that a newer version can be checked out."""

import re
import subprocess

from tests.docs.pages import PAGES, ROOT, Page

STACKS = {name for page in PAGES for line in page.commands() for name in re.findall(r"^pulumi stack init (\S+)", line)}


def ignored(*names: str) -> set[str]:
    """Those of the files that git takes no notice of, there or not. Of tracked ones, it would not say so by itself."""
    command = ["git", "check-ignore", "--no-index", *names]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split())


def test_the_settings_of_documented_stacks_are_ignored_and_what_is_shipped_is_not():
    settings = {f"{folder}Pulumi.{stack}.yaml" for stack in STACKS for folder in ("", "examples/plain/")}
    shipped = ["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.local.yaml", "examples/plain/Pulumi.yaml"]

    assert STACKS
    assert all((ROOT / name).is_file() for name in shipped)
    assert ignored(*settings, *shipped) == settings


def test_an_upgrade_goes_to_a_version_in_a_clone_and_in_a_project_of_one_s_own():
    commands = Page("docs/operations.md").commands("Upgrade")

    assert {"git checkout vX.Y.Z", "pulumi install"} <= set(commands)
    assert not [command for command in commands if command.startswith("git pull")]  # main is not supported
