"""Which Pulumi CLI is used, and what is said when there is none."""

from pathlib import Path

import pytest
from omics_sandbox.provider.engine import (
    PROGRAMS,
    STAMP,
    EngineMissingError,
    engine_environment,
    find_engine,
)


def install(folder: Path, version: str, programs: tuple[str, ...] = PROGRAMS) -> Path:
    folder.mkdir()
    for program in programs:
        (folder / program).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / program).chmod(0o755)
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = install(tmp_path / "built", "v3.259.0")
    (folder / STAMP).write_text("")
    return folder


def test_given_a_suitable_cli_on_path_then_it_is_used_and_never_a_build_that_was_interrupted(
    tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path / "bin", "v3.237.1")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert find_engine(built) == folder

    monkeypatch.setenv("PATH", str(tmp_path))
    (built / STAMP).unlink()
    with pytest.raises(EngineMissingError, match="there is no pulumi on PATH"):
        find_engine(built)


@pytest.mark.parametrize(
    ("version", "programs", "reason"),
    [
        pytest.param("v3.236.9", PROGRAMS, "is v3.236.9, and 3.237.0 or newer is needed", id="old"),
        pytest.param("unknown", PROGRAMS, "does not tell its version .3.237.0 or newer is needed.", id="no version"),
        pytest.param("v3.259.0", ("pulumi",), "has no pulumi-language-python beside it", id="no host"),
    ],
)
def test_given_an_unsuitable_cli_on_path_then_the_built_one_is_used_or_the_reason_given(
    version: str,
    programs: tuple[str, ...],
    reason: str,
    tmp_path: Path,
    built: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = install(tmp_path / "bin", version, programs)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    assert find_engine(built) == built
    with pytest.raises(EngineMissingError, match=rf"{reason}, and none was built in .*: run `make engine`"):
        find_engine(tmp_path / "nothing")


def test_given_settings_of_the_user_then_the_environment_has_none_of_them(built: Path, tmp_path: Path) -> None:
    user = {"PATH": "/bin", "PULUMI_ACCESS_TOKEN": "secret", "PULUMI_HOME": "/home/user/.pulumi", "AWS_REGION": "r"}

    environment = engine_environment(built, tmp_path / "home", user)

    assert "PULUMI_ACCESS_TOKEN" not in environment
    assert environment["PULUMI_HOME"] == str(tmp_path / "home")
    assert environment["PULUMI_BACKEND_URL"] == (tmp_path / "home" / "state").as_uri()
    assert environment["AWS_REGION"] == "r"
    assert environment["PATH"].startswith(f"{built}:")
    [plugin] = (tmp_path / "home" / "plugins").glob("resource-aws-v*/pulumi-resource-aws")
    assert plugin.stat().st_mode & 0o111
