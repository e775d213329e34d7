"""The deployment package."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pulumi
import pytest
from omics_components import function, package

from tests.lambda_runtime import ENVIRONMENT


@pytest.fixture(scope="module")
def content() -> bytes:
    return package.build_package()


def test_the_package_does_not_depend_on_clocks_and_modes(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    # GIVEN the same sources in another place, written at another time with other modes
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    for path in tmp_path.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    entries = sorted((path.relative_to(tmp_path).as_posix(), path) for path in tmp_path.rglob("*.py"))

    def elsewhere(_: str) -> list[tuple[str, Path]]:
        return entries

    monkeypatch.setattr(package, "_sources", elsewhere)
    monkeypatch.setattr(package, "BUNDLED", ("all",))

    assert package.build_package() == content


def test_the_package_holds_sources_only(content: bytes):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()

    assert names == sorted(names)
    assert all(name.endswith(".py") for name in names)
    assert {name.split("/")[0] for name in names} == {
        "readset_sync",
        "aws_lambda_powertools",
        "typing_extensions.py",
    }
    assert package.HANDLER.rsplit(".", 1)[0].replace(".", "/") + ".py" in names

    # None has been made by a build, such as one with the version, by which a commit that changes no code would deploy
    # the function anew.
    written = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "readset_sync/*.py"]
    done = subprocess.run(
        written, cwd=Path(__file__).parents[2] / "handler", capture_output=True, text=True, check=True, timeout=60
    )
    assert {name for name in names if name.startswith("readset_sync/")} == set(done.stdout.split())


def test_powertools_needs_nothing_else():
    needed = {
        requirement.split(";")[0].split("<")[0].split(">")[0].strip()
        for requirement in metadata.requires("aws-lambda-powertools") or []
        if "extra ==" not in requirement
    }

    assert needed == {"jmespath", "typing-extensions"}


def deployed_python() -> str:
    """The version of Python on which the function is deployed, such as 3.13, as a program of this machine."""
    program = f"python{function.RUNTIME.removeprefix('python')}"
    # pyenv's program of this name works only where a variable asks for the version.
    variables = os.environ | {"PYENV_VERSION": program.removeprefix("python")}
    find = [shutil.which(program) or program, "-c", "import sys; print(sys.executable)"]
    try:
        return subprocess.run(find, capture_output=True, text=True, check=True, env=variables).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"the function is deployed on {program}, which is not on this machine")


@pytest.mark.parametrize("interpreter", [lambda: sys.executable, deployed_python], ids=["this Python", "Lambda's"])
def test_the_package_works_with_nothing_but_what_lambda_has(
    interpreter: Callable[[], str], content: bytes, tmp_path: Path
):
    # GIVEN the package, and boto3 with its own dependencies beside it
    path = tmp_path / "function.zip"
    path.write_bytes(content)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    site = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py"):
        (runtime / name).symlink_to(site / name)

    # WHEN an isolated interpreter imports the handler, as Lambda does
    code = (
        f"import sys; sys.path[:0] = [{str(path)!r}, {str(runtime)!r}]\n"
        "from readset_sync.function import handler\n"
        "import readset_sync, aws_lambda_powertools\n"
        "assert callable(handler)\n"
        "print(readset_sync.__file__, aws_lambda_powertools.__file__)"
    )
    done = subprocess.run(
        [interpreter(), "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )

    # THEN both come from the package
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        f"{path}/readset_sync/__init__.py",
        f"{path}/aws_lambda_powertools/__init__.py",
    ]


def test_the_file_stays_where_it_is_is_private_and_is_mended(content: bytes, tmp_path: Path):
    folder = tmp_path / "private"

    path = package.write_package(folder)
    path.write_bytes(b"not what was built")

    assert package.write_package(folder) == path
    assert path.read_bytes() == content
    assert list(folder.iterdir()) == [path]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_not_this_user_s_alone_is_refused(tmp_path: Path):
    shared, link = tmp_path / "shared", tmp_path / "link"
    shared.mkdir()
    shared.chmod(0o777)
    (tmp_path / "target").mkdir(mode=0o700)
    link.symlink_to(tmp_path / "target")

    for folder in (shared, link):
        with pytest.raises(pulumi.RunError, match=rf"{folder} .* is not a folder of this user alone \(mode 0700\)"):
            package.write_package(folder)
        assert list(folder.iterdir()) == []


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "BUNDLED", ("no_such_package",))

    with pytest.raises(pulumi.RunError, match="The package no_such_package, which the function needs"):
        package.build_package()
