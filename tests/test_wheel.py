"""The wheel, installed into environments that know nothing of this checkout."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from tests.command_line import LONGEST_COMMAND_SECONDS

ROOT = Path(__file__).parents[1]
SITE = Path(sysconfig.get_path("purelib"))
NAME = "healthomics-metadata-sync"
INSTALL_DEPLOY = "run pip install 'healthomics-metadata-sync[deploy]'"


def run(*command: str | Path, cwd: Path, exit_code: int = 0, **env: str) -> str:
    """Run a command away from the checkout; return what it printed."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AWS_", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=inherited | env,
        timeout=LONGEST_COMMAND_SECONDS,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done.stdout if exit_code == 0 else done.stderr


def needed(extra: str) -> list[metadata.Distribution]:
    """What pip would install beside the project."""
    found: dict[tuple[str, str], metadata.Distribution] = {}
    todo = [(NAME, extra)]
    while todo:
        name, chosen = todo.pop()
        if (name, chosen) not in found:
            found[name, chosen] = metadata.distribution(name)
            for requirement in map(Requirement, found[name, chosen].requires or ()):
                if requirement.marker is None or requirement.marker.evaluate({"extra": chosen}):
                    todo += [(requirement.name, of) for of in requirement.extras or {""}]
    return [distribution for (name, _), distribution in found.items() if name != NAME]


def files(extra: str) -> set[Path]:
    """The files of what is needed, relative to site-packages."""
    return {
        path
        for distribution in needed(extra)
        for path in map(Path, distribution.files or ())
        if path.parts[0] not in {"..", "__pycache__"} and path.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment(wheel: Path, folder: Path, extra: str = "") -> Path:
    """Make an environment with the wheel and what it needs; return its folder of programs."""
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    # What is installed here is linked rather than fetched.
    for entry in {path.parts[0] for path in files(extra)}:
        (site / entry).symlink_to(SITE / entry)
    programs = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", programs / "python")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", wheel, cwd=folder)
    return programs


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment without extras."""
    return environment(wheel, tmp_path_factory.mktemp("bare"))


def test_no_top_level_module_has_a_name_that_others_use(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        top_level = {name.split("/")[0] for name in archive.namelist()}

    assert top_level == {
        "omics_components",
        "readset_sync",
        "omics_meta",
        f"healthomics_metadata_sync-{wheel.name.split('-')[1]}.dist-info",
    }


def test_pypi_takes_the_metadata_and_shows_only_links_that_work(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        [name] = (name for name in archive.namelist() if name.endswith("/METADATA"))
        shown = Metadata.from_email(archive.read(name))
    # The version that the action which publishes is known to take: a newer one may need a newer action.
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert f"`Metadata-Version: {shown.metadata_version}`" in workflow

    text, repository = str(shown.description), (shown.project_urls or {})["Repository"]
    links = re.findall(r"\]\(([^)]*)\)", text)
    here = [link for link in links if link.startswith(f"{repository}/")]
    assert len(here) > 20
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    for link in here:
        kind, version, path = link.partition("#")[0].removeprefix(f"{repository}/").split("/", 2)
        assert (kind, version) == ("raw" if path.endswith(".svg") else "blob", f"v{shown.version}")
        assert (ROOT / path).exists()
    assert "```mermaid" not in text


def test_an_installation_without_extras_is_small():
    megabytes = sum((SITE / path).stat().st_size for path in files("")) / 1e6

    assert not any(distribution.name.startswith(("pulumi", "moto", "aws-lambda")) for distribution in needed(""))
    # With pip and bytecode, which add some 50 MB, an environment has at most 100 MB.
    assert megabytes < 50


def test_the_command_line_needs_no_extra(bare: Path, tmp_path: Path):
    shown = run(bare / "omics-meta", "--help", cwd=tmp_path)
    assert "backfill" in shown
    assert "verify" in shown

    # Modules of commands are loaded late: each of them loads too. The script and style of a report, and the presets of
    # sheets, are no modules.
    code = (
        "import importlib, pkgutil, omics_meta\n"
        "for module in pkgutil.walk_packages(omics_meta.__path__, 'omics_meta.'):\n"
        "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
        "from omics_meta.commands.report.html import document; print(document('', []))\n"
        "from omics_meta.search.sheets import read_sheet; print(len(read_sheet('nf-core/sarek').columns))"
    )
    printed = run(bare / "python", "-I", "-c", code, cwd=tmp_path)
    assert printed.count("'sha256-") == 2
    assert int(printed.splitlines()[-1]) > 1


@pytest.mark.parametrize("program", [("-c", "import omics_components"), (str(ROOT / "components"), "127.0.0.1:1")])
def test_a_component_without_pulumi_says_what_to_install(program: tuple[str, str], bare: Path, tmp_path: Path):
    said = run(bare / "python", "-I", *program, cwd=tmp_path, exit_code=1)

    assert said.splitlines()[-1].endswith(f"The component needs pulumi: {INSTALL_DEPLOY}")


def test_the_component_and_its_deployment_package_work(wheel: Path, tmp_path: Path):
    python = environment(wheel, tmp_path, "deploy") / "python"
    code = (
        "from omics_components import MetadataSync, MetadataSyncArgs\n"
        "from omics_components.package import write_package\n"
        "import omics_components, readset_sync\n"
        "print(omics_components.__file__, readset_sync.__file__, write_package())"
    )

    shown = run(python, "-I", "-c", code, cwd=tmp_path, TMPDIR=str(tmp_path))

    component, handler, package = (Path(part) for part in shown.split())
    assert component.is_relative_to(tmp_path / "venv")
    assert handler.is_relative_to(tmp_path / "venv")
    assert package.is_relative_to(tmp_path)
    with zipfile.ZipFile(package) as archive:
        assert "readset_sync/function.py" in archive.namelist()
