"""The wheel, installed into an environment that knows nothing of this checkout."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = Path(sysconfig.get_path("purelib"))


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a command away from the checkout; return what it printed."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AWS_", "VIRTUAL_ENV"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=inherited | env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with the third-party distributions of this one.

    Those are linked, not installed: a link to the whole of site-packages would make the checkout's editable
    packages visible, because a `.pth` file in there points to them.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    for entry in SITE.iterdir():
        if entry.suffix != ".pth" and not entry.name.startswith("healthomics_metadata_sync"):
            (site / entry.name).symlink_to(entry)
    python = folder / "venv" / "bin" / "python"
    install = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps")
    run(python, *install, "--no-compile", wheel, cwd=folder)
    return folder


def test_no_top_level_module_has_a_name_that_others_use(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        top_level = {name.split("/")[0] for name in archive.namelist()}

    assert top_level == {
        "omics_components",
        "readset_sync",
        "omics_meta",
        "healthomics_metadata_sync-0.1.0.dist-info",
    }


def test_the_command_works(environment: Path):
    shown = run(environment / "venv" / "bin" / "omics-meta", "--help", cwd=environment)

    assert "backfill" in shown
    assert "verify" in shown


def test_the_component_and_its_deployment_package_work(environment: Path):
    code = (
        "from omics_components import MetadataSync, MetadataSyncArgs\n"
        "from omics_components.package import write_package\n"
        "import omics_components, readset_sync\n"
        "print(omics_components.__file__, readset_sync.__file__, write_package())"
    )

    shown = run(environment / "venv" / "bin" / "python", "-I", "-c", code, cwd=environment, TMPDIR=str(environment))

    component, handler, package = (Path(part) for part in shown.split())
    assert component.is_relative_to(environment / "venv")
    assert handler.is_relative_to(environment / "venv")
    assert package.is_relative_to(environment)
    with zipfile.ZipFile(package) as archive:
        assert "readset_sync/function.py" in archive.namelist()
