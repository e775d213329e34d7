"""All of a release but its publishing: build both distributions from a tag, and try them where nothing else is.

What is built is the last commit, in a clone of its own that gets the tag if there is none yet. In `dist/` are left
`packages/`, with a folder for each project of PyPI, and for the release page `schema.json`, the component's schema, and
`notes.md`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Final

from hatch_build import absolute

ROOT: Final = Path(__file__).parents[1]
DIST: Final = ROOT / "dist"
RECORDED: Final = "tests/reuse/recorded/state-{}.json"
_FIRST: Final = "The first release will be"
DISTRIBUTIONS: Final = {"healthomics_metadata_sync": ".", "omics_sandbox": "sandbox"}
_PRINT_SCHEMA: Final = "import runpy, sys; print(runpy.run_path(sys.argv[1])['Package']().schema)"


class ReleaseError(Exception):
    """There is no release in this state; the message says why, and what to do."""


def main(arguments: list[str]) -> int:
    """Check the release of a version. Returns the exit code."""
    try:
        check(arguments[0] if arguments else "")
    except ReleaseError as error:
        print(f"No release: {error}", file=sys.stderr)
        return 1
    return 0


def check(version: str) -> None:
    """Build and try the release of a version into `dist/`.

    Raises:
        ReleaseError: The version cannot be released from here.
    """
    if not re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}", version):
        raise ReleaseError(f"{version!r} is no version: call make release-check VERSION=1.2.3")
    if not (ROOT / ".git").exists():
        raise ReleaseError(f"{ROOT} is no checkout, and a release is made of commits: clone the repository with git")
    if _run("git", "status", "--porcelain", folder=ROOT):
        raise ReleaseError("the working tree has changes, and a release is made of commits: commit or remove them")
    commit = _run("git", "rev-parse", "HEAD", folder=ROOT)
    tagged = _run("git", "tag", "--list", f"v{version}", "--format", "%(*objectname)%(objectname)", folder=ROOT)
    if tagged and not tagged.startswith(commit):
        raise ReleaseError(f"v{version} is another commit, {tagged[:9]}: a version is released once")

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    missing = shortcomings(version, changelog)
    if tagged and missing:
        raise ReleaseError("; ".join(missing))

    shutil.rmtree(DIST, ignore_errors=True)
    packages = DIST / "packages"
    packages.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        _run("git", "clone", "--quiet", str(ROOT), str(source), folder=ROOT)
        if not tagged:
            _run("git", "tag", f"v{version}", folder=source)
        print(f"Building {version} of commit {commit[:9]} ...", flush=True)
        built = {name: _build(name, source / where, version, packages / name) for name, where in DISTRIBUTIONS.items()}
        _try(built, source, version, Path(folder))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (DIST / "notes.md").write_text(notes(version, changelog, project["urls"]["Repository"]), encoding="utf-8")

    for file in sorted(path for path in DIST.rglob("*") if path.is_file()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"  {digest[:16]}  {file.stat().st_size:>9,}  {file.relative_to(ROOT)}")
    for each in missing:
        print(f"Before the tag: {each}.")
    print("Checked. RELEASING.md says how it is published.")


def shortcomings(version: str, changelog: str) -> list[str]:
    """What a commit lacks to be tagged, each with its remedy."""
    found: list[str] = []
    if _FIRST in changelog:
        found.append(f"CHANGELOG.md still says `{_FIRST} …`: remove the line")
    if _section(version, changelog) is None:
        found.append(f"CHANGELOG.md has no heading `## [{version}] - YYYY-MM-DD`: put one under `## [Unreleased]`")
    if not (ROOT / RECORDED.format(version)).is_file():
        found.append("no state of this version is recorded: run `.venv/bin/pytest tests/reuse --renew`")
    projects = [Path(where, "pyproject.toml") for where in DISTRIBUTIONS.values()]
    unowned = [path for path in projects if "/OWNER/" in (ROOT / path).read_text(encoding="utf-8")]
    found += [f"{path} names no owner of the repository: put the real one in place of OWNER" for path in unowned]
    return found


def notes(version: str, changelog: str, repository: str) -> str:
    """The changelog's section of a version, or else what is unreleased, with links that work on a release page."""
    section = _section(version, changelog) or _section("Unreleased", changelog)
    if section is None:
        raise ReleaseError(f"CHANGELOG.md has neither a section of {version} nor one of what is unreleased")
    return absolute(section, repository, version)


def _section(title: str, changelog: str) -> str | None:
    dated = "" if title == "Unreleased" else r" - \d{4}-\d\d-\d\d"
    found = re.search(rf"^## \[{re.escape(title)}\]{dated}\n+(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def _build(name: str, source: Path, version: str, packages: Path) -> Path:
    """Build the source distribution, and from that alone, without git, the wheel, which is returned."""
    hatchling = (sys.executable, "-m", "hatchling", "build", "--directory", str(packages), "--target")
    _run(*hatchling, "sdist", folder=source)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(packages / f"{name}-{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
        _run(*hatchling, "wheel", folder=Path(folder) / f"{name}-{version}")
    return packages / f"{name}-{version}-py3-none-any.whl"


def _try(built: dict[str, Path], source: Path, version: str, folder: Path) -> None:
    """Install the wheels as users do, and ask for their version; keep the schema of the component."""
    command_line, sandbox = (str(wheel) for wheel in built.values())
    print("Trying the command line in an empty environment ...", flush=True)
    programs = _environment(folder / "command-line", command_line)
    said = _run(str(programs / "omics-meta"), "--version", folder=folder)
    _same(f"omics-meta {version}", said, "`omics-meta --version`")
    _run(str(programs / "omics-meta"), "find", "--help", folder=folder)

    print("Trying the component and the sandbox in an empty environment ...", flush=True)
    programs = _environment(folder / "component", f"{command_line}[deploy]", sandbox)
    _run(str(programs / "omics-sandbox"), "--help", folder=folder)
    schema = _run(
        str(programs / "python"), "-c", _PRINT_SCHEMA, str(source / "components" / "__main__.py"), folder=folder
    )
    _same(version, json.loads(schema)["version"], "the schema's version")
    (DIST / "schema.json").write_text(json.dumps(json.loads(schema), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _environment(folder: Path, *requirements: str) -> Path:
    """Make an environment with these and what they need; return its folder of programs."""
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    _run(str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-compile", *requirements, folder=folder)
    return programs


def _same(wanted: str, found: str, what: str) -> None:
    if found != wanted:
        raise ReleaseError(f"{what} is {found!r}, and not {wanted!r}")


def _run(*command: str, folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_", "SETUPTOOLS_"))}
    quiet = {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, check=False)  # noqa: S603 # ours
    if done.returncode:
        raise ReleaseError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
