"""The real AWS plugin takes what the program gives it, as far as a local AWS can tell. Elsewhere it is a stand-in."""

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from omics_sandbox import Limits, Sandbox

from tests.pulumi_cli import ROOT, copy_program, pulumi, pulumi_environment

PLUGIN = Path.home() / ".pulumi" / "plugins" / f"resource-aws-v{version('pulumi-aws')}"


def test_the_program_comes_up_and_goes_with_the_real_plugin(engine: Path, tmp_path: Path) -> None:
    # Not failed in CI: it is downloaded from where not every machine may, by a job of its own.
    if not PLUGIN.is_dir():
        pytest.skip("there is no real AWS plugin: run `make test-plugin`")
    folder = tmp_path / "project"
    copy_program(folder)
    with Sandbox(region="us-west-2", limits=Limits.none()) as sandbox:
        settings = (ROOT / "Pulumi.local.yaml").read_text().replace("http://127.0.0.1:4566", sandbox.endpoint)
        (folder / "Pulumi.local.yaml").write_text(settings)
        variables = pulumi_environment(engine, tmp_path / "home", sandbox.environment)
        plugin = tmp_path / "home" / "plugins" / PLUGIN.name
        shutil.rmtree(plugin)
        plugin.symlink_to(PLUGIN)

        for command in (
            ("stack", "init", "local"),
            ("up", "--yes", "--skip-preview"),
            ("preview", "--expect-no-changes"),
            ("destroy", "--yes", "--skip-preview"),
        ):
            pulumi(folder, variables, *command)
